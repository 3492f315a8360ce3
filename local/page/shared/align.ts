/** A series over time; `timestamps[i]` is the start of the period of `values[i]`. */
export interface Timed {
  readonly periodSeconds: number;
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
}

/** A value, the mark of a gap (`null`), or nothing that this series would say about a time (`undefined`). */
export type Point = number | null | undefined;

/** Series on one timeline. Epoch milliseconds. */
export interface Aligned {
  readonly times: readonly number[];
  readonly columns: readonly (readonly Point[])[];
}

/**
 * Put series on one timeline. A period without a value breaks the line of its series, and of no other: a period of
 * five minutes and one of a minute can stand in one chart.
 */
export function align(series: readonly Timed[]): Aligned {
  const points = series.map(withGaps);
  const times = [...new Set(points.flatMap((each) => [...each.keys()]))].sort((one, other) => one - other);
  return { times, columns: points.map((each) => times.map((time) => each.get(time))) };
}

function withGaps({ timestamps, values, periodSeconds }: Timed): Map<number, number | null> {
  const points = new Map<number, number | null>();
  const periodMs = periodSeconds * 1_000;
  let before: number | undefined;
  for (const [at, time] of timestamps.entries()) {
    if (before !== undefined && time - before > periodMs * 1.5) points.set(before + periodMs, null);
    points.set(time, values[at] ?? null);
    before = time;
  }
  return points;
}

/** Columns on top of each other, as a stacked chart shows them; what says nothing adds nothing. */
export function stack(columns: readonly (readonly Point[])[]): readonly (readonly number[])[] {
  let below: readonly number[] = [];
  return columns.map((column) => {
    below = column.map((value, at) => (below[at] ?? 0) + (value ?? 0));
    return below;
  });
}

/** Indices of values that have no neighbour to draw a line to. */
export function lonely(column: readonly Point[]): readonly number[] {
  const said = column.flatMap((value, at) => (value === undefined ? [] : [{ value, at }]));
  return said.flatMap(({ value, at }, index) => {
    const isAlone = (said[index - 1]?.value ?? null) === null && (said[index + 1]?.value ?? null) === null;
    return value !== null && isAlone ? [at] : [];
  });
}
