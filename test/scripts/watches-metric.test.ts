import { expect, it } from 'vitest';
import { watchesMetric } from '../../scripts/watches-metric.ts';
import { consumerIn, synth } from '../lib/synth.ts';

it('finds the alarm that the check against AWS waits for, and no other consumer’s', () => {
  const template = synth((stack) => {
    consumerIn(stack, { consumerId: 'orders' }, 'Orders');
    consumerIn(stack, { consumerId: 'invoices' }, 'Invoices');
  });
  const found = Object.entries(template.findResources('AWS::CloudWatch::Alarm'))
    .filter(([, { Properties }]) => watchesMetric(Properties, 'Quarantined', 'orders'))
    .map(([id]) => id);
  expect(found).toEqual([expect.stringMatching(/^OrdersAlarmsPoison/)]);
});

it('takes alarms on a metric of their own, too', () => {
  const Dimensions = [{ Name: 'service', Value: 'orders' }];
  expect(watchesMetric({ MetricName: 'Quarantined', Dimensions }, 'Quarantined', 'orders')).toBe(true);
  expect(watchesMetric({ MetricName: 'Handled', Dimensions }, 'Quarantined', 'orders')).toBe(false);
});
