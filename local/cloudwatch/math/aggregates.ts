import { invalid } from '../invalid.ts';
import { derived, type MathValue, scalar, timesOf } from './values.ts';

/** An aggregate of the values that there are; `of` says how many there could have been. */
type Aggregate = (values: readonly number[], of: number) => number;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Functions that make one number of a series, and one series of an array. */
export const AGGREGATES: Readonly<Record<string, Aggregate>> = {
  SUM: sum,
  // Across an array, a missing value counts as 0.
  AVG: (values, of) => sum(values) / of,
  MIN: (values) => values.reduce((a, b) => Math.min(a, b), Infinity),
  MAX: (values) => values.reduce((a, b) => Math.max(a, b), -Infinity),
  STDDEV(values) {
    const mean = sum(values) / values.length;
    return Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / values.length);
  },
  DATAPOINT_COUNT: (values) => values.length,
};

/** Apply an aggregate: over time to a series, across its series to an array. */
export function over(name: string, aggregate: Aggregate, value: MathValue | undefined): MathValue {
  if (value?.type === 'scalar') return scalar(aggregate([value.value], 1));
  if (value?.type === 'series') {
    const values = [...value.series.points.values()];
    return scalar(aggregate(values, values.length));
  }
  if (value?.type !== 'array') throw invalid(`${name} takes a time series or an array of them`);
  const { series } = value;
  const points = timesOf(...series).map((at) => {
    const values = series.map((each) => each.points.get(at)).filter((point) => point !== undefined);
    return [at, aggregate(values, series.length)] as const;
  });
  const periodMs = Math.max(60_000, ...series.map((each) => each.periodMs));
  return { type: 'series', series: derived({ label: name, periodMs }, points) };
}
