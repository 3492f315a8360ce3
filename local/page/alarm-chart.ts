import type { LocalAlarm } from '../cloudwatch/cloudwatch.ts';
import { arrayAt, booleanAt, numberAt, objectAt, stringAt } from '../json.ts';
import type { MetricRow } from './metrics-array.ts';
import { type Named, readableName } from './readable-name.ts';
import type { HorizontalAnnotation } from './shared/model.ts';

/** What is needed of an alarm to draw it. */
export type AlarmSource = Pick<LocalAlarm, 'arn' | 'kind' | 'properties' | keyof Named>;

/** An alarm as a chart: what it watches, and its threshold. */
export interface AlarmChart {
  readonly title: string;
  readonly rows: readonly MetricRow[];
  readonly problems: readonly string[];
  readonly horizontal: readonly HorizontalAnnotation[];
}

/** The metrics and the threshold of an alarm (`annotations.alarms` of a widget), or a sentence that says why not. */
export function alarmChart(arn: string, alarms: readonly AlarmSource[]): AlarmChart | string {
  const alarm = alarms.find((each) => each.arn === arn);
  if (alarm === undefined) return `There is no alarm ${arn} here.`;
  if (alarm.kind === 'composite')
    return `${readableName(alarm)} is made of other alarms: it has no metric to draw.`;
  const { properties } = alarm;
  const queries = arrayAt(properties, 'Metrics');
  const threshold = numberAt(properties, 'Threshold');
  return {
    title: readableName(alarm),
    rows: queries.length > 0 ? queries.flatMap(rowOfQuery) : [rowOfMetric(properties, properties, {})],
    problems: [],
    horizontal:
      threshold === undefined
        ? []
        : [{ value: threshold, label: comparison(properties, threshold), fill: 'none', axis: 'left' }],
  };
}

function rowOfQuery(query: unknown): MetricRow[] {
  const id = stringAt(query, 'Id');
  const label = stringAt(query, 'Label');
  const shown = {
    ...(id !== undefined && { id }),
    ...(label !== undefined && { label }),
    visible: booleanAt(query, 'ReturnData') ?? true,
  };
  const expression = stringAt(query, 'Expression');
  if (expression !== undefined) {
    const periodSeconds = numberAt(query, 'Period');
    return [
      {
        kind: 'expression',
        expression,
        axis: 'left',
        ...shown,
        ...(periodSeconds !== undefined && { periodSeconds }),
      },
    ];
  }
  const stat = objectAt(query, 'MetricStat');
  return [rowOfMetric(objectAt(stat, 'Metric'), stat, shown)];
}

function rowOfMetric(metric: unknown, statistic: unknown, shown: Partial<MetricRow>): MetricRow {
  const stat =
    stringAt(statistic, 'Stat') ??
    stringAt(statistic, 'ExtendedStatistic') ??
    stringAt(statistic, 'Statistic');
  const periodSeconds = numberAt(statistic, 'Period');
  const dimensions = arrayAt(metric, 'Dimensions').map((dimension) => [
    stringAt(dimension, 'Name') ?? '',
    stringAt(dimension, 'Value') ?? '',
  ]);
  return {
    axis: 'left',
    visible: true,
    ...shown,
    kind: 'metric',
    namespace: stringAt(metric, 'Namespace') ?? '',
    metricName: stringAt(metric, 'MetricName') ?? '',
    dimensions: Object.fromEntries(dimensions),
    ...(stat !== undefined && { stat }),
    ...(periodSeconds !== undefined && { periodSeconds }),
  };
}

const SIGNS: Readonly<Record<string, string>> = {
  GreaterThanThreshold: '>',
  GreaterThanOrEqualToThreshold: '≥',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '≤',
};

function comparison(properties: unknown, threshold: number): string {
  const sign = SIGNS[stringAt(properties, 'ComparisonOperator') ?? ''] ?? '';
  return `alarm ${sign} ${threshold}`.replace('  ', ' ');
}
