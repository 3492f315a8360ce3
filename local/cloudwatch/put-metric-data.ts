import { arrayAt, isObject, numberAt, objectAt, stringAt } from '../json.ts';
import type { ApiTime } from './api-time.ts';
import { TIME_UNITS } from './emf.ts';
import { invalid } from './invalid.ts';
import type { MetricStore, StoredMetric } from './metric-store.ts';
import type { StatisticSet } from './samples.ts';
import type { StackClock } from './stack-clock.ts';
import { readMetricId } from './wire.ts';

const MAX_DATA = 1_000;
const MAX_VALUES = 150;
const MAX_FUTURE_MS = 2 * 3_600_000;

/** What PutMetricData works with. */
export interface PutOptions {
  readonly store: MetricStore;
  readonly clock: StackClock;
  readonly time: ApiTime;
}

/**
 * Serve PutMetricData. As with metrics of log lines, durations are multiplied by the scale of the stack's clock.
 *
 * @throws {ApiError} ValidationError for what CloudWatch would refuse
 */
export function putMetricData(input: unknown, options: PutOptions): void {
  const namespace = stringAt(input, 'Namespace') ?? '';
  if (!/^[^:].*$/.test(namespace)) throw invalid('Namespace must not be empty or begin with a colon');
  if (namespace.startsWith('AWS/')) throw invalid('The value AWS/ for parameter Namespace is invalid');
  const data = [
    ...arrayAt(input, 'MetricData'),
    ...arrayAt(input, 'EntityMetricData').flatMap((entity) => arrayAt(entity, 'MetricData')),
  ];
  if (data.length > MAX_DATA) throw invalid(`MetricData must have at most ${MAX_DATA} members`);
  // Nothing is put if one of them is refused.
  for (const put of data.map((datum) => preparePut(datum, namespace, options))) put();
}

function preparePut(datum: unknown, namespace: string, { store, clock, time }: PutOptions): () => void {
  const id = readMetricId(datum, namespace);
  const seconds = numberAt(datum, 'Timestamp');
  const atEpochMs = seconds === undefined ? clock.now() : time.toStack(seconds * 1_000);
  if (atEpochMs > clock.now() + MAX_FUTURE_MS) throw invalid('Timestamp is more than two hours ahead');
  const scale = TIME_UNITS.has(stringAt(datum, 'Unit')) ? clock.scale : 1;
  const fine = numberAt(datum, 'StorageResolution') === 1;
  const values = valuesOf(datum);
  const set = setOf(datum);
  if (values.length === 0 && set === undefined) throw invalid(`${id.metricName} has no value`);
  return () => {
    const metric: StoredMetric | undefined = store.metric(id);
    if (metric === undefined) throw invalid('There are too many metrics');
    for (const [value, count] of values) metric.add(atEpochMs, value * scale, count, fine);
    if (set === undefined) return;
    const { count, sum, min, max } = set;
    metric.addSet(atEpochMs, { count, sum: sum * scale, min: min * scale, max: max * scale }, fine);
  };
}

function valuesOf(datum: unknown): readonly (readonly [number, number])[] {
  const single = numberAt(datum, 'Value');
  if (single !== undefined) return [[single, 1]];
  const values = arrayAt(datum, 'Values');
  const counts = arrayAt(datum, 'Counts');
  if (values.length > MAX_VALUES) throw invalid(`Values must have at most ${MAX_VALUES} members`);
  if (counts.length > 0 && counts.length !== values.length)
    throw invalid('Values and Counts must be equally long');
  return values.map((value, index) => {
    const count = counts[index] ?? 1;
    if (typeof value !== 'number' || typeof count !== 'number' || !(count > 0)) {
      throw invalid('Values and Counts must be numbers');
    }
    return [value, count] as const;
  });
}

function setOf(datum: unknown): StatisticSet | undefined {
  if (!isObject(datum) || datum.StatisticValues === undefined) return undefined;
  const set = objectAt(datum, 'StatisticValues');
  const [count, sum, min, max] = ['SampleCount', 'Sum', 'Minimum', 'Maximum'].map((key) =>
    numberAt(set, key),
  );
  if (count === undefined || sum === undefined || min === undefined || max === undefined) {
    throw invalid('StatisticValues needs SampleCount, Sum, Minimum and Maximum');
  }
  return { count, sum, min, max };
}
