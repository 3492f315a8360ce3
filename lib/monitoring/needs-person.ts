import {
  type Alarm,
  AlarmRule,
  AlarmState,
  CompositeAlarm,
  type IAlarmRule,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Urgency } from './watch.ts';

/** An alarm with what it is to the composite one. */
export interface RankedAlarm {
  readonly alarm: Alarm;
  readonly urgency: Urgency;
}

/**
 * One alarm for all that needs a person. Backlogs count unless an outage is being handled; whatever says that it is not,
 * or that handling it does not help, counts in any case. Undefined if there is nothing that it could go by.
 */
export function needsPersonAlarm(
  scope: Construct,
  alarms: readonly RankedAlarm[],
  consumerId: string,
): CompositeAlarm | undefined {
  const ringing = (urgency: Urgency): IAlarmRule[] =>
    alarms
      .filter((each) => each.urgency === urgency)
      .map(({ alarm }) => AlarmRule.fromAlarm(alarm, AlarmState.ALARM));
  const backlog = ringing('unless-handled');
  const [handled] = ringing('excuses');
  const rules = [
    ...ringing('always'),
    ...(handled === undefined || backlog.length === 0
      ? backlog
      : [AlarmRule.allOf(AlarmRule.anyOf(...backlog), AlarmRule.not(handled))]),
  ];
  if (rules.length === 0) return undefined;
  return new CompositeAlarm(scope, 'NeedsPerson', {
    alarmRule: AlarmRule.anyOf(...rules),
    alarmDescription:
      `${consumerId} needs a person. Look which of its alarms are on: each says what to do. A backlog alone does not count while ` +
      'an outage is being handled.',
  });
}
