import { Match } from 'aws-cdk-lib/assertions';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { describe, expect, it } from 'vitest';
import { ALARM_IDS } from '../../lib/monitoring/watch.ts';
import { ALARM, COMPOSITE, full, HELD, properties } from './alarm-parts.ts';
import { consumerIn, synth } from './synth.ts';

const steady = { EvaluationPeriods: 5, DatapointsToAlarm: 3, TreatMissingData: 'notBreaching' };
const once = { EvaluationPeriods: 1, DatapointsToAlarm: 1 };
const twice = { EvaluationPeriods: 3, DatapointsToAlarm: 2 };
const onceForFive = { EvaluationPeriods: 5, DatapointsToAlarm: 1, TreatMissingData: 'notBreaching' };
const newest = { Statistic: 'Maximum', Period: 60 };
const own = { Namespace: 'Spillway', Dimensions: [{ Name: 'service', Value: 'orders' }] };
const queue = (id: string) => ({
  Namespace: 'AWS/SQS',
  Dimensions: [
    {
      Name: 'QueueName',
      Value: { 'Fn::GetAtt': [Match.stringLikeRegexp(`^ConsumerQueue${id}`), 'QueueName'] },
    },
  ],
});
const SOURCE = queue('(?!DeadLetter|Quarantine)');
const DEAD_LETTERS = queue('DeadLetterQueue');

describe('with everything on', () => {
  const { template } = full();

  it.each([
    [
      'QueueDepth',
      {
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Threshold: 10_000,
        ...SOURCE,
        ...newest,
        ...steady,
      },
    ],
    [
      'QueueAge',
      { MetricName: 'ApproximateAgeOfOldestMessage', Threshold: 300, ...SOURCE, ...newest, ...steady },
    ],
    [
      // 4 days less an hour of retention, less an hour
      'WaitingCloseToExpiry',
      {
        MetricName: 'ApproximateAgeOfOldestMessage',
        Threshold: 338_400,
        ...SOURCE,
        ...newest,
        ...steady,
        TreatMissingData: 'ignore',
      },
    ],
    [
      'CloseToExpiry',
      {
        MetricName: 'TimeToExpiry',
        Threshold: 3_600,
        ComparisonOperator: 'LessThanThreshold',
        ...own,
        Statistic: 'Minimum',
        Period: 300,
        EvaluationPeriods: 3,
        DatapointsToAlarm: 1,
        TreatMissingData: 'notBreaching',
      },
    ],
    [
      'DeadLetterDepth',
      {
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Threshold: 100,
        ...DEAD_LETTERS,
        ...newest,
        ...onceForFive,
        TreatMissingData: 'ignore',
      },
    ],
    [
      'DeadLetterAny',
      {
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Threshold: 0,
        ...DEAD_LETTERS,
        ...newest,
        ...onceForFive,
        TreatMissingData: 'ignore',
      },
    ],
    [
      'AverageAttempts',
      {
        MetricName: 'Attempts',
        Threshold: 2,
        ...own,
        Statistic: 'Average',
        Period: 300,
        EvaluationPeriods: 3,
        DatapointsToAlarm: 3,
        TreatMissingData: 'notBreaching',
      },
    ],
    [
      'ConfigurationRefused',
      {
        MetricName: 'ConfigurationRefused',
        Threshold: 0,
        ...own,
        ...newest,
        ...once,
        TreatMissingData: 'ignore',
      },
    ],
    [
      'NoRetryHelps',
      {
        MetricName: 'NeedsPerson',
        Threshold: 0,
        ...own,
        ...newest,
        EvaluationPeriods: 5,
        DatapointsToAlarm: 2,
        TreatMissingData: 'notBreaching',
      },
    ],
    ['CircuitOpen', { MetricName: 'CircuitsOpen', Threshold: 0, ...own, ...newest, ...onceForFive }],
    [
      'CircuitHalfOpenFor',
      {
        MetricName: 'CircuitHalfOpenFor',
        Threshold: 300,
        ...own,
        ...newest,
        ...once,
        TreatMissingData: 'notBreaching',
      },
    ],
    [
      'ControlLoopSilent',
      {
        MetricName: 'IntakePausedWithoutCause',
        Threshold: 1,
        ComparisonOperator: 'LessThanThreshold',
        ...own,
        Statistic: 'SampleCount',
        Period: 60,
        ...steady,
        TreatMissingData: 'breaching',
        WarmUpConfiguration: { WarmUpPeriodDurationInMinutes: 15 },
      },
    ],
    [
      'IntakeWithoutCause',
      { MetricName: 'IntakePausedWithoutCause', Threshold: 0, ...own, ...newest, ...steady },
    ],
    [
      'IntakePausedFor',
      {
        MetricName: 'IntakePausedFor',
        Threshold: 3_600,
        ...own,
        ...newest,
        ...onceForFive,
        TreatMissingData: 'ignore',
      },
    ],
    [
      'IntakeHeld',
      { MetricName: 'IntakeHeld', Threshold: 0, ...own, ...newest, ...once, TreatMissingData: 'ignore' },
    ],
    [
      'KillSwitch',
      {
        MetricName: 'KillSwitchOn',
        Threshold: 0,
        ...own,
        ...newest,
        ...onceForFive,
        TreatMissingData: 'ignore',
      },
    ],
  ])('watches %s', (id, expected) => {
    template.resourcePropertiesCountIs(
      ALARM,
      { ComparisonOperator: 'GreaterThanThreshold', Metrics: Match.absent(), ...expected },
      1,
    );
    expect(properties(template, id)).toMatchObject({
      Threshold: expected.Threshold,
      MetricName: expected.MetricName,
    });
  });

  it.each([
    ['InFlight', 80, 'inFlight / 120000 * 100', ['ApproximateNumberOfMessagesNotVisible'], steady],
    ['DeadLetterGrowth', 10, 'RATE(visible + hidden) * 60', HELD, onceForFive],
    ['QuarantineGrowth', 10, 'RATE(visible + hidden) * 60', HELD, onceForFive],
    [
      'BackstopRedrives',
      0,
      'DIFF(visible + hidden) - sent - (sent - DIFF(sent))',
      ['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible', 'NumberOfMessagesSent'],
      onceForFive,
    ],
    [
      'OutageHandled',
      0,
      'IF(open > 0 AND pausedFor > 0, 1, 0)',
      ['CircuitsOpen', 'IntakePausedFor'],
      { ...onceForFive, EvaluationPeriods: 15 },
    ],
  ])('watches %s by an expression', (id, threshold, expression, metrics, evaluated) => {
    const found = properties(template, id);
    expect(found).toMatchObject({
      Threshold: threshold,
      ComparisonOperator: 'GreaterThanThreshold',
      ...evaluated,
      Metrics: [
        { Expression: expression, ReturnData: true },
        ...metrics.map((MetricName) => ({
          ReturnData: false,
          MetricStat: {
            Metric: { MetricName },
            Period: 60,
            Stat: MetricName === 'NumberOfMessagesSent' ? 'Sum' : 'Maximum',
          },
        })),
      ],
    });
  });

  it.each([
    [
      'DeadLetterExternal',
      10,
      'DeadLettered',
      3_600,
      once,
      [{ Name: 'reason', Value: 'EXTERNAL_SERVICE_ERROR' }],
    ],
    ['Poison', 20, 'Quarantined', 3_600, once, []],
    ['RetriesExhausted', 50, 'RetriesExhausted', 3_600, once, []],
    ['SettlementFailures', 0, 'SettlementFailures', 300, twice, []],
  ])('counts what %s watches, 0 while it is silent', (id, threshold, MetricName, Period, times, more) => {
    const Dimensions = [...more, ...own.Dimensions];
    expect(properties(template, id)).toMatchObject({
      Threshold: threshold,
      ComparisonOperator: 'GreaterThanThreshold',
      ...times,
      TreatMissingData: 'notBreaching',
      Metrics: [
        { Expression: 'FILL(count, 0)', ReturnData: true },
        {
          ReturnData: false,
          MetricStat: { Metric: { MetricName, Namespace: 'Spillway', Dimensions }, Period, Stat: 'Sum' },
        },
      ],
    });
  });

  it('watches which share of invocations fails as a whole', () => {
    const sum = (MetricName: string) => ({
      MetricStat: { Metric: { Namespace: 'AWS/Lambda', MetricName }, Period: 60, Stat: 'Sum' },
    });
    expect(properties(template, 'FunctionErrors')).toMatchObject({
      Threshold: 50,
      ...steady,
      TreatMissingData: 'notBreaching',
      Metrics: [{ Expression: 'errors / invocations * 100' }, sum('Errors'), sum('Invocations')],
    });
  });

  it('has every alarm that there is', () => {
    const ids = Object.keys(template.findResources(ALARM)).map((name) =>
      name.replace(/^ConsumerAlarms|[0-9A-F]{8}$/g, ''),
    );
    expect(ids.sort()).toEqual([...ALARM_IDS].sort());
  });

  it('tells the person on call where to look, and nobody by itself', () => {
    const told = { AlarmDescription: Match.stringLikeRegexp('(Look|Read) '), AlarmActions: Match.absent() };
    template.allResourcesProperties(ALARM, told);
    template.allResourcesProperties(COMPOSITE, told);
  });

  it('says where the fingerprint of a kill switch stands', () => {
    expect(properties(template, 'KillSwitch').AlarmDescription).toMatch(
      "fingerprint in the log line 'kill switch'",
    );
  });
});

it('hands its alarms out', () => {
  synth((stack) => {
    const { alarms: made } = consumerIn(stack);
    expect(made?.alarms).toHaveLength(14);
    expect(made?.alarms.every((alarm) => alarm instanceof Alarm)).toBe(true);
    expect(made?.find('QueueAge')?.node.id).toBe('QueueAge');
    expect(made?.needsPerson?.node.id).toBe('NeedsPerson');
  });
});
