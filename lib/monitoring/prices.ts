/**
 * List prices of CloudWatch: US dollars a month, in us-east-1, for standard resolution.
 *
 * Source: https://aws.amazon.com/cloudwatch/pricing/, as of May 2026. A custom metric is charged for the hours in which it
 * is emitted; this is the price of the first 10,000 of an account, the others cost less. Alarms on expressions are
 * charged for each metric in them. Free each month for an account, and not subtracted here: 10 custom metrics, 10 alarm
 * metrics, 3 dashboards of at most 50 metrics.
 */
export const PRICES = {
  source: 'https://aws.amazon.com/cloudwatch/pricing/',
  asOf: '2026-05',
  region: 'us-east-1',
  customMetric: 0.3,
  alarmMetric: 0.1,
  compositeAlarm: 0.5,
  dashboard: 3,
} as const;

/** What monitoring adds to an account. */
export interface MonitoringCount {
  /** Custom metrics: at most so many. */
  readonly customMetrics: number;
  /** Alarms on metrics. */
  readonly alarms: number;
  /** Metrics of all of those together. */
  readonly alarmMetrics: number;
  readonly compositeAlarms: number;
  readonly dashboards: number;
}

/** List price of what monitoring adds. US dollars a month, at most. */
export function monthlyPrice(count: MonitoringCount): number {
  const { customMetrics, alarmMetrics, compositeAlarms, dashboards } = count;
  return (
    customMetrics * PRICES.customMetric +
    alarmMetrics * PRICES.alarmMetric +
    compositeAlarms * PRICES.compositeAlarm +
    dashboards * PRICES.dashboard
  );
}

/** What synthesis says of it. */
export function priceSentence(count: MonitoringCount): string {
  const { customMetrics, alarms, alarmMetrics, compositeAlarms, dashboards } = count;
  return (
    `monitoring costs at most ${dollars(monthlyPrice(count))} a month: custom metrics ${customMetrics} at most, ` +
    `alarms ${alarms} on ${alarmMetrics} metrics, composite alarms ${compositeAlarms}, dashboards ${dashboards} (list prices of ${PRICES.region}, ${PRICES.asOf}, ${PRICES.source}; the free tier is not ` +
    'subtracted, log ingestion not counted)'
  );
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}
