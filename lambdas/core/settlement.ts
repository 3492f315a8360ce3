import type { PipelineEvent } from './events.ts';
import { summarizeError } from './failure.ts';
import type { MessageIds, QueueMessage } from './message.ts';
import { createMover } from './mover.ts';
import { inParallel, within } from './parallel.ts';
import { wrappedMessage } from './screening/screen.ts';
import {
  type Committed,
  type Judged,
  RECORD_MARGIN_SECONDS,
  type SettlementParts,
  STORE_PATIENCE_MS,
  WRITES_AT_A_TIME,
} from './settlement-parts.ts';
import { defer, type MoveVerdict, type PutBackVerdict } from './verdict.ts';
import { visibilitySeconds } from './visibility.ts';

/** Carries verdicts out. */
export interface Settlement {
  /** Charge and move what is to be charged and moved; what that failed for comes back as put back. */
  commit(judged: readonly Judged[]): Promise<readonly Committed[]>;
  /** Put messages back, in the given order. */
  putBack(judged: readonly Judged<PutBackVerdict>[], receivedAt: number): Promise<void>;
  /** Acknowledge messages now, rather than when the function returns. */
  acknowledge(messages: readonly QueueMessage[]): Promise<void>;
}

/** Make the settlement of a consumer. */
export function createSettlement(parts: SettlementParts): Settlement {
  const { settings, source, records, emit, clock } = parts;
  const mover = createMover(parts);

  async function commit(judged: readonly Judged[]): Promise<readonly Committed[]> {
    const committed: Committed[] = [];
    const putBacks: Judged<PutBackVerdict>[] = [];
    const moves: Judged<MoveVerdict>[] = [];
    for (const { message, verdict } of judged) {
      if (verdict.kind === 'move') moves.push({ message, verdict });
      else if (verdict.kind === 'put-back') putBacks.push({ message, verdict });
      else committed.push({ message, verdict });
    }
    const charging = inParallel(putBacks, WRITES_AT_A_TIME, async (each) => {
      committed.push(await charge(each));
    });
    const moved = await mover.move(moves);
    await charging;
    return [...committed, ...moved];
  }

  /** A retry is charged before the message is put back: were it the other way round, a crash would forget the attempt. */
  async function charge({ message, verdict }: Judged<PutBackVerdict>): Promise<Committed> {
    if (verdict.record === undefined) return { message, verdict };
    const expiresAt = clock.now() + (settings.queue.retentionSeconds + RECORD_MARGIN_SECONDS) * 1_000;
    try {
      await within(clock, STORE_PATIENCE_MS, records.save(message.messageId, verdict.record, expiresAt));
      return { message, verdict };
    } catch (error) {
      emit({
        kind: 'store-error',
        operation: 'charge an attempt',
        error: summarizeError(error),
        message: verdict.about,
      });
      return { message, verdict: defer(verdict.about, 'store-unavailable', verdict.delayMs) };
    }
  }

  async function putBack(judged: readonly Judged<PutBackVerdict>[], receivedAt: number): Promise<void> {
    if (judged.length === 0) return;
    const now = clock.now();
    const { maxReceiveCount } = settings.queue;
    const changes = judged.map(({ message, verdict: { delayMs, announce, about } }) => {
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
      const left = {
        kind: 'put-back',
        message: about,
        timeToExpiryMs: Math.max(0, expiresAt - now),
      } as const;
      return { change: { receiptHandle, visibilitySeconds: seconds }, event: announce(seconds), left };
    });
    const errors = await source.changeVisibility(changes.map(({ change }) => change));
    for (const { event, left } of changes) {
      emit(event);
      emit(left);
    }
    for (const { at, error } of errors) {
      emit(settlementError('change visibility', error, judged[at]?.verdict.about));
    }
  }

  async function acknowledge(messages: readonly QueueMessage[]): Promise<void> {
    if (messages.length === 0) return;
    for (const { at, error } of await source.acknowledge(
      messages.map(({ receiptHandle }) => receiptHandle),
    )) {
      const refused = messages[at];
      emit(settlementError('acknowledge', error, refused && wrappedMessage(refused)));
    }
  }

  return { commit, putBack, acknowledge };
}

function settlementError(operation: string, error: Error, about: MessageIds | undefined): PipelineEvent {
  const message = about === undefined ? {} : { message: about };
  return { kind: 'settlement-error', operation, error: summarizeError(error), ...message };
}
