import { type Classification, isOverload } from '../classifier.ts';
import type { Clock, Random } from '../clock.ts';
import type { EventSink } from '../events.ts';
import type { ConsumerSettings } from '../settings.ts';
import { limitKey } from '../table-keys.ts';
import { adaptiveConcurrencyOn } from './adaptive-concurrency.ts';
import { bulkheadOn } from './bulkhead.ts';
import type { CallPolicies, MessageLimit } from './call-policies.ts';
import { type Composition, compose } from './compose.ts';
import type { Policy } from './policy.ts';
import type { LimitStore } from './rate-limiter/limit-store.ts';
import { DEFAULT_SKEW_MS, rateLimiterOn } from './rate-limiter/rate-limiter.ts';
import type { RateLimiter } from './rate-limiter/rate-limiter-types.ts';
import { retryOn } from './retry.ts';
import { type CallSettings, LONGEST_WAIT_MS, type RateLimitSettings } from './settings.ts';
import { timeoutOn } from './timeout.ts';
import { turnQueue } from './turn-queue.ts';

/** What the policies around a consumer's calls are made of. */
export interface ConsumerPoliciesParts {
  readonly settings: ConsumerSettings;
  /** Where rate limits are kept. */
  readonly limits: LimitStore;
  readonly classify: (error: unknown) => Classification;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EventSink;
}

/**
 * The policies around a consumer's calls, by circuit; circuits with nothing else around their calls are missing. What
 * the settings of a policy say may change while the consumer runs; which policies there are may not.
 */
export function consumerPolicies(parts: ConsumerPoliciesParts): ReadonlyMap<string, CallPolicies> {
  return new Map(
    Object.entries(parts.settings.circuits).flatMap(([name, calls]) => {
      const policies = policiesOf(name, calls, parts);
      return policies === undefined ? [] : [[name, policies] as const];
    }),
  );
}

function policiesOf(
  name: string,
  calls: CallSettings,
  parts: ConsumerPoliciesParts,
): CallPolicies | undefined {
  const { classify, clock, random, emit } = parts;
  const { retry, rateLimit } = calls;
  const common = { name, clock, random, emit };
  const own = rateLimit && partOf(rateLimit);
  const limit = own && messageLimit(limiterOf(name, own, parts), own, clock, random);
  const bulkhead = bulkheadOf(name, calls, parts);
  const around = composed({
    ...(calls.totalTimeoutMs !== undefined && {
      totalTimeout: timeoutOn({ ...common, settings: limitOf(calls, 'totalTimeoutMs') }),
    }),
    ...(retry !== undefined && { retry: retryOn({ ...common, settings: retry, classify }) }),
  });
  const inside = composed({
    ...(bulkhead !== undefined && { bulkhead }),
    ...(calls.timeoutMs !== undefined && {
      timeout: timeoutOn({ ...common, settings: limitOf(calls, 'timeoutMs') }),
    }),
  });
  if (around === undefined && limit === undefined && inside === undefined) return undefined;
  return { around, limit, inside };
}

/** The part of a limit, by settings that may change while the consumer runs. */
function partOf(whole: RateLimitSettings): RateLimitSettings {
  const { part } = whole;
  if (part === undefined) return whole;
  return {
    part,
    get limit() {
      return whole.limit * part.share;
    },
    get perMs() {
      return whole.perMs;
    },
    get burst() {
      return Math.max(1, whole.burst * part.share);
    },
    get shards() {
      return whole.shards;
    },
    get maxWaitMs() {
      return whole.maxWaitMs;
    },
  };
}

/** Read at each call: settings may change while the consumer runs. */
function limitOf(calls: CallSettings, name: 'timeoutMs' | 'totalTimeoutMs'): { readonly timeoutMs: number } {
  return {
    get timeoutMs() {
      return calls[name] ?? LONGEST_WAIT_MS;
    },
  };
}

function composed(composition: Composition): Policy | undefined {
  return Object.keys(composition).length === 0 ? undefined : compose(composition);
}

/** Between the key of a limit and the name of a part: shards are numbers. */
const PART = 'part';

function limiterOf(
  name: string,
  settings: RateLimitSettings,
  { settings: { consumerId }, limits: store, clock, random, emit }: ConsumerPoliciesParts,
): RateLimiter {
  const { part } = settings;
  const whole = limitKey(name, consumerId);
  const key = part === undefined ? whole : `${whole}#${PART}#${part.name}`;
  // While the table does not answer, idempotency would put the messages back anyway.
  const onStoreFailure = 'refuse';
  return rateLimiterOn({
    name,
    key,
    settings,
    store,
    onStoreFailure,
    skewMs: DEFAULT_SKEW_MS,
    clock,
    random,
    emit,
  });
}

function bulkheadOf(
  name: string,
  { bulkhead, adaptiveConcurrency }: CallSettings,
  { classify, clock, emit }: ConsumerPoliciesParts,
): Composition['bulkhead'] {
  if (bulkhead !== undefined) return bulkheadOn({ name, settings: bulkhead, clock, emit });
  if (adaptiveConcurrency === undefined) return undefined;
  const overloaded = (error: unknown): boolean => isOverload(error, classify(error));
  return adaptiveConcurrencyOn({ name, settings: adaptiveConcurrency, isOverload: overloaded, clock, emit });
}

/** A rate limit as messages meet it: refused ones are given a place behind each other. */
function messageLimit(
  limiter: RateLimiter,
  settings: RateLimitSettings,
  clock: Clock,
  random: Random,
): MessageLimit {
  const places = turnQueue(clock, random);
  return {
    async take(options) {
      const answer = await limiter.acquire(options);
      if (answer.kind === 'permit') {
        places.granted();
        return {
          kind: 'turn',
          call: (operation, callOptions) => limiter.call(operation, { ...callOptions, permit: answer }),
          giveBack: () => limiter.giveBack(answer),
        };
      }
      if (answer.unanswered) return { kind: 'unanswered' };
      const turnMs = settings.perMs / settings.limit;
      return { kind: 'not-yet', placeEpochMs: places.place(turnMs, answer.retryAtEpochMs) };
    },
    call: (operation, options) => limiter.call(operation, options),
  };
}
