import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { FailureDetails, FailureEnvelope } from '../../lambdas/core/failure-envelope.ts';
import { moveDeduplicationId } from '../../lambdas/core/mover.ts';
import type { SettingsInput } from '../../lambdas/core/parse-settings.ts';
import { type ConsumerSettings, FAILURE_ATTRIBUTE } from '../../lambdas/core/settings.ts';
import { createSettlement } from '../../lambdas/core/settlement.ts';
import type { Judged } from '../../lambdas/core/settlement-parts.ts';
import { defer, type MoveVerdict, type PutBackVerdict, type Verdict } from '../../lambdas/core/verdict.ts';
import {
  consumerSettings,
  eventLog,
  fakeClock,
  fakeRecords,
  fakeSource,
  fakeTarget,
  idsNamed,
  queueMessage,
  receivedMessage,
  START,
} from './fixtures.ts';

const DAY = 86_400;
const SUMMARY = { name: 'Error', message: 'no', fingerprint: 'abcdefabcdef' };
const done: Verdict = { kind: 'done' };

function setup(overrides: SettingsInput<ConsumerSettings> = {}) {
  const journal: string[] = [];
  const clock = fakeClock();
  const settings = consumerSettings(overrides);
  const records = fakeRecords(journal);
  const deadLetterQueue = fakeTarget('orders-dlq', journal);
  const quarantineQueue = fakeTarget('orders-quarantine', journal);
  const source = fakeSource();
  const { emit, events, kinds } = eventLog();
  const parts = { settings, source, deadLetterQueue, quarantineQueue, records, emit, clock };
  const settlement = createSettlement(parts);
  const commit = (...verdicts: Verdict[]) =>
    settlement.commit(
      verdicts.map((verdict, at) => ({ message: queueMessage({ messageId: `m-${at}` }), verdict })),
    );
  return { ...parts, settlement, commit, journal, events, kinds };
}

function envelopeOf(overrides: Partial<FailureDetails> = {}): FailureEnvelope {
  return {
    v: 1,
    stableId: 'order-42',
    originalMessageId: 'm-0',
    originalQueue: 'orders',
    consumer: 'shop-orders',
    kind: 'dead-letter',
    reason: 'INVALID_DATA',
    attempts: 1,
    sentAt: START,
    movedAt: START,
    correlationId: 'c',
    history: [],
    ...overrides,
  };
}

function move(target: MoveVerdict['target'] = 'dead-letter', regardlessOfStore = false): MoveVerdict {
  const announce = {
    kind: 'dead-lettered',
    message: receivedMessage(),
    reason: 'INVALID_DATA',
    attempts: 1,
    exhausted: false,
  } as const;
  return {
    kind: 'move',
    about: receivedMessage(),
    target,
    envelope: envelopeOf(),
    regardlessOfStore,
    announce,
  };
}

function retry(): PutBackVerdict {
  return {
    kind: 'put-back',
    about: receivedMessage(),
    delayMs: 5_000,
    record: { attempts: 2, history: [] },
    announce: (delaySeconds) => ({
      kind: 'retried',
      message: receivedMessage(),
      attempt: 2,
      reason: 'UNKNOWN',
      delaySeconds,
      error: SUMMARY,
    }),
  };
}

/** What became of each message: done, or the event of putting it back. */
function told(settled: readonly Judged<Exclude<Verdict, MoveVerdict>>[]): string[] {
  return settled.map(({ message, verdict }) => {
    if (verdict.kind === 'done') return `${message.messageId} done`;
    const event = verdict.announce(0);
    return `${message.messageId} ${event.kind === 'deferred' ? event.cause : event.kind}`;
  });
}

describe('a move', () => {
  it('writes what is known, sends, notes the new id, and only then counts', async () => {
    const { commit, journal, records, deadLetterQueue, kinds } = setup();
    expect(told(await commit(move()))).toEqual(['m-0 done']);
    expect(journal).toEqual(['begin m-0', 'send orders-dlq', 'complete m-0']);
    expect(records.begun.get('m-0')).toEqual(envelopeOf());
    expect(records.completed.get('m-0')).toEqual({
      queue: 'orders-dlq',
      messageId: 'orders-dlq-1',
      lookup: undefined,
    });
    expect(records.expiries).toEqual([START + 15 * DAY * 1_000, START + 15 * DAY * 1_000]);
    expect(deadLetterQueue.sent).toMatchObject([{ body: '{"order":"42"}', deduplicationId: undefined }]);
    expect(JSON.parse(deadLetterQueue.sent[0]?.attributes[FAILURE_ATTRIBUTE]?.stringValue ?? '')).toEqual(
      envelopeOf(),
    );
    expect(kinds()).toEqual(['dead-lettered']);
  });

  it.each(['dead-letter', 'quarantine'] as const)(
    'of a message that had been sent back is a replay that failed: %s',
    async (target) => {
      const { settlement, events, deadLetterQueue } = setup();
      const attributes = { [FAILURE_ATTRIBUTE]: { dataType: 'String', stringValue: '{}' } };
      const again = queueMessage({ messageId: 'again', attributes });
      await settlement.commit([{ message: again, verdict: move(target) }]);
      const { about } = move(target);
      expect(events.at(-1)).toEqual({ kind: 'replay-ended', message: about, handled: false });
      deadLetterQueue.refuse = () => true;
      await settlement.commit([{ message: again, verdict: move('dead-letter') }]);
      expect(events.at(-1)).toMatchObject({ kind: 'settlement-error' });
    },
  );

  it('goes to the queue that it names', async () => {
    const { commit, quarantineQueue, deadLetterQueue } = setup();
    await commit(move('quarantine'), move('dead-letter'), move('quarantine'));
    expect([quarantineQueue.sent.length, deadLetterQueue.sent.length]).toEqual([2, 1]);
  });

  it('is not made while the state table cannot be written', async () => {
    const { commit, records, journal, kinds } = setup();
    records.failures = 1;
    expect(told(await commit(move()))).toEqual(['m-0 store-unavailable']);
    expect(journal).toEqual(['begin m-0']);
    expect(kinds()).toEqual(['store-error']);
  });

  it('of an expired message is made all the same', async () => {
    const { commit, records, deadLetterQueue } = setup();
    records.failures = Number.POSITIVE_INFINITY;
    expect(told(await commit(move('dead-letter', true)))).toEqual(['m-0 done']);
    expect(deadLetterQueue.sent).toHaveLength(1);
  });

  it('puts back only what the queue refused', async () => {
    const { commit, deadLetterQueue, records, kinds } = setup();
    let sends = 0;
    deadLetterQueue.refuse = () => ++sends === 2;
    expect(told(await commit(move(), move(), move())).sort()).toEqual([
      'm-0 done',
      'm-1 move-failed',
      'm-2 done',
    ]);
    expect([...records.completed.keys()].sort()).toEqual(['m-0', 'm-2']);
    expect(kinds().sort()).toEqual(['dead-lettered', 'dead-lettered', 'settlement-error']);
  });

  it('goes without the envelope where the queue refuses it with, and the envelope can be looked up', async () => {
    const { commit, deadLetterQueue, records } = setup();
    deadLetterQueue.senderFault = true;
    deadLetterQueue.refuse = ({ attributes }) => FAILURE_ATTRIBUTE in attributes;
    expect(told(await commit(move()))).toEqual(['m-0 done']);
    expect(deadLetterQueue.sent[0]?.attributes).toEqual({});
    expect(records.completed.get('m-0')?.lookup).toMatchObject({ reason: 'INVALID_DATA' });
  });

  it('is not repeated without the envelope where the queue could not be reached', async () => {
    const { commit, deadLetterQueue, journal } = setup();
    deadLetterQueue.refuse = () => true;
    expect(told(await commit(move()))).toEqual(['m-0 move-failed']);
    expect(journal.filter((entry) => entry.startsWith('send'))).toHaveLength(1);
  });

  it('does not wait long for a store that hangs: an expired message is moved all the same', async () => {
    const { commit, clock, records } = setup();
    records.beginMove = () => new Promise(() => {});
    const committing = commit(move('dead-letter', true), move());
    await clock.pass(1_000);
    expect(told(await committing).sort()).toEqual(['m-0 done', 'm-1 store-unavailable']);
  });

  it('is done when only the note of it fails: the message has arrived', async () => {
    const { commit, records, kinds } = setup();
    records.completeMove = () => Promise.reject(new Error('store down'));
    expect(told(await commit(move()))).toEqual(['m-0 done']);
    expect(kinds()).toEqual(['store-error', 'dead-lettered']);
  });

  it('keeps the envelope to be looked up under the new id where the message has no room for it', async () => {
    const { settlement, records, deadLetterQueue } = setup();
    const attributes = Object.fromEntries(
      Array.from({ length: 10 }, (_, at) => [`own${at}`, { dataType: 'String', stringValue: 'x' }]),
    );
    await settlement.commit([{ message: queueMessage({ messageId: 'm-0', attributes }), verdict: move() }]);
    expect(deadLetterQueue.sent[0]?.attributes).toEqual(attributes);
    expect(records.completed.get('m-0')).toMatchObject({ messageId: 'orders-dlq-1', lookup: envelopeOf() });
  });

  it('keeps group and body on FIFO queues, and deduplicates the repetition of one move', async () => {
    const { settlement, deadLetterQueue } = setup({ queue: { url: 'http://sqs.local/1/orders.fifo' } });
    const message = queueMessage({ messageId: 'm-0', groupId: 'customer-7' });
    await settlement.commit([{ message, verdict: move() }]);
    await settlement.commit([{ message, verdict: move() }]);
    const [first, second] = deadLetterQueue.sent;
    expect(first).toMatchObject({
      groupId: 'customer-7',
      deduplicationId: expect.stringMatching(/^[\da-f]{64}$/),
    });
    expect(second?.deduplicationId).toBe(first?.deduplicationId);
  });

  it('has a deduplication id of its own for each hop, destination and message', () => {
    const ids = [
      moveDeduplicationId('a', 'dlq', 'm-1'),
      moveDeduplicationId('a', 'dlq', 'm-2'),
      moveDeduplicationId('a', 'source', 'm-1'),
      moveDeduplicationId('b', 'dlq', 'm-1'),
    ];
    expect(new Set(ids).size).toBe(4);
    expect(ids[0]).toBe(createHash('sha256').update('a\ndlq\nm-1').digest('hex'));
  });
});

describe('a charge', () => {
  it('is written before the message is put back, for a day longer than the queue keeps it', async () => {
    const { commit, records, source } = setup();
    expect(told(await commit(retry()))).toEqual(['m-0 retried']);
    expect(records.stored.get('m-0')).toEqual({ attempts: 2, history: [] });
    expect(records.expiries).toEqual([START + 5 * DAY * 1_000]);
    expect(source.changes).toEqual([]);
  });

  it('that cannot be written is none: the message is deferred for as long', async () => {
    const { commit, records, kinds } = setup();
    records.failures = 1;
    const settled = await commit(retry());
    expect(told(settled)).toEqual(['m-0 store-unavailable']);
    expect(settled[0]?.verdict).toMatchObject({ delayMs: 5_000 });
    expect(kinds()).toEqual(['store-error']);
  });

  it('is not made for a deferral, nor for a message that is done', async () => {
    const { commit, journal } = setup();
    expect(told(await commit(defer(idsNamed('m-0'), 'circuit-open', 1), done)).sort()).toEqual([
      'm-0 circuit-open',
      'm-1 done',
    ]);
    expect(journal).toEqual([]);
  });
});

describe('X-Ray’s trace header', () => {
  const HEADER = 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1';
  const judged = [{ message: queueMessage({ traceHeader: HEADER }), verdict: move() }];

  it.each([false, true])('goes along with a move, whatever it says (FIFO: %s)', async (fifo) => {
    const { settlement, deadLetterQueue } = setup({ queue: { fifo } });
    const forged = { ...judged[0], message: queueMessage({ traceHeader: 'anything' }), verdict: move() };
    await settlement.commit([...judged, forged]);
    expect(deadLetterQueue.sent.map(({ traceHeader }) => traceHeader)).toEqual([HEADER, 'anything']);
  });

  it('stays behind where the queue does not take it: the message is what counts', async () => {
    const { settlement, deadLetterQueue } = setup();
    deadLetterQueue.senderFault = true;
    deadLetterQueue.refuse = ({ traceHeader }) => traceHeader !== undefined;
    expect(told(await settlement.commit(judged))).toEqual(['message-1 done']);
    expect(deadLetterQueue.sent).toHaveLength(1);
    expect(deadLetterQueue.sent[0]).not.toHaveProperty('traceHeader');
  });
});

describe('putting messages back', () => {
  const judged = (...messageIds: string[]) =>
    messageIds.map((messageId, at) => ({
      message: queueMessage({ messageId }),
      verdict: defer(idsNamed(messageId), 'handler', at * 1_500),
    }));

  it('changes visibilities in the given order and tells the delay that came of it', async () => {
    const { settlement, source, events } = setup();
    await settlement.putBack(judged('a', 'b', 'c'), START);
    expect(source.changes).toEqual([
      { receiptHandle: 'receipt-a', visibilitySeconds: 0 },
      { receiptHandle: 'receipt-b', visibilitySeconds: 2 },
      { receiptHandle: 'receipt-c', visibilitySeconds: 3 },
    ]);
    const told = events.filter(({ kind }) => kind === 'deferred');
    expect(told).toMatchObject([{ delaySeconds: 0 }, { delaySeconds: 2 }, { delaySeconds: 3 }]);
  });

  it('tells how long each of them has until it expires', async () => {
    const { settlement, events, clock, settings } = setup();
    clock.advance(5_000);
    await settlement.putBack(judged('a'), START);
    const sentAgo = 6_000; // a second before the start, and five since
    const timeToExpiryMs = settings.retryUntilSeconds * 1_000 - sentAgo;
    expect(events.at(-1)).toEqual({ kind: 'put-back', message: idsNamed('a'), timeToExpiryMs });
    clock.advance(settings.retryUntilSeconds * 1_000);
    await settlement.putBack(judged('a'), START);
    expect(events.at(-1)).toMatchObject({ timeToExpiryMs: 0 });
  });

  it('tells what SQS refused: those messages come back when their visibility ends', async () => {
    const { settlement, source, events, kinds } = setup();
    source.errors = [{ at: 1, error: new Error('receipt handle expired') }];
    await settlement.putBack(judged('a', 'b'), START);
    expect(kinds()).toEqual(['deferred', 'put-back', 'deferred', 'put-back', 'settlement-error']);
    expect(events.at(-1)).toMatchObject({ message: { messageId: 'b' } });
  });

  it('asks nothing of SQS when there is nothing to put back', async () => {
    const { settlement, source } = setup();
    source.changeVisibility = () => Promise.reject(new Error('asked'));
    await settlement.putBack([], START);
  });
});
