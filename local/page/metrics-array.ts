import { booleanAt, isObject, type JsonObject, numberAt, stringAt } from '../json.ts';
import type { AxisSide } from './shared/model.ts';

/** One row of a widget's `metrics`: a metric with a statistic, or an expression over other rows. */
export type MetricRow = {
  readonly id?: string;
  readonly label?: string;
  readonly color?: string;
  readonly axis: AxisSide;
  /** Whether it is drawn; expressions may use it in any case. */
  readonly visible: boolean;
  readonly periodSeconds?: number;
} & (
  | {
      readonly kind: 'metric';
      readonly namespace: string;
      readonly metricName: string;
      readonly dimensions: Readonly<Record<string, string>>;
      readonly stat?: string;
    }
  | { readonly kind: 'expression'; readonly expression: string }
);

/** What became of a widget's `metrics`. */
export interface MetricRows {
  readonly rows: readonly MetricRow[];
  /** What could not be read: the place and the rule. */
  readonly problems: readonly string[];
}

/**
 * Read the `metrics` of a dashboard widget: rows of namespace, metric name, dimensions in pairs and options, in which
 * `.` stands for the field above and `...` for as many of them as are missing.
 *
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html#CloudWatch-Dashboard-Properties-Metrics-Array-Format
 *
 * @example
 * readMetricRows([['AWS/SQS', 'NumberOfMessagesSent', 'QueueName', 'orders'], ['...', 'invoices', { stat: 'Sum' }]]);
 */
export function readMetricRows(metrics: readonly unknown[]): MetricRows {
  const rows: MetricRow[] = [];
  const problems: string[] = [];
  let above: readonly string[] = [];
  for (const [index, row] of metrics.entries()) {
    const read = readRow(row, above);
    if (typeof read === 'string') {
      problems.push(`metrics[${index}] ${read}`);
      continue;
    }
    if (read.fields !== undefined) above = read.fields;
    rows.push(read.row);
  }
  return { rows, problems };
}

function readRow(
  row: unknown,
  above: readonly string[],
): string | { readonly row: MetricRow; readonly fields?: readonly string[] } {
  if (!Array.isArray(row)) return 'must be an array';
  const last: unknown = row.at(-1);
  const options = isObject(last) ? last : {};
  const given: readonly unknown[] = isObject(last) ? row.slice(0, -1) : row;
  const expression = stringAt(options, 'expression');
  if (given.length === 0) {
    if (expression === undefined) return 'must name a metric or have an expression';
    return { row: { ...commonOptions(options), kind: 'expression', expression } };
  }
  const fields = expand(given, above);
  if (typeof fields === 'string') return fields;
  const [namespace, metricName, ...pairs] = fields;
  if (namespace === undefined || metricName === undefined) return 'must have a namespace and a metric name';
  if (pairs.length % 2 !== 0) return 'must have a value for each dimension';
  const dimensions: Record<string, string> = {};
  for (let at = 0; at < pairs.length; at += 2) dimensions[pairs[at] ?? ''] = pairs[at + 1] ?? '';
  const stat = stringAt(options, 'stat');
  return {
    fields,
    row: {
      ...commonOptions(options),
      kind: 'metric',
      namespace,
      metricName,
      dimensions,
      ...(stat !== undefined && { stat }),
    },
  };
}

/** The fields of a row, with what stands above put in for `.` and `...`. */
function expand(given: readonly unknown[], above: readonly string[]): string | readonly string[] {
  const fields: string[] = [];
  for (const [at, field] of given.entries()) {
    if (typeof field !== 'string') return `must have texts, got ${JSON.stringify(field)}`;
    if (field === '...') {
      const missing = above.length - (given.length - 1);
      if (missing < 1) return 'must have fewer fields than the row above where it has "..."';
      fields.push(...above.slice(fields.length, fields.length + missing));
    } else if (field === '.') {
      const same = above[fields.length];
      if (same === undefined) return `has "." in place ${at + 1}, where the row above has nothing`;
      fields.push(same);
    } else {
      fields.push(field);
    }
  }
  return fields;
}

function commonOptions(options: JsonObject): Pick<MetricRow, 'axis' | 'visible'> & Partial<MetricRow> {
  const id = stringAt(options, 'id');
  const label = stringAt(options, 'label');
  const color = stringAt(options, 'color');
  const periodSeconds = numberAt(options, 'period');
  return {
    ...(id !== undefined && { id }),
    ...(label !== undefined && { label }),
    ...(color !== undefined && { color }),
    ...(periodSeconds !== undefined && { periodSeconds }),
    axis: options.yAxis === 'right' ? 'right' : 'left',
    visible: booleanAt(options, 'visible') ?? true,
  };
}
