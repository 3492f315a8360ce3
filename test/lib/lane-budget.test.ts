import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_WEIGHTS, divideBudget, LANES, type PerLane } from '../../lib/private/lane-budget.ts';

const weight = fc.integer({ min: 1, max: 1_000 });
const weights = fc.record({ CRITICAL: weight, HIGH: weight, NORMAL: weight, LOW: weight });
const budget = fc.integer({ min: 8, max: 4_000 });

const inOrder = (shares: PerLane): number[] => LANES.map((lane) => shares[lane]);
const sum = (shares: PerLane): number => inOrder(shares).reduce((total, share) => total + share, 0);

describe('a budget', () => {
  it.each([
    [8, [2, 2, 2, 2]],
    [9, [3, 2, 2, 2]],
    [10, [3, 3, 2, 2]],
    [20, [8, 6, 4, 2]],
    [21, [9, 6, 4, 2]],
    [25, [10, 8, 5, 2]],
    [1_000, [400, 300, 200, 100]],
  ])('of %i is divided by weights of 4, 3, 2 and 1', (whole, expected) => {
    expect(inOrder(divideBudget(whole, DEFAULT_WEIGHTS))).toEqual(expected);
  });

  it('leaves a lane of almost no weight two, which the others pay for by their weights', () => {
    const shares = divideBudget(30, { CRITICAL: 1_000, HIGH: 500, NORMAL: 500, LOW: 1 });
    expect(inOrder(shares)).toEqual([14, 7, 7, 2]);
  });

  it('goes to the more urgent lane where weights are equal', () => {
    expect(inOrder(divideBudget(10, { CRITICAL: 1, HIGH: 1, NORMAL: 1, LOW: 1 }))).toEqual([3, 3, 2, 2]);
  });

  it('is given out whole, in whole invocations, two at the least for each lane', () => {
    fc.assert(
      fc.property(budget, weights, (whole, given) => {
        const shares = divideBudget(whole, given);
        expect(sum(shares)).toBe(whole);
        for (const share of inOrder(shares)) {
          expect(Number.isInteger(share)).toBe(true);
          expect(share).toBeGreaterThanOrEqual(2);
        }
      }),
    );
  });

  it('never gives a heavier lane less than a lighter one', () => {
    fc.assert(
      fc.property(budget, weights, (whole, given) => {
        const shares = divideBudget(whole, given);
        const heaviestFirst = LANES.toSorted((one, other) => given[other] - given[one]);
        const sorted = heaviestFirst.map((lane) => shares[lane]);
        expect(sorted).toEqual(sorted.toSorted((one, other) => other - one));
      }),
    );
  });

  it('is divided within one invocation of what the weights say, where that is two or more for all', () => {
    fc.assert(
      fc.property(budget, weights, (whole, given) => {
        const exact = LANES.map((lane) => (whole * given[lane]) / sum(given));
        fc.pre(exact.every((share) => share >= 2));
        const shares = inOrder(divideBudget(whole, given));
        for (const [at, share] of shares.entries()) {
          expect(Math.abs(share - (exact[at] ?? Number.NaN))).toBeLessThan(1);
        }
      }),
    );
  });
});
