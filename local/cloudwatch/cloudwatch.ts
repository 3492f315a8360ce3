import type { StackClock } from './stack-clock.ts';

/** State of an alarm, as CloudWatch names it. */
export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** A change of an alarm's state. */
export interface AlarmChange {
  /** In the stack's time. Epoch milliseconds. */
  readonly atEpochMs: number;
  readonly from: AlarmState;
  readonly to: AlarmState;
  /** Why, in words like CloudWatch's: datapoints and threshold, or the alarms that a composite one goes by. */
  readonly reason: string;
}

/** An alarm of the template, evaluated once a period in the stack's time. */
export interface LocalAlarm {
  readonly stack: string;
  readonly logicalId: string;
  readonly constructPath: string;
  readonly name: string;
  readonly arn: string;
  readonly kind: 'metric' | 'composite';
  readonly description: string;
  readonly state: AlarmState;
  readonly reason: string;
  /** When it came into this state, in the stack's time. Epoch milliseconds. */
  readonly sinceEpochMs: number;
  /** Every change so far, oldest first. */
  readonly history: readonly AlarmChange[];
  /** What the alarm is made of, as the template says it, resolved. */
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A dashboard of the template. */
export interface LocalDashboard {
  readonly stack: string;
  readonly logicalId: string;
  readonly constructPath: string;
  readonly name: string;
  /** The body, as CloudWatch's Dashboard Body Structure and Syntax describes it, resolved and parsed. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** One metric in CloudWatch. */
export interface MetricId {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** One entry of GetMetricData's `MetricDataQueries`: either a metric with a statistic, or an expression over others. */
export type MetricQuery = {
  /** Begins with a lower-case letter; expressions refer to it. */
  readonly id: string;
  readonly label?: string;
  /** @default true */
  readonly returnData?: boolean;
} & (
  | { readonly metric: MetricId; readonly stat: string; readonly periodSeconds: number }
  | { readonly expression: string; readonly periodSeconds?: number }
);

/** What one query found: datapoints, oldest first. `timestamps[i]` is the start of the period of `values[i]`. */
export interface MetricSeries {
  readonly id: string;
  readonly label: string;
  /** In the stack's time. Epoch milliseconds. */
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
}

/** One datapoint to put. */
export interface MetricDatum extends MetricId {
  /** In the stack's time. Epoch milliseconds. */
  readonly atEpochMs: number;
  readonly values: readonly number[];
  /** How often each of `values` was seen. @default - once each */
  readonly counts?: readonly number[];
  readonly unit?: string;
}

/** The CloudWatch of a local stack. */
export interface LocalCloudWatch {
  readonly clock: StackClock;
  readonly alarms: readonly LocalAlarm[];
  readonly dashboards: readonly LocalDashboard[];
  /**
   * An alarm, by logical id, construct path, name or ARN.
   *
   * @throws {UnknownResourceError} if there is none, or more than one
   */
  alarm(id: string): LocalAlarm;
  /**
   * Statistics of metrics, and metric math over them, as GetMetricData gives them. Times are the stack's. Periods begin
   * at `periodsFromEpochMs` and at all multiples of their length from there.
   *
   * @param periodsFromEpochMs @default 0
   * @throws {ApiError} with the code ValidationError for what CloudWatch would refuse
   */
  query(
    queries: readonly MetricQuery[],
    startEpochMs: number,
    endEpochMs: number,
    periodsFromEpochMs?: number,
  ): readonly MetricSeries[];
  /** Metrics that have datapoints. */
  metrics(): readonly MetricId[];
  put(data: readonly MetricDatum[]): void;
  /** Hear of every change of every alarm; what comes back ends it. */
  onAlarm(listener: (alarm: LocalAlarm, change: AlarmChange) => void): () => void;
}
