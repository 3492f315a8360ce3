import { readBackoff } from '../backoff.ts';
import { MOST_CALLS_PER_MS, RANGES } from '../ranges.ts';
import { SettingsReader } from '../settings-reader.ts';
import {
  type AdaptiveConcurrencySettings,
  type BulkheadSettings,
  CALL_DEFAULTS,
  type CallSettings,
  CONSUMER_CALL_DEFAULTS,
  type RateLimitPart,
  type RateLimitSettings,
  type RetryBudgetSettings,
  type RetrySettings,
} from './settings.ts';

/** The keys of {@link CallSettings}. */
export function readCalls(reader: SettingsReader): CallSettings {
  const calls: CallSettings = {
    ...(reader.has('timeoutMs') ? { timeoutMs: readTimeout(reader, 'timeoutMs') } : {}),
    ...(reader.has('totalTimeoutMs') ? { totalTimeoutMs: readTimeout(reader, 'totalTimeoutMs') } : {}),
    ...(reader.has('retry') ? { retry: readRetry(reader.child('retry')) } : {}),
    ...(reader.has('rateLimit')
      ? { rateLimit: readRateLimit(reader.child('rateLimit'), CONSUMER_CALL_DEFAULTS.rateLimit) }
      : {}),
    ...(reader.has('bulkhead')
      ? { bulkhead: readBulkhead(reader.child('bulkhead'), CONSUMER_CALL_DEFAULTS.bulkhead) }
      : {}),
    ...(reader.has('adaptiveConcurrency')
      ? {
          adaptiveConcurrency: readAdaptiveConcurrency(
            reader.child('adaptiveConcurrency'),
            CONSUMER_CALL_DEFAULTS.adaptiveConcurrency,
          ),
        }
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
  return reader.numberIn(name, RANGES.callTimeout, Number.NaN);
}

/** {@link RetrySettings}, with defaults for what is left out. */
export function readRetry(reader: SettingsReader): RetrySettings {
  const { retry: defaults } = CALL_DEFAULTS;
  return {
    attempts: reader.integerIn('attempts', RANGES.attempts, defaults.attempts),
    ...readBackoff(reader, defaults, RANGES.callWait.max),
    budget: reader.isFalse('budget') ? false : readRetryBudget(reader.child('budget', {})),
  };
}

/** {@link RetryBudgetSettings}, with defaults for what is left out. */
export function readRetryBudget(reader: SettingsReader): RetryBudgetSettings {
  const { retryBudget: defaults } = CALL_DEFAULTS;
  return {
    capacity: reader.numberIn('capacity', RANGES.tokens, defaults.capacity),
    perSecond: reader.numberIn('perSecond', RANGES.tokensPerSecond, defaults.perSecond),
    perCall: reader.numberIn('perCall', RANGES.tokensPerCall, defaults.perCall),
  };
}

/** {@link RateLimitSettings}, with defaults for what is left out. */
export function readRateLimit(
  reader: SettingsReader,
  defaults: Pick<RateLimitSettings, 'shards' | 'maxWaitMs'> = CALL_DEFAULTS.rateLimit,
): RateLimitSettings {
  const limit = reader.numberIn('limit', RANGES.calls, Number.NaN);
  const perMs = reader.numberIn('perMs', RANGES.ratePeriod, Number.NaN);
  if (limit > perMs * MOST_CALLS_PER_MS) {
    reader.problem('limit', `must be at most ${MOST_CALLS_PER_MS} for each millisecond of perMs`, limit);
  }
  return {
    limit,
    perMs,
    burst: reader.numberIn('burst', RANGES.calls, limit),
    shards: reader.integerIn('shards', RANGES.shards, defaults.shards),
    maxWaitMs: reader.numberIn('maxWaitMs', RANGES.callWait, defaults.maxWaitMs),
    ...(reader.has('part') ? { part: readPart(reader.child('part')) } : {}),
  };
}

function readPart(reader: SettingsReader): RateLimitPart {
  return { name: reader.text('name'), share: reader.numberIn('share', RANGES.part, Number.NaN) };
}

/** {@link BulkheadSettings}, with defaults for what is left out. */
export function readBulkhead(
  reader: SettingsReader,
  defaults: Waiting = CALL_DEFAULTS.bulkhead,
): BulkheadSettings {
  return {
    maxConcurrent: reader.integerIn('maxConcurrent', RANGES.calls),
    ...readWaiting(reader, defaults),
  };
}

/** {@link AdaptiveConcurrencySettings}, with defaults for what is left out. */
export function readAdaptiveConcurrency(
  reader: SettingsReader,
  defaults: AdaptiveConcurrencySettings = CALL_DEFAULTS.adaptiveConcurrency,
): AdaptiveConcurrencySettings {
  const min = reader.integerIn('min', RANGES.calls, defaults.min);
  const max = reader.integer('max', min, RANGES.calls.max, Math.max(min, defaults.max));
  return {
    min,
    max,
    initial: reader.integer('initial', min, max, Math.min(max, Math.max(min, defaults.initial))),
    latencyMs: reader.numberIn('latencyMs', RANGES.callTimeout, defaults.latencyMs),
    decrease: reader.numberIn('decrease', RANGES.decrease, defaults.decrease),
    ...readWaiting(reader, defaults),
  };
}

type Waiting = Pick<BulkheadSettings, 'maxQueued' | 'maxWaitMs'>;

function readWaiting(reader: SettingsReader, defaults: Waiting): Waiting {
  return {
    maxQueued: reader.integerIn('maxQueued', RANGES.queuedCalls, defaults.maxQueued),
    maxWaitMs: reader.numberIn('maxWaitMs', RANGES.callWait, defaults.maxWaitMs),
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
