import { backoffDelayMs } from './backoff.ts';
import { isExhausted, lastReasonOf } from './budget.ts';
import type { Circuit } from './circuit/circuit.ts';
import type { CircuitFailure, Refusal } from './circuit/circuit-session.ts';
import type { Classification } from './classifier.ts';
import type { Clock, Random } from './clock.ts';
import { deferralOf } from './deferral.ts';
import { isInstance } from './error-shape.ts';
import { BulkheadFullError, DeferError, RateLimitedError, type RefusedError } from './errors.ts';
import type { DeferralCause } from './events.ts';
import { type ErrorSummary, summarizeError } from './failure.ts';
import type { FailureEnvelope, Finding, Sentence } from './failure-envelope.ts';
import type { MessageIds, ReceivedMessage } from './message.ts';
import { type MessageRecord, withCharge } from './records.ts';
import { untilAdmitted } from './refusal.ts';
import type { Rejection } from './screening/check.ts';
import type { ConsumerSettings, FailureReason } from './settings.ts';
import { defer, type MoveVerdict, type PutBackVerdict, type Verdict } from './verdict.ts';
import { untilAnswered, waitingBy } from './waiting.ts';

/** What the judge needs to know. */
export interface FailureJudgeParts {
  readonly settings: ConsumerSettings;
  readonly circuits: ReadonlyMap<string, Circuit>;
  readonly classify: (error: unknown) => Classification;
  readonly clock: Clock;
  readonly random: Random;
}

/** Decides what becomes of a message that was not handled. */
export interface FailureJudge {
  /** Its time is over. */
  expired(message: ReceivedMessage, record: MessageRecord): MoveVerdict;
  /** A check refused it. */
  poison(message: ReceivedMessage, record: MessageRecord, rejection: Rejection): MoveVerdict;
  /** Whether its attempts were used up before, and the move did not come about then. */
  isUsedUp(record: MessageRecord): boolean;
  /** Its attempts were used up before. */
  usedUp(message: ReceivedMessage, record: MessageRecord): MoveVerdict;
  /** A circuit refused it, or its turn has not come. */
  refused(message: ReceivedMessage, refusal: Refusal): PutBackVerdict;
  /** Its effect is under way elsewhere. */
  inProgress(message: ReceivedMessage, untilEpochMs: number): PutBackVerdict;
  /** It was to be moved before, and did not arrive. */
  resumeMove(message: MessageIds, envelope: FailureEnvelope): MoveVerdict;
  /** The attempt failed. */
  failed(
    message: ReceivedMessage,
    record: MessageRecord,
    error: unknown,
    failures: readonly CircuitFailure[],
  ): Verdict;
}

/** Make the judge of a consumer. */
export function failureJudge(parts: FailureJudgeParts): FailureJudge {
  const { settings, circuits, classify, clock, random } = parts;
  const until = waitingBy(clock, random);

  function envelopeOf(
    message: ReceivedMessage,
    record: MessageRecord,
    sentence: Sentence,
    { error, findings }: { error?: ErrorSummary | undefined; findings?: readonly Finding[] },
  ): FailureEnvelope {
    const { attempts, history, firstAttemptAt } = record;
    const lastAttemptAt = history.at(-1)?.at;
    const priority = message.producer?.priority;
    const { environment, serviceVersion } = settings;
    return {
      v: 1,
      stableId: message.stableId,
      originalMessageId: message.messageId,
      originalQueue: settings.queue.name,
      consumer: settings.consumerId,
      ...sentence,
      ...(error === undefined ? {} : { error }),
      ...(findings === undefined ? {} : { findings }),
      attempts,
      sentAt: message.sentAtEpochMs,
      ...(firstAttemptAt === undefined ? {} : { firstAttemptAt }),
      ...(lastAttemptAt === undefined ? {} : { lastAttemptAt }),
      movedAt: clock.now(),
      ...(priority === undefined ? {} : { priority }),
      correlationId: message.correlationId,
      ...(message.trace !== undefined && { traceId: message.trace.traceId }),
      ...(environment === undefined ? {} : { environment }),
      ...(serviceVersion === undefined ? {} : { serviceVersion }),
      history,
    };
  }

  function deadLetter(
    message: ReceivedMessage,
    record: MessageRecord,
    why: { reason: FailureReason; exhausted: boolean; error?: ErrorSummary },
  ): MoveVerdict {
    const { reason, exhausted, error } = why;
    const envelope = envelopeOf(message, record, { kind: 'dead-letter', reason }, { error });
    const { attempts } = envelope;
    const rest = error === undefined ? {} : { error };
    return {
      kind: 'move',
      about: message,
      target: 'dead-letter',
      envelope,
      regardlessOfStore: reason === 'EXPIRED',
      announce: {
        kind: 'dead-lettered',
        message,
        reason,
        attempts,
        exhausted,
        ...rest,
        ...retryingOf(envelope),
      },
    };
  }

  /**
   * When the last of these circuits may let a call through again; nothing if all do. A message that failed lets the
   * others go first: the next probe may be theirs, since it could be this message that the dependency cannot bear.
   * Milliseconds from now.
   */
  function untilCircuits(names: readonly string[]): number {
    const times = names.map((name) => circuits.get(name)?.snapshot().retryAtEpochMs ?? 0);
    const last = Math.max(0, ...times);
    return last > clock.now() ? until(last, true) : 0;
  }

  /**
   * When the failures on record, this message's own among them, will be forgotten. Sooner it would find them there
   * again, and a message that fails by itself would never be done with. Milliseconds from now.
   */
  function untilClean(failures: readonly CircuitFailure[]): number {
    const times = failures.map(({ circuit }) => circuits.get(circuit)?.snapshot().cleanAtEpochMs ?? 0);
    const last = Math.max(0, ...times);
    return last > clock.now() ? until(last) : 0;
  }

  function failed(
    message: ReceivedMessage,
    record: MessageRecord,
    error: unknown,
    failures: readonly CircuitFailure[],
  ): Verdict {
    const now = clock.now();
    const deferral = deferralOf(error);
    if (deferral instanceof DeferError) return defer(message, 'handler', deferral.deferForMs);
    if (deferral !== undefined) return defer(message, causeOf(deferral), until(now + deferral.retryAfterMs));

    const summary = summarizeError(error);
    const { retryable, reason, dependency, retryAfterMs = 0 } = classify(error);
    const attempt = record.attempts + 1;
    const { name, fingerprint } = summary;
    const charged = withCharge(record, { at: now, reason, error: name, fingerprint }, summary);
    if (!retryable) return deadLetter(message, charged, { reason, exhausted: false, error: summary });

    const delay = Math.max(backoffDelayMs(settings.backoff, attempt, random), retryAfterMs);
    const delayMs = Math.max(delay, untilCircuits(failures.map(({ circuit }) => circuit)));
    if (dependency && failures.some(({ probe }) => probe))
      return defer(message, 'probe-failed', delayMs, summary);
    if (isExhausted(settings.attempts, charged, reason)) {
      const unwell = dependency && failures.some(({ clean }) => !clean);
      if (unwell) return defer(message, 'circuit-unwell', Math.max(delayMs, untilClean(failures)), summary);
      return deadLetter(message, charged, { reason, exhausted: true, error: summary });
    }
    return {
      kind: 'put-back',
      about: message,
      delayMs,
      record: charged,
      announce: (delaySeconds) => ({
        kind: 'retried',
        message,
        attempt,
        reason,
        delaySeconds,
        error: summary,
      }),
    };
  }

  return {
    failed,
    expired: (message, record) =>
      deadLetter(message, record, { reason: 'EXPIRED', exhausted: false, ...lastErrorOf(record) }),
    isUsedUp: (record) => isExhausted(settings.attempts, record, lastReasonOf(record)),
    usedUp(message, record) {
      return deadLetter(message, record, {
        reason: lastReasonOf(record),
        exhausted: true,
        ...lastErrorOf(record),
      });
    },
    poison(message, record, { reason, findings }) {
      const envelope = envelopeOf(message, record, { kind: 'quarantine', reason }, { findings });
      return {
        kind: 'move',
        about: message,
        target: 'quarantine',
        envelope,
        regardlessOfStore: false,
        announce: { kind: 'quarantined', message, reason },
      };
    },
    resumeMove(message, envelope) {
      const { stableId, correlationId } = envelope;
      const about = { ...message, stableId, correlationId };
      const move = { kind: 'move', about, target: envelope.kind, envelope } as const;
      if (envelope.kind === 'quarantine') {
        const announce = { kind: 'quarantined', message: about, reason: envelope.reason } as const;
        return { ...move, regardlessOfStore: false, announce };
      }
      const { reason, attempts } = envelope;
      const exhausted = isExhausted(settings.attempts, envelope, reason);
      const retrying = retryingOf(envelope);
      const announce = {
        kind: 'dead-lettered',
        message: about,
        reason,
        attempts,
        exhausted,
        ...retrying,
      } as const;
      return { ...move, regardlessOfStore: reason === 'EXPIRED', announce };
    },
    refused(message, refusal) {
      if (refusal.kind === 'unanswered') return defer(message, 'store-unavailable', untilAnswered(random));
      if (refusal.kind === 'not-its-turn') {
        return defer(message, 'rate-limited', Math.max(0, refusal.placeEpochMs - clock.now()));
      }
      return {
        ...defer(message, 'circuit-open', untilAdmitted(clock, until, refusal)),
        sinceEpochMs: refusal.sinceEpochMs,
      };
    },
    inProgress: (message, untilEpochMs) => defer(message, 'in-progress', until(untilEpochMs)),
  };
}

/** Time from the first failed attempt until it was given up; nothing where it was given up at that attempt. */
function retryingOf({ firstAttemptAt, movedAt }: FailureEnvelope): { retryingMs?: number } {
  return firstAttemptAt === undefined || movedAt <= firstAttemptAt
    ? {}
    : { retryingMs: movedAt - firstAttemptAt };
}

function lastErrorOf({ lastError }: MessageRecord): { error?: ErrorSummary } {
  return lastError === undefined ? {} : { error: lastError };
}

function causeOf(refused: RefusedError): DeferralCause {
  if (isInstance(refused, RateLimitedError)) return refused.unanswered ? 'store-unavailable' : 'rate-limited';
  return isInstance(refused, BulkheadFullError) ? 'bulkhead-full' : 'circuit-open';
}
