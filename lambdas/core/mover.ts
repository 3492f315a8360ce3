import { createHash } from 'node:crypto';
import { summarizeError } from './failure.ts';
import {
  type FailureEnvelope,
  wasReplayed,
  withFailureEnvelope,
  withoutFailureEnvelope,
} from './failure-envelope.ts';
import { inParallel, within } from './parallel.ts';
import type { OutgoingMessage, SendResult, TargetQueue } from './queues.ts';
import type { TargetQueueSettings } from './settings.ts';
import {
  type Committed,
  type Judged,
  RECORD_MARGIN_SECONDS,
  type SettlementParts,
  STORE_PATIENCE_MS,
  WRITES_AT_A_TIME,
} from './settlement-parts.ts';
import { defer, type MoveVerdict } from './verdict.ts';

/** Moves messages to the dead-letter and quarantine queues. */
export interface Mover {
  /**
   * Write what is known, send, note the new id; the acknowledgement follows when the function returns. A crash in
   * between leaves a duplicate, never a hole. What did not arrive comes back as put back.
   */
  move(judged: readonly Judged<MoveVerdict>[]): Promise<readonly Committed[]>;
}

/** Put back for this long when a move could not be carried out. Milliseconds. */
const STUCK_DELAY_MS = 30_000;

type Moving = Judged<MoveVerdict>;

/** A message that is to be sent, and what of its envelope did not fit. */
interface Outgoing {
  readonly message: OutgoingMessage;
  readonly lookup: FailureEnvelope | undefined;
}

/** A message that was sent on its way, and what has to be looked up because it did not fit. */
interface Delivery {
  readonly result: SendResult;
  readonly lookup: FailureEnvelope | undefined;
}

/** Make the mover of a consumer. */
export function createMover(parts: SettlementParts): Mover {
  const { settings, records, emit, clock } = parts;

  async function move(judged: readonly Moving[]): Promise<readonly Committed[]> {
    const to = (target: MoveVerdict['target']): Moving[] =>
      judged.filter(({ verdict }) => verdict.target === target);
    const moved = await Promise.all([
      moveTo(parts.deadLetterQueue, settings.deadLetterQueue, to('dead-letter')),
      moveTo(parts.quarantineQueue, settings.quarantineQueue, to('quarantine')),
    ]);
    return moved.flat();
  }

  async function moveTo(
    queue: TargetQueue,
    { retentionSeconds }: TargetQueueSettings,
    judged: readonly Moving[],
  ): Promise<readonly Committed[]> {
    const expiresAt = clock.now() + (retentionSeconds + RECORD_MARGIN_SECONDS) * 1_000;
    const ready: Moving[] = [];
    const committed: Committed[] = [];
    await inParallel(judged, WRITES_AT_A_TIME, async (each) => {
      if (await begin(each, expiresAt)) ready.push(each);
      else committed.push(stuck(each, 'store-unavailable'));
    });
    const deliveries = await deliver(queue, ready);
    await inParallel(ready, WRITES_AT_A_TIME, async (each, at) => {
      committed.push(await conclude(queue.name, each, deliveries[at], expiresAt));
    });
    return committed;
  }

  async function begin({ message, verdict }: Moving, expiresAtEpochMs: number): Promise<boolean> {
    const { about, envelope, regardlessOfStore, historyUnknown = false } = verdict;
    try {
      const written = records.beginMove(message.messageId, envelope, expiresAtEpochMs, historyUnknown);
      await within(clock, STORE_PATIENCE_MS, written);
      return true;
    } catch (error) {
      emit({ kind: 'store-error', operation: 'begin a move', error: summarizeError(error), message: about });
      return regardlessOfStore;
    }
  }

  /**
   * Send messages with their envelopes; one that is refused as it is goes again without, since the queue may take less
   * than SQS's 1 MiB.
   */
  async function deliver(queue: TargetQueue, judged: readonly Moving[]): Promise<readonly Delivery[]> {
    const outgoing = judged.map((each) => outgoingMessage(each, queue.name, true));
    const results = await queue.send(outgoing.map(({ message }) => message));
    const refused = judged.filter((_each, at) => isRefused(results[at]) && hasExtras(outgoing[at]));
    const bare = refused.map((each) => outgoingMessage(each, queue.name, false));
    const again = await queue.send(bare.map(({ message }) => message));
    return judged.map((each, at) => {
      const second = refused.indexOf(each);
      const result = (second < 0 ? results[at] : again[second]) ?? NO_RESULT;
      return { result, lookup: second < 0 ? outgoing[at]?.lookup : each.verdict.envelope };
    });
  }

  function outgoingMessage({ message, verdict }: Moving, destination: string, complete: boolean): Outgoing {
    const { envelope } = verdict;
    const { body, attributes: own, groupId, messageId, traceHeader } = message;
    const full = complete ? withFailureEnvelope(body, own, envelope) : withoutFailureEnvelope(own);
    const deduplicationId = settings.queue.fifo
      ? moveDeduplicationId(envelope.stableId, destination, messageId)
      : undefined;
    return {
      message: {
        body,
        attributes: full.attributes,
        groupId,
        deduplicationId,
        ...(complete && { traceHeader }),
      },
      lookup: full.envelopeFits ? undefined : envelope,
    };
  }

  async function conclude(
    destination: string,
    each: Moving,
    delivery: Delivery | undefined,
    expiresAtEpochMs: number,
  ): Promise<Committed> {
    const { result, lookup } = delivery ?? { result: NO_RESULT, lookup: undefined };
    const { message, verdict } = each;
    const { about } = verdict;
    if (!result.ok) {
      const error = summarizeError(result.error);
      emit({ kind: 'settlement-error', operation: `send to ${destination}`, error, message: about });
      return stuck(each, 'move-failed');
    }
    const completed = { queue: destination, messageId: result.messageId, lookup };
    try {
      await within(
        clock,
        STORE_PATIENCE_MS,
        records.completeMove(message.messageId, completed, expiresAtEpochMs),
      );
    } catch (error) {
      // The message has arrived: that this cannot be noted is no reason to move it again.
      emit({ kind: 'store-error', operation: 'note a move', error: summarizeError(error), message: about });
    }
    emit(verdict.announce);
    if (wasReplayed(message)) emit({ kind: 'replay-ended', message: about, handled: false });
    return { message, verdict: { kind: 'done' } };
  }

  return { move };
}

const NO_RESULT: SendResult = { ok: false, error: new Error('no result for the entry'), refused: false };

/** Whether a message carries what it can do without: its envelope, X-Ray's header. */
function hasExtras(outgoing: Outgoing | undefined): boolean {
  return (
    outgoing !== undefined && (outgoing.lookup === undefined || outgoing.message.traceHeader !== undefined)
  );
}

function isRefused(result: SendResult | undefined): boolean {
  return result !== undefined && !result.ok && result.refused;
}

function stuck({ message, verdict }: Moving, cause: 'store-unavailable' | 'move-failed'): Committed {
  return { message, verdict: defer(verdict.about, cause, STUCK_DELAY_MS) };
}

/**
 * Deduplication id of a move between FIFO queues: equal when one move is repeated, new for the next. The hop is told by
 * the message id in the queue it leaves, which every queue gives anew and no producer can choose: were it a
 * number in an attribute, a forged one could make SQS discard somebody else's message.
 */
export function moveDeduplicationId(stableId: string, destination: string, sourceMessageId: string): string {
  return createHash('sha256').update(`${stableId}\n${destination}\n${sourceMessageId}`).digest('hex');
}
