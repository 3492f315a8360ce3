import type {
  AlarmChange,
  AlarmState,
  LocalAlarm,
  LocalCloudWatch,
} from '../../local/cloudwatch/cloudwatch.ts';
import { createLocalCloudWatch } from '../../local/cloudwatch/local-cloudwatch.ts';
import { createMetricStore } from '../../local/cloudwatch/metric-store.ts';

/** The time at which the tests' stack stands still: Thursday, 26 November 2026, 12:00 UTC. */
export const NOON = Date.UTC(2026, 10, 26, 12);

const MINUTE_MS = 60_000;

/** What a still CloudWatch holds. */
export interface StillCloudWatch {
  readonly widgets?: readonly Readonly<Record<string, unknown>>[];
  readonly alarms?: readonly LocalAlarm[];
  readonly dashboards?: readonly { readonly name: string; readonly widgets: readonly unknown[] }[];
  readonly scale?: number;
}

/** A CloudWatch whose clock stands, with the metrics of {@link WAVES} in it, one datapoint a minute. */
export function stillCloudWatch({
  widgets = [],
  alarms = [],
  dashboards,
  scale = 1,
}: StillCloudWatch): LocalCloudWatch {
  const clock = { scale, now: () => NOON, at: (ms: number) => ms, machineMs: (ms: number) => ms / scale };
  const cloudWatch = createLocalCloudWatch({
    clock,
    store: createMetricStore(),
    alarms,
    dashboards: (dashboards ?? [{ name: 'still', widgets }]).map(({ name, widgets: ofDashboard }) => ({
      stack: 'Shop',
      logicalId: name,
      constructPath: `Shop/${name}`,
      name,
      body: { widgets: ofDashboard },
    })),
    onAlarm: () => () => undefined,
  });
  for (const [metricName, wave] of Object.entries(WAVES)) {
    for (let minute = 0; minute < 60; minute += 1) {
      const value = wave(minute);
      if (value === undefined) continue;
      const atEpochMs = NOON - (60 - minute) * MINUTE_MS;
      cloudWatch.put([
        { namespace: 'Test', metricName, dimensions: { Queue: 'orders' }, atEpochMs, values: [value] },
      ]);
    }
  }
  return cloudWatch;
}

/** Metrics of the namespace `Test`, by minute of the hour before noon. `Gaps` is silent for a while. */
export const WAVES: Readonly<Record<string, (minute: number) => number | undefined>> = {
  Waiting: (minute) => Math.round(60 + 55 * Math.sin(minute / 5)),
  InFlight: (minute) => Math.round(30 + 20 * Math.cos(minute / 3)),
  Handled: (minute) => 900 + ((minute * 37) % 200),
  Failed: (minute) => (minute > 50 ? 5 + (minute % 4) : 0),
  Gaps: (minute) => (minute > 52 && minute < 56 ? undefined : 40 + (minute % 7)),
};

/** A row of a widget's metrics. */
export function metric(name: string, options: Readonly<Record<string, unknown>> = {}): unknown[] {
  return ['Test', name, 'Queue', 'orders', { stat: 'Sum', period: 60, ...options }];
}

/** A widget of a dashboard's body, as wide as half a page. */
export function widget(
  type: string,
  properties: Readonly<Record<string, unknown>>,
  place: Readonly<Record<string, number>> = {},
): Readonly<Record<string, unknown>> {
  return { type, x: 0, y: 0, width: 12, height: 6, ...place, properties };
}

/** An alarm that came into its state five minutes before noon. */
export function alarm(name: string, state: AlarmState, more: Partial<LocalAlarm> = {}): LocalAlarm {
  const reason =
    state === 'ALARM'
      ? 'Threshold Crossed: 3 out of the last 3 datapoints [412, 380, 305] were greater than the threshold (100).'
      : state === 'OK'
        ? 'Threshold Crossed: 1 out of the last 3 datapoints [2] was not greater than the threshold (100).'
        : 'Insufficient Data: no datapoints were received.';
  const sinceEpochMs = NOON - 5 * MINUTE_MS - 10_000;
  const change: AlarmChange = { atEpochMs: sinceEpochMs, from: 'INSUFFICIENT_DATA', to: state, reason };
  return {
    stack: 'Shop',
    logicalId: name.replaceAll('-', ''),
    constructPath: `Shop/Orders/Alarms/${name}`,
    name,
    arn: `arn:aws:cloudwatch:us-east-1:000000000000:alarm:${name}`,
    kind: 'metric',
    description: `What to do about ${name} stands in the runbook.`,
    state,
    reason,
    sinceEpochMs,
    history: state === 'INSUFFICIENT_DATA' ? [] : [change],
    properties: {},
    ...more,
  };
}

/** Alarms in each state, and the composite one that calls for a person, which is on. */
export function alarmsInEachState(): readonly LocalAlarm[] {
  const depth = alarm('orders-DeadLetterDepth', 'ALARM', {
    properties: {
      Namespace: 'Test',
      MetricName: 'Waiting',
      Dimensions: [{ Name: 'Queue', Value: 'orders' }],
      Statistic: 'Maximum',
      Period: 60,
      Threshold: 100,
      ComparisonOperator: 'GreaterThanThreshold',
    },
  });
  const ok = alarm('orders-QueueAge', 'OK');
  const silent = alarm('orders-KillSwitch', 'INSUFFICIENT_DATA');
  const person = alarm('orders-NeedsPerson', 'ALARM', {
    kind: 'composite',
    reason: `${depth.arn} transitioned to ALARM`,
    properties: { AlarmRule: `ALARM("${depth.arn}") OR ALARM(${ok.name})` },
  });
  return [ok, silent, depth, person];
}
