import { describe, expect, it } from 'vitest';
import type { MetricId } from '../../../local/cloudwatch/cloudwatch.ts';
import { createEmfReader } from '../../../local/cloudwatch/emf.ts';
import { createMetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { stackClock } from '../../../local/cloudwatch/stack-clock.ts';
import { statistic } from '../../../local/cloudwatch/statistics.ts';

const MINUTE = 60_000;
const START = 1_800_000_000_000;

function setup(scale = 1) {
  let now = START;
  const store = createMetricStore();
  const clock = stackClock(scale, () => now);
  const faults: string[] = [];
  const read = createEmfReader({ store, clock, onInvalid: (fault) => faults.push(fault) });
  return {
    store,
    faults,
    advance: (ms: number) => {
      now += ms;
    },
    read: (root: unknown) => read(typeof root === 'string' ? root : JSON.stringify(root)),
    value(metricName: string, stat = 'Sum', dimensions: MetricId['dimensions'] = { service: 'orders' }) {
      const metric = store.find({ namespace: 'Shop', metricName, dimensions });
      const [samples] =
        metric?.periods(START - 1_000 * MINUTE, START + 10_000 * MINUTE, 100_000 * MINUTE).values() ?? [];
      return samples === undefined ? undefined : statistic(stat)?.(samples);
    },
  };
}

const line = (metrics: unknown[], members: Record<string, unknown>, dimensions: unknown = [['service']]) => ({
  _aws: {
    Timestamp: START,
    CloudWatchMetrics: [{ Namespace: 'Shop', Dimensions: dimensions, Metrics: metrics }],
  },
  service: 'orders',
  ...members,
});

describe('lines in the embedded metric format', () => {
  it('put a value, or each of an array, for each dimension set', () => {
    const { read, value } = setup();
    const dimensions = [['service'], ['service', 'reason'], []];
    read(
      line([{ Name: 'Failed' }, { Name: 'Age' }], { Failed: 2, Age: [1, 5], reason: 'Timeout' }, dimensions),
    );
    expect(value('Failed')).toBe(2);
    expect(value('Failed', 'Sum', { service: 'orders', reason: 'Timeout' })).toBe(2);
    expect(value('Failed', 'Sum', {})).toBe(2);
    expect(value('Age', 'Maximum')).toBe(5);
    expect(value('Age', 'SampleCount')).toBe(2);
  });

  it('put nothing for an empty list of dimension sets', () => {
    const { read, store } = setup();
    read(line([{ Name: 'Failed' }], { Failed: 2 }, []));
    expect(store.metrics()).toEqual([]);
  });

  it('have their timestamps mapped to the stack’s clock, and durations told in its time', () => {
    const { read, value, store, advance } = setup(60);
    advance(1_000);
    const metrics = [
      { Name: 'Count', Unit: 'Count' },
      { Name: 'Took', Unit: 'Milliseconds' },
      { Name: 'Left', Unit: 'Seconds' },
    ];
    const root = line(metrics, { Count: 3, Took: 5, Left: 2 });
    read({ ...root, _aws: { ...root._aws, Timestamp: START + 1_000 } });
    expect([value('Count'), value('Took'), value('Left')]).toEqual([3, 300, 120]);
    const metric = store.find({ namespace: 'Shop', metricName: 'Count', dimensions: { service: 'orders' } });
    expect([...(metric?.periods(START, START + 5 * MINUTE, MINUTE).keys() ?? [])]).toEqual([START + MINUTE]);
  });

  it('can be asked for by the second if they say so', () => {
    const { read, store } = setup();
    read(line([{ Name: 'Fine', StorageResolution: 1 }, { Name: 'Coarse' }], { Fine: 1, Coarse: 1 }));
    const seconds = (metricName: string) =>
      store
        .find({ namespace: 'Shop', metricName, dimensions: { service: 'orders' } })
        ?.periods(START, START + MINUTE, 1_000).size;
    expect([seconds('Fine'), seconds('Coarse')]).toEqual([1, 0]);
  });

  it.each([
    ['{"_aws": no', 'the line is not a JSON object'],
    [{ _aws: { CloudWatchMetrics: [] } }, '_aws.Timestamp is not a number'],
    [{ _aws: { Timestamp: START, CloudWatchMetrics: [{}] } }, 'a directive has no Namespace'],
    [line([{ Name: 'A' }], { A: 1 }, [['nobody']]), 'a dimension has no text as its value'],
    [line([{ Name: 'A' }], { A: 1 }, ['service']), 'Dimensions is not an array of arrays'],
    [line([{ Name: 'A' }], {}), 'a metric has no value'],
    [line([{}], {}), 'a metric has no Name'],
    [line([{ Name: 'A' }], { A: '1' }), 'a value of a metric is not a number'],
    [line([{ Name: 'A' }], { A: Array(101).fill(1) }), 'a metric has more than 100 values'],
    [line(Array(101).fill({ Name: 'A' }), { A: 1 }), 'a directive has more than 100 metrics'],
    [
      line([{ Name: 'A' }], { A: 1 }, [Array(31).fill('service')]),
      'a dimension set has more than 30 dimensions',
    ],
    [
      {
        ...line([{ Name: 'A' }], { A: 1 }),
        _aws: { Timestamp: START + 3 * 3_600_000, CloudWatchMetrics: [] },
      },
      'the timestamp is in the future',
    ],
  ])('tell what is wrong with them: %j', (root, fault) => {
    const { read, faults } = setup();
    read(root);
    expect(faults).toEqual([fault]);
  });

  it('are told from all other lines', () => {
    const { read, faults, store } = setup();
    for (const other of ['', 'hello "_aws"', '{"message":"x"}', '{"_aws":{"other":1}}']) read(other);
    expect(faults).toEqual([]);
    expect(store.metrics()).toEqual([]);
  });
});
