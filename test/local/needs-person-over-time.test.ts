import { describe, expect, it } from 'vitest';
import { ALARM_IDS, type AlarmId } from '../../lib/monitoring/watch.ts';
import { consumerIn, synth } from '../lib/synth.ts';
import type { Minute } from './alarm-cases.ts';
import { alarmClock } from './alarm-clock.ts';

const NEVER: readonly AlarmId[] = ['RetriesExhausted', 'AverageAttempts', 'CircuitOpen', 'OutageHandled'];
const BACKLOG: readonly AlarmId[] = ['QueueDepth', 'QueueAge', 'InFlight'];

const template = synth((stack) => {
  consumerIn(stack, { observability: 'full', alarms: { deadLetterAny: true } });
});
const PRESENT = ALARM_IDS.filter((id) => id !== 'ConfigurationRefused');

/** What a minute shows of queue, circuit and intake; all is well unless it says otherwise. */
interface Shown {
  readonly ageSeconds?: number;
  readonly open?: number;
  readonly pausedSeconds?: number;
  readonly silent?: boolean;
}

function setup() {
  const clock = alarmClock(template);
  let minute = 0;
  let calls: number[] = [];
  const pass = ({ ageSeconds = 0, open = 0, pausedSeconds = 0, silent = false }: Shown = {}): void => {
    const queue: Record<string, Minute> = {
      QueueAge: { ApproximateAgeOfOldestMessage: ageSeconds },
      DeadLetterDepth: { ApproximateNumberOfMessagesVisible: 0 },
    };
    const intake: Record<string, Minute> = {
      CircuitOpen: { CircuitsOpen: open },
      IntakePausedFor: { IntakePausedFor: pausedSeconds },
      ControlLoopSilent: { IntakePausedWithoutCause: 0 },
    };
    const before = clock.state('NeedsPerson');
    clock.pass(silent ? queue : { ...queue, ...intake });
    minute += 1;
    if (before !== 'ALARM' && clock.state('NeedsPerson') === 'ALARM') calls.push(minute);
  };
  for (let passed = 0; passed < 20; passed += 1) pass();
  minute = 0;
  calls = [];
  /** An outage of so many minutes, from now on: nothing is handled, and the circuit is open from the first minute on. */
  const outage = (minutes: number, more: Shown = {}): void => {
    for (let at = 1; at <= minutes; at += 1) {
      pass({ ageSeconds: at * 60, open: 1, pausedSeconds: at * 60, ...more });
    }
  };
  return { clock, pass, outage, calls: () => calls, minute: () => minute };
}

describe('NeedsPerson', () => {
  it.each(PRESENT)('follows %s as it should, in an outage and without', (id) => {
    const { clock } = setup();
    clock.setState(id, 'ALARM');
    const alone = NEVER.includes(id) ? 'OK' : 'ALARM';
    expect(clock.state('NeedsPerson')).toBe(alone);
    clock.setState('OutageHandled', 'ALARM');
    expect(clock.state('NeedsPerson')).toBe(BACKLOG.includes(id) ? 'OK' : alone);
    clock.setState(id, 'OK');
    expect(clock.state('NeedsPerson')).toBe('OK');
  });

  it('does not take alarms that know nothing yet for ringing', () => {
    const clock = alarmClock(template);
    for (let passed = 0; passed < 10; passed += 1) clock.pass({});
    expect(clock.state('NeedsPerson')).toBe('OK');
    expect(clock.names.filter((name) => clock.state(name) === 'ALARM')).toEqual([]);
  });

  it('calls nobody for a stall of less than five minutes, circuit or not', () => {
    const { pass, calls } = setup();
    for (let at = 1; at <= 5; at += 1) pass({ ageSeconds: at * 60 });
    for (let passed = 0; passed < 30; passed += 1) pass();
    expect(calls()).toEqual([]);
  });

  it('calls for a stall that no circuit explains, in its eighth minute', () => {
    const { pass, calls } = setup();
    for (let at = 1; at <= 10; at += 1) pass({ ageSeconds: at * 60 });
    expect(calls()).toEqual([8]);
  });

  it('stays quiet through an outage that is handled, and the backlog after it', () => {
    const { clock, pass, outage, calls } = setup();
    outage(50);
    expect(clock.state('QueueAge')).toBe('ALARM');
    // Three minutes less than the grace: so long QueueAge takes to be over.
    for (let at = 0; at < 12; at += 1) pass({ ageSeconds: 3_000 });
    for (let passed = 0; passed < 30; passed += 1) pass();
    expect(calls()).toEqual([]);
    expect(PRESENT.filter((id) => clock.state(id) === 'ALARM')).toEqual([]);
  });

  it('calls when a backlog is still there a quarter of an hour after the outage', () => {
    const { pass, outage, calls } = setup();
    outage(20);
    for (let passed = 0; passed < 20; passed += 1) pass({ ageSeconds: 1_200 });
    // the last minute of the outage is the fifteenth of the window until then
    expect(calls()).toEqual([20 + 15]);
  });

  it('calls when an outage drags on for more than an hour, once', () => {
    const { clock, pass, outage, calls } = setup();
    outage(120);
    expect(calls()).toEqual([61]);
    for (let passed = 0; passed < 20; passed += 1) pass();
    expect(clock.state('NeedsPerson')).toBe('OK');
  });

  it('calls when the circuit is open but nothing is paused: nobody handles it', () => {
    const { outage, calls } = setup();
    outage(10, { pausedSeconds: 0 });
    expect(calls()).toEqual([8]);
  });

  it('calls when the controller falls silent in the middle of an outage', () => {
    const { outage, calls } = setup();
    outage(10);
    outage(10, { silent: true });
    // CloudWatch goes by seven minutes here: five of silence are three of five.
    expect(calls()).toEqual([10 + 5]);
  });
});
