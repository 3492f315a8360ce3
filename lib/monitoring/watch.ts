import type { ComparisonOperator, IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { isEmitted, type MetricKey, type Observability } from '../../lambdas/core/metric-names.ts';

/** Ids of the alarms: of their constructs, under the id of `ResilienceAlarms`. They are part of the contract. */
export const ALARM_IDS = [
  'QueueDepth',
  'QueueAge',
  'InFlight',
  'WaitingCloseToExpiry',
  'CloseToExpiry',
  'DeadLetterDepth',
  'DeadLetterAny',
  'DeadLetterGrowth',
  'DeadLetterExternal',
  'BackstopRedrives',
  'Poison',
  'QuarantineGrowth',
  'FunctionErrors',
  'RetriesExhausted',
  'AverageAttempts',
  'SettlementFailures',
  'ConfigurationRefused',
  'NoRetryHelps',
  'CircuitOpen',
  'CircuitHalfOpenFor',
  'ControlLoopSilent',
  'IntakeWithoutCause',
  'IntakePausedFor',
  'IntakeHeld',
  'KillSwitch',
  'OutageHandled',
] as const;

/** Id of an alarm. */
export type AlarmId = (typeof ALARM_IDS)[number];

/** A level at which there are metrics. */
export type AlarmLevel = Exclude<Observability, 'off'>;

/**
 * What an alarm is to the composite alarm `NeedsPerson`. `always`: it calls somebody. `unless-handled`: it does, but for
 * while an outage is being handled. `never`: it tells of a trend, or of what another alarm calls for. `excuses`: it says
 * that an outage is being handled.
 */
export type Urgency = 'always' | 'unless-handled' | 'never' | 'excuses';

/** What an alarm is made of. It goes off above the threshold, unless it says otherwise. */
export interface Watch {
  /** Id of the alarm's construct. */
  readonly id: AlarmId;
  /** Property that sets the threshold, for what is said of a wrong one. */
  readonly property: string;
  /** What was given for that property; undefined: nothing was. */
  readonly given: unknown;
  /** `false`: there is no such alarm. */
  readonly threshold: number | false;
  /** Largest threshold that makes sense. */
  readonly most?: number;
  readonly metric: IMetric;
  readonly comparison?: ComparisonOperator;
  readonly evaluationPeriods?: number;
  readonly datapointsToAlarm?: number;
  readonly missing: TreatMissingData;
  /** Least level at which its metrics are emitted. */
  readonly needs: AlarmLevel;
  /** Least level at which it is there without being asked for. */
  readonly level: AlarmLevel;
  readonly urgency: Urgency;
  readonly description: string;
}

/** Goes off at the first datapoint, and is over when the last 5 are good: what comes and goes rings once. */
export const AT_ONCE_FOR_FIVE = { evaluationPeriods: 5, datapointsToAlarm: 1 } as const;
/** Lets two bad minutes pass. */
export const THREE_OF_FIVE = { evaluationPeriods: 5, datapointsToAlarm: 3 } as const;
/** Alarms on what must not be at all. */
export const ANY = 0;

/** Least level at which metrics are emitted, without further dimensions. */
export function levelOf(...metrics: readonly MetricKey[]): AlarmLevel {
  return metrics.every((metric) => isEmitted(metric, 'essential')) ? 'essential' : 'full';
}

/** Threshold of an alarm that has none but on and off. */
export function anyIf(on: boolean | undefined): number | false {
  return on === false ? false : ANY;
}
