import { ApiError, type ApiService } from '../emulators/json-service.ts';
import { targetOperation } from '../emulators/request-log.ts';
import { parseJson } from '../json.ts';
import { type ApiTime, apiTime } from './api-time.ts';
import type { LocalCloudWatch } from './cloudwatch.ts';
import type { MetricStore } from './metric-store.ts';
import { putMetricData } from './put-metric-data.ts';
import { getMetricData, getMetricStatistics, listMetrics, type ReadOptions } from './read-metrics.ts';

/** What the CloudWatch API answers from. */
export interface CloudWatchApiOptions {
  readonly cloudwatch: LocalCloudWatch;
  readonly store: MetricStore;
  readonly time?: ApiTime;
}

/**
 * The part of the CloudWatch API that is played: PutMetricData, GetMetricData, GetMetricStatistics, ListMetrics. Everything
 * else is refused by name.
 *
 * Times in requests and answers are the machine's, see {@link apiTime}.
 */
export function cloudWatchApi({ cloudwatch, store, time }: CloudWatchApiOptions): ApiService {
  const { clock } = cloudwatch;
  const times = time ?? apiTime(clock);
  const reading: ReadOptions = {
    query: (queries, start, end) => cloudwatch.query(queries, start, end),
    metrics: () => cloudwatch.metrics(),
    time: times,
  };
  const operations: Readonly<Record<string, (input: unknown) => unknown>> = {
    PutMetricData(input) {
      putMetricData(input, { store, clock, time: times });
      return {};
    },
    GetMetricData: (input) => getMetricData(input, reading),
    GetMetricStatistics: (input) => getMetricStatistics(input, reading),
    ListMetrics: (input) => listMetrics(input, reading),
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
