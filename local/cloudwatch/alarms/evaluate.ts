import type { AlarmState } from '../cloudwatch.ts';
import type { MetricStore } from '../metric-store.ts';
import { runQueries } from '../query.ts';
import { breaches, type MetricAlarmDefinition } from './definition.ts';
import { decide, evaluationRange } from './missing-data.ts';
import { type AlarmDatapoint, metricReason } from './reason.ts';

/** A state that an alarm changes to, and why. */
export interface Evaluation {
  readonly state: AlarmState;
  readonly reason: string;
}

/**
 * The state that follows from the datapoints of an alarm's evaluation range, oldest first; `undefined` if it stays as it is.
 *
 * @param samples how many values the datapoints rest on, for alarms on percentiles that need enough of them
 */
export function evaluateMetricAlarm(
  definition: MetricAlarmDefinition,
  points: readonly AlarmDatapoint[],
  from: AlarmState,
  samples?: number,
): Evaluation | undefined {
  if (samples !== undefined && samples < samplesNeeded(definition.percentileNeedsSamples ?? 0))
    return undefined;
  const marks = points.map(({ value }) =>
    value === undefined ? 'missing' : breaches(definition, value) ? 'breaching' : 'ok',
  );
  const decision = decide(marks, definition);
  const to = decision.state;
  if (to === undefined || to === from) return undefined;
  return { state: to, reason: metricReason({ definition, decision, points, from, to }) };
}

/** Whether a new alarm has waited long enough to be evaluated: for its warm-up time, or until it has N datapoints. */
export function isWarm(
  { warmUp, evaluationPeriods }: MetricAlarmDefinition,
  points: readonly AlarmDatapoint[],
  ageMs: number,
): boolean {
  if (warmUp === undefined || ageMs >= warmUp.minutes * 60_000) return true;
  return !warmUp.whole && points.slice(-evaluationPeriods).every(({ value }) => value !== undefined);
}

/**
 * How many values a percentile needs to be significant: 10 / (1 - p) from 0.5 on, 10 / p below.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
 */
export function samplesNeeded(percentile: number): number {
  if (percentile === 0 || percentile === 100) return 0;
  return 1_000 / (percentile >= 50 ? 100 - percentile : percentile);
}

/**
 * The datapoints of an alarm's evaluation range that ends at a time: its periods slide, so the last one ends there.
 *
 * @throws {ApiError} ValidationError if a query is not valid
 */
export function alarmDatapoints(
  store: MetricStore,
  definition: MetricAlarmDefinition,
  endEpochMs: number,
): readonly AlarmDatapoint[] {
  const periodMs = definition.periodSeconds * 1_000;
  const count = evaluationRange(definition);
  const startEpochMs = endEpochMs - count * periodMs;
  const [series] = runQueries(store, definition.queries, {
    startEpochMs,
    endEpochMs,
    offsetMs: ((endEpochMs % periodMs) + periodMs) % periodMs,
  });
  const values = new Map(series?.timestamps.map((at, index) => [at, series.values[index]] as const));
  return Array.from({ length: count }, (_, index) => {
    const atEpochMs = startEpochMs + index * periodMs;
    const value = values.get(atEpochMs);
    return value === undefined ? { atEpochMs } : { atEpochMs, value };
  });
}

/** How many values the last N periods of a percentile alarm rest on; `undefined` for all other alarms. */
export function alarmSamples(
  store: MetricStore,
  { queries, percentileNeedsSamples, evaluationPeriods, periodSeconds }: MetricAlarmDefinition,
  endEpochMs: number,
): number | undefined {
  if (percentileNeedsSamples === undefined) return undefined;
  const watched = queries.find(({ returnData }) => returnData !== false);
  if (watched === undefined || !('metric' in watched)) return undefined;
  const periodMs = periodSeconds * 1_000;
  const start = endEpochMs - evaluationPeriods * periodMs;
  const periods = store.find(watched.metric)?.periods(start, endEpochMs, periodMs, endEpochMs % periodMs);
  return [...(periods?.values() ?? [])].reduce((total, { count }) => total + count, 0);
}
