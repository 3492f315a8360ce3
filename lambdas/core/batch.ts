import type { Clock } from './clock.ts';
import type { EventSink } from './events.ts';
import { summarizeError } from './failure.ts';
import { type Invocation, startInvocation } from './invocation.ts';
import type { QueueMessage } from './message.ts';
import { inParallel, within } from './parallel.ts';
import type { KnownRecord, Pipeline } from './pipeline.ts';
import { type MessageRecord, type MessageRecords, NO_RECORD } from './records.ts';
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
}

/**
 * Work on a batch and settle it.
 *
 * Standard queues: up to `concurrency` messages at a time. FIFO queues: up to `concurrency` groups at a time; within a
 * group strictly in order, and the first message that is not done stops it.
 *
 * @param remainingMs time that the function has left. Milliseconds
 * @returns ids of the messages that are not to be acknowledged
 */
export async function processBatch(
  parts: BatchParts,
  messages: readonly QueueMessage[],
  remainingMs: number,
): Promise<readonly string[]> {
  const { settings, settlement, clock } = parts;
  const invocation = startInvocation(clock, remainingMs, messages.length);
  try {
    const records = await loadRecords(parts, messages);
    const settled = settings.queue.fifo
      ? await workOnGroups(parts, messages, records, invocation)
      : await workOnAll(parts, messages, records, invocation);
    const back = settled.filter(isPutBack);
    await settlement.putBack(back, invocation.receivedAt);
    return back.map(({ message }) => message.messageId);
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
): Promise<readonly Committed[]> {
  const judged: Judged[] = [];
  await inParallel(messages, parts.settings.concurrency, async (message) => {
    judged.push({ message, verdict: await parts.pipeline(message, recordOf(message), invocation) });
  });
  return parts.settlement.commit(judged);
}

async function workOnGroups(
  parts: BatchParts,
  messages: readonly QueueMessage[],
  recordOf: RecordLookup,
  invocation: Invocation,
): Promise<readonly Committed[]> {
  const groups = new Map<string, QueueMessage[]>();
  for (const message of messages) {
    const group = groups.get(message.groupId ?? '');
    if (group === undefined) groups.set(message.groupId ?? '', [message]);
    else group.push(message);
  }
  const settled: Committed[] = [];
  await inParallel([...groups.values()], parts.settings.concurrency, async (group) => {
    settled.push(...(await workOnGroup(parts, group, recordOf, invocation)));
  });
  return settled;
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
): Promise<readonly Committed[]> {
  const done: Committed[] = [];
  for (const [at, message] of group.entries()) {
    const verdict = await parts.pipeline(message, recordOf(message), invocation);
    const committed = await parts.settlement.commit([{ message, verdict }]);
    if (committed.some(isPutBack)) {
      const followers = group.slice(at + 1).map((follower): Committed => {
        return { message: follower, verdict: defer(follower.messageId, 'group-blocked', 0) };
      });
      return [...done, ...followers.reverse(), ...committed];
    }
    done.push(...committed);
  }
  return done;
}

function isPutBack(judged: Committed): judged is Judged<PutBackVerdict> {
  return judged.verdict.kind === 'put-back';
}
