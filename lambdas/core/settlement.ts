import { createHash } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { EventSink } from './events.ts';
import { summarizeError } from './failure.ts';
import { withFailureEnvelope } from './failure-envelope.ts';
import type { QueueMessage } from './message.ts';
import type { OutgoingMessage, SourceQueue, TargetQueue } from './queues.ts';
import type { CompletedMove, MessageRecords } from './records.ts';
import type { ConsumerSettings, TargetQueueSettings } from './settings.ts';
import { defer, type MoveVerdict, type PutBackVerdict, type Verdict } from './verdict.ts';
import { visibilitySeconds } from './visibility.ts';

/** A message and what is to become of it. */
export interface Judged<V extends Verdict = Verdict> {
  readonly message: QueueMessage;
  readonly verdict: V;
}

/** What settlement needs. */
export interface SettlementParts {
  readonly settings: ConsumerSettings;
  readonly source: SourceQueue;
  readonly deadLetterQueue: TargetQueue;
  readonly quarantineQueue: TargetQueue;
  readonly records: MessageRecords;
  readonly emit: EventSink;
  readonly clock: Clock;
}

/** Carries verdicts out. */
export interface Settlement {
  /** Charge and move what is to be charged and moved; what that failed for comes back as put back. */
  commit(judged: readonly Judged[]): Promise<readonly Judged<Exclude<Verdict, MoveVerdict>>[]>;
  /** Put messages back, in the given order. */
  putBack(judged: readonly Judged<PutBackVerdict>[], receivedAt: number): Promise<void>;
}

/** Put back for this long when a move or a charge could not be carried out. Milliseconds. */
const STUCK_DELAY_MS = 30_000;

/** A record outlives what it is about by a day. */
const RECORD_MARGIN_SECONDS = 86_400;

type Committed = Judged<Exclude<Verdict, MoveVerdict>>;

/** Make the settlement of a consumer. */
export function createSettlement(parts: SettlementParts): Settlement {
  const { settings, source, records, emit, clock } = parts;

  async function commit(judged: readonly Judged[]): Promise<readonly Committed[]> {
    const settled: Promise<readonly Committed[]>[] = [];
    const moves: Record<MoveVerdict['target'], Judged<MoveVerdict>[]> = { 'dead-letter': [], quarantine: [] };
    for (const { message, verdict } of judged) {
      if (verdict.kind === 'move') moves[verdict.target].push({ message, verdict });
      else if (verdict.kind === 'put-back') settled.push(charge(message, verdict));
      else settled.push(Promise.resolve([{ message, verdict }]));
    }
    settled.push(move(moves['dead-letter'], parts.deadLetterQueue, settings.deadLetterQueue));
    settled.push(move(moves.quarantine, parts.quarantineQueue, settings.quarantineQueue));
    return (await Promise.all(settled)).flat();
  }

  /** A retry is charged before the message is put back: were it the other way round, a crash would forget the attempt. */
  async function charge(message: QueueMessage, verdict: PutBackVerdict): Promise<readonly Committed[]> {
    if (verdict.record === undefined) return [{ message, verdict }];
    const expiresAt = clock.now() + (settings.queue.retentionSeconds + RECORD_MARGIN_SECONDS) * 1_000;
    try {
      await records.save(message.messageId, verdict.record, expiresAt);
      return [{ message, verdict }];
    } catch (error) {
      storeError('charge an attempt', error);
      return [{ message, verdict: defer(message.messageId, 'store-unavailable', verdict.delayMs) }];
    }
  }

  /**
   * Write what is known, send, note the new id; the acknowledgement follows when the function returns. A crash in
   * between leaves a duplicate, never a hole.
   */
  async function move(
    judged: readonly Judged<MoveVerdict>[],
    queue: TargetQueue,
    target: TargetQueueSettings,
  ): Promise<readonly Committed[]> {
    if (judged.length === 0) return [];
    const expiresAt = clock.now() + (target.retentionSeconds + RECORD_MARGIN_SECONDS) * 1_000;
    const begun = await Promise.all(judged.map((each) => begin(each, expiresAt)));
    const ready = judged.filter((_each, at) => begun[at] === true);
    const stuck = judged.filter((_each, at) => begun[at] === false);
    const outgoing = ready.map((each) => outgoingMessage(each, target.name));
    const results = await queue.send(outgoing.map(({ message }) => message));
    const moved = await Promise.all(
      ready.map(async (each, at): Promise<Committed> => {
        const result = results[at];
        const { messageId } = each.message;
        if (result === undefined || !result.ok) {
          const error = summarizeError(result?.error ?? new Error('no result for the entry'));
          emit({ kind: 'settlement-error', operation: `send to ${target.name}`, error });
          return { message: each.message, verdict: defer(messageId, 'move-failed', STUCK_DELAY_MS, error) };
        }
        const lookup = outgoing[at]?.envelopeFits === false ? each.verdict.envelope : undefined;
        await note(messageId, { queue: target.name, messageId: result.messageId, lookup }, expiresAt);
        emit(each.verdict.announce);
        return { message: each.message, verdict: { kind: 'done' } };
      }),
    );
    const deferred = stuck.map(
      ({ message }): Committed => ({
        message,
        verdict: defer(message.messageId, 'store-unavailable', STUCK_DELAY_MS),
      }),
    );
    return [...moved, ...deferred];
  }

  async function begin(
    { message, verdict }: Judged<MoveVerdict>,
    expiresAtEpochMs: number,
  ): Promise<boolean> {
    const { envelope, regardlessOfStore } = verdict;
    try {
      await records.beginMove(message.messageId, envelope, expiresAtEpochMs);
      return true;
    } catch (error) {
      storeError('begin a move', error);
      return regardlessOfStore;
    }
  }

  /** The message has arrived: that this cannot be noted is no reason to move it again. */
  async function note(messageId: string, completed: CompletedMove, expiresAtEpochMs: number): Promise<void> {
    try {
      await records.completeMove(messageId, completed, expiresAtEpochMs);
    } catch (error) {
      storeError('note a move', error);
    }
  }

  function outgoingMessage(
    { message, verdict }: Judged<MoveVerdict>,
    destination: string,
  ): { readonly message: OutgoingMessage; readonly envelopeFits: boolean } {
    const { envelope } = verdict;
    const { attributes, envelopeFits } = withFailureEnvelope(message.body, message.attributes, envelope);
    const deduplicationId = settings.queue.fifo
      ? moveDeduplicationId(envelope.stableId, destination, message.messageId)
      : undefined;
    return {
      message: { body: message.body, attributes, groupId: message.groupId, deduplicationId },
      envelopeFits,
    };
  }

  async function putBack(judged: readonly Judged<PutBackVerdict>[], receivedAt: number): Promise<void> {
    if (judged.length === 0) return;
    const now = clock.now();
    const { maxReceiveCount } = settings.queue;
    const changes = judged.map(({ message, verdict: { delayMs, announce } }) => {
      const { receiptHandle, receiveCount, sentAtEpochMs } = message;
      const expiresAt = sentAtEpochMs + settings.retryUntilSeconds * 1_000;
      const seconds = visibilitySeconds({
        delayMs,
        now,
        receivedAt,
        expiresAt,
        receiveCount,
        maxReceiveCount,
      });
      return { change: { receiptHandle, visibilitySeconds: seconds }, event: announce(seconds) };
    });
    const errors = await source.changeVisibility(changes.map(({ change }) => change));
    for (const { event } of changes) emit(event);
    for (const error of errors) {
      emit({ kind: 'settlement-error', operation: 'change visibility', error: summarizeError(error) });
    }
  }

  function storeError(operation: string, error: unknown): void {
    emit({ kind: 'store-error', operation, error: summarizeError(error) });
  }

  return { commit, putBack };
}

/**
 * Deduplication id of a move between FIFO queues: equal when one move is repeated, new for the next. The hop is told by
 * the message id in the queue it leaves, which every queue gives anew and no producer can choose: were it a
 * number in an attribute, a forged one could make SQS discard somebody else's message.
 */
export function moveDeduplicationId(stableId: string, destination: string, sourceMessageId: string): string {
  return createHash('sha256').update(`${stableId}\n${destination}\n${sourceMessageId}`).digest('hex');
}
