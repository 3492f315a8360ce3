import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
} from '@aws-sdk/client-cloudwatch';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ApiError } from '../../../local/index.ts';
import { functionResource, run } from '../fixture.ts';

const MINUTE = 60_000;

async function setup(options: Parameters<typeof run>[2] = {}) {
  const { stack } = await run({ App: { resources: {} } }, {}, options);
  const client = new CloudWatchClient({ ...stack.clientConfig('cloudwatch'), maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  const minute = Math.floor(Date.now() / MINUTE) * MINUTE - 2 * MINUTE;
  return { stack, client, minute };
}

const latency = (id: string, stat: string) => ({
  Id: id,
  MetricStat: { Metric: { Namespace: 'Shop', MetricName: 'Latency' }, Period: 60, Stat: stat },
});

describe('the CloudWatch API, called with the SDK', () => {
  it('gives back what was put, with statistics and math, newest first', async () => {
    const { client, minute } = await setup();
    const at = (index: number) => new Date(minute + index * MINUTE);
    const MetricData = [
      { MetricName: 'Latency', Timestamp: at(0), Values: [10, 20, 40], Counts: [1, 2, 1] },
      { MetricName: 'Latency', Timestamp: at(1), Value: 7 },
    ];
    await client.send(new PutMetricDataCommand({ Namespace: 'Shop', MetricData }));
    const { MetricDataResults = [] } = await client.send(
      new GetMetricDataCommand({
        StartTime: at(0),
        EndTime: at(2),
        MetricDataQueries: [latency('sum', 'Sum'), latency('p50', 'p50'), { Id: 'e', Expression: 'sum / 2' }],
      }),
    );
    expect(MetricDataResults.map(({ Id, Timestamps, Values }) => ({ Id, Timestamps, Values }))).toEqual([
      { Id: 'sum', Timestamps: [at(1), at(0)], Values: [7, 90] },
      { Id: 'p50', Timestamps: [at(1), at(0)], Values: [7, 20] },
      { Id: 'e', Timestamps: [at(1), at(0)], Values: [3.5, 45] },
    ]);
  });

  it('takes the compressed body that the SDK sends for much data', async () => {
    const { client, minute } = await setup();
    const MetricData = Array.from({ length: 500 }, (_, index) => ({
      MetricName: `Metric${index}`,
      Timestamp: new Date(minute),
      Value: index,
    }));
    await client.send(new PutMetricDataCommand({ Namespace: 'Shop', MetricData }));
    const first = await client.send(new ListMetricsCommand({ Namespace: 'Shop' }));
    expect(first.Metrics).toHaveLength(500);
  });

  it('answers GetMetricStatistics with all statistics of a period in one datapoint', async () => {
    const { client, minute } = await setup();
    const dimensions = [{ Name: 'shop', Value: 'a' }];
    const datum = { MetricName: 'Latency', Dimensions: dimensions, Timestamp: new Date(minute) };
    const StatisticValues = { SampleCount: 4, Sum: 8, Minimum: 1, Maximum: 3 };
    await client.send(
      new PutMetricDataCommand({ Namespace: 'Shop', MetricData: [{ ...datum, StatisticValues }] }),
    );
    const { Datapoints } = await client.send(
      new GetMetricStatisticsCommand({
        Namespace: 'Shop',
        MetricName: 'Latency',
        Dimensions: dimensions,
        StartTime: new Date(minute),
        EndTime: new Date(minute + MINUTE),
        Period: 60,
        Statistics: ['Average', 'Maximum', 'SampleCount'],
      }),
    );
    expect(Datapoints).toEqual([{ Timestamp: new Date(minute), Average: 2, Maximum: 3, SampleCount: 4 }]);
  });

  it('lists metrics by dimension', async () => {
    const { client } = await setup();
    const MetricData = ['a', 'b'].map((Value) => ({
      MetricName: 'Sales',
      Dimensions: [{ Name: 'shop', Value }],
      Value: 1,
    }));
    await client.send(new PutMetricDataCommand({ Namespace: 'Shop', MetricData }));
    const { Metrics } = await client.send(
      new ListMetricsCommand({ MetricName: 'Sales', Dimensions: [{ Name: 'shop', Value: 'b' }] }),
    );
    expect(Metrics).toEqual([
      { Namespace: 'Shop', MetricName: 'Sales', Dimensions: [{ Name: 'shop', Value: 'b' }] },
    ]);
  });

  it('puts nothing if one datum is refused', async () => {
    const { client, stack } = await setup();
    const MetricData = [
      { MetricName: 'Good', Value: 1 },
      { MetricName: 'Late', Value: 1, Timestamp: new Date(Date.now() + 3 * 3_600_000) },
    ];
    await expect(
      client.send(new PutMetricDataCommand({ Namespace: 'Shop', MetricData })),
    ).rejects.toMatchObject({ name: 'ValidationException' }); // as the SDK names it
    expect(stack.cloudwatch.metrics()).toEqual([]);
  });

  it('sees a minute of the stack where the caller sees a minute', async () => {
    const { client, stack } = await setup({ timeScale: 1_000 });
    const { clock } = stack.cloudwatch;
    const id = { namespace: 'Shop', metricName: 'Latency', dimensions: {} };
    stack.cloudwatch.put([{ ...id, atEpochMs: clock.now() - 4 * MINUTE, values: [5] }]);
    const query = (minutes: number) =>
      client.send(
        new GetMetricDataCommand({
          StartTime: new Date(Date.now() - minutes * MINUTE),
          EndTime: new Date(),
          MetricDataQueries: [latency('sum', 'Sum')],
        }),
      );
    expect((await query(30)).MetricDataResults?.[0]?.Values).toEqual([5]);
    expect((await query(1)).MetricDataResults?.[0]?.Values).toEqual([]);
  });

  it('is where functions find CloudWatch', async () => {
    const code = 'exports.handler = async () => process.env.AWS_ENDPOINT_URL_CLOUDWATCH;';
    const { stack } = await run(
      { App: { resources: { Fn: functionResource('fn') } } },
      { fn: { 'index.js': code } },
    );
    const { payload } = await stack.function('Fn').invoke({});
    expect(payload).toBe(stack.endpoints.cloudwatch);
  });

  it('refuses a body that is not what it says, and operations that are not played', async () => {
    const { stack, client } = await setup();
    const response = await fetch(stack.endpoints.cloudwatch, {
      method: 'POST',
      headers: { 'content-encoding': 'gzip', 'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData' },
      body: 'not compressed',
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('x-amzn-errortype')).toBe('SerializationException');
    await expect(client.send(new DeleteAlarmsCommand({ AlarmNames: ['a'] }))).rejects.toThrow(
      'DeleteAlarms is not played by the local stack',
    );
  });

  it('answers with the error that it was told to', async () => {
    const { client } = await setup({
      apiFault: ({ service, operation }) =>
        service === 'cloudwatch' ? new ApiError(400, 'Throttling', `${operation}: slow down`) : undefined,
    });
    await expect(client.send(new ListMetricsCommand({}))).rejects.toMatchObject({
      name: 'Throttling',
      message: 'ListMetrics: slow down',
    });
  });
});

describe('metrics that functions write', () => {
  it('are found under the time that the stack had', async () => {
    const code = `exports.handler = async () => {
      console.log(JSON.stringify({
        _aws: { Timestamp: Date.now(), CloudWatchMetrics: [
          { Namespace: 'Shop', Dimensions: [['shop'], []], Metrics: [{ Name: 'Sold', Unit: 'Count' }] }] },
        shop: 'a', Sold: [1, 2],
      }));
      console.log(JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics: [{}] } }));
    };`;
    const { stack } = await run(
      { App: { resources: { Fn: functionResource('fn') } } },
      { fn: { 'index.js': code } },
      { timeScale: 60 },
    );
    await stack.function('Fn').invoke({});
    await stack.function('Fn').invoke({});
    const { cloudwatch } = stack;
    const id = { namespace: 'Shop', metricName: 'Sold', dimensions: { shop: 'a' } };
    await expect
      .poll(() => {
        const now = cloudwatch.clock.now();
        const query = { id: 'm', metric: id, stat: 'Sum', periodSeconds: 3_600 };
        return cloudwatch.query([query], now - 3_600_000, now)[0]?.values.reduce((a, b) => a + b, 0);
      })
      .toBe(6);
    expect(cloudwatch.metrics()).toContainEqual({ ...id, dimensions: {} });
    expect(stack.warnings.filter((warning) => warning.includes('embedded metric format'))).toEqual([
      'Fn: a line in the embedded metric format is not valid: a directive has no Namespace',
    ]);
  });
});
