/** What a series comes down to. Nothing of it is known of a series without values. */
export interface Summary {
  readonly count: number;
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly average: number | undefined;
  readonly sum: number | undefined;
}

/** Sum up a series of values, oldest first. */
export function summarize(values: readonly number[]): Summary {
  const count = values.length;
  if (count === 0) {
    const unknown = undefined;
    return {
      count,
      first: unknown,
      last: unknown,
      min: unknown,
      max: unknown,
      average: unknown,
      sum: unknown,
    };
  }
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { count, first: values[0], last: values.at(-1), min, max, average: sum / count, sum };
}
