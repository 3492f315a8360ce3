import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timelineOf } from '../../../lambdas/core/policies/rate-limiter/gcra.ts';
import { memoryLimits } from '../../../lambdas/core/policies/rate-limiter/limit-store.ts';
import { excess, type Scenario, simulate } from './rate-limiter-simulation.ts';

const RUNS = Number(process.env.SPILLWAY_LIMIT_SCENARIOS ?? 400);
const LIMIT_MS = 300_000;
const LASTS_MS = 6_000;
const ENVIRONMENTS = 20;

const settings = fc
  .record({
    limit: fc.integer({ min: 1, max: 300 }),
    perMs: fc.constantFrom(333, 1_000, 1_000, 7_000),
    burst: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 300 })),
    shards: fc.constantFrom(1, 1, 2, 5),
    maxWaitMs: fc.constantFrom(0, 0, 100, 2_000),
  })
  .filter(({ limit, perMs }) => limit / perMs <= 0.4);

const moment = fc.nat({ max: LASTS_MS - 1 });
const environment = fc.nat({ max: ENVIRONMENTS - 1 });
const span = fc.record({ from: moment, forMs: fc.integer({ min: 1, max: 2_000 }) });

/** Everything that may happen to a fleet. */
const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    seed: fc.nat({ max: 2_147_483_647 }),
    settings,
    skewMs: fc.constantFrom(0, 10, 50, 400),
    skewShares: fc.array(fc.constantFrom(0, 0, 0.3, 0.5, 0.7, 1, 1), {
      minLength: 2,
      maxLength: ENVIRONMENTS,
    }),
    /** Calls that want to be made, of those that may. */
    load: fc.constantFrom(0.3, 0.9, 1.5, 4),
    latencyMs: fc.constantFrom(0, 5, 40, 150),
    lost: fc.constantFrom(0, 0, 0.1, 0.4),
    hung: fc.constantFrom(0, 0, 0.05, 0.3),
    outages: fc.array(span, { maxLength: 1 }),
    stalls: fc.array(
      fc.tuple(span, environment).map(([each, index]) => ({ ...each, environment: index })),
      {
        maxLength: 3,
      },
    ),
    crashes: fc.array(fc.record({ at: moment, environment }), { maxLength: 3 }),
    aborted: fc.constantFrom(0, 0.2),
    hurried: fc.constantFrom(0, 0.2),
    givenBack: fc.constantFrom(0, 0, 0.3),
    patient: fc.boolean(),
  })
  .map(({ skewShares, load, ...rest }) => ({
    ...rest,
    lastsMs: LASTS_MS,
    skews: skewShares.map((share) => Math.round(rest.skewMs * share)),
    callEveryMs: Math.max(1, (skewShares.length * rest.settings.perMs) / rest.settings.limit / load),
  }));

it(
  'never admits more than limit × time + burst in any window, whatever happens to the fleet and its store',
  async () => {
    const seen = { uses: 0, waited: 0, refused: 0, wasted: 0 };
    const seed = Date.now() % 2_147_483_647;
    process.stdout.write(`rate limiter: ${RUNS} scenarios from seed ${seed}\n`);
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const life = await simulate(scenario, memoryLimits());
        seen.uses += life.uses.length;
        seen.waited += life.waited;
        seen.refused += life.refused;
        seen.wasted += life.wasted;
        expect(life.violations.slice(0, 5)).toEqual([]);
      }),
      { numRuns: RUNS, seed, endOnFailure: process.env.SPILLWAY_NO_SHRINKING !== undefined },
    );
    // What was never reached was not tested.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(RUNS);
  },
  LIMIT_MS,
);

/** A fleet with a store that works. */
function fleet(given: Partial<Scenario['settings']>, load: number, rest: Partial<Scenario> = {}): Scenario {
  const limits = { limit: 100, perMs: 1_000, burst: 100, shards: 1, maxWaitMs: 0, ...given };
  return {
    seed: 7,
    settings: limits,
    lastsMs: 12_000,
    skewMs: 50,
    skews: Array.from({ length: ENVIRONMENTS }, (_, index) => Math.round((50 * index) / (ENVIRONMENTS - 1))),
    callEveryMs: (ENVIRONMENTS * limits.perMs) / limits.limit / load,
    latencyMs: 10,
    lost: 0,
    hung: 0,
    ...rest,
  };
}

/** Share of what the limit allows that is admitted once the first quarter is over. */
function share(
  { uses }: { uses: readonly number[] },
  { lastsMs, settings: { limit, perMs } }: Scenario,
): number {
  const steady = uses.filter((at) => at >= lastsMs / 4).length;
  return steady / ((lastsMs * 0.75 * limit) / perMs);
}

describe('under steady load that saturates it', () => {
  it.each([
    ['with a burst of one period', {}, 2],
    ['far beyond it', {}, 10],
    ['with a burst of a fifth of it', { burst: 20 }, 2],
    ['with few calls', { limit: 10, burst: 10 }, 3],
    ['with many calls', { limit: 1_000, burst: 1_000 }, 1.3],
    ['over shards', { limit: 400, burst: 400, shards: 4 }, 2],
    ['where callers wait for their turn', { maxWaitMs: 1_000 }, 1.5],
  ] as const)('admits at least 0.95 of the limit %s', async (_name, given, load) => {
    const scenario = fleet(given, load);
    const life = await simulate(scenario, memoryLimits());
    expect(life.violations).toEqual([]);
    expect(share(life, scenario)).toBeGreaterThan(0.95);
  });

  it('admits at least 0.95 of any limit whose burst is large enough, of a smaller one where callers wait', async () => {
    const any = fc.record({
      limit: fc.integer({ min: 5, max: 300 }),
      waits: fc.boolean(),
      more: fc.constantFrom(1, 1.5, 4),
      load: fc.constantFrom(2, 5),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(any, async ({ limit, waits, more, load, seed }) => {
        const least = waits ? 1 + 0.15 * limit : Math.max(5, 1 + 0.25 * limit);
        const burst = Math.ceil(least * more);
        const lastsMs = Math.max(6_000, 100_000 / limit);
        const scenario = fleet({ limit, burst, maxWaitMs: waits ? 1_000 : 0 }, load, { seed, lastsMs });
        const life = await simulate(scenario, memoryLimits());
        expect(life.violations).toEqual([]);
        expect(share(life, scenario)).toBeGreaterThan(0.95);
      }),
      { numRuns: 30 },
    );
  });

  it('admits what is left of the limit when the burst is too small for clocks and replies', async () => {
    for (const [limit, burst] of [
      [10, 1],
      [10, 2],
      [2, 1],
    ] as const) {
      const scenario = fleet({ limit, burst, maxWaitMs: 2_000 }, 3, { lastsMs: 30_000 });
      const life = await simulate(scenario, memoryLimits());
      const { intervalUs } = timelineOf({ limit, perMs: 1_000, burst }, { skewUs: 50_000, replyUs: 100_000 });
      expect(life.violations).toEqual([]);
      expect(share(life, scenario)).toBeGreaterThan((0.95 * 1e6) / intervalUs / limit);
    }
  });

  it('goes on to admit 0.95 when callers come back when they are told, who then mostly get through', async () => {
    const scenario = fleet({}, 8, { patient: true });
    const life = await simulate(scenario, memoryLimits());
    expect(share(life, scenario)).toBeGreaterThan(0.95);
    expect(life.refused).toBeLessThan(life.uses.length * 2);
  });
});

describe('under steady load below the limit', () => {
  it.each([0.3, 0.6, 0.9])(
    'wastes less than 0.05 of the permits, and refuses next to nobody, at a load of %d',
    async (load) => {
      for (const limit of [100, 1_000, 3_000]) {
        const scenario = fleet({ limit, burst: limit * 2 }, load, {
          lastsMs: limit > 1_000 ? 4_000 : 12_000,
        });
        const life = await simulate(scenario, memoryLimits());
        expect(life.wasted).toBeLessThan(life.uses.length * 0.05);
        expect(life.refused).toBeLessThan(life.uses.length * 0.02);
      }
    },
  );

  it('serves many calls with one write when there are many', async () => {
    const heavy = await simulate(
      fleet({ limit: 3_000, burst: 6_000 }, 0.8, { lastsMs: 4_000 }),
      memoryLimits(),
    );
    expect(heavy.writes).toBeLessThan(heavy.uses.length / 5);
    const light = await simulate(fleet({ limit: 100 }, 0.3), memoryLimits());
    expect(light.writes).toBeLessThan(light.uses.length * 1.5);
  });
});

describe('when the limit is changed', () => {
  /** Whose burst is large enough for all of the limit, with three shards as well. */
  const limits = fc
    .record({
      limit: fc.constantFrom(5, 20, 60, 100),
      perMs: fc.constantFrom(1_000, 3_000),
      more: fc.constantFrom(1, 4),
      maxWaitMs: fc.constantFrom(0, 0, 500, 2_000),
    })
    .map(({ more, ...rest }) => ({
      ...rest,
      burst: Math.max(15, 3 + Math.ceil((250 * rest.limit) / rest.perMs)) * more,
    }));
  const rate = ({ limit, perMs }: Scenario['settings']): number => limit / perMs;

  /** Live through a change from one limit to another; what came of it is held to what the page promises. */
  async function changes(from: Scenario['settings'], to: Scenario['settings'], rest: Partial<Scenario>) {
    const { at = 0, withinMs = 0 } = rest.change ?? {};
    const allowance = { skewUs: 50_000, replyUs: 100_000 };
    const share = { limit: from.limit / from.shards, perMs: from.perMs, burst: from.burst / from.shards };
    // What was given under the old limit has passed by then, and who was told to come back has done so.
    const goneMs =
      at + withinMs + timelineOf(share, allowance).earlyUs / 1_000 + from.maxWaitMs + from.perMs + 1_000;
    const lastsMs = goneMs + Math.max(15_000, 100 / rate(to));
    const callEveryMs = ENVIRONMENTS / Math.max(rate(from), rate(to)) / 2;
    const life = await simulate(
      fleet(from, 2, {
        ...rest,
        callEveryMs,
        lastsMs,
        change: { at, withinMs, settings: to },
      }),
      memoryLimits(),
    );
    expect(life.violations).toEqual([]);
    const before = life.uses.filter((use) => use < at);
    expect(excess(before, from)).toEqual([]);
    const faster = rate(from) > rate(to) ? from : to;
    expect(excess(life.uses, { ...faster, burst: from.burst + to.burst })).toEqual([]);
    const after = life.uses.filter((use) => use >= goneMs).length;
    expect(after).toBeGreaterThan(0.95 * (lastsMs - goneMs) * rate(to));
  }

  it('admits at most what the faster one allows and both bursts, however environments take turns to change', async () => {
    const cases = fc.record({
      from: limits,
      to: limits,
      shards: fc.constantFrom(1, 1, 3),
      seed: fc.nat(),
      withinMs: fc.constantFrom(0, 5_000, 60_000),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ from, to, shards, seed, withinMs }) => {
        const change = { at: 3_000, withinMs, settings: { ...to, shards } };
        await changes({ ...from, shards }, change.settings, { seed, change });
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it(
    'does so whatever happens to the fleet and its store meanwhile',
    async () => {
      await fc.assert(
        fc.asyncProperty(scenarios, settings, async (scenario, to) => {
          const { shards } = scenario.settings;
          if (Math.min(scenario.settings.burst, to.burst) < shards) return;
          const change = { at: LASTS_MS / 4, withinMs: LASTS_MS / 2, settings: { ...to, shards } };
          const { uses, violations } = await simulate({ ...scenario, change }, memoryLimits());
          expect(violations).toEqual([]);
          const faster = rate(scenario.settings) > rate(to) ? scenario.settings : to;
          expect(excess(uses, { ...faster, burst: scenario.settings.burst + to.burst })).toEqual([]);
        }),
        { numRuns: RUNS / 4 },
      );
    },
    LIMIT_MS,
  );
});

it('admits at most the whole rate in each environment while the store is down, if it is told to', async () => {
  const scenario = fleet({ limit: 20, burst: 20 }, 40, {
    skews: [0, 0],
    callEveryMs: 20,
    onStoreFailure: 'local',
    outages: [{ from: 0, forMs: 12_000 }],
  });
  const life = await simulate(scenario, memoryLimits());
  expect(share(life, scenario)).toBeGreaterThan(1.8);
  expect(excess(life.uses, { limit: 40, perMs: 1_000, burst: 40 })).toEqual([]);
});

it('would notice one call too many', () => {
  const bound = { limit: 2, perMs: 1_000, burst: 2 };
  expect(excess([0, 0, 500, 1_000], bound)).toEqual([]);
  expect(excess([0, 0, 499], bound)).toHaveLength(1);
  expect(excess([5, 5, 5], bound)).toHaveLength(1);
  expect(excess([0, 0, 500, 1_000, 1_000], bound)).toHaveLength(1);
});
