import { PermanentError } from 'spillway/runtime';
import { createTestStores, rawMessage, runBatch } from 'spillway/testing';
import { describe, expect, it } from 'vitest';
import { orders } from './consumer.ts';

const batch = (size: number, from = 0) =>
  Array.from({ length: size }, (_, at) => rawMessage({ id: String(from + at) }, { groupId: String(at) }));

describe('the intake', () => {
  it('is held and resumed by the test', async () => {
    const stores = createTestStores();
    stores.holdIntake();
    expect(stores.intakeState()).toBe('open');
    const held = await runBatch(orders(), batch(1), { stores });
    stores.resumeIntake();
    expect(stores.intakeState()).toBe('closed');
    const resumed = await runBatch(orders(), held.returned, { stores });
    stores.holdIntake('maintenance');
    const again = await runBatch(orders(), batch(1, 1), { stores });

    expect(held.outcomes).toMatchObject([{ kind: 'deferred', cause: 'held' }]);
    expect(resumed.outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
    expect(again.outcomes).toMatchObject([{ kind: 'deferred', cause: 'held' }]);
  });

  it('is held by the kill switch when one fault takes too many messages, and resumes by one that is handled', async () => {
    const stores = createTestStores();
    let broken = true;
    const handler = orders(() => {
      if (broken) throw new PermanentError('a bug');
    });
    const first = await runBatch(handler, batch(12), { stores });
    broken = false;
    stores.clock.advance(60_000);
    const [probe, ...others] = first.returned;
    if (probe === undefined) throw new Error('nothing was deferred');
    const tried = await runBatch(handler, [probe], { stores });
    const rest = await runBatch(handler, others, { stores });

    expect(first.outcomes.map(({ kind }) => kind).filter((kind) => kind === 'dead-lettered')).toHaveLength(9);
    expect(first.outcomes.at(-1)).toMatchObject({ kind: 'deferred' });
    expect(tried.outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
    expect(rest.outcomes.every(({ kind }) => kind === 'handled')).toBe(true);
    expect(stores.intakeState()).toBe('closed');
  });

  it('halts at a message of a FIFO queue, which goes on from there when it is resumed', async () => {
    const stores = createTestStores();
    let broken = true;
    const handler = orders(
      () => {
        if (broken) throw new PermanentError('a bug');
      },
      { queue: { fifo: true }, onExhausted: 'halt' },
    );
    const messages = ['1', '2'].map((id) => rawMessage({ id }, { groupId: 'g' }));
    const halted = await runBatch(handler, messages, { stores });
    const held = await runBatch(handler, halted.returned, { stores });
    broken = false;
    stores.resumeIntake();
    const resumed = await runBatch(handler, held.returned, { stores });

    expect(halted.outcomes).toMatchObject([{ cause: 'halted' }, { cause: 'group-blocked' }]);
    expect(held.outcomes).toMatchObject([{ cause: 'held' }, { cause: 'group-blocked' }]);
    expect(resumed.outcomes).toMatchObject([{ kind: 'handled' }, { kind: 'handled' }]);
    expect(stores.deadLetterQueue).toEqual([]);
  });
});
