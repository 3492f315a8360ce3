import { invalid } from '../invalid.ts';
import { AGGREGATES, over } from './aggregates.ts';
import type { MathScope } from './evaluate.ts';
import { fill } from './fill.ts';
import { derived, type MathValue, mapPoints, scalar, type TimeSeries, timesOf } from './values.ts';

type MathFunction = (args: readonly MathValue[], scope: MathScope) => MathValue;

const POINTWISE: Readonly<Record<string, (value: number) => number>> = {
  ABS: Math.abs,
  CEIL: Math.ceil,
  FLOOR: Math.floor,
  LOG: Math.log,
  LOG10: Math.log10,
};

/** Functions of a point and the point before it, with the seconds between them. */
const STEPS: Readonly<Record<string, (value: number, before: number, seconds: number) => number>> = {
  DIFF: (value, before) => value - before,
  DIFF_TIME: (_value, _before, seconds) => seconds,
  RATE: (value, before, seconds) => (value - before) / seconds,
};

/** Functions of a time, in UTC. */
const CALENDAR: Readonly<Record<string, (date: Date) => number>> = {
  MINUTE: (date) => date.getUTCMinutes(),
  HOUR: (date) => date.getUTCHours(),
  DAY: (date) => date.getUTCDay() || 7,
  DATE: (date) => date.getUTCDate(),
  MONTH: (date) => date.getUTCMonth() + 1,
  YEAR: (date) => date.getUTCFullYear(),
  EPOCH: (date) => Math.floor(date.getTime() / 1_000),
};

const OTHERS: Readonly<Record<string, MathFunction>> = {
  IF: ([condition, then, otherwise]) => choose(condition, then, otherwise),
  FILL: ([value, filler], scope) => fill(value, filler, scope),
  PERIOD([value]) {
    if (value?.type !== 'series' || !value.series.metric) throw invalid('PERIOD takes a metric');
    return scalar(value.series.periodMs / 1_000);
  },
  TIME_SERIES([value], scope) {
    if (value?.type !== 'scalar') throw invalid('TIME_SERIES takes a number');
    const points = scope.grid(scope.periodMs).map((at) => [at, value.value] as const);
    return { type: 'series', series: derived({ label: '', periodMs: scope.periodMs }, points) };
  },
  RUNNING_SUM: ([value]) =>
    eachSeries('RUNNING_SUM', value, (series) => {
      let sum = 0;
      return [...series.points].map(([at, point]) => {
        sum += point;
        return [at, sum] as const;
      });
    }),
  METRIC_COUNT: ([value]) => scalar(arrayOf('METRIC_COUNT', value).length),
  FIRST: ([value]) => nth('FIRST', value, 0),
  LAST: ([value]) => nth('LAST', value, -1),
  REMOVE_EMPTY: ([value]) => ({
    type: 'array',
    series: arrayOf('REMOVE_EMPTY', value).filter(({ points }) => points.size > 0),
  }),
};

/**
 * The function of a name, in capitals.
 *
 * @throws {ApiError} ValidationError that names it, if it is not known here
 */
export function mathFunction(name: string): MathFunction {
  const pointwise = POINTWISE[name];
  if (pointwise !== undefined) return ([value]) => mapPoints(numeric(name, value), pointwise);
  const aggregate = AGGREGATES[name];
  if (aggregate !== undefined) return ([value]) => over(name, aggregate, value);
  const step = STEPS[name];
  if (step !== undefined) return ([value]) => eachSeries(name, value, (series) => steps(series, step));
  const calendar = CALENDAR[name];
  if (calendar !== undefined) {
    return ([value], scope) =>
      eachSeries(name, value, ({ periodMs }) =>
        scope.grid(periodMs).map((at) => [at, calendar(new Date(at))] as const),
      );
  }
  const other = OTHERS[name];
  if (other !== undefined) return other;
  throw invalid(`Unsupported function ${name}`);
}

function numeric(name: string, value: MathValue | undefined): Exclude<MathValue, { type: 'word' }> {
  if (value === undefined || value.type === 'word') throw invalid(`${name} takes a time series`);
  return value;
}

function arrayOf(name: string, value: MathValue | undefined): readonly TimeSeries[] {
  if (value?.type !== 'array') throw invalid(`${name} takes an array of time series`);
  return value.series;
}

function nth(name: string, value: MathValue | undefined, index: number): MathValue {
  const series = arrayOf(name, value).at(index);
  if (series === undefined) throw invalid(`${name} of an empty array`);
  return { type: 'series', series };
}

function eachSeries(
  name: string,
  value: MathValue | undefined,
  compute: (series: TimeSeries) => Iterable<readonly [number, number]>,
): MathValue {
  if (value?.type === 'series')
    return { type: 'series', series: derived(value.series, compute(value.series)) };
  return { type: 'array', series: arrayOf(name, value).map((series) => derived(series, compute(series))) };
}

function steps(
  series: TimeSeries,
  compute: (value: number, before: number, seconds: number) => number,
): (readonly [number, number])[] {
  const points = [...series.points];
  return points.slice(1).map(([at, value], index) => {
    const [beforeAt = at, before = value] = points[index] ?? [];
    return [at, compute(value, before, (at - beforeAt) / 1_000)] as const;
  });
}

/**
 * IF: where the condition is not 0 the second argument, which is 0 where it has no point; where it is 0 the third, and no
 * point where that has none or was left out.
 */
function choose(
  condition: MathValue | undefined,
  then: MathValue | undefined,
  otherwise: MathValue | undefined,
): MathValue {
  const branches = [then, otherwise].filter((value) => value !== undefined);
  const wrong = branches.some(({ type }) => type === 'array' || type === 'word');
  if (then === undefined || wrong || (condition?.type !== 'series' && condition?.type !== 'scalar')) {
    throw invalid('IF takes a condition and one or two numbers or time series');
  }
  if (condition.type === 'scalar') {
    if (condition.value !== 0) return then;
    if (otherwise !== undefined) return otherwise;
    const from = then.type === 'series' ? then.series : { label: '', periodMs: 60_000 };
    return { type: 'series', series: derived(from, []) };
  }
  const points: (readonly [number, number])[] = [];
  for (const at of timesOf(condition.series)) {
    const holds = condition.series.points.get(at) !== 0;
    const value = holds ? (pointOf(then, at) ?? 0) : pointOf(otherwise, at);
    if (value !== undefined) points.push([at, value]);
  }
  return { type: 'series', series: derived(condition.series, points) };
}

function pointOf(value: MathValue | undefined, at: number): number | undefined {
  if (value?.type === 'scalar') return value.value;
  return value?.type === 'series' ? value.series.points.get(at) : undefined;
}
