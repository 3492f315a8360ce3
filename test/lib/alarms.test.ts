import { CfnParameter, Duration, type Stack, Token } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { Alarm, type IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { describe, expect, it } from 'vitest';
import {
  PriorityLanes,
  ResilienceAlarms,
  type ResilienceAlarmsProps,
  type ResilientConsumer,
  type ResilientConsumerProps,
  ResilientQueue,
  RuntimeConfig,
} from '../../lib/index.ts';
import { ALARM_IDS } from '../../lib/monitoring/watch.ts';
import { consumerIn, ENTRY, problemsOf, synth } from './synth.ts';

const ALARM = 'AWS::CloudWatch::Alarm';
const COMPOSITE = 'AWS::CloudWatch::CompositeAlarm';
const ACTION: IAlarmAction = { bind: () => ({ alarmActionArn: 'arn:aws:action' }) };

/** Ids of the alarms that are there without a controller, by level. */
const ESSENTIAL = [
  'QueueAge',
  'WaitingCloseToExpiry',
  'CloseToExpiry',
  'DeadLetterDepth',
  'DeadLetterGrowth',
  'BackstopRedrives',
  'Poison',
  'QuarantineGrowth',
  'FunctionErrors',
  'NoRetryHelps',
];
/** All that a queue holds. */
const HELD = ['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible'];
const ESSENTIAL_OF_INTAKE = ['OutageHandled', 'ControlLoopSilent', 'IntakeWithoutCause', 'IntakePausedFor'];

const full = (props: Partial<ResilientConsumerProps> = {}) => ({
  template: synth((stack) => {
    consumerWith(stack, { observability: 'full', alarms: { deadLetterAny: true }, ...props });
  }),
});

function consumerWith(stack: Stack, props: Partial<ResilientConsumerProps>): ResilientConsumer {
  const tuning = new StringParameter(stack, 'Tuning', { stringValue: '{}' });
  return consumerIn(stack, {
    consumerId: 'orders',
    runtimeConfig: RuntimeConfig.parameter(tuning),
    ...props,
  });
}

function idsOf(props: Partial<ResilientConsumerProps>): string[] {
  let ids: string[] = [];
  synth((stack) => {
    ids = (consumerIn(stack, props).alarms?.alarms ?? []).map(({ node }) => node.id);
  });
  return ids;
}

function properties(template: Template, id: string): Record<string, unknown> {
  const found = Object.entries(template.findResources(ALARM)).filter(([name]) =>
    new RegExp(`^ConsumerAlarms${id}[0-9A-F]{8}$`).test(name),
  );
  expect(found).toHaveLength(1);
  return found[0]?.[1].Properties;
}

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

describe('levels', () => {
  it('essential, the default, has what calls somebody and needs no more than its metrics', () => {
    expect(idsOf({}).sort()).toEqual([...ESSENTIAL, ...ESSENTIAL_OF_INTAKE].sort());
  });

  it('full has all, but for the alarm on any dead letter, and that on a configuration where none is read', () => {
    const left = ['DeadLetterAny', 'ConfigurationRefused'];
    expect(idsOf({ observability: 'full' }).sort()).toEqual(
      ALARM_IDS.filter((id) => !left.includes(id)).sort(),
    );
  });

  it('off has none', () => {
    const template = synth((stack) => {
      expect(consumerIn(stack, { observability: 'off' }).alarms).toBeUndefined();
    });
    template.resourceCountIs(ALARM, 0);
    template.resourceCountIs(COMPOSITE, 0);
  });

  it('have no alarms on what a controller reports where there is none', () => {
    expect(idsOf({ intake: false }).sort()).toEqual([...ESSENTIAL].sort());
  });

  it('have none on a kill switch that the consumer has not', () => {
    const ids = idsOf({ observability: 'full', killSwitch: false });
    expect(ids).not.toContain('KillSwitch');
    expect(ids).toContain('IntakeHeld');
  });

  it('have what is asked for beyond them, where its metric is there', () => {
    const alarms = { queueDepth: 5_000, inFlight: 50, circuitOpen: true };
    expect(idsOf({ alarms })).toEqual(expect.arrayContaining(['QueueDepth', 'InFlight', 'CircuitOpen']));
  });

  it.each([
    [{ retriesExhausted: 5 }, 'retriesExhausted', '5', "alarm RetriesExhausted needs observability 'full'"],
    [{ deadLetterExternal: 5 }, 'deadLetterExternal', '5', 'alarm DeadLetterExternal'],
    [{ averageAttempts: 3 }, 'averageAttempts', '3', 'alarm AverageAttempts'],
    [{ settlementFailures: 5 }, 'settlementFailures', '5', 'alarm SettlementFailures'],
    [{ killSwitch: true }, 'killSwitch', 'true', 'alarm KillSwitch'],
    [{ intakeHeld: true }, 'intakeHeld', 'true', 'alarm IntakeHeld'],
    [
      { circuitHalfOpenFor: Duration.minutes(1) },
      'circuitHalfOpenFor',
      "'60 seconds'",
      'alarm CircuitHalfOpenFor',
    ],
  ])('refuse an alarm that was asked for without its metric: %o', (alarms, property, got, because) => {
    const [problem, ...others] = problemsOf((stack) => {
      consumerIn(stack, { alarms });
    });
    expect(others).toEqual([]);
    const rule = `${property} must be left out or false with observability 'essential'`;
    expect(problem).toContain(`[Shop/Consumer/Alarms] ${rule}, got ${got} (${because}`);
  });

  it('refuse any alarm where there are to be none', () => {
    const problems = problemsOf((stack) => {
      const alarms = { deadLetterDepth: 5, closeToExpiry: Duration.hours(2), queueAge: false } as const;
      consumerIn(stack, { observability: 'off', alarms });
    });
    expect(problems).toEqual([
      expect.stringContaining("closeToExpiry must be left out or false with observability 'off'"),
      expect.stringContaining("(alarm DeadLetterDepth needs observability 'essential' or 'full')"),
    ]);
  });

  it('are those of each lane', () => {
    synth((stack) => {
      const orders = new PriorityLanes(stack, 'Orders', {
        entry: ENTRY,
        maxConcurrency: 8,
        observability: 'full',
        lanes: { LOW: { observability: 'essential' } },
      });
      const has = (lane: 'HIGH' | 'LOW') => orders.lanes[lane].consumer.alarms?.find('AverageAttempts');
      expect(has('HIGH')).toBeDefined();
      expect(has('LOW')).toBeUndefined();
      expect(orders.lanes.HIGH.consumer.settings.observability).toBe('full');
      expect(orders.lanes.LOW.consumer.settings.observability).toBe('essential');
    });
  });
});

describe('thresholds', () => {
  const alarms = {
    queueDepth: 1,
    queueAge: Duration.minutes(2),
    inFlight: 3,
    closeToExpiry: Duration.minutes(4),
    deadLetterDepth: 5,
    deadLetterGrowth: 6,
    deadLetterExternal: 7,
    backstopRedrives: 8,
    poison: 9,
    quarantineGrowth: 10,
    functionErrors: 16,
    retriesExhausted: 11,
    averageAttempts: 12,
    settlementFailures: 13,
    circuitHalfOpenFor: Duration.minutes(14),
    intakePausedFor: Duration.minutes(15),
  };

  it.each([
    ['QueueDepth', 1],
    ['QueueAge', 120],
    ['InFlight', 3],
    ['CloseToExpiry', 240],
    ['WaitingCloseToExpiry', 341_760],
    ['DeadLetterDepth', 5],
    ['DeadLetterGrowth', 6],
    ['DeadLetterExternal', 7],
    ['BackstopRedrives', 8],
    ['Poison', 9],
    ['QuarantineGrowth', 10],
    ['FunctionErrors', 16],
    ['RetriesExhausted', 11],
    ['AverageAttempts', 12],
    ['SettlementFailures', 13],
    ['CircuitHalfOpenFor', 840],
    ['IntakePausedFor', 900],
  ])('of %s can be changed', (id, threshold) => {
    expect(properties(full({ alarms }).template, id).Threshold).toBe(threshold);
  });

  it('can all be switched off', () => {
    const off = Object.fromEntries(Object.keys(alarms).map((option) => [option, false]));
    const flags = ['noRetryHelps', 'configurationRefused', 'circuitOpen', 'controlLoopSilent'];
    const others = ['intakeWithoutCause', 'intakeHeld', 'killSwitch', 'recoveryGrace'];
    const rest = Object.fromEntries([...flags, ...others].map((option) => [option, false]));
    const { template } = full({ alarms: { ...off, ...rest } });
    template.resourceCountIs(ALARM, 0);
    template.resourceCountIs(COMPOSITE, 0);
    synth((stack) => {
      consumerIn(stack, { alarms: false });
    }).resourceCountIs(ALARM, 0);
  });

  it.each([
    [Duration.hours(2), 1_800, 5_400],
    [Duration.hours(4), 3_600, 10_800],
    [Duration.days(2), 3_600, 169_200],
  ])('by default leave an hour before the expiry, or a quarter of %s', (retryUntil, left, age) => {
    const { template } = full({ retryUntil });
    expect(properties(template, 'CloseToExpiry').Threshold).toBe(left);
    expect(properties(template, 'WaitingCloseToExpiry').Threshold).toBe(age);
  });

  it('compare no age with a deadline that only the deployment knows', () => {
    const retryUntil = (stack: Stack): Duration =>
      Duration.seconds(Token.asNumber(new CfnParameter(stack, 'Deadline', { type: 'Number' }).valueAsNumber));
    synth((stack) => {
      const { alarms: made } = consumerIn(stack, { retryUntil: retryUntil(stack) });
      expect(made?.find('WaitingCloseToExpiry')).toBeUndefined();
      expect(made?.find('CloseToExpiry')).toBeDefined();
    });
  });

  it.each([
    [{ queueDepth: -1 }, 'queueDepth must be 0 or more, got -1'],
    [{ deadLetterGrowth: Number.NaN }, 'deadLetterGrowth must be 0 or more, got NaN'],
    [{ inFlight: 101 }, 'inFlight must be from 0 to 100, got 101'],
    [
      { recoveryGrace: Duration.seconds(30) },
      'recoveryGrace must be an integer from 60 to 86,400 seconds, got 30',
    ],
    [{ recoveryGrace: Duration.days(2) }, 'recoveryGrace must be an integer from 60 to 86,400 seconds'],
    [
      { closeToExpiry: Duration.days(5) },
      "closeToExpiry must be shorter than retryUntil, which is 342000 seconds, got '432000 seconds'",
    ],
  ])('have to make sense: %o', (wrong, expected) => {
    const problems = problemsOf((stack) => {
      consumerIn(stack, { alarms: wrong });
    });
    expect(problems.filter((problem) => problem.includes(expected))).toHaveLength(1);
  });
});

it('watches a queue without a ResilientConsumer', () => {
  const standalone = (props: Partial<ResilienceAlarmsProps>) =>
    synth((stack) => {
      const orders = new ResilientQueue(stack, 'Orders');
      new ResilienceAlarms(stack, 'Alarms', { queue: orders, consumerId: 'orders', ...props });
    });
  standalone({}).resourceCountIs(ALARM, ESSENTIAL.length - 2);
  standalone({ retryUntil: Duration.days(1) }).resourceCountIs(ALARM, ESSENTIAL.length - 1);
});

describe('actions', () => {
  it('are those of the composite alarm, so that one incident calls once', () => {
    const template = synth((stack) => {
      const alarmTopic = new Topic(stack, 'Pager');
      consumerIn(stack, { alarms: { alarmTopic, alarmActions: [ACTION], okActions: [ACTION] } });
    });
    template.allResourcesProperties(ALARM, { AlarmActions: Match.absent(), OKActions: Match.absent() });
    template.hasResourceProperties(COMPOSITE, {
      AlarmActions: ['arn:aws:action', { Ref: Match.stringLikeRegexp('^Pager') }],
      OKActions: ['arn:aws:action'],
    });
  });

  it('are those of each alarm where there is no composite one', () => {
    const template = synth((stack) => {
      const alarms = { needsPerson: false, alarmActions: [ACTION], okActions: [ACTION] };
      expect(consumerIn(stack, { alarms }).alarms?.needsPerson).toBeUndefined();
    });
    template.resourceCountIs(COMPOSITE, 0);
    template.resourceCountIs(ALARM, ESSENTIAL.length + ESSENTIAL_OF_INTAKE.length - 1);
    template.allResourcesProperties(ALARM, {
      AlarmActions: ['arn:aws:action'],
      OKActions: ['arn:aws:action'],
    });
  });

  it('may be added to single alarms', () => {
    const template = synth((stack) => {
      const security = new SnsAction(new Topic(stack, 'Security'));
      const { alarms } = consumerIn(stack, { alarms: { actionsFor: { Poison: [security] } } });
      alarms?.find('QuarantineGrowth')?.addAlarmAction(security);
    });
    template.resourcePropertiesCountIs(
      ALARM,
      { AlarmActions: [{ Ref: Match.stringLikeRegexp('^Security') }] },
      2,
    );
  });

  it('are refused for alarms that are not there', () => {
    const problems = problemsOf((stack) => {
      consumerIn(stack, { alarms: { actionsFor: { KillSwitch: [ACTION] }, quiet: ['QueueDepth'] } });
    });
    expect(problems).toEqual([
      expect.stringMatching(/actionsFor must name alarms that are there \(.*QueueAge.*\), got 'KillSwitch'/),
      expect.stringMatching(/quiet must name alarms that are there \(.*\), got 'QueueDepth'/),
    ]);
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
