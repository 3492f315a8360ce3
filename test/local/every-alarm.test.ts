import type { Template } from 'aws-cdk-lib/assertions';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { describe, expect, it } from 'vitest';
import { RuntimeConfig } from '../../lib/index.ts';
import { ALARM_IDS, type AlarmId, type AlarmLevel } from '../../lib/monitoring/watch.ts';
import { consumerIn, synth } from '../lib/synth.ts';
import { ALARM_CASES, type Minute } from './alarm-cases.ts';
import { alarmClock } from './alarm-clock.ts';

const templateOf = (observability: AlarmLevel) =>
  synth((stack) => {
    const tuning = new StringParameter(stack, 'Tuning', { stringValue: '{}' });
    const alarms = { deadLetterAny: true };
    consumerIn(stack, { observability, alarms, runtimeConfig: RuntimeConfig.parameter(tuning) });
  });
const TEMPLATES = { essential: templateOf('essential'), full: templateOf('full') };
const ALARMS = Object.entries(TEMPLATES).flatMap(([level, template]) =>
  alarmClock(template)
    .names.filter((name): name is AlarmId => ALARM_IDS.some((id) => id === name))
    .map((id) => ({ level, id, template })),
);

/** One alarm over time. A count that a whole period is judged by shows in one minute, and nothing after it. */
function over(template: Template, id: AlarmId) {
  const clock = alarmClock(template);
  const { bad, good, rest } = ALARM_CASES[id];
  const { periodSeconds, evaluationPeriods } = clock.definition(id);
  const minutes = periodSeconds / 60;
  const pass = (shown: Minute) => clock.pass({ [id]: shown });
  /** Minutes until the alarm is in a state, at most so many. */
  const until = (state: string, first: Minute, then: Minute, most: number): number => {
    for (let passed = 0; passed < most; passed += 1) {
      pass(passed === 0 ? first : then);
      if (clock.state(id) === state) return passed + 1;
    }
    return Infinity;
  };
  const calm = rest ?? good;
  return {
    state: () => clock.state(id),
    pass,
    bad,
    good,
    calm,
    minutes,
    evaluationPeriods,
    counted: rest !== undefined,
    settle: () => until('OK', calm, calm, 3 * evaluationPeriods * minutes),
    goOff: (most: number) => until('ALARM', bad, rest ?? bad, most),
    recover: (shown: Minute, most: number) => until('OK', shown, shown, most),
  };
}

function factsOf(template: Template, id: AlarmId) {
  const { datapointsToAlarm, missing: treatsSilence } = alarmClock(template).definition(id);
  return { datapointsToAlarm, treatsSilence };
}

it('has a case for every alarm', () => {
  expect(Object.keys(ALARM_CASES)).toEqual([...ALARM_IDS]);
  expect(
    ALARMS.filter(({ level }) => level === 'full')
      .map(({ id }) => id)
      .sort(),
  ).toEqual([...ALARM_IDS].sort());
  expect(ALARMS.filter(({ level }) => level === 'essential').length).toBeGreaterThan(10);
  for (const template of Object.values(TEMPLATES)) {
    template.resourceCountIs('AWS::CloudWatch::CompositeAlarm', 1);
  }
});

describe.each(ALARMS)('$id at the level $level', ({ id, template }) => {
  it('goes off within N + 1 of its periods, and is over as many after the last', () => {
    const alarm = over(template, id);
    const most = (alarm.evaluationPeriods + 1) * alarm.minutes;
    expect(alarm.settle()).toBeLessThan(Infinity);
    expect(alarm.goOff(most)).toBeLessThanOrEqual(most);
    expect(alarm.recover(alarm.calm, most)).toBeLessThanOrEqual(most);
  });

  it('does not go off at its threshold', () => {
    const alarm = over(template, id);
    alarm.settle();
    alarm.pass(alarm.good);
    for (let passed = 0; passed < 3 * alarm.evaluationPeriods * alarm.minutes; passed += 1) {
      alarm.pass(alarm.calm);
      expect(alarm.state()).toBe('OK');
    }
  });

  const { datapointsToAlarm, treatsSilence } = factsOf(template, id);
  it.runIf(datapointsToAlarm > 1)('does not go off for less than M of N, time and again', () => {
    const { settle, pass, state, bad, good, minutes, evaluationPeriods } = over(template, id);
    settle();
    // Periods slide: of M that are touched, one minute may be enough to spoil the first and the last.
    const spoilt = (datapointsToAlarm - 2) * minutes + 1;
    for (let passed = 0; passed < 4 * evaluationPeriods * minutes; passed += 1) {
      pass(passed % (evaluationPeriods * minutes) < spoilt ? bad : good);
      expect(state()).toBe('OK');
    }
  });

  // where silence is the worst, it is what sets the alarm off above
  it.runIf(treatsSilence !== 'breaching')('is over, or stays, when its metrics fall silent', () => {
    const alarm = over(template, id);
    const { minutes, evaluationPeriods } = alarm;
    alarm.settle();
    alarm.goOff((evaluationPeriods + 1) * minutes);
    // CloudWatch goes by what it has: two periods more than N, as in its examples. A count is 0 then.
    const most = (evaluationPeriods + (alarm.counted ? 1 : 3)) * minutes;
    const took = alarm.recover({}, most);
    if (treatsSilence === 'ignore') expect(alarm.state()).toBe('ALARM');
    else expect(took).toBeLessThanOrEqual(most);
  });
});
