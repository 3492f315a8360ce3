import { arrayAt, booleanAt, isObject, numberAt, objectAt, stringAt } from '../json.ts';
import type { MetricId, MetricQuery } from './cloudwatch.ts';
import { invalid } from './invalid.ts';

/** A metric in the spelling of the API and of templates: Namespace, MetricName, Dimensions. */
export function readMetricId(value: unknown, namespace = stringAt(value, 'Namespace')): MetricId {
  const metricName = stringAt(value, 'MetricName');
  if (namespace === undefined || metricName === undefined) {
    throw invalid('A metric needs a Namespace and a MetricName');
  }
  const dimensions: Record<string, string> = {};
  for (const dimension of arrayAt(value, 'Dimensions')) {
    const name = stringAt(dimension, 'Name');
    const text = isObject(dimension) ? dimension.Value : undefined;
    if (name === undefined || text === undefined) throw invalid('A dimension needs a Name and a Value');
    dimensions[name] = String(text);
  }
  return { namespace, metricName, dimensions };
}

/** Dimensions in the spelling of the API. */
export function writeDimensions({ dimensions }: MetricId): { Name: string; Value: string }[] {
  return Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }));
}

/**
 * `MetricDataQueries` of the API, `Metrics` of an alarm.
 *
 * @throws {ApiError} ValidationError if one is neither a metric nor an expression
 */
export function readQueries(values: readonly unknown[]): readonly MetricQuery[] {
  return values.map(readQuery);
}

function readQuery(value: unknown): MetricQuery {
  const label = stringAt(value, 'Label');
  const returnData = booleanAt(value, 'ReturnData');
  const common = {
    id: stringAt(value, 'Id') ?? '',
    ...(label === undefined ? {} : { label }),
    ...(returnData === undefined ? {} : { returnData }),
  };
  const expression = stringAt(value, 'Expression');
  const metricStat = objectAt(value, 'MetricStat');
  if (expression !== undefined) {
    const periodSeconds = numberAt(value, 'Period');
    return { ...common, expression, ...(periodSeconds === undefined ? {} : { periodSeconds }) };
  }
  if (!('Metric' in metricStat)) throw invalid(`The query ${common.id} needs a MetricStat or an Expression`);
  return {
    ...common,
    metric: readMetricId(metricStat.Metric),
    stat: stringAt(metricStat, 'Stat') ?? '',
    periodSeconds: numberAt(metricStat, 'Period') ?? 0,
  };
}
