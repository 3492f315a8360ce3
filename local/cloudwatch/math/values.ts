/** Values over time: points by the start of their period, in the order of time. */
export interface TimeSeries {
  readonly label: string;
  readonly points: ReadonlyMap<number, number>;
  /** Milliseconds. */
  readonly periodMs: number;
  /** Whether it is a metric, not made by an expression. */
  readonly metric: boolean;
}

/** What an expression of metric math can be. */
export type MathValue =
  | { readonly type: 'scalar'; readonly value: number }
  | { readonly type: 'series'; readonly series: TimeSeries }
  | { readonly type: 'array'; readonly series: readonly TimeSeries[] }
  | { readonly type: 'word'; readonly name: string };

/** A number. */
export function scalar(value: number): MathValue {
  return { type: 'scalar', value };
}

/** A time series that an expression made; points that are not finite are dropped. */
export function derived(
  from: Pick<TimeSeries, 'label' | 'periodMs'>,
  points: Iterable<readonly [number, number]>,
): TimeSeries {
  const finite = new Map<number, number>();
  for (const [at, value] of points) if (Number.isFinite(value)) finite.set(at, value);
  return { label: from.label, periodMs: from.periodMs, metric: false, points: finite };
}

/** Every time at which one of the series has a point, in the order of time. */
export function timesOf(...series: readonly TimeSeries[]): readonly number[] {
  const [only] = series;
  if (series.length === 1 && only !== undefined) return [...only.points.keys()];
  return [...new Set(series.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b);
}

/** Compute each point of a number, a series, or each series of an array, anew. */
export function mapPoints(
  value: Exclude<MathValue, { type: 'word' }>,
  compute: (value: number) => number,
): MathValue {
  const one = (series: TimeSeries): TimeSeries =>
    derived(
      series,
      [...series.points].map(([at, point]) => [at, compute(point)] as const),
    );
  if (value.type === 'scalar') return scalar(compute(value.value));
  if (value.type === 'series') return { type: 'series', series: one(value.series) };
  return { type: 'array', series: value.series.map(one) };
}
