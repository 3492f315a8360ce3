/** Numbers that a setting may take, both ends included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

const DAY_MS = 86_400_000;
/** A function ends after 15 minutes. Source: the quotas page of the Lambda documentation. */
const FUNCTION_MS = 900_000;

/**
 * What settings may be, in one place: constructs check it at synthesis, the runtime when it starts, and configuration
 * files where they are read. Times are in milliseconds, or in seconds where the name ends so.
 */
export const RANGES = {
  attempts: { min: 1, max: 100 },
  /** Growth of delays. */
  base: { min: 1, max: 10 },
  /** Delays within the function, and waits of calls. */
  callWait: { min: 0, max: FUNCTION_MS },
  callTimeout: { min: 1, max: FUNCTION_MS },
  /** Delays between the attempts of a message: visibility timeouts. */
  messageDelay: { min: 0, max: 43_200_000 },
  /** Open times and windows. */
  time: { min: 1, max: DAY_MS },
  cacheFor: { min: 1, max: 60_000 },
  failures: { min: 1, max: 10_000 },
  reporters: { min: 1, max: 1_000 },
  successes: { min: 1, max: 1_000 },
  share: { min: 0.01, max: 1 },
  /** Part of a rate limit. */
  part: { min: 0.001, max: 1 },
  faultyMessages: { min: 2, max: 100_000 },
  /** Calls, of which there may be many. */
  calls: { min: 1, max: 1_000_000 },
  queuedCalls: { min: 0, max: 1_000_000 },
  ratePeriod: { min: 1, max: DAY_MS },
  shards: { min: 1, max: 100 },
  tokens: { min: 1, max: 1_000_000 },
  tokensPerSecond: { min: 0, max: 1_000_000 },
  tokensPerCall: { min: 0, max: 1 },
  decrease: { min: 0.1, max: 0.99 },
  /** Messages of a batch that are worked on at a time. */
  concurrency: { min: 1, max: 10_000 },
  bodyBytes: { min: 1, max: 1_048_576 },
  score: { min: 0, max: 100 },
  maxReceiveCount: { min: 2, max: 1_000 },
  /** Source: the quotas page of the SQS documentation, as those of the next three. */
  retentionSeconds: { min: 60, max: 1_209_600 },
  visibilitySeconds: { min: 0, max: 43_200 },
  deliveryDelaySeconds: { min: 0, max: 900 },
  batchSize: { min: 1, max: 10_000 },
  batchingWindowSeconds: { min: 0, max: 300 },
  maxConcurrency: { min: 2, max: 1_000 },
  /** How long an environment goes by a configuration that it has read. */
  refreshSeconds: { min: 5, max: 3_600 },
} as const satisfies Record<string, Range>;

/** Calls of a rate limit in each millisecond. It counts in whole microseconds: of more calls it would leave out too many. */
export const MOST_CALLS_PER_MS = 100;
