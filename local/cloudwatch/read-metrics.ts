import { arrayAt, numberAt, stringAt } from '../json.ts';
import type { ApiTime } from './api-time.ts';
import type { MetricId, MetricQuery, MetricSeries } from './cloudwatch.ts';
import { invalid } from './invalid.ts';
import { readMetricId, readQueries, writeDimensions } from './wire.ts';

/** What the reading operations of the API work with. */
export interface ReadOptions {
  readonly query: (queries: readonly MetricQuery[], start: number, end: number) => readonly MetricSeries[];
  readonly metrics: () => readonly MetricId[];
  readonly time: ApiTime;
}

const PAGE = 500;

/** Serve GetMetricData, in one page. Newest first, unless ScanBy asks otherwise, as on AWS. */
export function getMetricData(input: unknown, { query, time }: ReadOptions): unknown {
  const { start, end } = windowOf(input, time);
  const ascending = stringAt(input, 'ScanBy') === 'TimestampAscending';
  const order = <T>(items: readonly T[]): T[] => (ascending ? [...items] : [...items].reverse());
  return {
    MetricDataResults: query(readQueries(arrayAt(input, 'MetricDataQueries')), start, end).map((series) => ({
      Id: series.id,
      Label: series.label,
      Timestamps: order(series.timestamps).map((at) => time.toMachine(at) / 1_000),
      Values: order(series.values),
      StatusCode: 'Complete',
    })),
    Messages: [],
  };
}

/** Serve GetMetricStatistics. */
export function getMetricStatistics(input: unknown, { query, time }: ReadOptions): unknown {
  const { start, end } = windowOf(input, time);
  const metric = readMetricId(input);
  const periodSeconds = numberAt(input, 'Period') ?? 0;
  const stats = [...arrayAt(input, 'Statistics'), ...arrayAt(input, 'ExtendedStatistics')].map(String);
  if (stats.length === 0) throw invalid('Statistics or ExtendedStatistics must be given');
  const queries = stats.map((stat, index) => ({ id: `s${index}`, metric, stat, periodSeconds }));
  const extended = new Set(arrayAt(input, 'ExtendedStatistics').map(String));
  const points = new Map<number, Record<string, number>>();
  const extendedPoints = new Map<number, Record<string, number>>();
  for (const [index, { timestamps, values }] of query(queries, start, end).entries()) {
    const stat = stats[index] ?? '';
    const into = extended.has(stat) ? extendedPoints : points;
    for (const [at, timestamp] of timestamps.entries()) {
      into.set(timestamp, { ...into.get(timestamp), [stat]: values[at] ?? 0 });
    }
  }
  const times = [...new Set([...points.keys(), ...extendedPoints.keys()])].sort((a, b) => a - b);
  return {
    Label: metric.metricName,
    Datapoints: times.map((at) => ({
      Timestamp: time.toMachine(at) / 1_000,
      ...points.get(at),
      ...(extendedPoints.has(at) ? { ExtendedStatistics: extendedPoints.get(at) } : {}),
    })),
  };
}

/** Serve ListMetrics, 500 at a time. */
export function listMetrics(input: unknown, { metrics }: ReadOptions): unknown {
  const namespace = stringAt(input, 'Namespace');
  const metricName = stringAt(input, 'MetricName');
  const filters = arrayAt(input, 'Dimensions').map((filter) => ({
    name: stringAt(filter, 'Name') ?? '',
    value: stringAt(filter, 'Value'),
  }));
  const matching = metrics().filter(
    (id) =>
      (namespace === undefined || id.namespace === namespace) &&
      (metricName === undefined || id.metricName === metricName) &&
      filters.every(
        ({ name, value }) =>
          id.dimensions[name] !== undefined && (value === undefined || id.dimensions[name] === value),
      ),
  );
  const from = Number(stringAt(input, 'NextToken') ?? 0);
  return {
    Metrics: matching.slice(from, from + PAGE).map((id) => ({
      Namespace: id.namespace,
      MetricName: id.metricName,
      Dimensions: writeDimensions(id),
    })),
    ...(from + PAGE < matching.length ? { NextToken: String(from + PAGE) } : {}),
  };
}

function windowOf(input: unknown, time: ApiTime): { start: number; end: number } {
  const start = numberAt(input, 'StartTime');
  const end = numberAt(input, 'EndTime');
  if (start === undefined || end === undefined) throw invalid('StartTime and EndTime must be given');
  return { start: time.toStack(start * 1_000), end: time.toStack(end * 1_000) };
}
