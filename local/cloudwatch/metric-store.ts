import type { MetricId } from './cloudwatch.ts';
import { addSamples, addSet, addValue, noSamples, type Samples, type StatisticSet } from './samples.ts';

/** How long data of a minute is kept, in the stack's time. Milliseconds. */
export const MINUTES_KEPT_MS = 24 * 3_600_000;
/** How long data of a second is kept, as on AWS: afterwards there are only its minutes. Milliseconds. */
export const SECONDS_KEPT_MS = 3 * 3_600_000;
/** Metrics that are kept; what would be one more is refused. */
export const MAX_METRICS = 10_000;

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** The datapoints of one metric. */
export interface StoredMetric {
  readonly id: MetricId;
  /** Whether there is no datapoint. */
  readonly empty: boolean;
  /**
   * Add a value that was seen `count` times.
   *
   * @param fine whether it is of high resolution, and can be asked for by the second
   */
  add(atEpochMs: number, value: number, count?: number, fine?: boolean): void;
  addSet(atEpochMs: number, set: StatisticSet, fine?: boolean): void;
  /**
   * What was seen in each period of a window, by the start of the period; periods without data are missing. Periods
   * begin at `offsetMs` and at every multiple of `periodMs` before and after. Periods below a minute see data of high
   * resolution only.
   */
  periods(
    startEpochMs: number,
    endEpochMs: number,
    periodMs: number,
    offsetMs?: number,
  ): ReadonlyMap<number, Readonly<Samples>>;
}

/** Keeps metrics in memory. */
export interface MetricStore {
  /** The metric of an id, made if it is new; `undefined` if there are {@link MAX_METRICS} already. */
  metric(id: MetricId): StoredMetric | undefined;
  /** The metric of an id, if it has been put. */
  find(id: MetricId): StoredMetric | undefined;
  /** Metrics that have datapoints. */
  metrics(): readonly MetricId[];
}

/**
 * An empty metric store. A value is added to its minute, and to its second if it is of high resolution, in constant time
 * but for old data that makes room. Minutes are kept for a day of the metric's own time, seconds for three hours.
 */
export function createMetricStore(): MetricStore {
  const metrics = new Map<string, StoredMetric>();
  return {
    metric(id) {
      const key = metricKey(id);
      const known = metrics.get(key);
      if (known !== undefined || metrics.size >= MAX_METRICS) return known;
      const created = createMetric(id);
      metrics.set(key, created);
      return created;
    },
    find: (id) => metrics.get(metricKey(id)),
    metrics: () => [...metrics.values()].filter(({ empty }) => !empty).map(({ id }) => id),
  };
}

/** A text that two ids have in common exactly if they are the same metric. */
export function metricKey({ namespace, metricName, dimensions }: MetricId): string {
  let key = `${namespace}\0${metricName}`;
  for (const name of Object.keys(dimensions).sort()) key += `\0${name}\0${dimensions[name]}`;
  return key;
}

function createMetric(id: MetricId): StoredMetric {
  const minutes = createBuckets(MINUTE_MS, MINUTES_KEPT_MS);
  const seconds = createBuckets(SECOND_MS, SECONDS_KEPT_MS);
  return {
    id,
    get empty() {
      return minutes.empty;
    },
    add(atEpochMs, value, count = 1, fine = false) {
      const minute = minutes.at(atEpochMs);
      if (minute !== undefined) addValue(minute, value, count);
      const second = fine ? seconds.at(atEpochMs) : undefined;
      if (second !== undefined) addValue(second, value, count);
    },
    addSet(atEpochMs, set, fine = false) {
      for (const buckets of fine ? [minutes, seconds] : [minutes]) {
        const bucket = buckets.at(atEpochMs);
        if (bucket !== undefined) addSet(bucket, set);
      }
    },
    periods(startEpochMs, endEpochMs, periodMs, offsetMs = 0) {
      const parts = new Map<number, Samples[]>();
      const buckets = periodMs < MINUTE_MS ? seconds : minutes;
      for (const [at, samples] of buckets.between(startEpochMs, endEpochMs)) {
        const start = periodStart(at, periodMs, offsetMs);
        const known = parts.get(start);
        if (known === undefined) parts.set(start, [samples]);
        else known.push(samples);
      }
      return new Map([...parts].map(([start, samples]) => [start, together(samples)]));
    },
  };
}

function together(parts: readonly Samples[]): Samples {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const total = noSamples();
  for (const part of parts) addSamples(total, part);
  return total;
}

/** The start of the period that a time lies in. Epoch milliseconds. */
export function periodStart(atEpochMs: number, periodMs: number, offsetMs = 0): number {
  return Math.floor((atEpochMs - offsetMs) / periodMs) * periodMs + offsetMs;
}

interface Buckets {
  readonly empty: boolean;
  /** The bucket of a time, made if it is new; `undefined` if it is too old to be kept. */
  at(epochMs: number): Samples | undefined;
  /** Buckets of a window, oldest first. */
  between(startEpochMs: number, endEpochMs: number): (readonly [number, Samples])[];
}

function createBuckets(resolutionMs: number, keptMs: number): Buckets {
  const buckets = new Map<number, Samples>();
  let newest = -Infinity;
  return {
    get empty() {
      return buckets.size === 0;
    },
    at(epochMs) {
      const start = Math.floor(epochMs / resolutionMs) * resolutionMs;
      const known = buckets.get(start);
      if (known !== undefined) return known;
      if (start <= newest - keptMs) return undefined;
      const created = noSamples();
      buckets.set(start, created);
      if (start > newest) newest = start;
      // Data comes in the order of time but for stragglers, and so it is forgotten: they stay a little longer.
      for (const oldest of buckets.keys()) {
        if (oldest > newest - keptMs) break;
        buckets.delete(oldest);
      }
      return created;
    },
    between(startEpochMs, endEpochMs) {
      const found: [number, Samples][] = [];
      const first = Math.ceil(startEpochMs / resolutionMs) * resolutionMs;
      if ((endEpochMs - first) / resolutionMs > buckets.size) {
        for (const [at, samples] of buckets) {
          if (at >= first && at < endEpochMs) found.push([at, samples]);
        }
        return found.sort(([a], [b]) => a - b);
      }
      for (let at = first; at < endEpochMs; at += resolutionMs) {
        const samples = buckets.get(at);
        if (samples !== undefined) found.push([at, samples]);
      }
      return found;
    },
  };
}
