import type { DeferralCause, PipelineEvent } from './events.ts';
import type { FailureEnvelope } from './failure-envelope.ts';
import type { MessageIds } from './message.ts';
import type { MessageRecord } from './records.ts';

/** What is to become of a message; settlement carries it out. */
export type Verdict =
  /** Finished: acknowledge. */
  | {
      readonly kind: 'done';
      /** Its handler completed just now. */
      readonly handled?: true;
    }
  /** Give it back for later. */
  | PutBackVerdict
  /** Set it aside in another queue, then acknowledge here. */
  | MoveVerdict;

/** Give a message back for later. */
export interface PutBackVerdict {
  readonly kind: 'put-back';
  /** Whom this is about. */
  readonly about: MessageIds;
  /** Wished delay. Milliseconds. */
  readonly delayMs: number;
  /** What to keep of the message first: where an attempt was charged, or the budget begins anew. */
  readonly record?: MessageRecord;
  /** Why nothing was charged; absent where an attempt was. */
  readonly cause?: DeferralCause;
  /** Since when what refuses it does so, where that is known. Epoch milliseconds. */
  readonly sinceEpochMs?: number | undefined;
  /** The event to emit, once the delay is known. */
  readonly announce: (delaySeconds: number) => PipelineEvent;
}

/** Set a message aside. */
export interface MoveVerdict {
  readonly kind: 'move';
  /** Whom this is about. */
  readonly about: MessageIds;
  readonly target: 'dead-letter' | 'quarantine';
  readonly envelope: FailureEnvelope;
  /** Move even though the state table cannot be written: the deadline wins over every other rule. */
  readonly regardlessOfStore: boolean;
  /** The record could not be read: what it holds of earlier attempts is kept. */
  readonly historyUnknown?: boolean;
  /** The event to emit, once it was moved. */
  readonly announce: PipelineEvent;
}

/** Put a message back without a charge. */
export function defer(
  about: MessageIds,
  cause: DeferralCause,
  delayMs: number,
  error?: Extract<PipelineEvent, { kind: 'deferred' }>['error'],
): PutBackVerdict {
  const rest = error === undefined ? {} : { error };
  return {
    kind: 'put-back',
    about,
    delayMs,
    cause,
    announce: (delaySeconds) => ({ kind: 'deferred', message: about, cause, delaySeconds, ...rest }),
  };
}
