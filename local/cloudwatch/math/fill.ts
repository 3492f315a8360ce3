import { invalid } from '../invalid.ts';
import type { MathScope } from './evaluate.ts';
import { derived, type MathValue, type TimeSeries } from './values.ts';

type Points = readonly (readonly [number, number])[];

/**
 * FILL: give a series a point in every period of the window, of a number, of another series, of the last point before the
 * gap (REPEAT), or of a line across it (LINEAR). REPEAT cannot fill what lies before the first point, LINEAR nothing
 * outside of the first and last.
 *
 * @throws {ApiError} ValidationError for anything else
 */
export function fill(
  value: MathValue | undefined,
  filler: MathValue | undefined,
  scope: MathScope,
): MathValue {
  const one = (series: TimeSeries): TimeSeries =>
    derived(series, filled(series, scope.grid(series.periodMs), filler));
  if (value?.type === 'series') return { type: 'series', series: one(value.series) };
  if (value?.type === 'array') return { type: 'array', series: value.series.map(one) };
  throw invalid('FILL takes a time series or an array of them');
}

function filled({ points }: TimeSeries, grid: readonly number[], filler: MathValue | undefined): Points {
  if (filler?.type === 'scalar') return grid.map((at) => [at, points.get(at) ?? filler.value] as const);
  if (filler?.type === 'series')
    return grid.flatMap((at) => pair(at, points.get(at) ?? filler.series.points.get(at)));
  if (filler?.type === 'word' && filler.name === 'REPEAT') return repeated(points, grid);
  if (filler?.type === 'word' && filler.name === 'LINEAR') return interpolated(points, grid);
  throw invalid('FILL takes a number, a time series, REPEAT or LINEAR to fill with');
}

function pair(at: number, value: number | undefined): Points {
  return value === undefined ? [] : [[at, value]];
}

function repeated(points: ReadonlyMap<number, number>, grid: readonly number[]): Points {
  let last: number | undefined;
  return grid.flatMap((at) => {
    last = points.get(at) ?? last;
    return pair(at, last);
  });
}

function interpolated(points: ReadonlyMap<number, number>, grid: readonly number[]): Points {
  const known = [...points];
  let next = 0;
  return grid.flatMap((at) => {
    while ((known[next]?.[0] ?? Infinity) < at) next += 1;
    const after = known[next];
    const before = known[next - 1];
    if (after?.[0] === at) return pair(at, after[1]);
    if (after === undefined || before === undefined) return [];
    const share = (at - before[0]) / (after[0] - before[0]);
    return pair(at, before[1] + (after[1] - before[1]) * share);
  });
}
