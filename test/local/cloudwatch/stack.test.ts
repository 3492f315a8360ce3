import {
  CloudWatchClient,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  GetDashboardCommand,
  ListDashboardsCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LocalStack, MetricQuery } from '../../../local/index.ts';
import { functionResource, queueResource, run } from '../fixture.ts';

const HOUR = 3_600_000;

/** A statistic of a metric over the last hour of the stack's time. */
function lastHour(
  stack: LocalStack,
  metric: Extract<MetricQuery, { metric: unknown }>['metric'],
  stat: string,
) {
  const now = stack.cloudwatch.clock.now();
  const query = { id: 'm', metric, stat, periodSeconds: 3_600 };
  const [series] = stack.cloudwatch.query([query], now - HOUR, now + HOUR);
  const values = series?.values ?? [];
  if (values.length === 0) return undefined;
  return stat === 'Sum' || stat === 'SampleCount' ? values.reduce((a, b) => a + b, 0) : Math.max(...values);
}

const queueMetric = (stack: LocalStack, queue: string, metricName: string, stat = 'Sum') =>
  lastHour(
    stack,
    { namespace: 'AWS/SQS', metricName, dimensions: { QueueName: stack.queue(queue).name } },
    stat,
  );
const functionMetric = (stack: LocalStack, fn: string, metricName: string, stat = 'Sum') =>
  lastHour(
    stack,
    { namespace: 'AWS/Lambda', metricName, dimensions: { FunctionName: stack.function(fn).name } },
    stat,
  );

const alarmResource = (properties: Record<string, unknown>) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    Namespace: 'AWS/SQS',
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': ['Dlq', 'QueueName'] } }],
    Statistic: 'Maximum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
    ...properties,
  },
});

const WATCHED = {
  Dlq: queueResource(),
  Inbox: queueResource(),
  Topic: { Type: 'AWS::SNS::Topic', Properties: {} },
  Subscription: {
    Type: 'AWS::SNS::Subscription',
    Properties: {
      TopicArn: { Ref: 'Topic' },
      Protocol: 'sqs',
      Endpoint: { 'Fn::GetAtt': ['Inbox', 'Arn'] },
      RawMessageDelivery: true,
    },
  },
  DlqAlarm: alarmResource({
    AlarmName: 'dlq',
    Threshold: '0',
    Period: '60',
    AlarmActions: [{ Ref: 'Topic' }],
  }),
  Person: {
    Type: 'AWS::CloudWatch::CompositeAlarm',
    Properties: {
      AlarmRule: { 'Fn::Join': ['', ['ALARM("', { 'Fn::GetAtt': ['DlqAlarm', 'Arn'] }, '")']] },
      AlarmActions: ['arn:aws:ssm:us-east-1:0:opsitem:1'],
    },
  },
  Board: {
    Type: 'AWS::CloudWatch::Dashboard',
    Properties: {
      DashboardName: 'board',
      DashboardBody: {
        'Fn::Join': [
          '',
          [
            '{"widgets":[{"type":"alarm","properties":{"alarms":["',
            { 'Fn::GetAtt': ['DlqAlarm', 'Arn'] },
            '"]}}]}',
          ],
        ],
      },
    },
  },
  Query: { Type: 'AWS::Logs::QueryDefinition', Properties: { Name: 'q', QueryString: 'fields @message' } },
};

describe('alarms of a stack', () => {
  it('go off and recover with their queue, carry their composite along, and publish to topics', async () => {
    const { stack, send } = await run({ App: { resources: WATCHED } }, {}, { timeScale: 300 });
    const heard: string[] = [];
    const end = stack.cloudwatch.onAlarm(({ logicalId }, { to }) => heard.push(`${logicalId} ${to}`));
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(['DlqAlarm OK', 'Person OK']);
    await send('Dlq', 'lost');
    await expect.poll(() => heard.slice(2), { timeout: 10_000 }).toEqual(['DlqAlarm ALARM', 'Person ALARM']);
    const inbox = () => stack.queue('Inbox').messages();
    await expect.poll(async () => (await inbox()).length).toBe(1);
    const [message] = await inbox();
    expect(JSON.parse(message?.body ?? '{}')).toMatchObject({
      AlarmName: 'dlq',
      NewStateValue: 'ALARM',
      Trigger: { MetricName: 'ApproximateNumberOfMessagesVisible' },
    });
    await stack.queue('Dlq').purge();
    await expect.poll(() => heard.slice(4), { timeout: 10_000 }).toEqual(['DlqAlarm OK', 'Person OK']);
    end();
    const { alarm } = stack.cloudwatch;
    expect(alarm('dlq').reason).toContain('was not greater than the threshold (0.0)');
    expect(alarm('Person').reason).toContain('alarm:dlq transitioned to OK at');
    expect(stack.warnings).toEqual([
      'Person: the alarm action arn:aws:ssm:us-east-1:0:opsitem:1 is not played',
    ]);
  });

  it('and dashboards are described to the SDK', async () => {
    const { stack } = await run({ App: { resources: WATCHED } });
    const client = new CloudWatchClient(stack.clientConfig('cloudwatch'));
    onTestFinished(() => client.destroy());
    const StateReason = 'a drill';
    await client.send(new SetAlarmStateCommand({ AlarmName: 'dlq', StateValue: 'ALARM', StateReason }));
    const { MetricAlarms, CompositeAlarms } = await client.send(
      new DescribeAlarmsCommand({ AlarmTypes: ['MetricAlarm', 'CompositeAlarm'], StateValue: 'ALARM' }),
    );
    expect(MetricAlarms).toMatchObject([
      { AlarmName: 'dlq', StateValue: 'ALARM', StateReason, Threshold: 0, Period: 60, ActionsEnabled: true },
    ]);
    expect(CompositeAlarms).toMatchObject([
      { AlarmRule: expect.stringContaining('alarm:dlq'), StateValue: 'ALARM' },
    ]);
    const history = await client.send(new DescribeAlarmHistoryCommand({ AlarmName: 'dlq' }));
    expect(history.AlarmHistoryItems).toMatchObject([
      { AlarmName: 'dlq', HistorySummary: 'Alarm updated from INSUFFICIENT_DATA to ALARM' },
    ]);
    const { Timestamp } = history.AlarmHistoryItems?.[0] ?? {};
    expect(Math.abs(Date.now() - (Timestamp?.getTime() ?? 0))).toBeLessThan(60_000);
    const { DashboardEntries } = await client.send(new ListDashboardsCommand({}));
    expect(DashboardEntries).toMatchObject([{ DashboardName: 'board' }]);
    const { DashboardBody = '' } = await client.send(new GetDashboardCommand({ DashboardName: 'board' }));
    expect(JSON.parse(DashboardBody)).toEqual(stack.cloudwatch.dashboards[0]?.body);
    await expect(client.send(new GetDashboardCommand({ DashboardName: 'none' }))).rejects.toThrow(
      'does not exist',
    );
    const drill = new SetAlarmStateCommand({ AlarmName: 'none', StateValue: 'OK', StateReason });
    await expect(client.send(drill)).rejects.toMatchObject({ name: 'ResourceNotFound' });
  });

  it('that cannot be played are named in a warning', async () => {
    const { stack } = await run({
      App: {
        resources: {
          Dlq: queueResource(),
          Wall: alarmResource({ EvaluationWindow: { WallClockWindow: {} } }),
          Anomaly: alarmResource({ ComparisonOperator: 'GreaterThanUpperThreshold' }),
          Wrong: { Type: 'AWS::CloudWatch::CompositeAlarm', Properties: { AlarmRule: 'ALARM(' } },
          Lonely: { Type: 'AWS::CloudWatch::CompositeAlarm', Properties: { AlarmRule: 'ALARM(nobody)' } },
          Board: { Type: 'AWS::CloudWatch::Dashboard', Properties: { DashboardBody: 'no' } },
          Filter: { Type: 'AWS::Logs::MetricFilter', Properties: {} },
        },
      },
    });
    expect(stack.warnings).toEqual([
      'Filter: resources of type AWS::Logs::MetricFilter are not played by the local stack',
      "Wall: wall clock windows are not played: the alarm's periods slide",
      'Anomaly: this alarm is not played: the comparison operator is not played: GreaterThanUpperThreshold',
      "Wrong: this alarm is not played: AlarmRule: cannot read 'ALARM('",
      'Board: its DashboardBody is not a JSON object',
      'Lonely: the alarm nobody of its rule is not played: it counts as INSUFFICIENT_DATA',
    ]);
  });
});

const FLAKY = `exports.handler = async ({ fail }) => {
  await new Promise((resolve) => setTimeout(resolve, 55));
  if (fail) throw new Error('no');
};`;

describe('metrics of queues and functions', () => {
  it('count messages, not requests, and no redrive as a send', async () => {
    const redrive = { deadLetterTargetArn: { 'Fn::GetAtt': ['Dlq', 'Arn'] }, maxReceiveCount: 3 };
    const resources = { Dlq: queueResource(), Queue: queueResource({ RedrivePolicy: redrive }) };
    const { stack, sqs } = await run({ App: { resources } }, {}, { timeScale: 300 });
    const QueueUrl = stack.queue('Queue').url;
    const Entries = ['1', '2', 'bad'].map((Id) => ({ Id, MessageBody: Id }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    for (let receive = 0; receive < 4; receive += 1) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
      );
      for (const { Body, ReceiptHandle } of Messages) {
        const message = { QueueUrl, ReceiptHandle };
        if (Body !== 'bad') await sqs.send(new DeleteMessageCommand(message));
        else await sqs.send(new ChangeMessageVisibilityCommand({ ...message, VisibilityTimeout: 0 }));
      }
    }
    await expect
      .poll(() => queueMetric(stack, 'Dlq', 'ApproximateNumberOfMessagesVisible', 'Maximum'))
      .toBe(1);
    expect(queueMetric(stack, 'Queue', 'NumberOfMessagesSent')).toBe(3);
    expect(queueMetric(stack, 'Queue', 'NumberOfMessagesDeleted')).toBe(2);
    expect(queueMetric(stack, 'Queue', 'NumberOfMessagesReceived')).toBe(5);
    expect(queueMetric(stack, 'Dlq', 'NumberOfMessagesSent')).toBe(0);
    await expect
      .poll(() => queueMetric(stack, 'Dlq', 'ApproximateAgeOfOldestMessage', 'Maximum'))
      .toBeGreaterThan(0);
  });

  it('count invocations, with an error of 0 for each that succeeded', async () => {
    const { stack } = await run(
      { App: { resources: { Fn: functionResource('fn', { ReservedConcurrentExecutions: 1 }) } } },
      { fn: { 'index.js': FLAKY } },
      { timeScale: 60 },
    );
    const fn = stack.function('Fn');
    await fn.invoke({ fail: false });
    await fn.invoke({ fail: true });
    await Promise.all([fn.invoke({ fail: false }), fn.invoke({ fail: false })]);
    expect(functionMetric(stack, 'Fn', 'Invocations')).toBe(3);
    expect(functionMetric(stack, 'Fn', 'Errors')).toBe(1);
    expect(functionMetric(stack, 'Fn', 'Errors', 'SampleCount')).toBe(3);
    expect(functionMetric(stack, 'Fn', 'Throttles')).toBe(1);
    expect(functionMetric(stack, 'Fn', 'ConcurrentExecutions', 'Maximum')).toBe(1);
    expect(functionMetric(stack, 'Fn', 'Duration', 'Maximum')).toBeGreaterThanOrEqual(50 * 60);
  });

  it('tell the age of the oldest message in the stack’s time', async () => {
    const { stack, send } = await run(
      { App: { resources: { Queue: queueResource() } } },
      {},
      { timeScale: 600 },
    );
    await send('Queue', 'waits');
    await expect
      .poll(() => queueMetric(stack, 'Queue', 'ApproximateAgeOfOldestMessage', 'Maximum'), {
        timeout: 10_000,
      })
      .toBeGreaterThan(120);
    expect(queueMetric(stack, 'Queue', 'ApproximateNumberOfMessagesNotVisible', 'Maximum')).toBe(0);
  });
});

describe('schedules', () => {
  it('follow the stack’s clock', async () => {
    const { stack } = await run(
      {
        App: {
          resources: {
            Queue: queueResource(),
            Rule: {
              Type: 'AWS::Events::Rule',
              Properties: {
                ScheduleExpression: 'rate(1 minute)',
                Targets: [{ Id: 't', Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] } }],
              },
            },
          },
        },
      },
      {},
      { timeScale: 300 },
    );
    await expect
      .poll(async () => (await stack.queue('Queue').messages()).length, { timeout: 10_000 })
      .toBeGreaterThan(2);
    const times = (await stack.queue('Queue').messages()).map(({ body }) =>
      Date.parse(JSON.parse(body).time),
    );
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(60_000);
  });

  it('and the clock cannot go slower than the machine’s', async () => {
    await expect(run({ App: { resources: {} } }, {}, { timeScale: 0.5 })).rejects.toThrow(
      'timeScale must be a number of 1 or more, got 0.5',
    );
  });
});
