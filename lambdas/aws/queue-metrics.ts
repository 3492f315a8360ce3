import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type MetricDataQuery,
  type MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import { SpillwayError } from '../core/errors.ts';
import type { MeasuredQueues, MetricPoint, QueueMetrics, QueuePoints } from '../core/health/readings.ts';

/** CloudWatch answered, but not with everything that was asked for. */
export class MetricsIncompleteError extends SpillwayError {
  constructor(status: string) {
    super(`CloudWatch answered with ${status}`);
  }
}

/** Metrics that one request may ask for. Source: GetMetricData in the CloudWatch API reference. */
const MOST_QUERIES = 500;
const MINUTE_MS = 60_000;

/** What is asked for of each consumer. */
const MEASURED = [
  { points: 'age', queue: 'queue', metric: 'ApproximateAgeOfOldestMessage' },
  { points: 'deadLetters', queue: 'deadLetterQueue', metric: 'ApproximateNumberOfMessagesVisible' },
  { points: 'quarantined', queue: 'quarantineQueue', metric: 'ApproximateNumberOfMessagesVisible' },
] as const satisfies readonly { points: keyof QueuePoints; queue: keyof MeasuredQueues; metric: string }[];

/**
 * Metrics that SQS has in CloudWatch, all of them by one request, of which each metric costs money. The age of the oldest
 * message is in CloudWatch alone: GetQueueAttributes does not have it.
 */
export function cloudWatchQueueMetrics(client: CloudWatchClient): QueueMetrics {
  /** What a request could not bring at once comes with the token for the next one. */
  async function readAll(
    MetricDataQueries: MetricDataQuery[],
    StartTime: Date,
    EndTime: Date,
  ): Promise<ReadonlyMap<string, readonly MetricPoint[]>> {
    const found = new Map<string, readonly MetricPoint[]>();
    let NextToken: string | undefined;
    do {
      const answer = await client.send(
        new GetMetricDataCommand({
          MetricDataQueries,
          StartTime,
          EndTime,
          ScanBy: 'TimestampAscending',
          ...(NextToken === undefined ? {} : { NextToken }),
        }),
      );
      for (const result of answer.MetricDataResults ?? []) {
        const { Id = '', StatusCode } = result;
        if (StatusCode === 'InternalError' || StatusCode === 'Forbidden') {
          throw new MetricsIncompleteError(StatusCode);
        }
        found.set(Id, [...(found.get(Id) ?? []), ...pointsOf(result)]);
      }
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
    return found;
  }

  return {
    async read(consumers, fromEpochMs, toEpochMs) {
      const queries = consumers.flatMap(queriesOf);
      // The minute that is under way is asked for as well: it ends with the next one.
      const to = new Date(Math.ceil((toEpochMs + 1) / MINUTE_MS) * MINUTE_MS);
      const from = new Date(Math.floor(fromEpochMs / MINUTE_MS) * MINUTE_MS);
      const parts: MetricDataQuery[][] = [];
      for (let at = 0; at < queries.length; at += MOST_QUERIES)
        parts.push(queries.slice(at, at + MOST_QUERIES));
      const answers = await Promise.all(parts.map((part) => readAll(part, from, to)));
      const found = new Map(answers.flatMap((answer) => [...answer]));
      return new Map(consumers.map(({ consumerId }, at) => [consumerId, queuePointsOf(found, at)]));
    },
  };
}

function queriesOf(consumer: MeasuredQueues, at: number): MetricDataQuery[] {
  return MEASURED.map(({ points, queue, metric }) => ({
    Id: idOf(points, at),
    MetricStat: {
      Metric: {
        Namespace: 'AWS/SQS',
        MetricName: metric,
        Dimensions: [{ Name: 'QueueName', Value: consumer[queue] }],
      },
      Period: 60,
      Stat: 'Maximum',
    },
  }));
}

function queuePointsOf(found: ReadonlyMap<string, readonly MetricPoint[]>, at: number): QueuePoints {
  const of = (points: keyof QueuePoints): readonly MetricPoint[] => found.get(idOf(points, at)) ?? [];
  return { age: of('age'), deadLetters: of('deadLetters'), quarantined: of('quarantined') };
}

function idOf(points: keyof QueuePoints, at: number): string {
  return `${points}${at}`;
}

function pointsOf({ Timestamps = [], Values = [] }: MetricDataResult): MetricPoint[] {
  return Timestamps.flatMap((timestamp, at) => {
    const value = Values[at];
    return value === undefined ? [] : [{ atEpochMs: timestamp.getTime(), value }];
  }).sort((one, other) => one.atEpochMs - other.atEpochMs);
}
