import { findOne } from '../stack.ts';
import type { LocalAlarm, LocalCloudWatch, LocalDashboard, MetricDatum } from './cloudwatch.ts';
import { invalid } from './invalid.ts';
import type { MetricStore } from './metric-store.ts';
import { runQueries } from './query.ts';
import type { StackClock } from './stack-clock.ts';

const MAX_FUTURE_MS = 2 * 3_600_000;

/** What the CloudWatch of a local stack is made of. */
export interface LocalCloudWatchOptions {
  readonly clock: StackClock;
  readonly store: MetricStore;
  readonly alarms: readonly LocalAlarm[];
  readonly dashboards: readonly LocalDashboard[];
  readonly onAlarm: LocalCloudWatch['onAlarm'];
}

/** The face of the local CloudWatch over its parts. */
export function createLocalCloudWatch(options: LocalCloudWatchOptions): LocalCloudWatch {
  const { clock, store, alarms, dashboards, onAlarm } = options;
  return {
    clock,
    alarms,
    dashboards,
    alarm: (id) =>
      findOne(alarms, 'alarm', id, ({ constructPath, logicalId, name, arn }) => [
        ...new Set([constructPath, logicalId, name, arn]),
      ]),
    query: (queries, startEpochMs, endEpochMs, offsetMs = 0) =>
      runQueries(store, queries, { startEpochMs, endEpochMs, offsetMs }),
    metrics: () => store.metrics(),
    put: (data) => {
      for (const datum of data) put(store, datum, clock);
    },
    onAlarm,
  };
}

function put(store: MetricStore, { atEpochMs, values, counts, ...id }: MetricDatum, clock: StackClock): void {
  if (atEpochMs > clock.now() + MAX_FUTURE_MS) throw invalid('atEpochMs is more than two hours ahead');
  const { namespace, metricName, dimensions } = id;
  const metric = store.metric({ namespace, metricName, dimensions });
  if (metric === undefined) throw invalid('There are too many metrics');
  for (const [index, value] of values.entries()) metric.add(atEpochMs, value, counts?.[index] ?? 1);
}
