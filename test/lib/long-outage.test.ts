import { expect, it } from 'vitest';
import { createAlarmBook } from '../../local/cloudwatch/alarms/alarm-book.ts';
import { readMetricAlarm } from '../../local/cloudwatch/alarms/definition.ts';
import { createMetricStore } from '../../local/cloudwatch/metric-store.ts';
import { stackClock } from '../../local/cloudwatch/stack-clock.ts';
import { consumerIn, synth } from './synth.ts';

const MINUTE = 60_000;
const T0 = Date.UTC(2026, 10, 26, 9, 0);

/** Run the alarm of a consumer on how long its intake has been paused over what was reported, minute by minute. */
function changesOver(minutes: readonly number[]): string[] {
  const template = synth((stack) => {
    consumerIn(stack, {});
  });
  const found = template.findResources('AWS::CloudWatch::Alarm', {
    Properties: { MetricName: 'IntakePausedFor' },
  });
  const [properties] = Object.values(found).map((alarm) => alarm.Properties);
  let now = T0;
  const store = createMetricStore();
  const book = createAlarmBook({ store, clock: stackClock(1, () => now), onError: () => undefined });
  const arn = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:PausedFor';
  const facts = {
    stack: 'App',
    logicalId: 'PausedFor',
    constructPath: 'App/PausedFor',
    name: 'PausedFor',
    arn,
  };
  book.addMetric({ ...facts, description: '', properties }, readMetricAlarm(properties));
  const changes: string[] = [];
  book.onAlarm((_alarm, { to }) => changes.push(to));
  const [{ Name: name, Value: value }] = properties.Dimensions;
  for (const [at, seconds] of minutes.entries()) {
    const dimensions = { [name]: value };
    store
      .metric({ namespace: properties.Namespace, metricName: properties.MetricName, dimensions })
      ?.add(T0 + at * MINUTE, seconds);
    now = T0 + (at + 1) * MINUTE;
    book.evaluate(now);
  }
  return changes;
}

/** Seconds of a pause as they are reported each minute from its 55th to its 150th, with 0 while a probe is made. */
const LONG = Array.from({ length: 96 }, (_each, at) => (at % 15 < 2 ? 0 : (55 + at) * 60));

it('an outage of hours calls once, though nothing is paused in the minutes of its probes', () => {
  expect(changesOver(LONG)).toEqual(['OK', 'ALARM']);
});

it('is over five minutes after the pause', () => {
  expect(changesOver([...LONG, 0, 0, 0, 0])).toEqual(['OK', 'ALARM']);
  expect(changesOver([...LONG, 0, 0, 0, 0, 0])).toEqual(['OK', 'ALARM', 'OK']);
});
