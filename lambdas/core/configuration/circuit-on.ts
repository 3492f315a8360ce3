import { CALL_DEFAULTS, type CallSettings, type RetrySettings } from '../policies/settings.ts';
import type { ConsumerCircuitSettings } from '../settings.ts';
import { type CircuitContent, presetOf, type RetryProfileContent } from './language.ts';

/** Parts of a circuit that have to be deployed before they can change. */
export const DEPLOYED_PARTS = {
  timeout: 'timeoutMs',
  totalTimeout: 'totalTimeoutMs',
  retry: 'retry',
  rateLimit: 'rateLimit',
  bulkhead: 'bulkhead',
  adaptiveConcurrency: 'adaptiveConcurrency',
} as const satisfies Partial<Record<keyof CircuitContent, keyof CallSettings>>;

/**
 * A deployed circuit with what a file changes of it. What the file leaves out is as deployed; what follows something
 * else by default follows it still, where the deployment left it to that.
 */
export function circuitOn(
  deployed: ConsumerCircuitSettings,
  circuit: CircuitContent,
  profile: RetryProfileContent | undefined,
): ConsumerCircuitSettings {
  const content = { ...presetOf(circuit), ...circuit };
  const failureThreshold = content.failureThreshold ?? deployed.failureThreshold;
  const follows = deployed.localThreshold === deployed.failureThreshold;
  const openForMs = content.openFor ?? deployed.openForMs;
  const slowCallMs = content.slowCallThreshold ?? deployed.slowCallMs;
  return {
    ...deployed,
    failureThreshold,
    failureRatio: content.failureRatio ?? deployed.failureRatio,
    minReporters: content.minReporters ?? deployed.minReporters,
    localThreshold: content.localThreshold ?? (follows ? failureThreshold : deployed.localThreshold),
    successThreshold: content.successThreshold ?? deployed.successThreshold,
    openForMs,
    maxOpenForMs: content.maxOpenFor ?? Math.max(deployed.maxOpenForMs, openForMs),
    windowMs: content.window ?? deployed.windowMs,
    ...(slowCallMs === undefined ? {} : { slowCallMs }),
    cacheForMs: content.cacheFor ?? deployed.cacheForMs,
    ...callsOn(deployed, content, profile),
  };
}

function callsOn(
  deployed: CallSettings,
  content: CircuitContent,
  profile: RetryProfileContent | undefined,
): CallSettings {
  const { timeoutMs, totalTimeoutMs, retry, rateLimit, bulkhead, adaptiveConcurrency } = deployed;
  const { rateLimit: rate = {}, bulkhead: hull = {}, adaptiveConcurrency: adaptive = {} } = content;
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs: content.timeout ?? timeoutMs }),
    ...(totalTimeoutMs === undefined ? {} : { totalTimeoutMs: content.totalTimeout ?? totalTimeoutMs }),
    ...(retry === undefined ? {} : { retry: retryOn(retry, profile ?? {}) }),
    ...(rateLimit === undefined
      ? {}
      : {
          rateLimit: {
            limit: rate.limit ?? rateLimit.limit,
            perMs: rate.per ?? rateLimit.perMs,
            burst:
              rate.burst ??
              (rateLimit.burst === rateLimit.limit ? (rate.limit ?? rateLimit.burst) : rateLimit.burst),
            shards: rateLimit.shards,
            maxWaitMs: rate.maxWait ?? rateLimit.maxWaitMs,
            ...(rateLimit.part === undefined ? {} : { part: rateLimit.part }),
          },
        }),
    ...(bulkhead === undefined
      ? {}
      : {
          bulkhead: {
            maxConcurrent: hull.maxConcurrent ?? bulkhead.maxConcurrent,
            maxQueued: hull.maxQueued ?? bulkhead.maxQueued,
            maxWaitMs: hull.maxWait ?? bulkhead.maxWaitMs,
          },
        }),
    ...(adaptiveConcurrency === undefined
      ? {}
      : { adaptiveConcurrency: adaptiveOn(adaptiveConcurrency, adaptive) }),
  };
}

function adaptiveOn(
  deployed: NonNullable<CallSettings['adaptiveConcurrency']>,
  content: NonNullable<CircuitContent['adaptiveConcurrency']>,
): NonNullable<CallSettings['adaptiveConcurrency']> {
  const min = content.min ?? deployed.min;
  const max = content.max ?? Math.max(min, deployed.max);
  return {
    min,
    max,
    initial: Math.min(max, Math.max(min, deployed.initial)),
    latencyMs: content.latency ?? deployed.latencyMs,
    decrease: content.decrease ?? deployed.decrease,
    maxQueued: content.maxQueued ?? deployed.maxQueued,
    maxWaitMs: content.maxWait ?? deployed.maxWaitMs,
  };
}

function retryOn(deployed: RetrySettings, profile: RetryProfileContent): RetrySettings {
  const { budget } = profile;
  const own = deployed.budget === false ? CALL_DEFAULTS.retryBudget : deployed.budget;
  return {
    attempts: profile.attempts ?? deployed.attempts,
    ...backoffOn(deployed, profile),
    budget: budget === undefined ? deployed.budget : budget === false ? false : { ...own, ...budget },
  };
}

/** A deployed back-off with what a profile changes of it. */
export function backoffOn(
  deployed: Pick<RetrySettings, 'kind' | 'firstDelayMs' | 'capMs' | 'base'>,
  { strategy, firstDelay, cap, base }: RetryProfileContent,
): Pick<RetrySettings, 'kind' | 'firstDelayMs' | 'capMs' | 'base'> {
  const firstDelayMs = firstDelay ?? deployed.firstDelayMs;
  return {
    kind: strategy ?? deployed.kind,
    firstDelayMs,
    capMs: cap ?? Math.max(deployed.capMs, firstDelayMs),
    base: base ?? deployed.base,
  };
}
