import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { describe, expect, it } from 'vitest';
import { type AlarmId, type ResilientConsumerProps, RuntimeConfig } from '../../lib/index.ts';
import { ALARM_IDS } from '../../lib/monitoring/watch.ts';
import { holds } from './metric-math.ts';
import { consumerIn, synth } from './synth.ts';

/** The rule of a consumer's composite alarm, with `<id>` for the ARN of each alarm. */
function ruleOf(props: Partial<ResilientConsumerProps>): string {
  const template = synth((stack) => {
    const tuning = new StringParameter(stack, 'Tuning', { stringValue: '{}' });
    consumerIn(stack, { runtimeConfig: RuntimeConfig.parameter(tuning), ...props });
  });
  const [composite] = Object.values(template.findResources('AWS::CloudWatch::CompositeAlarm'));
  const parts: readonly (string | { 'Fn::GetAtt': [string] })[] =
    composite?.Properties.AlarmRule['Fn::Join'][1];
  return parts
    .map((part) =>
      typeof part === 'string'
        ? part
        : `<${part['Fn::GetAtt'][0].replace(/^ConsumerAlarms|[0-9A-F]{8}$/g, '')}>`,
    )
    .join('');
}

const calls = (rule: string, ...ringing: AlarmId[]): boolean => holds(rule, new Set<string>(ringing));

/** Alarms that call nobody by themselves: a trend, what another one calls for, or the excuse. */
const QUIET: readonly AlarmId[] = ['RetriesExhausted', 'AverageAttempts', 'CircuitOpen', 'OutageHandled'];
const BACKLOG: readonly AlarmId[] = ['QueueDepth', 'QueueAge', 'InFlight'];

describe('at the level full', () => {
  const rule = ruleOf({ observability: 'full', alarms: { deadLetterAny: true } });

  it('fits what CloudWatch takes', () => {
    // 10,240 characters with ARNs of at most some 300 characters each
    expect(rule.length + ALARM_IDS.length * 300).toBeLessThan(10_240);
  });

  it('calls nobody while nothing rings', () => {
    expect(calls(rule)).toBe(false);
  });

  it.each(ALARM_IDS.filter((id) => !QUIET.includes(id)))('%s alone calls somebody', (id) => {
    expect(calls(rule, id)).toBe(true);
  });

  it.each(QUIET)('%s alone calls nobody', (id) => {
    expect(calls(rule, id)).toBe(false);
  });

  it.each(BACKLOG)('%s calls nobody while an outage is being handled', (id) => {
    expect(calls(rule, id, 'OutageHandled', 'CircuitOpen')).toBe(false);
    expect(calls(rule, ...BACKLOG, 'OutageHandled')).toBe(false);
    expect(calls(rule, id, 'CircuitOpen')).toBe(true);
  });

  it.each(ALARM_IDS.filter((id) => ![...QUIET, ...BACKLOG].includes(id)))(
    '%s calls somebody in the middle of an outage that is being handled',
    (id) => {
      expect(calls(rule, id, 'OutageHandled', 'CircuitOpen', 'QueueAge')).toBe(true);
    },
  );
});

describe('at the level essential', () => {
  const rule = ruleOf({});

  it('goes by the alarms that are there', () => {
    const named = [...rule.matchAll(/<(\w+)>/g)].map(([, id]) => id);
    expect(named.sort()).toEqual([
      'BackstopRedrives',
      'CloseToExpiry',
      'ControlLoopSilent',
      'DeadLetterDepth',
      'DeadLetterGrowth',
      'FunctionErrors',
      'IntakePausedFor',
      'IntakeWithoutCause',
      'NoRetryHelps',
      'OutageHandled',
      'Poison',
      'QuarantineGrowth',
      'QueueAge',
      'WaitingCloseToExpiry',
    ]);
  });

  it('excuses age while an outage is being handled, and not when messages come close to their expiry', () => {
    expect(calls(rule, 'QueueAge', 'OutageHandled')).toBe(false);
    expect(calls(rule, 'QueueAge', 'OutageHandled', 'WaitingCloseToExpiry')).toBe(true);
    expect(calls(rule, 'QueueAge', 'OutageHandled', 'ControlLoopSilent')).toBe(true);
    expect(calls(rule, 'QueueAge')).toBe(true);
  });
});

it('excuses nothing where no controller handles outages, or where that is asked for', () => {
  expect(calls(ruleOf({ intake: false }), 'QueueAge', 'OutageHandled')).toBe(true);
  expect(calls(ruleOf({ alarms: { recoveryGrace: false } }), 'QueueAge', 'OutageHandled')).toBe(true);
});

it('leaves out what is to be quiet', () => {
  const rule = ruleOf({ alarms: { quiet: ['Poison', 'QueueAge'] } });
  expect(calls(rule, 'Poison')).toBe(false);
  expect(calls(rule, 'QueueAge')).toBe(false);
  expect(calls(rule, 'QuarantineGrowth')).toBe(true);
});

it('has no excuse for what is not watched', () => {
  expect(ruleOf({ alarms: { queueAge: false } })).not.toContain('OutageHandled');
});
