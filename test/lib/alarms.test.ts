import { Duration, type Stack } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { Alarm, type IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, it } from 'vitest';
import { ResilienceAlarms, type ResilienceAlarmsOptions, ResilientQueue } from '../../lib/index.ts';
import { consumerIn, synth } from './synth.ts';

const ALARM = 'AWS::CloudWatch::Alarm';
const SOURCE = { 'Fn::GetAtt': [Match.stringLikeRegexp('^OrdersQueue'), 'QueueName'] };
const DEAD_LETTERS = { 'Fn::GetAtt': [Match.stringLikeRegexp('^OrdersDeadLetterQueue'), 'QueueName'] };

const alarms =
  (options: ResilienceAlarmsOptions = {}) =>
  (stack: Stack): void => {
    const queue = new ResilientQueue(stack, 'Orders');
    new ResilienceAlarms(stack, 'Alarms', { queue, consumerId: 'orders', ...options });
  };

describe('by default', () => {
  const template = synth(alarms());

  it.each([
    [
      'ApproximateNumberOfMessagesVisible',
      {
        Threshold: 10_000,
        Statistic: 'Maximum',
        Period: 60,
        EvaluationPeriods: 5,
        DatapointsToAlarm: 3,
        TreatMissingData: 'notBreaching',
        Dimensions: [{ Name: 'QueueName', Value: SOURCE }],
      },
    ],
    [
      'ApproximateAgeOfOldestMessage',
      {
        Threshold: 300,
        Statistic: 'Maximum',
        Period: 60,
        EvaluationPeriods: 5,
        DatapointsToAlarm: 3,
        TreatMissingData: 'notBreaching',
        Dimensions: [{ Name: 'QueueName', Value: SOURCE }],
      },
    ],
    [
      'ApproximateNumberOfMessagesVisible',
      {
        Threshold: 100,
        Statistic: 'Maximum',
        Period: 60,
        EvaluationPeriods: 1,
        DatapointsToAlarm: 1,
        TreatMissingData: 'ignore',
        Dimensions: [{ Name: 'QueueName', Value: DEAD_LETTERS }],
      },
    ],
    [
      'Quarantined',
      {
        Namespace: 'Spillway',
        Threshold: 20,
        Statistic: 'Sum',
        Period: 3_600,
        EvaluationPeriods: 1,
        TreatMissingData: 'notBreaching',
        Dimensions: [{ Name: 'service', Value: 'orders' }],
      },
    ],
    [
      'SettlementFailures',
      {
        Namespace: 'Spillway',
        Threshold: 0,
        Statistic: 'Sum',
        Period: 300,
        EvaluationPeriods: 1,
        DatapointsToAlarm: 1,
        TreatMissingData: 'notBreaching',
        Dimensions: [{ Name: 'service', Value: 'orders' }],
      },
    ],
  ])('watches %s', (MetricName, properties) => {
    template.resourcePropertiesCountIs(
      ALARM,
      { MetricName, ComparisonOperator: 'GreaterThanThreshold', ...properties },
      1,
    );
  });

  it('watches the growth of the dead-letter queue, a minute', () => {
    template.hasResourceProperties(ALARM, {
      Threshold: 10,
      TreatMissingData: 'notBreaching',
      Metrics: [
        Match.objectLike({ Expression: 'RATE(visible) * 60', ReturnData: true }),
        Match.objectLike({
          Id: 'visible',
          MetricStat: {
            Metric: {
              MetricName: 'ApproximateNumberOfMessagesVisible',
              Namespace: 'AWS/SQS',
              Dimensions: [{ Name: 'QueueName', Value: DEAD_LETTERS }],
            },
            Period: 60,
            Stat: 'Maximum',
          },
          ReturnData: false,
        }),
      ],
    });
  });

  it('tells the person on call where to look, and nobody by itself', () => {
    template.resourceCountIs(ALARM, 6);
    template.allResourcesProperties(ALARM, {
      AlarmDescription: Match.stringLikeRegexp('(Look|Read) '),
      AlarmActions: Match.absent(),
    });
  });
});

describe('on the intake, where a controller reports it', () => {
  const controlled = (options: ResilienceAlarmsOptions = {}) =>
    synth((stack) => {
      const queue = new ResilientQueue(stack, 'Orders');
      const props = { queue, consumerId: 'orders', intakeControlled: true };
      new ResilienceAlarms(stack, 'Alarms', { ...props, ...options });
    });
  const atOnce = { EvaluationPeriods: 1, DatapointsToAlarm: 1, TreatMissingData: 'ignore' };

  it.each([
    [
      'IntakePausedWithoutCause',
      { Threshold: 0, EvaluationPeriods: 5, DatapointsToAlarm: 3, TreatMissingData: 'breaching' },
    ],
    ['IntakePausedFor', { Threshold: 3_600, ...atOnce }],
    ['IntakeHeld', { Threshold: 0, ...atOnce }],
    ['KillSwitchOn', { Threshold: 0, ...atOnce }],
  ])('watches %s', (MetricName, properties) => {
    controlled().resourcePropertiesCountIs(
      ALARM,
      {
        MetricName,
        Namespace: 'Spillway',
        Dimensions: [{ Name: 'service', Value: 'orders' }],
        ComparisonOperator: 'GreaterThanThreshold',
        Statistic: 'Maximum',
        Period: 60,
        AlarmDescription: Match.stringLikeRegexp('(Look|Read) '),
        ...properties,
      },
      1,
    );
  });

  it('takes another time, and leaves out what is switched off', () => {
    controlled({ intakePausedFor: Duration.hours(6) }).hasResourceProperties(ALARM, {
      MetricName: 'IntakePausedFor',
      Threshold: 21_600,
    });
    const off = { intakeWithoutCause: false, intakePausedFor: false, intakeHeld: false } as const;
    controlled({ ...off, killSwitch: false }).resourceCountIs(ALARM, 6);
  });

  it('says where the fingerprint of a kill switch stands', () => {
    controlled().hasResourceProperties(ALARM, {
      MetricName: 'KillSwitchOn',
      AlarmDescription: Match.stringLikeRegexp("fingerprint in the log line 'kill switch'"),
    });
  });

  it('has none on a kill switch that the consumer has not', () => {
    const template = synth((stack) => {
      consumerIn(stack, { killSwitch: false });
    });
    template.resourcePropertiesCountIs(ALARM, { MetricName: 'KillSwitchOn' }, 0);
    template.resourcePropertiesCountIs(ALARM, { MetricName: 'IntakeHeld' }, 1);
  });
});

it('takes other thresholds', () => {
  const template = synth(
    alarms({
      queueDepth: 1,
      queueAge: Duration.minutes(1),
      deadLetterDepth: 2,
      deadLetterGrowth: 3,
      poison: 4,
      settlementFailures: 5,
      deadLetterAny: true,
    }),
  );
  const thresholds = Object.values(template.findResources(ALARM)).map(
    ({ Properties }) => Properties.Threshold,
  );
  expect(thresholds.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 60]);
});

it('leaves out what is switched off', () => {
  const off = {
    queueDepth: false,
    queueAge: false,
    deadLetterDepth: false,
    deadLetterGrowth: false,
    poison: false,
  } as const;
  synth(alarms({ ...off, settlementFailures: false })).resourceCountIs(ALARM, 0);
  synth(alarms(off)).resourceCountIs(ALARM, 1);
  synth((stack) => {
    consumerIn(stack, { alarms: false });
  }).resourceCountIs(ALARM, 0);
});

it('tells a topic, and does whatever else it is given', () => {
  const template = synth((stack) => {
    const action: IAlarmAction = { bind: () => ({ alarmActionArn: 'arn:aws:action' }) };
    consumerIn(stack, { alarms: { alarmTopic: new Topic(stack, 'Pager'), alarmActions: [action] } });
  });
  template.allResourcesProperties(ALARM, {
    AlarmActions: ['arn:aws:action', { Ref: Match.stringLikeRegexp('^Pager') }],
  });
});

it('hands its alarms out', () => {
  synth((stack) => {
    const { alarms: made } = consumerIn(stack);
    expect(made?.alarms).toHaveLength(10);
    expect(made?.alarms.every((alarm) => alarm instanceof Alarm)).toBe(true);
  });
});
