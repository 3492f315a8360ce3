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
 * Names for rows without a label: whatever tells them apart, the metric, the dimensions or the statistic. An
 * expression is called by its id, as CloudWatch does.
 */
export function plainNames(
  rows: readonly MetricRow[],
  statOf: (row: MetricRow) => string,
): readonly string[] {
  const metrics = rows.filter((row) => row.kind === 'metric');
  const metricsDiffer = differ(metrics, ({ metricName }) => metricName);
  const names = [...new Set(metrics.flatMap(({ dimensions }) => Object.keys(dimensions)))];
  const telling = names.filter((name) => differ(metrics, ({ dimensions }) => dimensions[name] ?? ''));
  const statsDiffer = differ(metrics, statOf);
  return rows.map((row) => {
    if (row.kind === 'expression') return plainName(row);
    const parts = [
      ...telling.map((name) => row.dimensions[name] ?? ''),
      ...(metricsDiffer || (telling.length === 0 && !statsDiffer) ? [row.metricName] : []),
      ...(statsDiffer ? [statOf(row)] : []),
    ];
    return parts.filter((part) => part !== '').join(' ');
  });
}

function plainName(row: MetricRow): string {
  return row.kind === 'metric' ? row.metricName : (row.id ?? row.expression);
}

function differ<T>(items: readonly T[], of: (item: T) => string): boolean {
  return new Set(items.map(of)).size > 1;
}
