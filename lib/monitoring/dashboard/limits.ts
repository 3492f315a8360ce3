import { Stack } from 'aws-cdk-lib';
import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { format, type Problems } from '../../private/problems.ts';

/** Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html, "Dashboards". */
const MOST = { widgets: 500, metricsOfWidget: 500, metrics: 2_500 };

/** Note what is more than CloudWatch takes on one dashboard. Metrics behind an expression count, hidden or not. */
export function checkLimits(scope: Construct, widgets: readonly IWidget[], problems: Problems): void {
  const drawn: unknown[] = Stack.of(scope).resolve(widgets.flatMap((widget) => widget.toJson()));
  const counts = drawn.map(metricsOf);
  const because = "CloudWatch's limit: give some of the consumers a dashboard of their own";
  const check = (what: string, got: number, most: number): void => {
    if (got > most) problems.add('consumers', `must need at most ${format(most)} ${what}`, got, because);
  };
  check('widgets', drawn.length, MOST.widgets);
  check('metrics in one widget', Math.max(0, ...counts), MOST.metricsOfWidget);
  check(
    'metrics in all',
    counts.reduce((sum, count) => sum + count, 0),
    MOST.metrics,
  );
}

function metricsOf(widget: unknown): number {
  const properties = member(widget, 'properties');
  const metrics = member(properties, 'metrics');
  // an expression is an object in the first place; a metric has its namespace there
  return Array.isArray(metrics) ? metrics.filter((entry) => typeof entry[0] === 'string').length : 0;
}

function member(object: unknown, key: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, key) : undefined;
}
