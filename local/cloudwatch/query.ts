import type { MetricQuery, MetricSeries } from './cloudwatch.ts';
import { invalid } from './invalid.ts';
import { evaluate, type MathScope } from './math/evaluate.ts';
import { parseExpression } from './math/parser.ts';
import type { MathValue, TimeSeries } from './math/values.ts';
import { type MetricStore, periodStart } from './metric-store.ts';
import { statistic } from './statistics.ts';

/** The time that queries are asked for. In the stack's time, epoch milliseconds. */
export interface QueryWindow {
  /** Inclusive; rounded down to the start of a period. */
  readonly startEpochMs: number;
  /** Exclusive. */
  readonly endEpochMs: number;
  /** Where periods begin, with all their multiples. @default 0 - as in GetMetricData; alarms and charts slide */
  readonly offsetMs?: number;
}

const MAX_QUERIES = 500;
const MAX_DATAPOINTS = 100_800;
const DEFAULT_PERIOD_SECONDS = 300;
const FINE_PERIODS_SECONDS: ReadonlySet<number> = new Set([1, 5, 10, 20, 30]);

/**
 * Answer queries as GetMetricData does. An expression whose value is an array gives one series for each of its own.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
 * @throws {ApiError} ValidationError for what CloudWatch would refuse
 */
export function runQueries(
  store: MetricStore,
  queries: readonly MetricQuery[],
  window: QueryWindow,
): readonly MetricSeries[] {
  validate(queries, window);
  const byId = new Map(queries.map((query) => [query.id, query]));
  const values = new Map<string, MathValue>();
  const evaluating = new Set<string>();
  const periodsMs = queries.map((query) => ('metric' in query ? query.periodSeconds * 1_000 : 0));
  const commonMs = Math.max(...periodsMs) || DEFAULT_PERIOD_SECONDS * 1_000;

  const scope = (periodMs: number): MathScope => ({
    periodMs,
    value: resolve,
    metrics: (part) =>
      queries
        .filter((query) => 'metric' in query && query.id.includes(part))
        .map(({ id }) => resolve(id))
        .flatMap((value) => (value.type === 'series' ? [value.series] : [])),
    grid: (ofMs) => gridOf(window, ofMs),
  });
  const resolve = (id: string): MathValue => {
    const known = values.get(id);
    if (known !== undefined) return known;
    const query = byId.get(id);
    if (query === undefined) throw invalid(`Unknown id ${id} in an expression`);
    if (evaluating.has(id)) throw invalid(`The expression ${id} refers to itself`);
    evaluating.add(id);
    const value: MathValue =
      'metric' in query
        ? { type: 'series', series: metricSeries(store, query, window) }
        : evaluate(
            parseExpression(query.expression),
            scope(query.periodSeconds === undefined ? commonMs : query.periodSeconds * 1_000),
          );
    evaluating.delete(id);
    values.set(id, value);
    return value;
  };

  return queries
    .filter(({ returnData }) => returnData !== false)
    .flatMap((query) => results(query, resolve(query.id)));
}

/** The starts of all periods of a window. */
function gridOf({ startEpochMs, endEpochMs, offsetMs = 0 }: QueryWindow, periodMs: number): number[] {
  const first = periodStart(startEpochMs, periodMs, offsetMs);
  const count = Math.max(0, Math.ceil((endEpochMs - first) / periodMs));
  if (count > MAX_DATAPOINTS) throw invalid(`More than ${MAX_DATAPOINTS} datapoints are asked for`);
  return Array.from({ length: count }, (_, index) => first + index * periodMs);
}

function metricSeries(
  store: MetricStore,
  query: Extract<MetricQuery, { metric: unknown }>,
  { startEpochMs, endEpochMs, offsetMs = 0 }: QueryWindow,
): TimeSeries {
  const periodMs = query.periodSeconds * 1_000;
  const compute = statistic(query.stat) ?? (() => undefined);
  const first = periodStart(startEpochMs, periodMs, offsetMs);
  const last = periodStart(endEpochMs - 1, periodMs, offsetMs) + periodMs;
  const points = new Map<number, number>();
  for (const [at, samples] of store.find(query.metric)?.periods(first, last, periodMs, offsetMs) ?? []) {
    const value = compute(samples);
    if (value !== undefined) points.set(at, value);
  }
  return { label: query.label ?? query.metric.metricName, points, periodMs, metric: true };
}

function results({ id, label }: MetricQuery, value: MathValue): readonly MetricSeries[] {
  const one = (series: TimeSeries, name: string): MetricSeries => ({
    id,
    label: name,
    timestamps: [...series.points.keys()],
    values: [...series.points.values()],
  });
  if (value.type === 'series') {
    return [one(value.series, label ?? (value.series.metric ? value.series.label : id))];
  }
  if (value.type === 'array') {
    const name = label ?? id;
    return value.series.map((series) => one(series, name === '' ? series.label : `${name} ${series.label}`));
  }
  throw invalid(`The result of ${id} must be a time series or an array of time series`);
}

function validate(queries: readonly MetricQuery[], { startEpochMs, endEpochMs }: QueryWindow): void {
  if (!(startEpochMs < endEpochMs)) throw invalid('The parameter StartTime must be before EndTime');
  if (queries.length === 0 || queries.length > MAX_QUERIES) {
    throw invalid(`1 to ${MAX_QUERIES} queries can be asked at a time, got ${queries.length}`);
  }
  const ids = new Set<string>();
  for (const query of queries) {
    if (!/^[a-z][a-zA-Z0-9_]*$/.test(query.id)) {
      throw invalid(`The id ${query.id} must begin with a lower-case letter and be letters, digits and _`);
    }
    if (ids.has(query.id)) throw invalid(`The id ${query.id} is used twice`);
    ids.add(query.id);
    const { periodSeconds } = query;
    if (periodSeconds !== undefined) validatePeriod(query.id, periodSeconds);
    if ('metric' in query && statistic(query.stat) === undefined) {
      throw invalid(`The statistic ${query.stat} of ${query.id} is not known`);
    }
  }
}

function validatePeriod(id: string, seconds: number): void {
  const valid = FINE_PERIODS_SECONDS.has(seconds) || (Number.isInteger(seconds / 60) && seconds > 0);
  if (!valid)
    throw invalid(`The period of ${id} must be 1, 5, 10, 20, 30 or a multiple of 60, got ${seconds}`);
}
