import { Token } from 'aws-cdk-lib';
import { PRIORITIES, type Priority } from '../../lambdas/core/settings.ts';
import type { Problems } from './problems.ts';

/** Invocations at a time that a lane gets at the least: Lambda limits an SQS event source to no fewer. */
const LEAST_SHARE = 2;
/** Invocations at a time that an event source can be limited to, at the most. Source: the Lambda API reference. */
const LARGEST_SHARE = 1_000;
const BUDGET = { min: LEAST_SHARE * PRIORITIES.length, max: LARGEST_SHARE * PRIORITIES.length };
const WEIGHT = { min: 1, max: 1_000 };
const BUDGET_RULE = 'Lambda limits the event source of each lane to 2 to 1,000 invocations at a time';
const WEIGHT_RULE = 'it is a share of the whole, and a lane without one would starve';
const DIVIDED_RULE = 'it is divided among the lanes before anything is deployed';

/** The lanes, most urgent first. */
export const LANES: readonly Priority[] = PRIORITIES.toReversed();

/** A number for each lane. */
export type PerLane = Readonly<Record<Priority, number>>;

/** Shares by which a budget is divided unless somebody says otherwise. */
export const DEFAULT_WEIGHTS: PerLane = { CRITICAL: 4, HIGH: 3, NORMAL: 2, LOW: 1 };

/** The same for each lane, made by a function of its priority. */
export function perLane<T>(make: (priority: Priority) => T): Readonly<Record<Priority, T>> {
  // Children come into being in this order, most urgent first.
  const CRITICAL = make('CRITICAL');
  const HIGH = make('HIGH');
  const NORMAL = make('NORMAL');
  return { CRITICAL, HIGH, NORMAL, LOW: make('LOW') };
}

/**
 * Divide a budget by weights: each lane gets what its weight is of all weights, but 2 at the least, which the others
 * pay for by their weights. Fractions go to the largest remainders (Hamilton's method), at a tie to the more urgent
 * lane. All of the budget is given out, and a heavier lane never gets less than a lighter one.
 *
 * @param budget an integer of 8 or more
 * @param weights above 0
 */
export function divideBudget(budget: number, weights: PerLane): PerLane {
  const shares = { ...exactShares(budget, weights) };
  const whole = perLane((lane) => Math.floor(shares[lane]));
  const left = budget - LANES.reduce((sum, lane) => sum + whole[lane], 0);
  const byRemainder = LANES.toSorted(
    (one, other) =>
      shares[other] - whole[other] - (shares[one] - whole[one]) || weights[other] - weights[one],
  );
  const rounded = new Set(byRemainder.slice(0, left));
  return perLane((lane) => whole[lane] + (rounded.has(lane) ? 1 : 0));
}

/** Shares before rounding: lanes that would get too little are taken out with the least, until nobody does. */
function exactShares(budget: number, weights: PerLane): PerLane {
  let paying = [...LANES];
  for (;;) {
    const rest = budget - LEAST_SHARE * (LANES.length - paying.length);
    const sum = paying.reduce((total, lane) => total + weights[lane], 0);
    const shareOf = (lane: Priority): number => (rest * weights[lane]) / sum;
    const enough = paying.filter((lane) => shareOf(lane) >= LEAST_SHARE);
    if (enough.length === paying.length) {
      return perLane((lane) => (paying.includes(lane) ? shareOf(lane) : LEAST_SHARE));
    }
    paying = enough;
  }
}

/** Check budget and weights, and divide the one by the other; where either is unusable, by what is. */
export function checkedShares(
  maxConcurrency: number,
  given: Partial<Record<Priority, number>>,
  problems: Problems,
): PerLane {
  const weights = perLane((lane) => {
    const weight = given[lane] ?? DEFAULT_WEIGHTS[lane];
    const usable = checkNumber(`weights.${lane}`, weight, WEIGHT, WEIGHT_RULE, problems);
    return usable ? weight : DEFAULT_WEIGHTS[lane];
  });
  if (!checkNumber('maxConcurrency', maxConcurrency, BUDGET, BUDGET_RULE, problems)) {
    return divideBudget(BUDGET.min, weights);
  }
  const shares = divideBudget(maxConcurrency, weights);
  const tooMuch = LANES.filter((lane) => shares[lane] > LARGEST_SHARE);
  for (const lane of tooMuch) {
    const rule = `must give ${lane} at most 1,000 of its invocations, by the weights`;
    problems.add('maxConcurrency', rule, shares[lane], BUDGET_RULE);
  }
  return tooMuch.length === 0 ? shares : divideBudget(BUDGET.min, weights);
}

function checkNumber(
  property: string,
  value: number,
  range: typeof WEIGHT,
  because: string,
  problems: Problems,
): boolean {
  if (!Token.isUnresolved(value)) return problems.integer(property, value, range, because);
  problems.add(property, 'must be known at synthesis', value, DIVIDED_RULE);
  return false;
}
