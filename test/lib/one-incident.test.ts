import { expect, it } from 'vitest';
import type { AlarmId } from '../../lib/monitoring/watch.ts';
import { createAlarmBook } from '../../local/cloudwatch/alarms/alarm-book.ts';
import { readMetricAlarm } from '../../local/cloudwatch/alarms/definition.ts';
import { createMetricStore } from '../../local/cloudwatch/metric-store.ts';
import { stackClock } from '../../local/cloudwatch/stack-clock.ts';
import { consumerIn, synth } from './synth.ts';

const MINUTE = 60_000;
const T0 = Date.UTC(2026, 10, 26, 9, 0);

/** Run an alarm of a consumer over what its metric is, minute by minute. */
function changesOver(id: AlarmId, minutes: readonly number[]): string[] {
  const template = synth((stack) => {
    consumerIn(stack, { alarms: { deadLetterAny: true } });
  });
  const found = Object.entries(template.findResources('AWS::CloudWatch::Alarm'));
  const properties = found.find(([name]) => name.startsWith(`ConsumerAlarms${id}`))?.[1].Properties;
  let now = T0;
  const store = createMetricStore();
  const book = createAlarmBook({ store, clock: stackClock(1, () => now), onError: () => undefined });
  const arn = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:Own';
  const facts = {
    stack: 'App',
    logicalId: 'Own',
    constructPath: 'App/Own',
    name: 'Own',
    arn,
  };
  book.addMetric({ ...facts, description: '', properties }, readMetricAlarm(properties));
  const changes: string[] = [];
  book.onAlarm((_alarm, { to }) => changes.push(to));
  const dimensions = Object.fromEntries(
    properties.Dimensions.map(({ Name, Value }: { Name: string; Value: unknown }) => [Name, Value]),
  );
  for (const [at, reported] of minutes.entries()) {
    store
      .metric({ namespace: properties.Namespace, metricName: properties.MetricName, dimensions })
      ?.add(T0 + at * MINUTE, reported);
    now = T0 + (at + 1) * MINUTE;
    book.evaluate(now);
  }
  return changes;
}

/** Seconds of a pause as they are reported each minute from its 55th to its 150th, with 0 while a probe is made. */
const LONG = Array.from({ length: 96 }, (_each, at) => (at % 15 < 2 ? 0 : (55 + at) * 60));

it('an outage of hours calls once, though nothing is paused in the minutes of its probes', () => {
  expect(changesOver('IntakePausedFor', LONG)).toEqual(['OK', 'ALARM']);
});

it('is over five minutes after the pause', () => {
  expect(changesOver('IntakePausedFor', [...LONG, 0, 0, 0, 0])).toEqual(['OK', 'ALARM']);
  expect(changesOver('IntakePausedFor', [...LONG, 0, 0, 0, 0, 0])).toEqual(['OK', 'ALARM', 'OK']);
});

it.each([
  ['DeadLetterDepth', 150, 40],
  ['DeadLetterAny', 1, 0],
] as const)('%s calls once, though letters are hidden while somebody reads them', (id, letters, left) => {
  const read = [letters, letters, left, letters, left, left, left, letters];
  expect(changesOver(id, [0, ...read])).toEqual(['OK', 'ALARM']);
  expect(changesOver(id, [0, ...read, 0, 0, 0, 0, 0])).toEqual(['OK', 'ALARM', 'OK']);
});
