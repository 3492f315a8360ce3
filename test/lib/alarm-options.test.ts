import { CfnParameter, Duration, type Stack, Token } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, it } from 'vitest';
import {
  PriorityLanes,
  ResilienceAlarms,
  type ResilienceAlarmsProps,
  ResilientQueue,
} from '../../lib/index.ts';
import { ALARM_IDS } from '../../lib/monitoring/watch.ts';
import {
  ACTION,
  ALARM,
  COMPOSITE,
  ESSENTIAL,
  ESSENTIAL_OF_INTAKE,
  full,
  idsOf,
  properties,
} from './alarm-parts.ts';
import { consumerIn, ENTRY, problemsOf, synth } from './synth.ts';

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
