import type { Clock } from '../../../lambdas/core/clock.ts';
import { RateLimitedError } from '../../../lambdas/core/errors.ts';
import type { LimitStepResult } from '../../../lambdas/core/policies/rate-limiter/gcra.ts';
import type { LimitStore } from '../../../lambdas/core/policies/rate-limiter/limit-store.ts';
import {
  type OnStoreFailure,
  rateLimiterOn,
} from '../../../lambdas/core/policies/rate-limiter/rate-limiter.ts';
import type { RateLimiter } from '../../../lambdas/core/policies/rate-limiter/rate-limiter-types.ts';
import type { RateLimitSettings } from '../../../lambdas/core/policies/settings.ts';

/** A span of a simulated life. Milliseconds since its begin. */
export interface Span {
  readonly from: number;
  readonly forMs: number;
}

/** A fleet of environments that make calls under one limit. Times in milliseconds. */
export interface Scenario {
  readonly seed: number;
  readonly settings: RateLimitSettings;
  readonly lastsMs: number;
  /** How far clocks may be apart by what the limiters are told. */
  readonly skewMs: number;
  /** Error of each environment's clock. */
  readonly skews: readonly number[];
  /** Mean time between two calls of one environment. */
  readonly callEveryMs: number;
  /** Longest time that the store takes in one direction. */
  readonly latencyMs: number;
  /** Share of calls to the store whose reply is lost, and that hang before they take effect. */
  readonly lost: number;
  readonly hung: number;
  readonly outages?: readonly Span[];
  readonly stalls?: readonly (Span & { readonly environment: number })[];
  readonly crashes?: readonly { readonly at: number; readonly environment: number }[];
  /** Share of calls that are aborted a moment later, that have a deadline, and of permits that are given back. */
  readonly aborted?: number;
  readonly hurried?: number;
  readonly givenBack?: number;
  /** Whether those who are refused come back when they were told, and do nothing else meanwhile. */
  readonly patient?: boolean;
  readonly onStoreFailure?: OnStoreFailure;
  /** From then on the limit is another one; of each environment at a moment of its own within the time after it. */
  readonly change?: { readonly at: number; readonly withinMs?: number; readonly settings: RateLimitSettings };
}

/** What came of it. */
export interface Life {
  readonly violations: readonly string[];
  /** When calls were made. Milliseconds since the begin. */
  readonly uses: readonly number[];
  readonly refused: number;
  readonly wasted: number;
  readonly waited: number;
  readonly writes: number;
}

const START = 1_700_000_000_000;
const HANG_MS = 5_000;

interface Environment {
  limiter: RateLimiter;
  alive: boolean;
  stalledUntil: number;
}

interface Due {
  readonly at: number;
  readonly action: () => unknown;
  cancelled: boolean;
}

/** Live through a scenario. */
export async function simulate(scenario: Scenario, inner: LimitStore, name = 'simulated'): Promise<Life> {
  const settingsOf = scenario.skews.map(() => ({ ...scenario.settings }));
  const random = randomFrom(scenario.seed);
  const due: Due[] = [];
  const uses: number[] = [];
  const violations: string[] = [];
  const retired: RateLimiter[] = [];
  let now = 0;
  let writes = 0;
  let refused = 0;

  const within = (spans: readonly Span[] = []): boolean =>
    spans.some(({ from, forMs }) => now >= from && now < from + forMs);
  const blame = (what: string): void => void violations.push(`${now} ms: ${what}`);

  function schedule(delayMs: number, action: () => unknown): Due {
    const entry = { at: now + Math.max(0, Math.round(delayMs)), action, cancelled: false };
    let low = 0;
    let high = due.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((due[middle] as Due).at <= entry.at) low = middle + 1;
      else high = middle;
    }
    due.splice(low, 0, entry);
    return entry;
  }

  /** What an environment does has to wait while it stands still, and is not done once it has ended. */
  function inside(environment: Environment, delayMs: number, action: () => unknown): Due {
    return schedule(delayMs, function run(): unknown {
      if (!environment.alive) return undefined;
      if (environment.stalledUntil <= now) return action();
      return schedule(environment.stalledUntil - now, run);
    });
  }

  function storeOf(environment: Environment): LimitStore {
    return {
      apply(key, step, expiresAtEpochMs) {
        const answer = Promise.withResolvers<LimitStepResult>();
        const hangs = random() < scenario.hung;
        const loses = random() < scenario.lost;
        schedule(hangs ? HANG_MS * random() : scenario.latencyMs * random(), async () => {
          if (within(scenario.outages)) {
            inside(environment, scenario.latencyMs * random(), () =>
              answer.reject(new Error('the store is down')),
            );
            return;
          }
          writes += 1;
          const result = await inner.apply(key, step, expiresAtEpochMs);
          if (!loses) inside(environment, scenario.latencyMs * random(), () => answer.resolve(result));
        });
        return answer.promise;
      },
    };
  }

  function begin(index: number): Environment {
    const skew = scenario.skews[index] ?? 0;
    const environment = { alive: true, stalledUntil: 0 } as Environment;
    const clock: Clock = {
      now: () => START + now + skew,
      after(delayMs, action) {
        const entry = inside(environment, Math.ceil(delayMs), () => {
          if (!entry.cancelled) return action();
        });
        return () => {
          entry.cancelled = true;
        };
      },
    };
    environment.limiter = rateLimiterOn({
      name,
      settings: settingsOf[index] ?? scenario.settings,
      store: storeOf(environment),
      onStoreFailure: scenario.onStoreFailure ?? 'refuse',
      skewMs: scenario.skewMs,
      clock,
      random,
      emit: () => {},
    });
    const next = (): void => {
      inside(environment, scenario.callEveryMs * 2 * random(), () => {
        if (scenario.patient !== true) next();
        call(environment, clock)
          .catch((error: unknown) => blame(`a caller was shown ${String(error)}`))
          .finally(() => {
            if (scenario.patient === true) next();
          });
      });
    };
    next();
    return environment;
  }

  async function call(environment: Environment, clock: Clock): Promise<void> {
    const { limiter } = environment;
    const { aborted = 0, hurried = 0, givenBack = 0 } = scenario;
    const controller = new AbortController();
    let abortedAt = now;
    if (random() < aborted) {
      inside(environment, 2 * scenario.latencyMs * random(), () => {
        abortedAt = now;
        controller.abort(STOP);
      });
    }
    const options = {
      signal: controller.signal,
      ...(random() < hurried ? { deadlineEpochMs: clock.now() + Math.round(500 * random()) } : {}),
    };
    try {
      if (random() < givenBack) {
        const answer = await limiter.acquire(options);
        if (answer.kind === 'refused') refused += 1;
        else inside(environment, 50 * random(), () => limiter.giveBack(answer));
        return;
      }
      await limiter.call((_signal, deadline) => {
        if (clock.now() > deadline) blame(`a call began ${clock.now() - deadline} ms after its deadline`);
        uses.push(now);
      }, options);
    } catch (error) {
      if (error === STOP && now > abortedAt) blame(`an abort was heard ${now - abortedAt} ms later`);
      if (error === STOP) return;
      if (!(error instanceof RateLimitedError)) throw error;
      refused += 1;
      if (scenario.patient === true) {
        await new Promise<void>((resolve) => void inside(environment, error.retryAfterMs, resolve));
      }
    }
  }

  const environments = scenario.skews.map((_skew, index) => begin(index));
  const { change } = scenario;
  for (const settings of change === undefined ? [] : settingsOf) {
    const { at, withinMs = 0 } = change ?? { at: 0 };
    schedule(at + withinMs * random(), () => Object.assign(settings, change?.settings));
  }
  for (const { from, forMs, environment } of scenario.stalls ?? []) {
    schedule(from, () => {
      const one = environments[environment % environments.length] as Environment;
      one.stalledUntil = Math.max(one.stalledUntil, now + forMs);
    });
  }
  for (const { at, environment } of scenario.crashes ?? []) {
    schedule(at, () => {
      const place = environment % environments.length;
      const one = environments[place] as Environment;
      one.alive = false;
      retired.push(one.limiter);
      environments[place] = begin(place);
    });
  }

  for (let entry = due.shift(); entry !== undefined && entry.at <= scenario.lastsMs; entry = due.shift()) {
    if (entry.cancelled) continue;
    now = entry.at;
    await entry.action();
    await new Promise((resolve) => setImmediate(resolve));
  }

  const all = [...environments.map(({ limiter }) => limiter), ...retired].map((limiter) =>
    limiter.statistics(),
  );
  const sum = (field: 'wasted' | 'waited'): number => all.reduce((total, each) => total + each[field], 0);
  if (scenario.onStoreFailure !== 'local' && change === undefined)
    violations.push(...excess(uses, scenario.settings));
  return { violations, uses, refused, wasted: sum('wasted'), waited: sum('waited'), writes };
}

const STOP = new Error('the caller has had enough');

/**
 * Windows in which more was used than may be: of n uses between two moments w apart, n ≤ limit × w / perMs + burst. All
 * numbers are integers, so that the comparison is exact. Of all windows that end with a use, it is enough to look at the
 * one that is worst so far.
 */
export function excess(
  uses: readonly number[],
  { limit, perMs, burst }: Pick<RateLimitSettings, 'limit' | 'perMs' | 'burst'>,
): string[] {
  let worst = Number.NEGATIVE_INFINITY;
  let from = 0;
  const found: string[] = [];
  for (const [at, use] of [...uses].sort((a, b) => a - b).entries()) {
    const level = use * limit - at * perMs;
    if (level > worst) {
      worst = level;
      from = use;
    }
    if (perMs - level + worst > burst * perMs) {
      found.push(
        `too many calls were made from ${from} to ${use} ms (${(perMs - level + worst) / perMs} of ${burst})`,
      );
    }
  }
  return found;
}

/** Mulberry32: small, seedable, even enough. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
