import type { DeferralCause, PipelineEvent } from '../core/events.ts';
import type { ErrorSummary } from '../core/failure.ts';
import type { FailureEnvelope, Finding, QuarantineReason } from '../core/failure-envelope.ts';
import type { FailureReason } from '../core/settings.ts';

/** What became of one message. */
export type Outcome = { readonly messageId: string } & (
  | {
      readonly kind: 'handled';
      /** Number of the attempt that did it, from 1. */
      readonly attempt: number;
    }
  /** The effect had completed before: acknowledged. */
  | { readonly kind: 'duplicate' }
  /** It carries nothing to do, such as S3's test event: acknowledged. */
  | { readonly kind: 'empty' }
  /** It had been moved before, and only waited to be acknowledged. */
  | { readonly kind: 'already-moved' }
  | {
      readonly kind: 'retried';
      /** Until it comes back. Seconds. */
      readonly delaySeconds: number;
      /** Attempts that are charged so far, this one included. */
      readonly attempts: number;
      readonly reason: FailureReason;
      readonly error: ErrorSummary;
    }
  /** Put back without a charge. */
  | {
      readonly kind: 'deferred';
      readonly cause: DeferralCause;
      /** Until it comes back. Seconds. */
      readonly delaySeconds: number;
      readonly error: ErrorSummary | undefined;
    }
  | {
      readonly kind: 'dead-lettered';
      readonly reason: FailureReason;
      /** Attempts that were charged. */
      readonly attempts: number;
      readonly envelope: FailureEnvelope;
    }
  | {
      readonly kind: 'quarantined';
      readonly reason: QuarantineReason;
      readonly findings: readonly Finding[];
      readonly envelope: FailureEnvelope;
    }
);

/**
 * The outcome that an event tells of, if it tells of one.
 *
 * @param envelopeOf the envelope of a message that was moved
 */
export function outcomeOf(
  event: PipelineEvent,
  envelopeOf: (messageId: string) => FailureEnvelope | undefined,
): Outcome | undefined {
  switch (event.kind) {
    case 'handled':
      return { messageId: event.message.messageId, kind: event.kind, attempt: event.attempt };
    case 'duplicate':
    case 'empty':
    case 'already-moved':
      return { messageId: event.message.messageId, kind: event.kind };
    case 'retried': {
      const { kind, message, delaySeconds, attempt: attempts, reason, error } = event;
      return { messageId: message.messageId, kind, delaySeconds, attempts, reason, error };
    }
    case 'deferred': {
      const { kind, message, cause, delaySeconds, error } = event;
      return { messageId: message.messageId, kind, cause, delaySeconds, error };
    }
    case 'dead-lettered': {
      const { kind, message, reason, attempts } = event;
      const { messageId } = message;
      const envelope = envelopeOf(messageId);
      return envelope && { messageId, kind, reason, attempts, envelope };
    }
    case 'quarantined': {
      const { kind, message, reason } = event;
      const { messageId } = message;
      const envelope = envelopeOf(messageId);
      return envelope && { messageId, kind, reason, findings: envelope.findings ?? [], envelope };
    }
    default:
      return undefined;
  }
}
