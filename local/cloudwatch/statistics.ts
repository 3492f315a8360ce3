import type { Samples } from './samples.ts';

/** Computes a statistic; `undefined` where CloudWatch gives no datapoint. */
export type Statistic = (samples: Readonly<Samples>) => number | undefined;

const SIMPLE: Readonly<Record<string, Statistic>> = {
  SampleCount: ({ count }) => count,
  Sum: ({ sum }) => sum,
  Average: ({ sum, count }) => sum / count,
  Minimum: ({ min }) => min,
  Maximum: ({ max }) => max,
  IQM: (samples) => trimmed(samples, (all) => ranks(all, 25, 75), mean),
};

interface Range {
  readonly low?: number;
  readonly high?: number;
  readonly percent: boolean;
}

/** The values of a range with how often each was seen, lowest first, and the bounds that winsorizing pulls to. */
interface Kept {
  readonly values: readonly (readonly [number, number])[];
  readonly low: number;
  readonly high: number;
  readonly below: number;
  readonly above: number;
}

const RANGED: Readonly<Record<string, (kept: Kept, samples: Samples) => number | undefined>> = {
  TM: mean,
  TC: ({ values }) => countOf(values),
  TS: ({ values }) => sumOf(values),
  WM: ({ values, low, high, below, above }, { count }) =>
    (sumOf(values) + (below === 0 ? 0 : low * below) + (above === 0 ? 0 : high * above)) / count,
  PR: ({ values }, { count }) => (countOf(values) / count) * 100,
};

/**
 * The statistic of a name: Sum, Average, Minimum, Maximum, SampleCount, percentiles (`p99.9`), trimmed mean, count and sum,
 * winsorized mean and percentile rank (`tm90`, `TM(2%:98%)`, `TC(0.005:0.030)`, `PR(:300)`), and `IQM`.
 *
 * A percentile is the lowest value that at least so many percent of the values do not exceed. Bounds that are values leave
 * the lower one out and take the upper one in. Where a value is negative, or only a statistic set is known, all but the
 * first five are unknown, as on AWS.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 * @returns `undefined` if there is no such statistic
 */
export function statistic(name: string): Statistic | undefined {
  const simple = SIMPLE[name === 'iqm' ? 'IQM' : name];
  if (simple !== undefined) return simple;
  const short = /^(p|tm|tc|ts|wm)(\d{1,3}(?:\.\d{1,10})?)$/i.exec(name);
  if (short !== null) {
    const [, kind = '', text] = short;
    const percent = Number(text);
    if (percent > 100) return undefined;
    return kind.toLowerCase() === 'p' ? percentile(percent) : ranged(kind, { high: percent, percent: true });
  }
  const long = /^(TM|TC|TS|WM|PR)\((-?[\d.]+)?(%)?:(-?[\d.]+)?(%)?\)$/.exec(name);
  if (long === null) return undefined;
  const [, kind = '', low, lowPercent, high, highPercent] = long;
  const bounds = [low, high].filter((text) => text !== undefined).map(Number);
  const marks = [lowPercent, highPercent].filter((mark) => mark !== undefined).length;
  const percent = marks > 0;
  if (bounds.length === 0 || (percent && (marks !== bounds.length || kind === 'PR'))) return undefined;
  if (bounds.some((bound) => !Number.isFinite(bound) || (percent && (bound < 0 || bound > 100)))) {
    return undefined;
  }
  if (low !== undefined && high !== undefined && Number(low) >= Number(high)) return undefined;
  return ranged(kind, {
    percent,
    ...(low === undefined ? {} : { low: Number(low) }),
    ...(high === undefined ? {} : { high: Number(high) }),
  });
}

function percentile(percent: number): Statistic {
  return (samples) => {
    if (!hasValues(samples)) return undefined;
    const rank = Math.max(1, Math.ceil(exact((samples.count * percent) / 100)));
    let seen = 0;
    for (const [value, count] of sorted(samples)) {
      seen += count;
      if (seen >= rank) return value;
    }
    return samples.max;
  };
}

function ranged(kind: string, { low, high, percent }: Range): Statistic {
  const compute = RANGED[kind.toUpperCase()];
  const keep = (samples: Samples): Kept =>
    percent ? ranks(samples, low ?? 0, high ?? 100) : between(samples, low ?? -Infinity, high ?? Infinity);
  return (samples) => (compute === undefined ? undefined : trimmed(samples, keep, compute));
}

function trimmed(
  samples: Samples,
  keep: (samples: Samples) => Kept,
  compute: (kept: Kept, samples: Samples) => number | undefined,
): number | undefined {
  return hasValues(samples) ? compute(keep(samples), samples) : undefined;
}

/** The values between two percentages of all values, sorted: single ones count as a whole. */
function ranks(samples: Samples, low: number, high: number): Kept {
  const first = Math.floor(exact((samples.count * low) / 100));
  const last = Math.ceil(exact((samples.count * high) / 100));
  const values: [number, number][] = [];
  let seen = 0;
  for (const [value, count] of sorted(samples)) {
    const kept = Math.min(seen + count, last) - Math.max(seen, first);
    if (kept > 0) values.push([value, kept]);
    seen += count;
  }
  return {
    values,
    low: values[0]?.[0] ?? 0,
    high: values.at(-1)?.[0] ?? 0,
    below: Math.min(first, samples.count),
    above: Math.max(0, samples.count - last),
  };
}

function between(samples: Samples, low: number, high: number): Kept {
  const all = sorted(samples);
  return {
    values: all.filter(([value]) => value > low && value <= high),
    low,
    high,
    below: countOf(all.filter(([value]) => value <= low)),
    above: countOf(all.filter(([value]) => value > high)),
  };
}

function mean({ values }: Kept): number | undefined {
  const count = countOf(values);
  return count === 0 ? undefined : sumOf(values) / count;
}

function hasValues({ complete, min, count }: Samples): boolean {
  return complete && min >= 0 && count > 0;
}

function sorted({ values }: Samples): [number, number][] {
  return [...values].sort(([a], [b]) => a - b);
}

function countOf(values: readonly (readonly [number, number])[]): number {
  return values.reduce((total, [, count]) => total + count, 0);
}

function sumOf(values: readonly (readonly [number, number])[]): number {
  return values.reduce((total, [value, count]) => total + value * count, 0);
}

/** A rank without the last bits of floating point: 99.9 % of 1,000 is 999. */
function exact(rank: number): number {
  return Number(rank.toPrecision(12));
}
