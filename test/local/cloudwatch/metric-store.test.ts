import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createMetricStore,
  MAX_METRICS,
  metricKey,
  SECONDS_KEPT_MS,
} from '../../../local/cloudwatch/metric-store.ts';
import { statistic } from '../../../local/cloudwatch/statistics.ts';

const MINUTE = 60_000;
const T0 = 1_800_000_000_000 - (1_800_000_000_000 % 3_600_000);
const id = { namespace: 'Shop', metricName: 'Sold', dimensions: { shop: 'a' } };

function setup() {
  const store = createMetricStore();
  const metric = store.metric(id);
  if (metric === undefined) throw new Error('the store is empty');
  const sums = (start: number, end: number, periodMs: number, offsetMs = 0) =>
    [...metric.periods(start, end, periodMs, offsetMs)].map(
      ([at, samples]) => [(at - T0) / 1_000, statistic('Sum')?.(samples)] as const,
    );
  return { store, metric, sums };
}

describe('the metric store', () => {
  it('puts values into the period that they lie in, the start included and the end not', () => {
    const { metric, sums } = setup();
    metric.add(T0, 1);
    metric.add(T0 + MINUTE - 1, 2);
    metric.add(T0 + MINUTE, 4);
    metric.add(T0 + 5 * MINUTE, 8);
    expect(sums(T0, T0 + 6 * MINUTE, MINUTE)).toEqual([
      [0, 3],
      [60, 4],
      [300, 8],
    ]);
    expect(sums(T0, T0 + 10 * MINUTE, 5 * MINUTE)).toEqual([
      [0, 7],
      [300, 8],
    ]);
    expect(sums(T0, T0 + 5 * MINUTE, MINUTE)).toEqual([
      [0, 3],
      [60, 4],
    ]);
  });

  it('lets periods begin where they are asked to', () => {
    const { metric, sums } = setup();
    for (let minute = 0; minute < 6; minute += 1) metric.add(T0 + minute * MINUTE, 10 ** minute);
    const offset = MINUTE;
    expect(sums(T0 + MINUTE, T0 + 6 * MINUTE, 5 * MINUTE, offset)).toEqual([[60, 111_110]]);
  });

  it('tells seconds apart only for data of high resolution, for three hours', () => {
    const { metric, sums } = setup();
    metric.add(T0 + 1_000, 1, 1, true);
    metric.add(T0 + 11_000, 2, 1, false);
    expect(sums(T0, T0 + MINUTE, 10_000)).toEqual([[0, 1]]);
    expect(sums(T0, T0 + MINUTE, MINUTE)).toEqual([[0, 3]]);
    metric.add(T0 + SECONDS_KEPT_MS + 1_000, 4, 1, true);
    expect(sums(T0, T0 + MINUTE, 10_000)).toEqual([]);
    expect(sums(T0, T0 + MINUTE, MINUTE)).toEqual([[0, 3]]);
  });

  it('keeps a day of minutes, and takes nothing that is older', () => {
    const { metric, sums } = setup();
    const day = 24 * 60 * MINUTE;
    metric.add(T0, 1);
    metric.add(T0 + MINUTE, 2);
    metric.add(T0 + day, 4);
    expect(sums(T0, T0 + day + MINUTE, MINUTE)).toEqual([
      [60, 2],
      [86_400, 4],
    ]);
    metric.add(T0, 8);
    expect(sums(T0, T0 + MINUTE, MINUTE)).toEqual([]);
  });

  it('takes stragglers', () => {
    const { metric, sums } = setup();
    metric.add(T0 + 5 * MINUTE, 1);
    metric.add(T0, 2);
    expect(sums(T0, T0 + 6 * MINUTE, MINUTE)).toEqual([
      [0, 2],
      [300, 1],
    ]);
  });

  it('knows a metric by its dimensions in any order, and lists it once it has data', () => {
    const { store, metric } = setup();
    expect(store.metrics()).toEqual([]);
    metric.add(T0, 1);
    expect(store.metrics()).toEqual([id]);
    expect(metricKey({ ...id, dimensions: { a: '1', b: '2' } })).toBe(
      metricKey({ ...id, dimensions: { b: '2', a: '1' } }),
    );
    expect(store.find({ ...id, dimensions: {} })).toBeUndefined();
    expect(store.find({ ...id, dimensions: { shop: 'a' } })).toBe(metric);
  });

  it('loses and doubles nothing, whatever the periods and wherever they begin', () => {
    const data = fc.array(fc.tuple(fc.nat(12 * 60), fc.nat(100)), { minLength: 1, maxLength: 100 });
    fc.assert(
      fc.property(data, fc.integer({ min: 1, max: 90 }), fc.nat(90), (all, minutes, offset) => {
        const { metric, sums } = setup();
        for (const [minute, value] of all) metric.add(T0 + minute * MINUTE, value);
        const total = sums(T0, T0 + 24 * 60 * MINUTE, minutes * MINUTE, offset * MINUTE);
        const expected = all.reduce((sum, [, value]) => sum + value, 0);
        expect(total.reduce((sum, [, value = 0]) => sum + value, 0)).toBe(expected);
        for (const [seconds] of total) expect(((seconds + T0 / 1_000) / 60 - offset) % minutes).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it('does not grow beyond its bound', () => {
    const store = createMetricStore();
    for (let index = 0; index < MAX_METRICS; index += 1) store.metric({ ...id, metricName: `M${index}` });
    expect(store.metric({ ...id, metricName: 'one more' })).toBeUndefined();
    expect(store.metric({ ...id, metricName: 'M0' })).toBeDefined();
  });
});
