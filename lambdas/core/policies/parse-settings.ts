import { readBackoff } from '../backoff.ts';
import { SettingsReader } from '../settings-reader.ts';
import {
  type AdaptiveConcurrencySettings,
  type BulkheadSettings,
  CALL_DEFAULTS,
  type CallSettings,
  LONGEST_WAIT_MS,
  type RateLimitSettings,
  type RetryBudgetSettings,
  type RetrySettings,
} from './settings.ts';

const DAY_MS = 86_400_000;
const MOST_CALLS = 1_000_000;
/** Rate limits count in whole microseconds: of more calls they would leave out too many. */
const MOST_CALLS_PER_MS = 100;

/** The keys of {@link CallSettings}. */
export function readCalls(reader: SettingsReader): CallSettings {
  const calls: CallSettings = {
    ...(reader.has('timeoutMs') ? { timeoutMs: readTimeout(reader, 'timeoutMs') } : {}),
    ...(reader.has('totalTimeoutMs') ? { totalTimeoutMs: readTimeout(reader, 'totalTimeoutMs') } : {}),
    ...(reader.has('retry') ? { retry: readRetry(reader.child('retry')) } : {}),
    ...(reader.has('rateLimit')
      ? { rateLimit: readRateLimit(reader.child('rateLimit'), CALL_DEFAULTS.consumerRateLimit.maxWaitMs) }
      : {}),
    ...(reader.has('bulkhead') ? { bulkhead: readBulkhead(reader.child('bulkhead')) } : {}),
    ...(reader.has('adaptiveConcurrency')
      ? { adaptiveConcurrency: readAdaptiveConcurrency(reader.child('adaptiveConcurrency')) }
      : {}),
  };
  const { timeoutMs, totalTimeoutMs } = calls;
  if (timeoutMs !== undefined && totalTimeoutMs !== undefined && totalTimeoutMs < timeoutMs) {
    reader.problem('totalTimeoutMs', `must be at least timeoutMs, ${timeoutMs}`, totalTimeoutMs);
  }
  if (calls.bulkhead !== undefined && calls.adaptiveConcurrency !== undefined) {
    const rule = 'must be left out with bulkhead: both say how many calls may be under way';
    reader.problem('adaptiveConcurrency', rule, calls.adaptiveConcurrency);
  }
  return calls;
}

function readTimeout(reader: SettingsReader, name: string): number {
  return reader.number(name, 1, LONGEST_WAIT_MS, LONGEST_WAIT_MS);
}

/** {@link RetrySettings}, with defaults for what is left out. */
export function readRetry(reader: SettingsReader): RetrySettings {
  const { retry: defaults } = CALL_DEFAULTS;
  return {
    attempts: reader.integer('attempts', 1, 100, defaults.attempts),
    ...readBackoff(reader, defaults, LONGEST_WAIT_MS),
    budget: reader.isFalse('budget') ? false : readRetryBudget(reader.child('budget', {})),
  };
}

/** {@link RetryBudgetSettings}, with defaults for what is left out. */
export function readRetryBudget(reader: SettingsReader): RetryBudgetSettings {
  const { retryBudget: defaults } = CALL_DEFAULTS;
  return {
    capacity: reader.number('capacity', 1, MOST_CALLS, defaults.capacity),
    perSecond: reader.number('perSecond', 0, MOST_CALLS, defaults.perSecond),
    perCall: reader.number('perCall', 0, 1, defaults.perCall),
  };
}

/** {@link RateLimitSettings}, with defaults for what is left out. */
export function readRateLimit(
  reader: SettingsReader,
  maxWaitMs: number = CALL_DEFAULTS.rateLimit.maxWaitMs,
): RateLimitSettings {
  const { rateLimit: defaults } = CALL_DEFAULTS;
  const limit = reader.number('limit', 1, MOST_CALLS, Number.NaN);
  const perMs = reader.number('perMs', 1, DAY_MS, Number.NaN);
  if (limit > perMs * MOST_CALLS_PER_MS) {
    reader.problem('limit', `must be at most ${MOST_CALLS_PER_MS} for each millisecond of perMs`, limit);
  }
  return {
    limit,
    perMs,
    burst: reader.number('burst', 1, MOST_CALLS, limit),
    shards: reader.integer('shards', 1, 100, defaults.shards),
    maxWaitMs: reader.number('maxWaitMs', 0, LONGEST_WAIT_MS, maxWaitMs),
  };
}

/** {@link BulkheadSettings}, with defaults for what is left out. */
export function readBulkhead(reader: SettingsReader): BulkheadSettings {
  return {
    maxConcurrent: reader.integer('maxConcurrent', 1, MOST_CALLS),
    ...readWaiting(reader, CALL_DEFAULTS.bulkhead),
  };
}

/** {@link AdaptiveConcurrencySettings}, with defaults for what is left out. */
export function readAdaptiveConcurrency(reader: SettingsReader): AdaptiveConcurrencySettings {
  const { adaptiveConcurrency: defaults } = CALL_DEFAULTS;
  const min = reader.integer('min', 1, MOST_CALLS, defaults.min);
  const max = reader.integer('max', min, MOST_CALLS, Math.max(min, defaults.max));
  return {
    min,
    max,
    initial: reader.integer('initial', min, max, Math.min(max, Math.max(min, defaults.initial))),
    latencyMs: reader.number('latencyMs', 1, LONGEST_WAIT_MS, defaults.latencyMs),
    decrease: reader.number('decrease', 0.1, 0.99, defaults.decrease),
    ...readWaiting(reader, defaults),
  };
}

function readWaiting(
  reader: SettingsReader,
  defaults: { readonly maxQueued: number; readonly maxWaitMs: number },
): { maxQueued: number; maxWaitMs: number } {
  return {
    maxQueued: reader.integer('maxQueued', 0, MOST_CALLS, defaults.maxQueued),
    maxWaitMs: reader.number('maxWaitMs', 0, LONGEST_WAIT_MS, defaults.maxWaitMs),
  };
}

/**
 * Settings of one policy, with defaults for what is left out.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 */
export function parsePolicy<S>(input: object, subject: string, read: (reader: SettingsReader) => S): S {
  const reader = new SettingsReader(input);
  const settings = read(reader);
  reader.finish(subject);
  return settings;
}
