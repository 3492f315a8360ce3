import { expect, it } from 'vitest';
import { GROWTH_EXPRESSION } from '../../lib/monitoring/set-aside-watches.ts';
import { createMetricStore } from '../../local/cloudwatch/metric-store.ts';
import { runQueries } from '../../local/cloudwatch/query.ts';

const MINUTE = 60_000;
const T0 = Date.UTC(2026, 10, 26, 9, 0);

/** By how much a queue grew, minute by minute from the second on. */
function growth(visible: readonly number[], hidden: readonly number[]): readonly number[] {
  const store = createMetricStore();
  const queries = Object.entries({ visible, hidden }).map(([id, values]) => {
    const metric = { namespace: 'AWS/SQS', metricName: id, dimensions: {} };
    for (const [at, value] of values.entries()) store.metric(metric)?.add(T0 + at * MINUTE, value);
    return { id, metric, stat: 'Maximum', periodSeconds: 60, returnData: false };
  });
  const asked = { id: 'growth', expression: GROWTH_EXPRESSION, periodSeconds: 60 };
  const window = { startEpochMs: T0, endEpochMs: T0 + visible.length * MINUTE };
  const [result] = runQueries(store, [...queries, asked], window);
  return (result?.timestamps ?? [])
    .map((at, index) => ({ at, value: result?.values[index] ?? 0 }))
    .sort((one, other) => one.at - other.at)
    .map(({ value }) => Math.round(value));
}

it('is what came in', () => {
  expect(growth([0, 30, 30], [0, 0, 0])).toEqual([30, 0]);
});

it('is nothing while somebody looks at messages and lets them go again', () => {
  expect(growth([50, 0, 20, 50], [0, 50, 30, 0])).toEqual([0, 0, 0]);
});

it('is what came in meanwhile', () => {
  expect(growth([50, 0, 70], [0, 50, 0])).toEqual([0, 20]);
});
