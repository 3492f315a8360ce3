import { describe, expect, it } from 'vitest';
import { memoryCircuits } from '../../lambdas/core/circuit/memory-circuits.ts';
import type { MessageRecord } from '../../lambdas/core/records.ts';
import type { Verdict } from '../../lambdas/core/verdict.ts';
import { fakeClock, fakeRecords, idle, memoryCounts, START } from './fixtures.ts';
import { type PipelineOptions, pipelineHarness, putBack, recordOf } from './pipeline-harness.ts';

const SECOND = 1_000;
const killSwitch = { minMessages: 3, openForMs: 60 * SECOND, maxOpenForMs: 240 * SECOND };
/** Four attempts charged, and a crash while it was handled alone: the fifth. */
const usedUp: MessageRecord = { ...recordOf(4), started: { endsBy: START - 60_000, alone: true } };

/** A consumer whose environments end with each message: every one of them is new, and they share what is stored. */
function consumer(settings: PipelineOptions['settings'] = {}) {
  const clock = fakeClock();
  // Whoever crashed does not wake up again: no time-out of theirs is ever over.
  const shared = {
    clock: { ...clock, after: () => () => {} },
    circuitStore: memoryCircuits(),
    counts: memoryCounts(),
  };
  const records = fakeRecords();
  const environment = (handle: PipelineOptions['handle'] = () => {}) =>
    pipelineHarness({ ...shared, records, handle, settings: { killSwitch, ...settings } });
  let receiveCount = 5;

  /** One message in an environment of its own; a handler that never comes back takes it along. */
  async function take(messageId: string, handle?: PipelineOptions['handle']) {
    receiveCount += 1;
    const known = records.stored.get(messageId) ?? usedUp;
    const message = { messageId, receiveCount, body: `{"order":"${messageId}"}` };
    const verdict = await Promise.race([
      environment(handle).take(message, known, undefined, true),
      idle().then(() => 'crashed' as const),
    ]);
    if (verdict !== 'crashed' && verdict.kind === 'put-back' && verdict.record !== undefined) {
      records.stored.set(messageId, { ...records.stored.get(messageId), ...verdict.record });
    }
    return verdict;
  }

  return { clock, take, records, environment };
}

const never = () => new Promise<void>(() => {});

describe('messages that end with their environments, each in a new one', () => {
  it('stay out of the dead-letter queue however long the fault lasts, and go on after the fix', async () => {
    const { clock, take, records } = consumer();
    const waiting = new Set(Array.from({ length: 8 }, (_, at) => `m-${at}`));
    const counted = { move: 0, crashed: 0, done: 0, 'put-back': 0 };
    const round = async (handle?: PipelineOptions['handle']): Promise<void> => {
      for (const id of [...waiting]) {
        const verdict = await take(id, handle);
        const fate = verdict === 'crashed' ? verdict : verdict.kind;
        counted[fate] += 1;
        if (fate === 'move' || fate === 'done') waiting.delete(id);
      }
      clock.advance(70 * SECOND);
    };
    for (let at = 0; at < 8; at += 1) await round(never);
    expect(counted).toMatchObject({ move: killSwitch.minMessages - 1, done: 0 });
    // In each round after the first one message tries, also where it is the turn of one that has no attempt left.
    expect(counted.crashed).toBe(7);
    for (const id of waiting) expect(records.stored.get(id)).toMatchObject({ started: {} });
    for (let at = 0; at < 3; at += 1) await round();
    expect(counted).toMatchObject({ move: killSwitch.minMessages - 1, done: 6 });
  });

  it('are put back while somebody holds the intake, with one attempt left and still suspects', async () => {
    for (const settings of [{}, { killSwitch: false }] as const) {
      const { take, environment, records } = consumer(settings);
      await environment().intake.set('forced-open');
      for (const id of ['a', 'b', 'c', 'd']) {
        expect(putBack(verdictOf(await take(id)))).toMatchObject({
          cause: 'held',
          attempts: 4,
          delayMs: 60 * SECOND,
        });
        expect(records.stored.get(id)).toMatchObject({ attempts: 4, started: { alone: false } });
      }
      await environment().intake.set('closed');
      expect(await take('a')).toEqual({ kind: 'done', handled: true });
    }
  });

  it('wait for the kill switch where it is their fault that it holds the intake for', async () => {
    const { take } = consumer();
    for (const id of ['a', 'b', 'c']) await take(id);
    expect(putBack(verdictOf(await take('d')))).toMatchObject({ cause: 'kill-switch', attempts: 4 });
  });

  it('leave the try to others where none of their attempts is left, and come back at once to be one of them', async () => {
    const { clock, take, environment } = consumer();
    await environment().intake.open({ fingerprint: 'another', lastError: 'e' });
    clock.advance(60 * SECOND);
    const verdict = putBack(verdictOf(await take('a', never)));
    expect(verdict).toMatchObject({ cause: 'held', attempts: 4 });
    expect(verdict.delayMs).toBeLessThanOrEqual(SECOND);
    expect(await take('b')).toMatchObject({ cause: 'held' });
    // Nobody holds the lease, and nothing is decided.
    expect(await take('a')).toEqual({ kind: 'done', handled: true });
    expect(await take('c')).toMatchObject({ kind: 'move' });
  });

  it('go their way where the kill switch was turned off while it held the intake', async () => {
    const { clock, take, environment } = consumer({ killSwitch: false });
    await environment().intake.open({ fingerprint: 'another', lastError: 'e' });
    expect(putBack(verdictOf(await take('a')))).toMatchObject({ cause: 'held' });
    clock.advance(60 * SECOND);
    expect(await take('b')).toMatchObject({ kind: 'move' });
    expect(await take('c')).toMatchObject({ kind: 'move' });
  });
});

function verdictOf(verdict: Verdict | 'crashed'): Verdict {
  if (verdict === 'crashed') throw new Error('it was tried');
  return verdict;
}
