import type { MaybePromise } from '../clock.ts';
import type { Finding, QuarantineReason } from '../failure-envelope.ts';
import type { QueueMessage, ReceivedMessage } from '../message.ts';

/** A message on its way through the checks; each may add what it found out. */
export interface Candidate {
  /** The message as it was received. */
  readonly source: QueueMessage;
  /** The message without its envelope. */
  readonly message: ReceivedMessage;
  /** The payload so far: the text, then what was parsed from it, then what the schema made of that. */
  payload: unknown;
  /** The payload as it was sent: the text, then what was parsed from it. What a schema makes of it does not show here. */
  document: unknown;
  /** Whether {@link payload} was parsed already, by the envelope. */
  parsed: boolean;
}

/** Why a check refuses a message. */
export interface Rejection {
  readonly reason: QuarantineReason;
  readonly findings: readonly Finding[];
}

/** One link of the screening chain. */
export interface Check {
  /** Name of the check. */
  readonly name: string;
  /**
   * Look at a message: `undefined` lets it pass.
   *
   * @throws what kept the check from being made; the message is then deferred, neither passed nor refused
   */
  inspect(candidate: Candidate): MaybePromise<Rejection | undefined>;
}

/** A rejection with one finding about the whole message. */
export function rejection(reason: QuarantineReason, message: string): Rejection {
  return { reason, findings: [{ pointer: '', message }] };
}
