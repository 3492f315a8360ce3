import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import {
  CIRCUIT_DIMENSION,
  CONSUMER_DIMENSION,
  METRIC,
  METRIC_NAMESPACE,
  type MetricKey,
  REASON_DIMENSION,
} from '../../lambdas/core/metric-names.ts';
import type { FailureReason } from '../../lambdas/core/settings.ts';

/** A metric that the runtime emits. */
export type RuntimeMetric = MetricKey;

/**
 * A metric that a consumer's runtime emits, with the consumer's dimension alone.
 *
 * @default - the sum of 1 minute
 */
export function runtimeMetric(
  consumerId: string,
  metric: RuntimeMetric,
  options: MetricOptions = {},
): Metric {
  return new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: METRIC[metric],
    statistic: 'Sum',
    period: Duration.minutes(1),
    ...options,
    dimensionsMap: { [CONSUMER_DIMENSION]: consumerId, ...options.dimensionsMap },
  });
}

/** As {@link runtimeMetric}, of one circuit. */
export function circuitMetric(
  consumerId: string,
  circuit: string,
  metric: RuntimeMetric,
  options: MetricOptions = {},
): Metric {
  return runtimeMetric(consumerId, metric, { ...options, dimensionsMap: { [CIRCUIT_DIMENSION]: circuit } });
}

/** Messages that the runtime gave up for one reason. */
export function deadLetteredMetric(
  consumerId: string,
  reason: FailureReason,
  options: MetricOptions = {},
): Metric {
  return runtimeMetric(consumerId, 'deadLettered', {
    ...options,
    dimensionsMap: { [REASON_DIMENSION]: reason },
  });
}

/** What the intake controller reports of a consumer: a state, every minute. */
export function intakeMetric(consumerId: string, metric: RuntimeMetric, options: MetricOptions = {}): Metric {
  return runtimeMetric(consumerId, metric, { statistic: 'Maximum', ...options });
}

/**
 * A count that is 0 while nothing is counted. An alarm whose periods have no data goes by older ones, whatever it makes of
 * missing data, so that what was counted in one hour would ring for up to two more.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function zeroWhenSilent(count: Metric): MathExpression {
  return new MathExpression({
    expression: 'FILL(count, 0)',
    usingMetrics: { count },
    label: count.metricName,
    period: count.period,
  });
}
