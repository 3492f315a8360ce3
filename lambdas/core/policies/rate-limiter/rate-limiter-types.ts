import type { MaybePromise } from '../../clock.ts';
import type { Operation, Policy, PolicyCallOptions } from '../policy.ts';

/** Leave to make one call. Who does not make it gives it back. */
export interface RatePermit {
  readonly kind: 'permit';
  /** It has to be used by then, by this machine's clock. Epoch milliseconds. */
  readonly untilEpochMs: number;
}

/** Answer to who may not call now. */
export interface RateRefusal {
  readonly kind: 'refused';
  /** When it is worth while to come back. Epoch milliseconds. */
  readonly retryAtEpochMs: number;
  /** The table did not answer: nobody knows whether there is a permit. */
  readonly unanswered?: true;
}

/** Options of a call through a {@link RateLimiter}. */
export interface RateLimitedCallOptions extends PolicyCallOptions {
  /**
   * A permit that was acquired for it. If it has expired, another one is taken.
   *
   * @default - one is taken
   */
  readonly permit?: RatePermit;
}

/** What happened at a rate limiter in this process. */
export interface RateLimiterStatistics {
  /** Calls that were let through; permits that were acquired and not given back. */
  readonly admitted: number;
  /** Calls that were refused. */
  readonly refused: number;
  /** Calls that had to wait, for their turn or for the store, however it ended. */
  readonly waited: number;
  /** Permits that nobody used in time. */
  readonly wasted: number;
  /** Calls to the store. */
  readonly storeCalls: number;
}

/** Limits how many calls are made in a time. */
export interface RateLimiter extends Policy {
  readonly kind: 'rate-limiter';
  /**
   * Make a call when it is its turn.
   *
   * @throws {RateLimitedError} without calling, if its turn would come too late
   */
  call<T>(operation: Operation<T>, options?: RateLimitedCallOptions): Promise<T>;
  /**
   * Ask for a permit, for a call that is made elsewhere. It counts when it is acquired, and is good for a moment
   * only. An abort rejects with the signal's reason.
   */
  acquire(options?: PolicyCallOptions): MaybePromise<RatePermit | RateRefusal>;
  /** Give an unused permit back: while it is good, somebody else in this environment may have it. */
  giveBack(permit: RatePermit): void;
  statistics(): RateLimiterStatistics;
}
