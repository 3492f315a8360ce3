import type { ErrorSummary } from './failure.ts';
import { type MessageAttribute, messageBytes, type QueueMessage } from './message.ts';
import { FAILURE_ATTRIBUTE, type FailureReason, LIMITS, type Priority } from './settings.ts';

/** Why a message was set aside before its handler saw it. */
export type QuarantineReason =
  | 'SIZE_LIMIT_EXCEEDED'
  | 'SIGNATURE_INVALID'
  | 'INVALID_FORMAT'
  | 'MISSING_REQUIRED_FIELDS'
  | 'DENIED_SOURCE'
  | 'SCHEMA_VALIDATION_FAILED'
  | 'SUSPICIOUS_PATTERN'
  | 'LOW_REPUTATION';

/** One attempt that failed. */
export interface FailedAttempt {
  /** When it failed. Epoch milliseconds. */
  readonly at: number;
  /** What it would be dead-lettered for. */
  readonly reason: FailureReason;
  /** Name of the error's class. */
  readonly error: string;
  /** Fingerprint of the error. */
  readonly fingerprint: string;
}

/** One finding of a check, such as one issue of a schema validation. */
export interface Finding {
  /** JSON pointer to the value (RFC 6901); empty for the whole payload. */
  readonly pointer: string;
  /** The check's own words. */
  readonly message: string;
}

/** Where a message was moved, and why. */
export type Sentence =
  | { readonly kind: 'dead-letter'; readonly reason: FailureReason }
  | { readonly kind: 'quarantine'; readonly reason: QuarantineReason };

/** What somebody needs to know of a message in a dead-letter or quarantine queue. */
export type FailureEnvelope = FailureDetails & Sentence;

/** All of a failure envelope but where the message was moved and why. */
export interface FailureDetails {
  /** Version of this format. */
  readonly v: 1;
  /** Name of the message that no move changes: the producer's id, else the first SQS message id. */
  readonly stableId: string;
  /** SQS message id in the original queue. */
  readonly originalMessageId: string;
  /** Name of the original queue. */
  readonly originalQueue: string;
  /** Stable id of the consumer that gave the message up. */
  readonly consumer: string;
  /** Error details; absent where no error was thrown (expiry, screening). */
  readonly error?: ErrorSummary;
  /** What the checks found. At most 20. */
  readonly findings?: readonly Finding[];
  /** Attempts that were charged. */
  readonly attempts: number;
  /** When the message entered the original queue. Epoch milliseconds. */
  readonly sentAt: number;
  /** First and last failed attempt. Epoch milliseconds. */
  readonly firstAttemptAt?: number;
  readonly lastAttemptAt?: number;
  /** When it was moved. Epoch milliseconds. */
  readonly movedAt: number;
  /** Priority that the producer gave. */
  readonly priority?: Priority;
  /** Correlation id. */
  readonly correlationId: string;
  /** Trace id, 32 hexadecimal digits; absent where the message tells of no trace. */
  readonly traceId?: string;
  /** Deployment environment. */
  readonly environment?: string;
  /** Version of the service. */
  readonly serviceVersion?: string;
  /** The failed attempts, oldest first, as far as they are kept. */
  readonly history: readonly FailedAttempt[];
}

/** JSON in ASCII: SQS refuses some characters (such as U+FFFE and lone surrogates), so all beyond ASCII is escaped. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Leave out what is bulky, step by step, until the envelope fits; the state table keeps it whole. */
const SHORTENINGS: readonly ((envelope: FailureEnvelope) => FailureEnvelope)[] = [
  (envelope) => envelope,
  ({ error, ...rest }) => (error === undefined ? rest : { ...rest, error: withoutStack(error) }),
  ({ history: _history, findings: _findings, error, ...rest }) =>
    error === undefined ? { ...rest, history: [] } : { ...rest, history: [], error: withoutStack(error) },
];

function withoutStack({ stack: _stack, ...rest }: ErrorSummary): ErrorSummary {
  return rest;
}

/**
 * Attributes of a message that is being moved: its own, untouched, and the failure envelope in one more while SQS's
 * ten attributes and 1 MiB allow it. An envelope of an earlier move is replaced.
 */
export function withFailureEnvelope(
  body: string,
  attributes: Readonly<Record<string, MessageAttribute>>,
  envelope: FailureEnvelope,
): { readonly attributes: Readonly<Record<string, MessageAttribute>>; readonly envelopeFits: boolean } {
  const { attributes: own, envelopeFits } = withoutFailureEnvelope(attributes);
  if (Object.keys(own).length < LIMITS.maxMessageAttributes) {
    for (const shorten of SHORTENINGS) {
      const attribute = { dataType: 'String', stringValue: asciiJson(shorten(envelope)) };
      const all = { ...own, [FAILURE_ATTRIBUTE]: attribute };
      if (messageBytes(body, all) <= LIMITS.maxMessageBytes) return { attributes: all, envelopeFits: true };
    }
  }
  return { attributes: own, envelopeFits };
}

/**
 * Whether a message had been set aside before and was sent back as it was: it bears the envelope of that. Whoever may
 * send can forge it: good for counting, and for nothing else.
 */
export function wasReplayed({ attributes }: Pick<QueueMessage, 'attributes'>): boolean {
  return Object.hasOwn(attributes, FAILURE_ATTRIBUTE);
}

/** Attributes of a message that is being moved and has no room for its envelope; one of an earlier move is taken off. */
export function withoutFailureEnvelope(attributes: Readonly<Record<string, MessageAttribute>>): {
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  readonly envelopeFits: false;
} {
  const { [FAILURE_ATTRIBUTE]: _earlier, ...own } = attributes;
  return { attributes: own, envelopeFits: false };
}
