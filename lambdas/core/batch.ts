import type { Clock, Random } from './clock.ts';
import { pastOf } from './crash.ts';
import type { EventSink } from './events.ts';
import { summarizeError } from './failure.ts';
import { type Invocation, startInvocation } from './invocation.ts';
import { lingerMs } from './linger.ts';
import type { QueueMessage } from './message.ts';
import { inParallel, within } from './parallel.ts';
import type { KnownRecord, Pipeline } from './pipeline.ts';
import { type MessageRecord, type MessageRecords, NO_RECORD } from './records.ts';
import { wrappedMessage } from './screening/screen.ts';
import type { ConsumerSettings } from './settings.ts';
import type { Settlement } from './settlement.ts';
import type { Committed, Judged } from './settlement-parts.ts';
import { defer, type PutBackVerdict } from './verdict.ts';

/** What a batch is worked on with. */
export interface BatchParts {
  readonly settings: ConsumerSettings;
  readonly pipeline: Pipeline;
  readonly settlement: Settlement;
  readonly records: MessageRecords;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly random: Random;
  /** Wait before returning, so that pollers do not spin. Milliseconds. */
  readonly linger: (forMs: number) => Promise<void>;
}

/** How a batch ended. */
export interface BatchResult {
  /** Ids of the messages that are not to be acknowledged. */
  readonly putBack: readonly string[];
  /** A handler was left behind: everything is settled, and the environment has to be given up. */
  readonly abandoned: boolean;
}

/** A message that may have crashed its environment, with those of its group that wait behind it. */
interface Suspect {
  readonly message: QueueMessage;
  readonly followers: readonly QueueMessage[];
}

/** What came of a part of a batch. */
interface Outcome {
  readonly settled: readonly Committed[];
  readonly suspects: readonly Suspect[];
}

/** Suspects that cannot be handled in this invocation come back spread over this time. Milliseconds. */
const SUSPECT_SPREAD_MS = 10_000;

/**
 * Work on a batch and settle it.
 *
 * Standard queues: up to `concurrency` messages at a time. FIFO queues: up to `concurrency` groups at a time; within a
 * group strictly in order, and the first message that is not done stops it.
 *
 * A message with a crash on record is handled last and alone, once the rest is settled for good, and with a full
 * time-out; one each invocation. The others of its kind, and those behind it in its group, are deferred.
 *
 * If circuits and holds let it do nothing at all, it waits a moment before it returns.
 *
 * @param remainingMs time that the function has left. Milliseconds
 */
export async function processBatch(
  parts: BatchParts,
  messages: readonly QueueMessage[],
  remainingMs: number,
): Promise<BatchResult> {
  const { settings, settlement, clock } = parts;
  const invocation = startInvocation(clock, remainingMs, messages.length);
  try {
    const records = await loadRecords(parts, messages);
    const { settled, suspects } = settings.queue.fifo
      ? await workOnGroups(parts, messages, records, invocation)
      : await workOnAll(parts, messages, records, invocation);
    const [first, ...later] = suspects;
    const chosen =
      first !== undefined && !invocation.abandoned && invocation.hasFullTime() ? first : undefined;
    const waiting = chosen === undefined ? suspects : later;
    const followers = suspects.flatMap(({ followers: behind }) => blocked(behind));
    const back = [...settled.filter(isPutBack), ...followers, ...waiting.map((each) => wait(parts, each))];
    await settlement.putBack(back, invocation.receivedAt);
    if (chosen !== undefined || invocation.abandoned) await settlement.acknowledge(doneOf(settled));
    if (chosen !== undefined) {
      const { message } = chosen;
      const verdict = await parts.pipeline(message, records(message), invocation, true);
      const alone = (await settlement.commit([{ message, verdict }])).filter(isPutBack);
      await settlement.putBack(alone, invocation.receivedAt);
      back.push(...alone);
    }
    const verdicts = back.map(({ verdict }) => verdict);
    const paused = settings.controlQueueUrl !== undefined;
    const when = { now: clock.now(), paused };
    const idleMs = lingerMs(messages.length, verdicts, invocation.remainingMs(), when);
    if (idleMs > 0 && !invocation.abandoned) await parts.linger(idleMs);
    return { putBack: back.map(({ message }) => message.messageId), abandoned: invocation.abandoned };
  } finally {
    invocation.end();
  }
}

type RecordLookup = (message: QueueMessage) => KnownRecord;

/** What reading the records may cost of the handlers' time. Milliseconds. */
const LOAD_PATIENCE_MS = 2_000;

/** A first receive needs no read: a message that never failed has no record. */
async function loadRecords(parts: BatchParts, messages: readonly QueueMessage[]): Promise<RecordLookup> {
  const again = messages.filter(({ receiveCount }) => receiveCount > 1).map(({ messageId }) => messageId);
  if (again.length === 0) return () => NO_RECORD;
  let loaded: ReadonlyMap<string, MessageRecord> | undefined;
  try {
    loaded = await within(parts.clock, LOAD_PATIENCE_MS, parts.records.load(again));
  } catch (error) {
    parts.emit({ kind: 'store-error', operation: 'load message records', error: summarizeError(error) });
  }
  return ({ messageId, receiveCount }) => {
    if (receiveCount <= 1) return NO_RECORD;
    return loaded === undefined ? 'unavailable' : (loaded.get(messageId) ?? NO_RECORD);
  };
}

async function workOnAll(
  parts: BatchParts,
  messages: readonly QueueMessage[],
  recordOf: RecordLookup,
  invocation: Invocation,
): Promise<Outcome> {
  const now = parts.clock.now();
  const suspects = messages.filter((message) => isSuspect(recordOf(message), now));
  const others = messages.filter((message) => !suspects.includes(message));
  const judged: Judged[] = [];
  await inParallel(others, parts.settings.concurrency, async (message) => {
    const verdict = await parts.pipeline(message, recordOf(message), invocation, messages.length === 1);
    judged.push({ message, verdict });
  });
  const settled = await parts.settlement.commit(judged);
  return { settled, suspects: suspects.map((message) => ({ message, followers: [] })) };
}

async function workOnGroups(
  parts: BatchParts,
  messages: readonly QueueMessage[],
  recordOf: RecordLookup,
  invocation: Invocation,
): Promise<Outcome> {
  const groups = new Map<string, QueueMessage[]>();
  for (const message of messages) {
    const group = groups.get(message.groupId ?? '');
    if (group === undefined) groups.set(message.groupId ?? '', [message]);
    else group.push(message);
  }
  const settled: Committed[] = [];
  const suspects: Suspect[] = [];
  await inParallel([...groups.values()], parts.settings.concurrency, async (group) => {
    const outcome = await workOnGroup(parts, group, recordOf, invocation, groups.size === 1);
    settled.push(...outcome.settled);
    suspects.push(...outcome.suspects);
  });
  return { settled, suspects };
}

/**
 * A move is carried out before the next message starts: a message that could not be moved stops its group like any
 * other that is not done. The followers come first in the result, last of all first: a follower that stays invisible for
 * longer than the head would block the group beyond the head's delay.
 */
async function workOnGroup(
  parts: BatchParts,
  group: readonly QueueMessage[],
  recordOf: RecordLookup,
  invocation: Invocation,
  alone: boolean,
): Promise<Outcome> {
  const done: Committed[] = [];
  for (const [at, message] of group.entries()) {
    const followers = group.slice(at + 1);
    if (isSuspect(recordOf(message), parts.clock.now())) {
      return { settled: done, suspects: [{ message, followers }] };
    }
    const verdict = await parts.pipeline(message, recordOf(message), invocation, alone && group.length === 1);
    const committed = await parts.settlement.commit([{ message, verdict }]);
    if (committed.some(isPutBack)) {
      return { settled: [...done, ...blocked(followers), ...committed], suspects: [] };
    }
    done.push(...committed);
  }
  return { settled: done, suspects: [] };
}

function isSuspect(record: KnownRecord, now: number): boolean {
  return record !== 'unavailable' && pastOf(record, now).kind === 'suspect';
}

/** Messages behind one that is not done, last of all first. */
function blocked(followers: readonly QueueMessage[]): Judged<PutBackVerdict>[] {
  return followers
    .map((message) => ({ message, verdict: defer(wrappedMessage(message), 'group-blocked', 0) }))
    .reverse();
}

function wait({ random }: BatchParts, { message }: Suspect): Judged<PutBackVerdict> {
  return { message, verdict: defer(wrappedMessage(message), 'suspect', random() * SUSPECT_SPREAD_MS) };
}

function doneOf(settled: readonly Committed[]): readonly QueueMessage[] {
  return settled.filter((each) => !isPutBack(each)).map(({ message }) => message);
}

function isPutBack(judged: Committed): judged is Judged<PutBackVerdict> {
  return judged.verdict.kind === 'put-back';
}
