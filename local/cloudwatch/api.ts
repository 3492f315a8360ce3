import { ApiError, type ApiService } from '../emulators/json-service.ts';
import { targetOperation } from '../emulators/request-log.ts';
import { parseJson } from '../json.ts';
import type { AlarmBook } from './alarms/alarm-book.ts';
import {
  type AlarmApiOptions,
  describeAlarmHistory,
  describeAlarms,
  getDashboard,
  listDashboards,
  setAlarmState,
} from './api-alarms.ts';
import { type ApiTime, apiTime } from './api-time.ts';
import type { LocalCloudWatch } from './cloudwatch.ts';
import type { MetricStore } from './metric-store.ts';
import { putMetricData } from './put-metric-data.ts';
import { getMetricData, getMetricStatistics, listMetrics, type ReadOptions } from './read-metrics.ts';

/** What the CloudWatch API answers from. */
export interface CloudWatchApiOptions {
  readonly cloudwatch: LocalCloudWatch;
  readonly store: MetricStore;
  readonly alarms: AlarmBook;
  readonly time?: ApiTime;
}

/**
 * The part of the CloudWatch API that is played: PutMetricData, GetMetricData, GetMetricStatistics, ListMetrics,
 * DescribeAlarms, DescribeAlarmHistory, SetAlarmState, ListDashboards, GetDashboard. Everything else is refused by name.
 *
 * Times in requests and answers are the machine's, see {@link apiTime}.
 */
export function cloudWatchApi({ cloudwatch, store, alarms, time }: CloudWatchApiOptions): ApiService {
  const { clock } = cloudwatch;
  const times = time ?? apiTime(clock);
  const reading: ReadOptions = {
    query: (queries, start, end) => cloudwatch.query(queries, start, end),
    metrics: () => cloudwatch.metrics(),
    time: times,
  };
  const watching: AlarmApiOptions = { alarms, dashboards: cloudwatch.dashboards, time: times };
  const operations: Readonly<Record<string, (input: unknown) => unknown>> = {
    PutMetricData(input) {
      putMetricData(input, { store, clock, time: times });
      return {};
    },
    GetMetricData: (input) => getMetricData(input, reading),
    GetMetricStatistics: (input) => getMetricStatistics(input, reading),
    ListMetrics: (input) => listMetrics(input, reading),
    DescribeAlarms: (input) => describeAlarms(input, watching),
    DescribeAlarmHistory: (input) => describeAlarmHistory(input, watching),
    SetAlarmState: (input) => setAlarmState(input, watching),
    ListDashboards: (input) => listDashboards(input, watching),
    GetDashboard: (input) => getDashboard(input, watching),
  };
  return {
    service: 'cloudwatch',
    operation: ({ headers }) => targetOperation(headers['x-amz-target']),
    async serve({ body }, operation) {
      const run = operations[operation];
      if (run === undefined) {
        throw new ApiError(400, 'UnknownOperationException', `${operation} is not played by the local stack`);
      }
      return {
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: run(body === '' ? {} : parseJson(body)),
      };
    },
  };
}
