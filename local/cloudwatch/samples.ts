/** What was seen of a metric in a stretch of time: enough for every statistic that CloudWatch knows. */
export interface Samples {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** How often each value was seen. */
  readonly values: Map<number, number>;
  /** Whether every value is known; not so once a statistic set of several values was added. */
  complete: boolean;
}

/** Different values that are told apart; beyond them a new one is rounded to three significant digits. */
const EXACT_VALUES = 1_000;

/** Nothing seen yet. */
export function noSamples(): Samples {
  return { count: 0, sum: 0, min: Infinity, max: -Infinity, values: new Map(), complete: true };
}

/** Add a value that was seen `count` times. Sum, minimum and maximum stay exact; so do the first 1,000 values. */
export function addValue(samples: Samples, value: number, count = 1): void {
  samples.count += count;
  samples.sum += value * count;
  if (value < samples.min) samples.min = value;
  if (value > samples.max) samples.max = value;
  const { values } = samples;
  const known = values.get(value);
  if (known === undefined && values.size >= EXACT_VALUES) {
    const rounded = Number(value.toPrecision(3));
    values.set(rounded, (values.get(rounded) ?? 0) + count);
  } else {
    values.set(value, (known ?? 0) + count);
  }
}

/** What is known of a set of values without the values. */
export interface StatisticSet {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** Add a statistic set. Percentiles remain known only if all its values are the same. */
export function addSet(samples: Samples, { count, sum, min, max }: StatisticSet): void {
  if (min === max) {
    addValue(samples, min, count);
    return;
  }
  samples.count += count;
  samples.sum += sum;
  samples.min = Math.min(samples.min, min);
  samples.max = Math.max(samples.max, max);
  samples.complete = false;
}

/** Add everything that another stretch of time saw. */
export function addSamples(samples: Samples, other: Samples): void {
  samples.count += other.count;
  samples.sum += other.sum;
  samples.min = Math.min(samples.min, other.min);
  samples.max = Math.max(samples.max, other.max);
  samples.complete &&= other.complete;
  for (const [value, count] of other.values) {
    samples.values.set(value, (samples.values.get(value) ?? 0) + count);
  }
}
