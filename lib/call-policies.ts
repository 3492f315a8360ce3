import type { Duration } from 'aws-cdk-lib';

/** How often a call is repeated within the function, before its message counts as failed. */
export interface CallRetryProps {
  /**
   * Attempts in all. 1 to 100.
   *
   * @default 3
   */
  readonly attempts?: number;
  /**
   * How the delays grow: always `firstDelay`; `firstDelay × base^(attempt − 1)`; or an even draw between 0 and that.
   *
   * @default 'full-jitter'
   */
  readonly strategy?: 'fixed' | 'exponential' | 'full-jitter';
  /**
   * Delay after the first failure. Up to `cap`.
   *
   * @default Duration.seconds(1)
   */
  readonly firstDelay?: Duration;
  /**
   * Longest delay. Up to 15 minutes; no attempt begins that the function has no time for.
   *
   * @default Duration.minutes(1)
   */
  readonly cap?: Duration;
  /**
   * Growth from one delay to the next. 1 to 10.
   *
   * @default 2
   */
  readonly base?: number;
  /**
   * What the calls of one environment may spend on repeating, so that retries cannot become a storm; `false` for as much
   * as they like.
   *
   * @default - 10 at once, then 1 a second and a tenth of the calls
   */
  readonly budget?: RetryBudgetProps | false;
}

/** A token bucket, of which each repetition takes one token. */
export interface RetryBudgetProps {
  /**
   * Tokens that fit the bucket, which is full at first. 1 to 1,000,000.
   *
   * @default 10
   */
  readonly capacity?: number;
  /**
   * Tokens that each second adds. 0 to 1,000,000.
   *
   * @default 1
   */
  readonly perSecond?: number;
  /**
   * Tokens that each call adds: the share of calls that may be repeated for long. 0 to 1.
   *
   * @default 0.1
   */
  readonly perCall?: number;
}

/** A part of a rate limit that nobody else can take. */
export interface RateLimitPartProps {
  /** Tells it from other parts; consumers that give the same name share it. 1 to 64 letters, digits, `.`, `-`, `_`. */
  readonly name: string;
  /** What it is of `limit` and `burst`. 0.001 to 1. The parts of all consumers should add up to 1. */
  readonly share: number;
}

/** How many calls all environments together may make. Consumers of one state table that name the same circuit share it. */
export interface RateLimitProps {
  /** Calls in each period. 1 to 1,000,000. */
  readonly limit: number;
  /** The period. 1 millisecond to 1 day. */
  readonly per: Duration;
  /**
   * Calls that may be made at once after a quiet time: in any time t, at most `limit × t / per + burst`. 1 to 1,000,000.
   *
   * @default - `limit`
   */
  readonly burst?: number;
  /**
   * Items of the state table over which the limit is spread, for so many calls that one would be too busy. 1 to 100.
   *
   * @default 1
   */
  readonly shards?: number;
  /**
   * Longest time that a message waits in the function for its turn, before it is put back. 0 to 15 minutes. Messages
   * come back on whole seconds: with less than a second, turns go unused.
   *
   * @default Duration.seconds(2)
   */
  readonly maxWait?: Duration;
  /**
   * A part of the limit that is this consumer's own, so that another one cannot take it all. What it does not use goes
   * unused.
   *
   * @default - the whole, shared with all who name the circuit; in `PriorityLanes` a part for each lane, by its weight
   */
  readonly part?: RateLimitPartProps;
}

/** How many calls one environment has under way at a time. */
export interface BulkheadProps {
  /** Calls under way. 1 to 1,000,000. */
  readonly maxConcurrent: number;
  /**
   * Calls that wait for their turn; more are refused. 0 to 1,000,000.
   *
   * @default 100
   */
  readonly maxQueued?: number;
  /**
   * Longest time that a call waits before it is refused. 0 to 15 minutes.
   *
   * @default Duration.seconds(1)
   */
  readonly maxWait?: Duration;
}

/** A bulkhead that finds its size: one more while calls are answered in time, a share less when they are not. */
export interface AdaptiveConcurrencyProps {
  /**
   * Calls under way at first. From `min` to `max`.
   *
   * @default 4
   */
  readonly initial?: number;
  /**
   * Least calls under way. 1 or more.
   *
   * @default 1
   */
  readonly min?: number;
  /**
   * Most calls under way. Up to 1,000,000.
   *
   * @default 100
   */
  readonly max?: number;
  /**
   * A call that takes longer speaks for fewer, as one that is answered with HTTP 429 does. Up to 15 minutes.
   *
   * @default Duration.seconds(1)
   */
  readonly latency?: Duration;
  /**
   * What is left of the limit after each such call. 0.1 to 0.99.
   *
   * @default 0.7
   */
  readonly decrease?: number;
  /**
   * Calls that wait for their turn; more are refused. 0 to 1,000,000.
   *
   * @default 100
   */
  readonly maxQueued?: number;
  /**
   * Longest time that a call waits before it is refused. 0 to 15 minutes.
   *
   * @default Duration.seconds(1)
   */
  readonly maxWait?: Duration;
}

/** What stands around the calls that a handler makes through a circuit. */
export interface CallPolicyProps {
  /**
   * Time-out of each attempt of a call. 1 millisecond to 15 minutes, and less than the handler's time.
   *
   * @default - none: the handler's signal alone ends it
   */
  readonly timeout?: Duration;
  /**
   * Time-out of the whole call, waits and repetitions included. At least `timeout`.
   *
   * @default - none: the handler's signal alone ends it
   */
  readonly totalTimeout?: Duration;
  /**
   * Repeat a call within the function before its message counts as failed.
   *
   * @default - a call is made once: the message is tried again later
   */
  readonly retry?: CallRetryProps;
  /**
   * Limit the rate of calls of all environments together. A message whose turn has not come is put back without a charge.
   *
   * @default - no limit
   */
  readonly rateLimit?: RateLimitProps;
  /**
   * Limit the calls under way in each environment. A message that finds no place is put back without a charge.
   *
   * @default - no limit
   */
  readonly bulkhead?: BulkheadProps;
  /**
   * The same, where the limit is to be found. Not with `bulkhead`.
   *
   * @default - no limit
   */
  readonly adaptiveConcurrency?: AdaptiveConcurrencyProps;
}
