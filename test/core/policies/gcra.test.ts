import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Allowance,
  nextStep,
  permitsOf,
  type TimelineItem,
  takeStep,
  timelineOf,
} from '../../../lambdas/core/policies/rate-limiter/gcra.ts';

const START_US = 1_700_000_000_000_000;

const limits = fc.record({
  limit: fc.integer({ min: 1, max: 50 }),
  perMs: fc.integer({ min: 1, max: 50 }),
  burst: fc.integer({ min: 1, max: 20 }),
});
const allowances = fc.oneof(
  fc.constant({ skewUs: 0, replyUs: 0 }),
  fc.record({ skewUs: fc.nat({ max: 3_000 }), replyUs: fc.integer({ min: 1, max: 3_000 }) }),
);
/** Somebody asks after a while, with a clock that is wrong, and uses what it gets when that is worst. */
const asks = fc.array(
  fc.record({
    afterUs: fc.oneof(fc.constant(0), fc.nat({ max: 2_000 }), fc.nat({ max: 100_000 })),
    skew: fc.constantFrom(0, 0.5, 1),
    wanted: fc.integer({ min: 1, max: 5 }),
    waitUs: fc.constantFrom(0, 0, 5_000),
    use: fc.constantFrom('early', 'late', 'now'),
    /** Where two limits are in force, whether it goes by the second one. */
    second: fc.boolean(),
  }),
  { minLength: 2, maxLength: 60 },
);

type Limit = Parameters<typeof timelineOf>[0];
type Ask = typeof asks extends fc.Arbitrary<readonly (infer One)[]> ? One : never;

/** What is asked for by turns under one limit or two: when permits are used, in the worst case. */
function usesOf(
  limit: Limit,
  allowance: Allowance,
  all: readonly Ask[],
  other: Limit = limit,
): readonly number[] {
  const uses: number[] = [];
  let item: TimelineItem | undefined;
  let real = START_US;
  for (const { afterUs, skew, wanted, waitUs, use, second } of all) {
    real += afterUs;
    const timeline = timelineOf(second ? other : limit, allowance);
    const error = Math.floor(skew * allowance.skewUs);
    const nowUs = real + error;
    const demand = { nowUs, needed: 1, wanted, latestUs: nowUs + waitUs };
    for (const busy of [true, false]) {
      const step = nextStep(timeline, { item, busy }, demand);
      if (step === undefined) break;
      const result = takeStep(item, step);
      if (!result.applied || result.item === undefined) continue;
      item = result.item;
      for (const { fromUs, untilUs } of permitsOf(timeline, step, item)) {
        const at = { early: Math.max(nowUs, fromUs), late: untilUs, now: Math.max(nowUs, fromUs) }[use];
        if (at <= untilUs) uses.push(at - error - START_US);
      }
      break;
    }
  }
  return uses;
}

describe('places on a timeline', () => {
  it('hold the bound however early or late each permit is used, by whatever clock', () => {
    let most = 0;
    fc.assert(
      fc.property(limits, allowances, asks, (limit, allowance, all) => {
        most = Math.max(most, worst(usesOf(limit, allowance, all), limit));
      }),
      { numRuns: 3_000 },
    );
    expect(most).toBeLessThanOrEqual(0);
    // The bound is not only kept but met: there is nothing to spare.
    expect(most).toBe(0);
  });

  it('hold the faster rate and both bursts where two limits are in force', () => {
    const rate = ({ limit, perMs }: Limit): number => limit / perMs;
    fc.assert(
      fc.property(limits, limits, allowances, asks, (limit, other, allowance, all) => {
        const faster = rate(limit) > rate(other) ? limit : other;
        const bound = { ...faster, burst: limit.burst + other.burst };
        expect(worst(usesOf(limit, allowance, all, other), bound)).toBeLessThanOrEqual(0);
      }),
      { numRuns: 3_000 },
    );
  });

  it('are not taken back, unless they lie further ahead than any clock, limit and wait may bring them', () => {
    const allowance = { skewUs: 0, replyUs: 0 };
    const mine = timelineOf({ limit: 10, perMs: 1_000, burst: 3 }, allowance);
    const demand = { nowUs: START_US, needed: 1, wanted: 1, latestUs: START_US };
    const stepAt = (aheadUs: number, reachUs: number) =>
      nextStep(mine, { item: { tatUs: START_US + aheadUs, reachUs }, busy: false }, demand)?.name;
    // a quarter of an hour for who waits, a minute for clocks, and the reach of who wrote it or reads it
    for (const [reachUs, most] of [
      [0, 960_300_000],
      [300_000, 960_300_000],
      [7_200_000_000, 8_160_000_000],
    ] as const) {
      expect(stepAt(most, reachUs)).toBeUndefined();
      expect(stepAt(most + 1, reachUs)).toBe('clamp');
    }
  });

  it('leave nothing out for what needs no allowance', () => {
    expect(timelineOf({ limit: 10, perMs: 1_000, burst: 1 }, { skewUs: 0, replyUs: 0 })).toEqual({
      intervalUs: 100_000,
      earlyUs: 0,
      holdUs: 0,
    });
    expect(timelineOf({ limit: 10, perMs: 1_000, burst: 10 }, { skewUs: 0, replyUs: 0 })).toEqual({
      intervalUs: 100_000,
      earlyUs: 900_000,
      holdUs: 0,
    });
  });

  it('are further apart where the burst cannot cover clocks and replies, and only then', () => {
    const allowance = { skewUs: 50_000, replyUs: 100_000 };
    const interval = (burst: number): number =>
      timelineOf({ limit: 10, perMs: 1_000, burst }, allowance).intervalUs;
    expect([1, 2, 2.4, 2.5, 3, 100].map(interval)).toEqual([
      250_000, 150_000, 110_000, 100_000, 100_000, 100_000,
    ]);
  });

  it('share the burst between what may be used at once and what is kept, of that no more than ten seconds', () => {
    const allowance = { skewUs: 50_000, replyUs: 100_000 };
    expect(timelineOf({ limit: 100, perMs: 1_000, burst: 66 }, allowance)).toEqual({
      intervalUs: 10_000,
      earlyUs: 400_000,
      holdUs: 200_000,
    });
    expect(timelineOf({ limit: 1, perMs: 60_000, burst: 61 }, allowance).holdUs).toBe(10_000_000);
  });

  it('round the interval up, to a microsecond', () => {
    expect(timelineOf({ limit: 3, perMs: 1, burst: 9 }, { skewUs: 0, replyUs: 0 }).intervalUs).toBe(334);
  });
});

/**
 * By how much the worst window is beyond the bound, in permits: n uses within w µs, less limit × w / perMs + burst. At
 * most 0; and whole numbers, so exact, until the division.
 */
function worst(
  uses: readonly number[],
  { limit, perMs, burst }: { limit: number; perMs: number; burst: number },
): number {
  const perUs = perMs * 1_000;
  let highest = Number.NEGATIVE_INFINITY;
  let found = Number.NEGATIVE_INFINITY;
  for (const [at, use] of [...uses].sort((a, b) => a - b).entries()) {
    const level = use * limit - at * perUs;
    highest = Math.max(highest, level);
    found = Math.max(found, (perUs - level + highest - burst * perUs) / perUs);
  }
  return found;
}
