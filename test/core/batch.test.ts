import { describe, expect, it } from 'vitest';
import { type BatchParts, processBatch } from '../../lambdas/core/batch.ts';
import type { QueueMessage } from '../../lambdas/core/message.ts';
import type { SettingsInput } from '../../lambdas/core/parse-settings.ts';
import type { KnownRecord } from '../../lambdas/core/pipeline.ts';
import type { ConsumerSettings } from '../../lambdas/core/settings.ts';
import { createSettlement } from '../../lambdas/core/settlement.ts';
import { defer, type Verdict } from '../../lambdas/core/verdict.ts';
import {
  consumerSettings,
  eventLog,
  fakeClock,
  fakeRecords,
  fakeSource,
  fakeTarget,
  idle,
  idsNamed,
  queueMessage,
  receivedMessage,
} from './fixtures.ts';

const FIFO = { queue: { url: 'http://sqs.local/1/orders.fifo' } };
const move: Verdict = {
  kind: 'move',
  about: receivedMessage(),
  target: 'dead-letter',
  envelope: { stableId: 's' } as never,
  regardlessOfStore: false,
  announce: { kind: 'quarantined', message: receivedMessage(), reason: 'INVALID_FORMAT' },
};

/** A batch whose pipeline answers with what the test wants of each message, after a turn of the event loop. */
function setup(overrides: SettingsInput<ConsumerSettings> = {}, verdicts: Record<string, Verdict> = {}) {
  const clock = fakeClock();
  const settings = consumerSettings(overrides);
  const records = fakeRecords();
  const source = fakeSource();
  const deadLetterQueue = fakeTarget('orders-dlq');
  const { emit, kinds } = eventLog();
  const begun: string[] = [];
  const known = new Map<string, KnownRecord>();
  const lingered: number[] = [];
  const settledBy: number[] = [];
  const slow = new Set<string>();
  const stuck = new Set<string>();
  let running = 0;
  let most = 0;
  const parts: BatchParts = {
    settings,
    records,
    emit,
    clock,
    random: () => 0.5,
    async linger(forMs) {
      lingered.push(forMs);
      settledBy.push(source.changes.length);
    },
    settlement: createSettlement({
      settings,
      source,
      deadLetterQueue,
      quarantineQueue: fakeTarget('orders-quarantine'),
      records,
      emit,
      clock,
    }),
    async pipeline({ messageId }, record, invocation, alone) {
      begun.push(alone ? `${messageId} alone` : messageId);
      if (slow.has(messageId)) clock.advance(10_000);
      if (stuck.has(messageId)) invocation.abandon();
      known.set(messageId, record);
      running += 1;
      most = Math.max(most, running);
      await idle();
      running -= 1;
      return verdicts[messageId] ?? { kind: 'done' };
    },
  };
  const run = async (...messages: QueueMessage[]) => (await processBatch(parts, messages, 30_000)).putBack;
  const changes = () =>
    source.changes.map(({ receiptHandle, visibilitySeconds }) => [receiptHandle, visibilitySeconds]);
  return {
    run,
    clock,
    records,
    source,
    changes,
    deadLetterQueue,
    begun,
    known,
    slow,
    stuck,
    lingered,
    settledBy,
    runWhole: (...messages: QueueMessage[]) => processBatch(parts, messages, 30_000),
    runFor: (remainingMs: number, ...messages: QueueMessage[]) => processBatch(parts, messages, remainingMs),
    kinds,
    concurrency: () => most,
  };
}

const plain = (...ids: string[]) => ids.map((messageId) => queueMessage({ messageId }));
const grouped = (...ids: string[]) =>
  ids.map((messageId) => queueMessage({ messageId, groupId: messageId.slice(0, 1) }));

describe('a batch of a standard queue', () => {
  it.each([1, 3, 10])('is worked on %i at a time', async (concurrency) => {
    const { run, begun, concurrency: most } = setup({ concurrency });
    const ids = Array.from({ length: 12 }, (_, at) => `m${at}`);
    expect(await run(...plain(...ids))).toEqual([]);
    expect(begun).toEqual(ids);
    expect(most()).toBe(concurrency);
  });

  it('reports exactly what is not done, and puts it back', async () => {
    const { run, changes } = setup({}, { b: defer(idsNamed('b'), 'handler', 7_000), c: move });
    expect(await run(...plain('a', 'b', 'c'))).toEqual(['b']);
    expect(changes()).toEqual([['receipt-b', 7]]);
  });

  it('reports a message that could not be moved', async () => {
    const { run, deadLetterQueue } = setup({}, { a: move });
    deadLetterQueue.refuse = () => true;
    expect(await run(...plain('a', 'b'))).toEqual(['a']);
  });

  it('leaves no timer behind', async () => {
    const { run, clock } = setup();
    await run(...plain('a'));
    expect(clock.pending).toBe(0);
  });

  it('is done at once when it is empty', async () => {
    expect(await setup().run()).toEqual([]);
  });
});

describe('the records of a batch', () => {
  it('are not read for messages received for the first time', async () => {
    const { run, records, known } = setup();
    await run(...plain('a', 'b'));
    expect(records.loads).toBe(0);
    expect(known.get('a')).toEqual({ attempts: 0, history: [] });
  });

  it('are read once for all others together', async () => {
    const { run, records, known } = setup();
    records.stored.set('b', { attempts: 3, history: [] });
    const again = ['b', 'c'].map((messageId) => queueMessage({ messageId, receiveCount: 2 }));
    await run(...plain('a'), ...again);
    expect(records.loads).toBe(1);
    expect(['a', 'b', 'c'].map((id) => known.get(id))).toMatchObject([
      { attempts: 0 },
      { attempts: 3 },
      { attempts: 0 },
    ]);
  });

  it('are unavailable, for those messages alone, while the store is down', async () => {
    const { run, records, known, kinds } = setup();
    records.failures = 1;
    await run(...plain('a'), queueMessage({ messageId: 'b', receiveCount: 2 }));
    expect([known.get('a'), known.get('b')]).toEqual([{ attempts: 0, history: [] }, 'unavailable']);
    expect(kinds()).toContain('store-error');
  });
});

describe('a batch of a FIFO queue', () => {
  it('is worked on in order within a group, and groups side by side', async () => {
    const { run, begun, concurrency } = setup({ ...FIFO, concurrency: 2 });
    expect(await run(...grouped('a1', 'b1', 'a2', 'b2', 'c1'))).toEqual([]);
    for (const group of ['a', 'b']) {
      expect(begun.filter((id) => id.startsWith(group))).toEqual([`${group}1`, `${group}2`]);
    }
    expect(concurrency()).toBe(2);
  });

  it('stops a group at the first message that is not done, and puts the followers back first, last of all first', async () => {
    const { run, begun, changes, kinds } = setup(FIFO, { a2: defer(idsNamed('a2'), 'handler', 9_000) });
    expect(await run(...grouped('a1', 'a2', 'a3', 'a4', 'b1'))).toEqual(['a4', 'a3', 'a2']);
    expect(begun.sort()).toEqual(['a1', 'a2', 'b1']);
    expect(changes()).toEqual([
      ['receipt-a4', 0],
      ['receipt-a3', 0],
      ['receipt-a2', 9],
    ]);
    expect(kinds().filter((kind) => kind === 'deferred')).toHaveLength(3);
  });

  it('goes on with a group once its message was moved', async () => {
    const { run, begun, deadLetterQueue } = setup(FIFO, { a1: move });
    expect(await run(...grouped('a1', 'a2'))).toEqual([]);
    expect(begun).toEqual(['a1', 'a2']);
    expect(deadLetterQueue.sent).toHaveLength(1);
  });

  it.each([
    ['the queue refuses it', 'refuse'],
    ['the state table cannot be written', 'store'],
  ])('stops a group at a message that could not be moved because %s', async (_why, what) => {
    const { run, begun, deadLetterQueue, records, changes } = setup(FIFO, { a1: move });
    if (what === 'refuse') deadLetterQueue.refuse = () => true;
    else records.failures = 1;
    expect(await run(...grouped('a1', 'a2'))).toEqual(['a2', 'a1']);
    expect(begun).toEqual(['a1']);
    expect(changes()).toEqual([
      ['receipt-a2', 0],
      ['receipt-a1', 30],
    ]);
  });
});

describe('a message with a crash on record', () => {
  const crashed = { attempts: 0, history: [], started: { endsBy: 0, alone: false } };
  const again = (messageId: string, groupId?: string) =>
    queueMessage({ messageId, receiveCount: 3, ...(groupId === undefined ? {} : { groupId }) });

  it('is handled last and alone, after the others are settled for good', async () => {
    const { run, records, begun, source, changes } = setup({}, { b: defer(idsNamed('b'), 'handler', 5_000) });
    records.stored.set('suspect', crashed);
    expect(await run(again('suspect'), ...plain('a', 'b'))).toEqual(['b']);
    expect(begun).toEqual(['a', 'b', 'suspect alone']);
    expect(source.acknowledged).toEqual(['receipt-a']);
    expect(changes()).toEqual([['receipt-b', 5]]);
  });

  it('is deferred, free of charge, when another one is handled alone in this invocation', async () => {
    const { run, records, begun, changes } = setup();
    for (const id of ['one', 'two']) records.stored.set(id, crashed);
    expect(await run(again('one'), again('two'))).toEqual(['two']);
    expect(begun).toEqual(['one alone']);
    expect(changes()).toEqual([['receipt-two', 5]]);
  });

  it('is deferred when the others have used up some of the time', async () => {
    const { run, records, begun, slow } = setup();
    records.stored.set('suspect', crashed);
    slow.add('a');
    expect(await run(again('suspect'), ...plain('a'))).toEqual(['suspect']);
    expect(begun).toEqual(['a']);
  });

  it('is put back like any other when it fails alone', async () => {
    const { run, records, changes } = setup({}, { suspect: defer(idsNamed('suspect'), 'handler', 7_000) });
    records.stored.set('suspect', crashed);
    expect(await run(again('suspect'))).toEqual(['suspect']);
    expect(changes()).toEqual([['receipt-suspect', 7]]);
  });

  it('stops its FIFO group, which is deferred before it is handled', async () => {
    const { run, records, begun, changes } = setup(FIFO);
    records.stored.set('a2', crashed);
    const group = [...grouped('a1'), again('a2', 'a'), ...grouped('a3', 'a4', 'b1')];
    expect(await run(...group)).toEqual(['a4', 'a3']);
    expect(begun).toEqual(['a1', 'b1', 'a2 alone']);
    expect(changes()).toEqual([
      ['receipt-a4', 0],
      ['receipt-a3', 0],
    ]);
  });

  it('is told from one whose attempt may still be under way', async () => {
    const { run, records, begun, clock } = setup();
    records.stored.set('busy', { ...crashed, started: { endsBy: clock.now() + 1, alone: false } });
    await run(again('busy'), ...plain('a'));
    expect(begun).toEqual(['busy', 'a']);
  });
});

describe('a handler that was left behind', () => {
  it('has the rest settled for good, so that the environment can be given up', async () => {
    const { runWhole, stuck, source } = setup({}, { b: defer(idsNamed('b'), 'handler', 5_000) });
    stuck.add('b');
    expect(await runWhole(...plain('a', 'b'))).toEqual({ putBack: ['b'], abandoned: true });
    expect(source.acknowledged).toEqual(['receipt-a']);
  });

  it('leaves suspects for another environment', async () => {
    const { run, stuck, records, begun } = setup();
    records.stored.set('suspect', { attempts: 0, history: [], started: { endsBy: 0, alone: false } });
    stuck.add('a');
    await run(queueMessage({ messageId: 'suspect', receiveCount: 3 }), ...plain('a'));
    expect(begun).toEqual(['a']);
  });
});

describe('an invocation that could do nothing', () => {
  const held = (id: string, delayMs = 60_000) => defer(idsNamed(id), 'held', delayMs);

  it.each([
    ['circuit-open', 'circuit-open'],
    ['a hold', 'held'],
    ['the kill switch', 'kill-switch'],
    ['a halt', 'halted'],
  ] as const)('because of %s waits before it returns, after everything is settled', async (_what, cause) => {
    const { run, lingered, settledBy } = setup({}, { a: defer(idsNamed('a'), cause, 60_000), b: held('b') });
    await run(...plain('a', 'b'));
    expect(lingered).toEqual([2_000]);
    expect(settledBy).toEqual([2]);
  });

  it('waits no longer than until the first message may come back', async () => {
    const { run, lingered } = setup({}, { a: held('a', 700), b: held('b', 500) });
    await run(...plain('a', 'b'));
    expect(lingered).toEqual([500]);
  });

  it('waits for a quarter of the time left at most', async () => {
    const { runFor, lingered } = setup({}, { a: held('a') });
    await runFor(4_000, ...plain('a'));
    expect(lingered).toEqual([1_000]);
  });

  it('counts those behind in its groups as well', async () => {
    const { run, lingered } = setup(FIFO, { a1: held('a1'), b1: held('b1') });
    await run(...grouped('a1', 'a2', 'b1'));
    expect(lingered).toEqual([2_000]);
  });

  it.each([
    ['a message was handled', {}],
    ['a message waits for another reason', { b: defer(idsNamed('b'), 'in-progress', 60_000) }],
    ['a message was moved', { b: move }],
  ] as const)('does not wait if %s', async (_what, verdicts) => {
    const { run, lingered } = setup({}, { a: held('a'), ...verdicts });
    await run(...plain('a', 'b'));
    expect(lingered).toEqual([]);
  });

  it('does not wait behind a message that failed', async () => {
    const { run, lingered } = setup(FIFO, { a1: defer(idsNamed('a1'), 'handler', 9_000) });
    await run(...grouped('a1', 'a2'));
    expect(lingered).toEqual([]);
  });

  it('does not wait when it has no messages, or is to be given up', async () => {
    const { run, runWhole, stuck, lingered } = setup({}, { a: held('a') });
    await run();
    stuck.add('a');
    await runWhole(...plain('a'));
    expect(lingered).toEqual([]);
  });
});
