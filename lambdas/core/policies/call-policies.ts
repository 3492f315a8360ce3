import type { Operation, Policy, PolicyCallOptions } from './policy.ts';

/** A message's turn at a rate limit. */
export interface Turn {
  readonly kind: 'turn';
  /** Make the call that it was given for; if it has expired, another one is asked for. */
  call<T>(operation: Operation<T>, options: PolicyCallOptions): Promise<T>;
  /** Give it back unused: whoever asks next has it. */
  giveBack(): void;
}

/** What a rate limit says to a message. */
export type TurnAnswer =
  | Turn
  | {
      readonly kind: 'not-yet';
      /** When it should come back. Epoch milliseconds. */
      readonly placeEpochMs: number;
    }
  /** The table that holds the limit did not answer. */
  | { readonly kind: 'unanswered' };

/** A rate limit at which messages ask for their turn before their handler is started. */
export interface MessageLimit {
  take(options: PolicyCallOptions): Promise<TurnAnswer>;
  /** Make a call without a turn of its own. */
  call<T>(operation: Operation<T>, options: PolicyCallOptions): Promise<T>;
}

/** What stands around the calls through one circuit, beside the circuit itself. */
export interface CallPolicies {
  /** Around the circuit: time-out of the whole, retry. */
  readonly around: Policy | undefined;
  /** Inside of it: the rate limit. */
  readonly limit: MessageLimit | undefined;
  /** Inside of that: bulkhead, time-out of the attempt. */
  readonly inside: Policy | undefined;
}
