import {
  breaches,
  type MetricAlarmDefinition,
  readMetricAlarm,
} from '../../local/cloudwatch/alarms/definition.ts';
import type { AlarmChange, LocalAlarm, LocalCloudWatch, MetricQuery } from '../../local/index.ts';

const MINUTE_MS = 60_000;

/** When an alarm went off, and when it had to. In the stack's time, epoch milliseconds. */
export interface Firing {
  readonly atEpochMs: number;
  /** End of period N + 1, counted from the first of the datapoints that it takes. */
  readonly dueEpochMs: number;
}

/** What an alarm did since a time. */
export function changesSince({ history }: LocalAlarm, fromEpochMs: number): readonly AlarmChange[] {
  return history.filter(({ atEpochMs }) => atEpochMs > fromEpochMs);
}

/**
 * The first time that a metric alarm went off since a time, and when it had to: its metrics are read again, minute by minute,
 * for the first M breaching datapoints within N of its periods. Its N + 1 periods begin with the first of these M.
 * A Sum of more than a minute is the sum of as many minutes, since periods of alarms slide.
 *
 * @throws if it did not go off, or without such datapoints
 */
export function firstFiring(cloudwatch: LocalCloudWatch, alarm: LocalAlarm, fromEpochMs: number): Firing {
  const went = changesSince(alarm, fromEpochMs).find(({ to }) => to === 'ALARM');
  if (went === undefined) throw new Error(`${alarm.constructPath} did not go off`);
  const definition = readMetricAlarm(alarm.properties);
  const periodMs = definition.periodSeconds * 1_000;
  const heldFrom = breachedFrom(definition, breachingStarts(cloudwatch, definition, fromEpochMs));
  if (heldFrom === undefined) throw new Error(`${alarm.constructPath} went off, and nothing breached`);
  return { atEpochMs: went.atEpochMs, dueEpochMs: heldFrom + (definition.evaluationPeriods + 1) * periodMs };
}

/** Start of the first of M breaching datapoints that are within N periods. */
function breachedFrom(
  { periodSeconds, evaluationPeriods, datapointsToAlarm }: MetricAlarmDefinition,
  starts: readonly number[],
): number | undefined {
  const most = (evaluationPeriods - 1) * periodSeconds * 1_000;
  return starts.find((start, index) => {
    const last = starts[index + datapointsToAlarm - 1];
    return last !== undefined && last - start <= most;
  });
}

/** Starts of the periods (minutes, of a longer Sum) whose datapoints breach, oldest first. */
function breachingStarts(
  cloudwatch: LocalCloudWatch,
  definition: MetricAlarmDefinition,
  fromEpochMs: number,
): readonly number[] {
  const { queries, periodSeconds } = definition;
  const [only, ...others] = queries.filter((query) => 'metric' in query);
  const summed = only !== undefined && others.length === 0 && only.stat === 'Sum' && periodSeconds > 60;
  const asked: readonly MetricQuery[] = summed ? [{ ...only, periodSeconds: 60, returnData: true }] : queries;
  const now = cloudwatch.clock.now();
  const [series] = cloudwatch.query(asked, fromEpochMs - 10 * MINUTE_MS, now);
  const points = (series?.timestamps ?? []).map((at, index) => ({ at, value: series?.values[index] ?? 0 }));
  const seen = summed ? rollingSums(points, periodSeconds * 1_000) : points;
  return seen
    .filter(({ at, value }) => at >= fromEpochMs - MINUTE_MS && breaches(definition, value))
    .map(({ at }) => at);
}

function rollingSums(
  points: readonly { readonly at: number; readonly value: number }[],
  periodMs: number,
): readonly { readonly at: number; readonly value: number }[] {
  return points.map(({ at }) => ({
    at,
    value: points
      .filter((other) => other.at <= at && other.at > at - periodMs)
      .reduce((sum, { value }) => sum + value, 0),
  }));
}
