import type { ErrorSummary } from './failure.ts';
import type { FailedAttempt, FailureEnvelope } from './failure-envelope.ts';

/** What the state table knows of one message in one queue. */
export interface MessageRecord {
  /** Attempts that were charged. */
  readonly attempts: number;
  /** The last failed attempts, oldest first. */
  readonly history: readonly FailedAttempt[];
  /** The last attempt's error. */
  readonly lastError?: ErrorSummary | undefined;
  /** When the first attempt failed. Epoch milliseconds. */
  readonly firstAttemptAt?: number | undefined;
  /** An attempt that was started and has not noted its end. */
  readonly started?: AttemptStart;
  /** The move that was begun and, as far as is known, not completed: it is to be resumed. */
  readonly pendingMove?: FailureEnvelope;
  /** The move that was completed: a message with one only waits to be acknowledged. */
  readonly movedTo?: { readonly queue: string; readonly messageId: string };
}

/** The start of an attempt. */
export interface AttemptStart {
  /** When the attempt has ended, one way or the other. Epoch milliseconds. */
  readonly endsBy: number;
  /** Whether no other message was being handled in the environment. */
  readonly alone: boolean;
}

/** The record of a message that never failed. */
export const NO_RECORD: MessageRecord = { attempts: 0, history: [] };

/** Failed attempts that a record keeps. */
export const LONGEST_HISTORY = 20;

/** A record with one more attempt charged. */
export function withCharge(
  record: MessageRecord,
  failure: FailedAttempt,
  error: ErrorSummary,
): MessageRecord {
  return {
    ...record,
    attempts: record.attempts + 1,
    history: [...record.history, failure].slice(-LONGEST_HISTORY),
    firstAttemptAt: record.firstAttemptAt ?? failure.at,
    lastError: error,
  };
}

/**
 * Records of messages, keyed by queue and message id. They are written only for messages that failed. Every write
 * states the whole outcome, so repeating one (a lost reply) changes nothing. Every method rejects when the store
 * cannot be reached, and leaves what that means to the caller.
 */
export interface MessageRecords {
  /** Records of the given messages of the source queue; a message without one is absent. */
  load(messageIds: readonly string[]): Promise<ReadonlyMap<string, MessageRecord>>;
  /** Keep the attempts of a message. */
  save(messageId: string, record: MessageRecord, expiresAtEpochMs: number): Promise<void>;
  /** Note that an attempt starts, and keep what the record holds. */
  startAttempt(
    messageId: string,
    record: MessageRecord,
    start: AttemptStart,
    expiresAtEpochMs: number,
  ): Promise<void>;
  /** Note that the attempt has ended, however it went. */
  endAttempt(messageId: string, expiresAtEpochMs: number): Promise<void>;
  /** Write what is known before a move. `keepHistory`: leave the attempts that are on record as they are. */
  beginMove(
    messageId: string,
    envelope: FailureEnvelope,
    expiresAtEpochMs: number,
    keepHistory: boolean,
  ): Promise<void>;
  /** Note that a move is done. */
  completeMove(messageId: string, move: CompletedMove, expiresAtEpochMs: number): Promise<void>;
}

/** A message that arrived where it was moved. */
export interface CompletedMove {
  /** Name of the queue it is in now. */
  readonly queue: string;
  /** Its SQS message id there. */
  readonly messageId: string;
  /** The envelope, where the message had no room for it: it can then be found under the new message id. */
  readonly lookup: FailureEnvelope | undefined;
}
