import { CloudWatchClient, type GetMetricDataCommandInput } from '@aws-sdk/client-cloudwatch';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cloudWatchQueueMetrics, MetricsIncompleteError } from '../../lambdas/aws/queue-metrics.ts';
import { run } from '../local/fixture.ts';

const MINUTE = 60_000;

const queuesOf = (consumerId: string) => ({
  consumerId,
  queue: consumerId,
  deadLetterQueue: `${consumerId}-dlq`,
  quarantineQueue: `${consumerId}-quarantine`,
});

async function setup() {
  const { stack } = await run({ App: { resources: {} } }, {});
  const client = new CloudWatchClient({ ...stack.clientConfig('cloudwatch'), maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  const minute = Math.floor(Date.now() / MINUTE) * MINUTE;
  const put = (QueueName: string, metricName: string, ...values: readonly number[]): void =>
    stack.cloudwatch.put(
      values.map((value, at) => ({
        namespace: 'AWS/SQS',
        metricName,
        dimensions: { QueueName },
        atEpochMs: minute - (values.length - 1 - at) * MINUTE,
        values: [value],
      })),
    );
  return { client, stack, minute, put, metrics: cloudWatchQueueMetrics(client) };
}

it('reads age, dead letters and quarantine of all consumers by one request, oldest first, the current minute included', async () => {
  const { stack, minute, put, metrics } = await setup();
  put('orders', 'ApproximateAgeOfOldestMessage', 10, 70);
  put('orders-dlq', 'ApproximateNumberOfMessagesVisible', 1, 2, 3);
  put('orders-dlq', 'ApproximateAgeOfOldestMessage', 9_999);
  put('mail-quarantine', 'ApproximateNumberOfMessagesVisible', 5);
  put('other', 'ApproximateAgeOfOldestMessage', 9_999);
  const now = Date.now();
  const found = await metrics.read([queuesOf('orders'), queuesOf('mail')], now - 15 * MINUTE, now);
  expect(Object.fromEntries(found)).toEqual({
    orders: {
      age: [
        { atEpochMs: minute - MINUTE, value: 10 },
        { atEpochMs: minute, value: 70 },
      ],
      deadLetters: [
        { atEpochMs: minute - 2 * MINUTE, value: 1 },
        { atEpochMs: minute - MINUTE, value: 2 },
        { atEpochMs: minute, value: 3 },
      ],
      quarantined: [],
    },
    mail: { age: [], deadLetters: [], quarantined: [{ atEpochMs: minute, value: 5 }] },
  });
  expect(stack.requestCounts('cloudwatch')).toEqual({ GetMetricData: 1 });
});

describe('what CloudWatch may answer', () => {
  /** A client whose answers are made up. */
  function answering(answer: (input: GetMetricDataCommandInput, call: number) => object) {
    const client = new CloudWatchClient({
      region: 'eu-west-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const inputs: GetMetricDataCommandInput[] = [];
    client.middlewareStack.add(
      () => async (args) => {
        const input = args.input as GetMetricDataCommandInput;
        inputs.push(input);
        return { response: {}, output: { $metadata: {}, ...answer(input, inputs.length) } };
      },
      { step: 'initialize', name: 'answer' },
    );
    return { inputs, metrics: cloudWatchQueueMetrics(client) };
  }

  it('comes in parts, which are put together', async () => {
    const at = (minute: number) => new Date(minute * MINUTE);
    const { inputs, metrics } = answering((_input, call) =>
      call === 1
        ? {
            NextToken: 'more',
            MetricDataResults: [{ Id: 'age0', StatusCode: 'PartialData', Timestamps: [at(1)], Values: [1] }],
          }
        : { MetricDataResults: [{ Id: 'age0', StatusCode: 'Complete', Timestamps: [at(2)], Values: [2] }] },
    );
    const found = await metrics.read([queuesOf('orders')], 0, 3 * MINUTE);
    expect(found.get('orders')?.age.map(({ value }) => value)).toEqual([1, 2]);
    expect(inputs.map(({ NextToken }) => NextToken)).toEqual([undefined, 'more']);
  });

  it.each(['InternalError', 'Forbidden'])('has no answer for a metric: %s', async (StatusCode) => {
    const { metrics } = answering(() => ({ MetricDataResults: [{ Id: 'age0', StatusCode }] }));
    await expect(metrics.read([queuesOf('orders')], 0, MINUTE)).rejects.toThrow(MetricsIncompleteError);
  });

  it('is asked for at most 500 metrics at a time', async () => {
    const { inputs, metrics } = answering(() => ({}));
    const many = Array.from({ length: 167 }, (_each, at) => queuesOf(`c${at}`));
    expect((await metrics.read(many, 0, MINUTE)).size).toBe(167);
    expect(inputs.map(({ MetricDataQueries = [] }) => MetricDataQueries.length)).toEqual([500, 1]);
    const ids = inputs.flatMap(({ MetricDataQueries = [] }) => MetricDataQueries.map(({ Id }) => Id));
    expect(new Set(ids).size).toBe(501);
  });

  it('is asked for whole minutes, the one that is under way included', async () => {
    const { inputs, metrics } = answering(() => ({}));
    await metrics.read([queuesOf('orders')], 90_000, 240_000);
    expect(inputs.map(({ StartTime, EndTime }) => [StartTime?.getTime(), EndTime?.getTime()])).toEqual([
      [60_000, 300_000],
    ]);
  });
});
