import type { MetricRow } from './metrics-array.ts';
import { shortNumber } from './shared/number.ts';
import { summarize } from './shared/statistics.ts';

/** What a label can speak of. */
export interface Labelled {
  readonly row: MetricRow;
  readonly stat: string;
  readonly periodSeconds: number;
  readonly values: readonly number[];
}

/**
 * Fill in the parts of a label that CloudWatch computes: `${LAST}`, `${MAX}` and the other statistics, `${LABEL}`, and
 * `${PROP('MetricName')}` with its kin. Parts that are not known here (times, `${PROP('AccountId')}`) stay as they are.
 *
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
 */
export function dynamicLabel(label: string, subject: Labelled): string {
  if (!label.includes('${')) return label;
  const { count, first, last, min, max, average, sum } = summarize(subject.values);
  const parts: Readonly<Record<string, string>> = {
    AVG: shortNumber(average),
    DATAPOINT_COUNT: String(count),
    FIRST: shortNumber(first),
    LAST: shortNumber(last),
    FIRST_LAST_RANGE: shortNumber(first === undefined || last === undefined ? undefined : last - first),
    MIN: shortNumber(min),
    MAX: shortNumber(max),
    MIN_MAX_RANGE: shortNumber(min === undefined || max === undefined ? undefined : max - min),
    SUM: shortNumber(sum),
    LABEL: plainName(subject.row),
  };
  return label
    .replace(/\$\{PROP\('([^']+)'\)\}/g, (whole, name: string) => property(name, subject) ?? whole)
    .replace(/\$\{([A-Z_]+)\}/g, (whole, name: string) => parts[name] ?? whole);
}

function property(name: string, { row, stat, periodSeconds }: Labelled): string | undefined {
  if (name === 'Stat') return stat;
  if (name === 'Period') return String(periodSeconds);
  if (row.kind === 'expression') return name === 'Expression' ? row.expression : undefined;
  if (name === 'MetricName') return row.metricName;
  if (name === 'Namespace') return row.namespace;
  return name.startsWith('Dim.') ? row.dimensions[name.slice(4)] : undefined;
}

/**
 * Names for rows without a label: whatever is enough to tell them apart, the metric, the dimensions that differ, the
 * statistic, or more of these together. An expression is called by its id, as CloudWatch does.
 */
export function plainNames(
  rows: readonly MetricRow[],
  statOf: (row: MetricRow) => string,
): readonly string[] {
  const metrics = rows.filter((row) => row.kind === 'metric');
  const all = [...new Set(metrics.flatMap(({ dimensions }) => Object.keys(dimensions)))];
  const telling = all.filter((name) => differ(metrics, ({ dimensions }) => dimensions[name] ?? ''));
  const name = (row: MetricOnly): string => row.metricName;
  const place = (row: MetricOnly): string =>
    telling
      .map((each) => row.dimensions[each] ?? '')
      .join(' ')
      .trim();
  const ways: readonly (readonly ((row: MetricOnly) => string)[])[] = [
    [name],
    [place],
    [statOf],
    [place, name],
    [name, statOf],
    [place, statOf],
  ];
  const enough = ways.find((way) => new Set(metrics.map((row) => joined(row, way))).size === metrics.length);
  const way = enough ?? [place, name, statOf];
  return rows.map((row) => (row.kind === 'metric' ? joined(row, way) : plainName(row)));
}

type MetricOnly = Extract<MetricRow, { kind: 'metric' }>;

function joined(row: MetricOnly, way: readonly ((row: MetricOnly) => string)[]): string {
  const parts = way.map((part) => part(row)).filter((part) => part !== '');
  return parts.length === 0 ? row.metricName : parts.join(' ');
}

function plainName(row: MetricRow): string {
  return row.kind === 'metric' ? row.metricName : (row.id ?? row.expression);
}

function differ<T>(items: readonly T[], of: (item: T) => string): boolean {
  return new Set(items.map(of)).size > 1;
}
