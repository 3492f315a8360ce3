import { resilientConsumer } from 'spillway/runtime';
import {
  createTestStores,
  rawMessage,
  redelivered,
  runBatch,
  type TestMessage,
  testSettings,
} from 'spillway/testing';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { BACKOFF, orders, outage } from './consumer.ts';

describe('one batch after another on the same stores', () => {
  it('counts the attempts of a message until it is dead-lettered', async () => {
    const stores = createTestStores();
    const handler = orders(
      () => {
        throw new Error('a bug');
      },
      { attempts: { max: 3 }, circuits: { other: {} } },
    );
    let messages: readonly TestMessage[] = [rawMessage({ id: '1' })];
    const kinds: string[] = [];
    while (messages.length > 0) {
      const { outcomes, returned } = await runBatch(handler, messages, { stores });
      kinds.push(...outcomes.map(({ kind }) => kind));
      messages = returned;
      stores.clock.advance(5_000);
    }

    expect(kinds).toEqual(['retried', 'retried', 'dead-lettered']);
    const [dead] = stores.deadLetterQueue;
    expect(dead?.envelope).toMatchObject({ attempts: 3 });
    const ages = dead?.envelope?.history.map(({ at }) => stores.clock.now() - at);
    expect(ages).toEqual([15_000, 10_000, 5_000]);
  });

  it('tells the handler which attempt it is', async () => {
    const stores = createTestStores();
    const attempts: number[] = [];
    const handler = orders((_order, { attempt }) => {
      attempts.push(attempt);
      if (attempt === 1) throw outage();
    });

    const { returned } = await runBatch(handler, [rawMessage({ id: '1' })], { stores });
    const { outcomes } = await runBatch(handler, returned, { stores });

    expect(returned[0]?.attributes.ApproximateReceiveCount).toBe('2');
    expect(outcomes).toMatchObject([{ kind: 'handled', attempt: 2 }]);
    expect(attempts).toEqual([1, 2]);
  });

  it('recognises a duplicate, in the batch and later, until its record expires', async () => {
    const stores = createTestStores();
    const handled: string[] = [];
    const handler = orders(({ id }) => handled.push(id));
    const order = (): TestMessage => rawMessage({ id: '1' }, { sentAtEpochMs: stores.clock.now() });

    const together = await runBatch(handler, [order(), order()], { stores });
    const later = await runBatch(handler, [order()], { stores });
    stores.clock.advance(19 * 86_400_000); // 4 days of retention, 14 in the dead-letter queue, and one more
    const muchLater = await runBatch(handler, [order()], { stores });

    expect(together.outcomes.map(({ kind }) => kind)).toEqual(['handled', 'duplicate']);
    expect(later.outcomes).toMatchObject([{ kind: 'duplicate' }]);
    expect(muchLater.outcomes).toMatchObject([{ kind: 'handled' }]);
    expect(handled).toEqual(['1', '1']);
  });

  it('keeps nothing for a consumer that is idempotent by nature', async () => {
    const stores = createTestStores();
    const settings = testSettings({ backoff: BACKOFF });
    const schema = z.object({ id: z.string() });
    const handler = resilientConsumer({ schema, idempotency: 'natural', handle: () => undefined, settings });

    for (let run = 0; run < 2; run += 1) {
      const { outcomes } = await runBatch(handler, [rawMessage({ id: '1' })], { stores });
      expect(outcomes).toMatchObject([{ kind: 'handled' }]);
    }
  });

  it('defers a message whose effect another environment is at, until that lock ends', async () => {
    const stores = createTestStores();
    const gate = Promise.withResolvers<void>();
    const handler = orders(() => gate.promise);

    const first = runBatch(handler, [rawMessage({ id: '1' })], { stores, remainingMs: 20_000 });
    const second = await runBatch(handler, [rawMessage({ id: '1' })], { stores });
    gate.resolve();

    // 20 s of lock, 2 s for clocks that differ, and half of the spread of a quarter.
    expect(second.outcomes).toMatchObject([{ kind: 'deferred', cause: 'in-progress', delaySeconds: 25 }]);
    expect((await first).outcomes).toMatchObject([{ kind: 'handled' }]);
  });

  it('lets no effect that outlived its lock undo what the next attempt did', async () => {
    const stores = createTestStores();
    const gate = Promise.withResolvers<void>();
    const handler = orders((_order, { attempt }) => (attempt === 1 ? gate.promise : undefined));

    const running = runBatch(handler, [rawMessage({ id: '1' })], { stores, remainingMs: 10_000 });
    await stores.clock.pass(10_000);
    const first = await running;
    stores.clock.advance(2_000);
    const second = await runBatch(handler, first.returned, { stores });
    gate.reject(new Error('too late'));
    await stores.clock.pass(0);
    const third = await runBatch(handler, [rawMessage({ id: '1' })], { stores });

    expect(first.outcomes).toMatchObject([{ kind: 'retried', reason: 'TIMEOUT' }]);
    expect(first.troubles).toMatchObject([{ operation: 'stop a handler' }]);
    expect(second.outcomes).toMatchObject([{ kind: 'handled', attempt: 2 }]);
    expect(third.outcomes).toMatchObject([{ kind: 'duplicate' }]);
  });

  it('knows nothing of what happened on other stores', async () => {
    const message = rawMessage({ id: '1' });
    await runBatch(orders(), [message]);

    expect((await runBatch(orders(), [redelivered(message, 3)])).outcomes).toMatchObject([
      { kind: 'handled', attempt: 1 },
    ]);
  });
});

describe('messages whose last attempt left no end', () => {
  it('wait while it may be under way, and are handled alone, one in each batch', async () => {
    const stores = createTestStores();
    const messages = ['1', '2'].map((id) => redelivered(rawMessage({ id })));
    for (const suspect of messages) {
      stores.fail('state-table', { after: 4 }); // load, start, lock, completion; the end is not noted
      const lost = await runBatch(orders(), [suspect], { stores });
      expect(lost.troubles).toMatchObject([{ operation: 'note the end of an attempt' }]);
      stores.restore();
    }
    const fresh = redelivered(rawMessage({ id: '3' }));

    const early = await runBatch(orders(), messages, { stores });
    stores.clock.advance(32_000);
    const late = await runBatch(orders(), [...messages, fresh], { stores });

    expect(early.outcomes).toMatchObject([
      { kind: 'deferred', cause: 'in-progress' },
      { kind: 'deferred', cause: 'in-progress' },
    ]);
    expect(late.outcomes).toMatchObject([
      { kind: 'duplicate' },
      { kind: 'deferred', cause: 'suspect' },
      { kind: 'handled', attempt: 1 },
    ]);
  });
});

describe('a FIFO queue', () => {
  const fifo = { queue: { fifo: true } } as const;

  it('stops a group at the message that is not done, and goes on where it stopped', async () => {
    const stores = createTestStores();
    const handled: string[] = [];
    let down = true;
    const handler = orders(({ id }) => {
      if (id === 'a2' && down) throw outage();
      handled.push(id);
    }, fifo);
    const groups = { a1: 'a', a2: 'a', a3: 'a', b1: 'b' };
    const messages = Object.entries(groups).map(([id, groupId]) => rawMessage({ id }, { groupId }));

    const first = await runBatch(handler, messages, { stores });
    down = false;
    stores.clock.advance(5_000);
    const second = await runBatch(handler, first.returned, { stores });

    expect(first.outcomes).toMatchObject([
      { kind: 'handled' },
      { kind: 'retried', delaySeconds: 5 },
      { kind: 'deferred', cause: 'group-blocked', delaySeconds: 0 },
      { kind: 'handled' },
    ]);
    expect(second.outcomes.map(({ kind }) => kind)).toEqual(['handled', 'handled']);
    expect(handled.filter((id) => id.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
  });

  it('keeps the group of what it moves, and takes a repeated move once', async () => {
    const stores = createTestStores();
    const handler = orders(undefined, fifo);
    const poison = rawMessage('broken', { groupId: 'a', deduplicationId: 'x' });
    stores.fail('state-table', { after: 1 }); // the move is begun and sent, and cannot be noted

    await runBatch(handler, [poison], { stores });
    stores.restore();
    const again = await runBatch(handler, [redelivered(poison)], { stores });

    expect(again.outcomes).toMatchObject([{ kind: 'quarantined', reason: 'INVALID_FORMAT' }]);
    expect(stores.quarantine).toMatchObject([{ groupId: 'a' }]);
  });
});
