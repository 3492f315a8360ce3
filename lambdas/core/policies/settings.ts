import type { BackoffSettings } from '../settings.ts';

/** How often a call is repeated within the process. */
export interface RetrySettings extends BackoffSettings {
  /** Attempts in all. 1 to 100. */
  readonly attempts: number;
  /** What all calls together may spend on repeating; `false`: as much as they like. */
  readonly budget: RetryBudgetSettings | false;
}

/**
 * A token bucket, of which each repetition takes one: within any time t, calls are repeated at most
 * `capacity + perSecond × t + perCall × calls` times.
 */
export interface RetryBudgetSettings {
  /** Tokens that fit the bucket, which is full at first. 1 or more. */
  readonly capacity: number;
  /** Tokens that time adds. 0 or more. */
  readonly perSecond: number;
  /** Tokens that each call adds, the share of calls that may be repeated for long. 0 to 1. */
  readonly perCall: number;
}

/** How many calls all environments together may make. */
export interface RateLimitSettings {
  /** Calls in each period. 1 or more. */
  readonly limit: number;
  /** The period. Milliseconds. */
  readonly perMs: number;
  /** Calls that may be made at once after a quiet time: in any time t, at most `limit × t / perMs + burst`. 1 or more. */
  readonly burst: number;
  /** Items over which the limit is spread, for so many calls that one would be too busy. 1 to 100. */
  readonly shards: number;
  /** Longest time that a call waits for its turn before it is refused. Milliseconds, 0 or more. */
  readonly maxWaitMs: number;
  /** The part that is meant. Absent: the whole. */
  readonly part?: RateLimitPart;
}

/** A part of a rate limit that nobody else can take, with a timeline of its own. */
export interface RateLimitPart {
  /** Tells it from other parts: who gives the same name shares it. */
  readonly name: string;
  /** What it is of limit and burst. 0.001 to 1. */
  readonly share: number;
}

/**
 * Items over which a rate limit is spread: each admits one burst's share at the least, so there are no more than the
 * burst has permits.
 */
export function shardsInUse({ shards, burst }: Pick<RateLimitSettings, 'shards' | 'burst'>): number {
  return Math.max(1, Math.min(shards, Math.floor(burst)));
}

/** How many calls one environment has under way at a time. */
export interface BulkheadSettings {
  /** Calls under way. 1 or more. */
  readonly maxConcurrent: number;
  /** Calls that wait for their turn; more are refused. 0 or more. */
  readonly maxQueued: number;
  /** Longest time that a call waits before it is refused. Milliseconds, 0 or more. */
  readonly maxWaitMs: number;
}

/**
 * A bulkhead that finds its size: one more while calls are answered in time, a share less when they are slow or answered
 * with 429 (additive increase, multiplicative decrease).
 */
export interface AdaptiveConcurrencySettings {
  /** Calls under way at first. From `min` to `max`. */
  readonly initial: number;
  /** Least calls under way. 1 or more. */
  readonly min: number;
  /** Most calls under way. */
  readonly max: number;
  /** A call that takes longer speaks for fewer. Milliseconds. */
  readonly latencyMs: number;
  /** What is left of the limit after each such call. Above 0, below 1. */
  readonly decrease: number;
  /** Calls that wait for their turn; more are refused. 0 or more. */
  readonly maxQueued: number;
  /** Longest time that a call waits before it is refused. Milliseconds, 0 or more. */
  readonly maxWaitMs: number;
}

/** What stands between a consumer and a dependency beside the circuit. What is absent is off. */
export interface CallSettings {
  /** Time-out of each attempt. Milliseconds. */
  readonly timeoutMs?: number;
  /** Time-out of the whole call, waits and repetitions included. Milliseconds. */
  readonly totalTimeoutMs?: number;
  /** Repetition within the process. */
  readonly retry?: RetrySettings;
  /** Limit of all environments together. */
  readonly rateLimit?: RateLimitSettings;
  /** Limit of calls under way in one environment. */
  readonly bulkhead?: BulkheadSettings;
  /** The same, where the limit is to be found. */
  readonly adaptiveConcurrency?: AdaptiveConcurrencySettings;
}

/** Longest time that a call may wait: it ends with its invocation, after 15 minutes at the most. Milliseconds. */
export const LONGEST_WAIT_MS = 900_000;

/** Defaults of policies around calls. */
export const CALL_DEFAULTS = {
  retry: { attempts: 3, kind: 'full-jitter', firstDelayMs: 1_000, capMs: 60_000, base: 2 },
  retryBudget: { capacity: 10, perSecond: 1, perCall: 0.1 },
  rateLimit: { shards: 1, maxWaitMs: 0 },
  bulkhead: { maxQueued: 0, maxWaitMs: 1_000 },
  adaptiveConcurrency: {
    initial: 4,
    min: 1,
    max: 100,
    latencyMs: 1_000,
    decrease: 0.7,
    maxQueued: 0,
    maxWaitMs: 1_000,
  },
} as const satisfies {
  retry: Omit<RetrySettings, 'budget'>;
  retryBudget: RetryBudgetSettings;
  rateLimit: Partial<RateLimitSettings>;
  bulkhead: Partial<BulkheadSettings>;
  adaptiveConcurrency: AdaptiveConcurrencySettings;
};

/**
 * The same in a consumer. Messages wait a little for their turn: SQS gives them back on whole seconds, so they come in
 * clumps, and where they could not wait most of a clump would be refused while turns go unused until the next one. Calls
 * of one batch wait for each other: a refusal costs what the handler did before.
 */
export const CONSUMER_CALL_DEFAULTS = {
  ...CALL_DEFAULTS,
  rateLimit: { ...CALL_DEFAULTS.rateLimit, maxWaitMs: 2_000 },
  bulkhead: { ...CALL_DEFAULTS.bulkhead, maxQueued: 100 },
  adaptiveConcurrency: { ...CALL_DEFAULTS.adaptiveConcurrency, maxQueued: 100 },
} as const;
