import type { MessageAttribute } from './message.ts';

/** A message that is about to be sent. */
export interface OutgoingMessage {
  /** Body. */
  readonly body: string;
  /** Message attributes. */
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  /** Message group; required on FIFO queues. */
  readonly groupId?: string | undefined;
  /** Deduplication id; FIFO queues only. */
  readonly deduplicationId?: string | undefined;
  /** Delay before it becomes visible. Seconds; standard queues only. */
  readonly delaySeconds?: number | undefined;
  /** X-Ray's trace header: a system attribute, which SQS counts neither among the ten attributes nor as bytes. */
  readonly traceHeader?: string | undefined;
}

/** What became of one entry of a batch call, in the order of the entries. */
export type SendResult =
  | { readonly ok: true; readonly messageId: string }
  /** `refused`: the entry as it is will not be taken, however often it is sent. */
  | { readonly ok: false; readonly error: Error; readonly refused: boolean };

/** A queue that messages can be sent to. */
export interface TargetQueue {
  /** Name of the queue. */
  readonly name: string;
  /** Send messages; never rejects: each entry tells what became of it. */
  send(messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]>;
}

/** A visibility that is to be changed. */
export interface VisibilityChange {
  /** Handle of the receive. */
  readonly receiptHandle: string;
  /** New visibility timeout from now. Seconds, 0 to 43,200. */
  readonly visibilitySeconds: number;
}

/** An entry of a call that SQS did not take. */
export interface RefusedEntry {
  /** Its place among the entries, from 0. */
  readonly at: number;
  readonly error: Error;
}

/** The queue that messages were received from. */
export interface SourceQueue {
  /** Delete messages by the handles of their receives; never rejects: the entries that were refused. */
  acknowledge(receiptHandles: readonly string[]): Promise<readonly RefusedEntry[]>;
  /** Change visibilities, in order; never rejects: the entries that were refused. */
  changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly RefusedEntry[]>;
}
