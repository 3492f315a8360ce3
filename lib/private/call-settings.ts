import type { Duration } from 'aws-cdk-lib';
import {
  type AdaptiveConcurrencySettings,
  type BulkheadSettings,
  type CallSettings,
  CONSUMER_CALL_DEFAULTS,
  type RateLimitSettings,
  type RetrySettings,
} from '../../lambdas/core/policies/settings.ts';
import type {
  AdaptiveConcurrencyProps,
  BulkheadProps,
  CallPolicyProps,
  CallRetryProps,
  RateLimitProps,
} from '../call-policies.ts';
import { millisOf } from './problems.ts';

/** What the runtime is told of the policies around calls, defaults filled in. */
export function callSettings(props: CallPolicyProps): CallSettings {
  const { timeout, totalTimeout, retry, rateLimit, bulkhead, adaptiveConcurrency } = props;
  return {
    ...(timeout !== undefined && { timeoutMs: millis(timeout, 0) }),
    ...(totalTimeout !== undefined && { totalTimeoutMs: millis(totalTimeout, 0) }),
    ...(retry !== undefined && { retry: retrySettings(retry) }),
    ...(rateLimit !== undefined && { rateLimit: rateLimitSettings(rateLimit) }),
    ...(bulkhead !== undefined && { bulkhead: bulkheadSettings(bulkhead) }),
    ...(adaptiveConcurrency !== undefined && { adaptiveConcurrency: adaptiveSettings(adaptiveConcurrency) }),
  };
}

/** Milliseconds of a duration that may be left out, or be a token. */
export function millis(value: Duration | undefined, otherwise: number): number {
  return value === undefined ? otherwise : (millisOf(value) ?? value.toMilliseconds());
}

function retrySettings(retry: CallRetryProps): RetrySettings {
  const { retry: defaults, retryBudget } = CONSUMER_CALL_DEFAULTS;
  const firstDelayMs = millis(retry.firstDelay, defaults.firstDelayMs);
  return {
    attempts: retry.attempts ?? defaults.attempts,
    kind: retry.strategy ?? defaults.kind,
    firstDelayMs,
    capMs: millis(retry.cap, Math.max(firstDelayMs, defaults.capMs)),
    base: retry.base ?? defaults.base,
    budget: retry.budget === false ? false : { ...retryBudget, ...retry.budget },
  };
}

function rateLimitSettings({ limit, per, burst, shards, maxWait, part }: RateLimitProps): RateLimitSettings {
  const { rateLimit: defaults } = CONSUMER_CALL_DEFAULTS;
  return {
    limit,
    perMs: millis(per, 0),
    burst: burst ?? limit,
    shards: shards ?? defaults.shards,
    maxWaitMs: millis(maxWait, defaults.maxWaitMs),
    ...(part !== undefined && { part }),
  };
}

function bulkheadSettings({ maxConcurrent, maxQueued, maxWait }: BulkheadProps): BulkheadSettings {
  const { bulkhead: defaults } = CONSUMER_CALL_DEFAULTS;
  return {
    maxConcurrent,
    maxQueued: maxQueued ?? defaults.maxQueued,
    maxWaitMs: millis(maxWait, defaults.maxWaitMs),
  };
}

function adaptiveSettings(adaptive: AdaptiveConcurrencyProps): AdaptiveConcurrencySettings {
  const { adaptiveConcurrency: defaults } = CONSUMER_CALL_DEFAULTS;
  const min = adaptive.min ?? defaults.min;
  const max = adaptive.max ?? Math.max(min, defaults.max);
  return {
    initial: adaptive.initial ?? Math.min(max, Math.max(min, defaults.initial)),
    min,
    max,
    latencyMs: millis(adaptive.latency, defaults.latencyMs),
    decrease: adaptive.decrease ?? defaults.decrease,
    maxQueued: adaptive.maxQueued ?? defaults.maxQueued,
    maxWaitMs: millis(adaptive.maxWait, defaults.maxWaitMs),
  };
}
