import type { CircuitTransition } from './circuit/circuit.ts';
import type { FileProblem } from './configuration/file-error.ts';
import type { SettingChange } from './configuration/run-time.ts';
import type { RetryStop } from './errors.ts';
import type { ErrorSummary } from './failure.ts';
import type { QuarantineReason } from './failure-envelope.ts';
import type { MessageIds, ReceivedMessage } from './message.ts';
import type { FailureReason } from './settings.ts';

/** Why a message was put back without a charge. */
export type DeferralCause =
  /** A circuit is open, or its probe is taken. */
  | 'circuit-open'
  /** The attempt was the probe of a circuit, and it failed. */
  | 'probe-failed'
  /** It would have been the last attempt, and the circuit has failures on record. */
  | 'circuit-unwell'
  /** The rate limit of a dependency is reached. */
  | 'rate-limited'
  /** As many calls to a dependency are under way, and waiting, as may be in this environment. */
  | 'bulkhead-full'
  /** The intake is held: by the kill switch, a halted queue or an operator. */
  | 'held'
  /** One fault takes so many messages that this one is not to blame for it, or it tried whether the fault is over. */
  | 'kill-switch'
  /** It failed for good, and its queue halts at such a message: its budget begins anew when an operator resumes. */
  | 'halted'
  /** The same effect is under way elsewhere. */
  | 'in-progress'
  /** The handler asked for it. */
  | 'handler'
  /** It may have crashed its environment, and is handled alone and with a full time-out: not now. */
  | 'suspect'
  /** A message of the same group before it is not done. */
  | 'group-blocked'
  /** The function had no time left to start it. */
  | 'no-time-left'
  /** The state table could not be read or written. */
  | 'store-unavailable'
  /** A check could not be made. */
  | 'check-unavailable'
  /** The queue it was to be moved to refused it. */
  | 'move-failed'
  /** The consumer is configured wrongly. */
  | 'misconfigured'
  /** A fault of Spillway itself. */
  | 'internal-error';

/** What happened to a message, or beside it. Adapters turn events into metrics and log lines. */
export type PipelineEvent =
  | {
      readonly kind: 'handled';
      readonly message: ReceivedMessage;
      readonly attempt: number;
      readonly durationMs: number;
      readonly ageMs: number;
      /** Time since its first failed attempt, if it had one. */
      readonly retryingMs?: number | undefined;
    }
  | { readonly kind: 'duplicate'; readonly message: ReceivedMessage }
  | { readonly kind: 'empty'; readonly message: ReceivedMessage }
  | { readonly kind: 'already-moved'; readonly message: MessageIds }
  | {
      readonly kind: 'retried';
      readonly message: ReceivedMessage;
      readonly attempt: number;
      readonly reason: FailureReason;
      readonly delaySeconds: number;
      readonly error: ErrorSummary;
    }
  | {
      readonly kind: 'deferred';
      readonly message: MessageIds;
      readonly cause: DeferralCause;
      readonly delaySeconds: number;
      readonly error?: ErrorSummary;
    }
  | {
      readonly kind: 'dead-lettered';
      readonly message: MessageIds;
      readonly reason: FailureReason;
      readonly attempts: number;
      readonly exhausted: boolean;
      readonly error?: ErrorSummary;
      /** Time since its first failed attempt, if it was tried again after it or has expired. */
      readonly retryingMs?: number | undefined;
    }
  /** A message was put back, for whatever reason: so much is left until it expires. */
  | { readonly kind: 'put-back'; readonly message: MessageIds; readonly timeToExpiryMs: number }
  /** A message that had been set aside and was sent back here came to an end: it was handled, or set aside again. */
  | { readonly kind: 'replay-ended'; readonly message: MessageIds; readonly handled: boolean }
  /** One fault would have taken too many messages: the intake is held from now on. */
  | {
      readonly kind: 'kill-switch';
      /** Fingerprint of the fault. */
      readonly fault: string;
      /** Name of the error's class. */
      readonly error: string;
      /** Messages that it would have taken within the window, and all that were begun meanwhile. */
      readonly count: number;
      readonly begun: number;
    }
  /** The queue halts at a message: the intake is held until an operator resumes it. */
  | {
      readonly kind: 'halted';
      readonly message: MessageIds;
      readonly error?: ErrorSummary;
    }
  | { readonly kind: 'quarantined'; readonly message: MessageIds; readonly reason: QuarantineReason }
  /** An operation failed; for whom it was is absent where it served several messages, or none. */
  | {
      readonly kind: 'store-error';
      readonly operation: string;
      readonly error: ErrorSummary;
      readonly message?: MessageIds;
    }
  | {
      readonly kind: 'settlement-error';
      readonly operation: string;
      readonly error: ErrorSummary;
      readonly message?: MessageIds;
    }
  | {
      readonly kind: 'completion-not-recorded';
      readonly message: ReceivedMessage;
      readonly error: ErrorSummary;
    }
  /** A handler did not stop when it had to: the environment is given up once everything is settled. */
  | { readonly kind: 'environment-given-up' }
  /** The tracer could not be loaded: messages are handled all the same. */
  | { readonly kind: 'tracing-unavailable'; readonly error: ErrorSummary }
  /** Idempotency was switched off from outside. */
  | { readonly kind: 'idempotency-disabled' }
  | { readonly kind: 'classifier-error'; readonly error: ErrorSummary }
  /** Somebody who is told of changes of a circuit threw. */
  | { readonly kind: 'listener-error'; readonly error: ErrorSummary }
  | ConfigurationEvent
  | PolicyEvent
  | { readonly kind: 'circuit-rejected'; readonly circuit: string }
  /** A call that a circuit let through spoke of the dependency's health. */
  | { readonly kind: 'circuit-call'; readonly circuit: string; readonly failed: boolean }
  | { readonly kind: 'circuit-transition'; readonly transition: CircuitTransition };

/** What came of a look at the configuration that may change at run time. */
export type ConfigurationEvent =
  /** It says other things than before, and holds from now on. */
  | {
      readonly kind: 'configuration-applied';
      readonly source: string;
      /** Tells one text from another. */
      readonly version: string;
      readonly changes: readonly SettingChange[];
      /** Paths of circuits and queues that are not this consumer's. */
      readonly ignored: readonly string[];
    }
  /** It is what it was, and good. */
  | { readonly kind: 'configuration-unchanged'; readonly source: string }
  /** It breaks rules: what held before holds on. */
  | {
      readonly kind: 'configuration-refused';
      readonly source: string;
      readonly version: string;
      readonly problems: readonly FileProblem[];
    }
  /** It could not be read, or not in time: what held before holds on. */
  | { readonly kind: 'configuration-unavailable'; readonly source: string; readonly error: ErrorSummary };

/** What happened at a policy around a call. */
export type PolicyEvent =
  /** An attempt failed, and another one will be made. */
  | {
      readonly kind: 'call-retried';
      readonly policy: string;
      /** Number of the attempt that failed, from 1. */
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: ErrorSummary;
    }
  /** A later attempt than the first succeeded. */
  | {
      readonly kind: 'call-recovered';
      readonly policy: string;
      readonly attempts: number;
      readonly totalMs: number;
    }
  /** A call was not repeated any more, though its last error could heal. */
  | {
      readonly kind: 'call-retries-exhausted';
      readonly policy: string;
      readonly attempts: number;
      readonly totalMs: number;
      readonly stoppedBy: RetryStop;
      readonly error: ErrorSummary;
    }
  | { readonly kind: 'call-timed-out'; readonly policy: string; readonly afterMs: number }
  | { readonly kind: 'call-rate-limited'; readonly policy: string; readonly retryAfterMs: number }
  | { readonly kind: 'bulkhead-full'; readonly policy: string }
  /** The limit of adaptive concurrency was cut. */
  | { readonly kind: 'concurrency-cut'; readonly policy: string; readonly limit: number }
  | { readonly kind: 'fallback-used'; readonly policy: string; readonly error: ErrorSummary };

/** Takes the pipeline's events. */
export type EventSink = (event: PipelineEvent) => void;
