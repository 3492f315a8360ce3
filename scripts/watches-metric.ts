import type { MetricAlarm } from '@aws-sdk/client-cloudwatch';

/** Whether an alarm watches a metric with such a dimension, alone or within an expression. */
export function watchesMetric(
  { MetricName, Dimensions, Metrics = [] }: Pick<MetricAlarm, 'MetricName' | 'Dimensions' | 'Metrics'>,
  name: string,
  dimension: string,
): boolean {
  const watched = [{ MetricName, Dimensions }, ...Metrics.map(({ MetricStat }) => MetricStat?.Metric ?? {})];
  return watched.some(
    (metric) =>
      metric.MetricName === name && (metric.Dimensions ?? []).some(({ Value }) => Value === dimension),
  );
}
