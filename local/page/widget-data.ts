import type { LocalCloudWatch, MetricQuery, MetricSeries } from '../cloudwatch/cloudwatch.ts';
import { ApiError } from '../emulators/json-service.ts';
import type { ChartQuery } from './dashboard-body.ts';
import { dynamicLabel, plainNames } from './dynamic-label.ts';
import type { MetricRow } from './metrics-array.ts';
import type { PageSeries, WidgetData } from './shared/model.ts';

/** The time that is shown. Epoch milliseconds, the stack's time. */
export interface TimeRange {
  readonly startEpochMs: number;
  readonly endEpochMs: number;
}

const MINUTE_MS = 60_000;

/** What CloudWatch is asked with, and by which row. */
export interface ChartQueries {
  readonly queries: readonly MetricQuery[];
  /** In the order of the queries. */
  readonly periods: readonly number[];
}

/** Make GetMetricData's queries of the rows of a chart. */
export function chartQueries(query: ChartQuery, { startEpochMs, endEpochMs }: TimeRange): ChartQueries {
  const minute = startOfMinute(startEpochMs);
  const taken = new Set(query.rows.map(({ id }) => id));
  let count = 0;
  const nextId = (): string => {
    do count += 1;
    while (taken.has(`row${count}`));
    return `row${count}`;
  };
  const wholeRange = Math.max(1, Math.ceil((endEpochMs - minute) / MINUTE_MS)) * 60;
  const periods = query.rows.map(({ periodSeconds = query.periodSeconds }) =>
    query.periodIsRange ? wholeRange : periodSeconds,
  );
  const queries = query.rows.map((row, at): MetricQuery => {
    const shown = { id: row.id ?? nextId(), returnData: row.visible };
    const periodSeconds = periods[at] ?? query.periodSeconds;
    if (row.kind === 'expression') return { ...shown, expression: row.expression, periodSeconds };
    const { namespace, metricName, dimensions, stat = query.stat } = row;
    return { ...shown, metric: { namespace, metricName, dimensions }, stat, periodSeconds };
  });
  return { queries, periods };
}

/** Ask CloudWatch for what a chart shows. A query that it refuses costs this chart, and no other. */
export function widgetData(
  id: string,
  query: ChartQuery,
  range: TimeRange,
  cloudWatch: Pick<LocalCloudWatch, 'query'>,
): WidgetData {
  if (query.rows.length === 0) return { id, series: [] };
  const { queries, periods } = chartQueries(query, range);
  let found: readonly MetricSeries[];
  try {
    // Where the time that is shown is one period, it has to begin with that time.
    const periodsFrom = query.periodIsRange ? startOfMinute(range.startEpochMs) : 0;
    found = cloudWatch.query(queries, range.startEpochMs, range.endEpochMs, periodsFrom);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { id, series: [], problem: error.message };
  }
  const statOf = (row: MetricRow): string => (row.kind === 'metric' ? (row.stat ?? query.stat) : '');
  const names = plainNames(
    query.rows.filter(({ visible }) => visible),
    statOf,
  ).values();
  const series = query.rows.flatMap((row, at): PageSeries[] => {
    if (!row.visible) return [];
    const name = names.next().value ?? '';
    const periodSeconds = periods[at] ?? query.periodSeconds;
    const queryId = queries[at]?.id ?? '';
    const ofRow = found.filter((each) => each.id === queryId);
    const several = ofRow.length > 1;
    return ofRow.map(({ label, timestamps, values }, index) => {
      const subject = { row, stat: statOf(row), periodSeconds, values };
      const own = row.label === undefined ? name : dynamicLabel(row.label, subject);
      return {
        key: several ? `${queryId} ${index}` : queryId,
        // An expression such as SEARCH gives several series, each with a name of its own.
        label: several ? label : own,
        ...(row.color !== undefined && !several && { color: row.color }),
        axis: row.axis,
        periodSeconds,
        timestamps,
        values,
      };
    });
  });
  return { id, series };
}

function startOfMinute(epochMs: number): number {
  return Math.floor(epochMs / MINUTE_MS) * MINUTE_MS;
}
