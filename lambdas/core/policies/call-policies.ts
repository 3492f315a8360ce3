import type { MaybePromise } from '../clock.ts';
import type { Policy, PolicyCallOptions } from './policy.ts';

/** A message's turn at a rate limit. */
export interface Turn {
  readonly kind: 'turn';
}

/** What a rate limit says to a message. */
export type TurnAnswer =
  | Turn
  | {
      readonly kind: 'not-yet';
      /** When it should come back. Epoch milliseconds. */
      readonly placeEpochMs: number;
    };

/** A rate limit at which messages ask for their turn before their handler is started. */
export interface MessageLimit {
  take(options: PolicyCallOptions): MaybePromise<TurnAnswer>;
  /** Give a turn back that is not used: whoever asks next has it. */
  giveBack(turn: Turn): void;
}

/** What stands around the calls through one circuit, beside the circuit itself. */
export interface CallPolicies {
  /** Around the circuit: time-out of the whole, retry. */
  readonly around: Policy | undefined;
  /** Inside of it: rate limit, bulkhead, time-out of the attempt. */
  readonly inside: Policy | undefined;
  /** The rate limit among them. */
  readonly limit: MessageLimit | undefined;
}
