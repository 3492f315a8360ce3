import { Duration } from 'aws-cdk-lib';
import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { secondsOf } from '../private/problems.ts';
import { intakeMetric } from './runtime-metrics.ts';
import type { Watch } from './watch.ts';

/** Alarms on the intake. Only consumers with an intake controller have them. */
export interface IntakeAlarmsOptions {
  /**
   * Whether an event source that is disabled though nothing asks for it raises an alarm, in 3 of 5 minutes. Silence of
   * the intake controller counts as that, too, so it may go off for some minutes when it is first deployed.
   *
   * @default true
   */
  readonly intakeWithoutCause?: boolean;
  /**
   * Time for which the event source is paused, at once.
   *
   * @default Duration.hours(1)
   */
  readonly intakePausedFor?: Duration | false;
  /**
   * Whether an intake that an operator or a halted FIFO queue holds raises an alarm, at once.
   *
   * @default true
   */
  readonly intakeHeld?: boolean;
  /**
   * Whether an intake that the kill switch holds raises an alarm, at once.
   *
   * @default true
   */
  readonly killSwitch?: boolean;
}

const OFF = false;
/** Alarms on what must not be at all. */
const ANY = 0;

/** Alarms on what the intake controller reports of a consumer, every minute. */
export function intakeWatches(options: IntakeAlarmsOptions, consumerId: string, queueName: string): Watch[] {
  const pausedFor = options.intakePausedFor ?? Duration.hours(1);
  return [
    {
      // Only the controller opens what it has paused. A silent one leaves messages waiting until SQS deletes them,
      // which is worse than an alarm in the first minutes of a consumer, before the controller has seen it.
      id: 'IntakeWithoutCause',
      property: 'intakeWithoutCause',
      threshold: options.intakeWithoutCause === false ? OFF : ANY,
      metric: intakeMetric(consumerId, 'intakeWithoutCause'),
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
      missing: TreatMissingData.BREACHING,
      description:
        `The event source of ${consumerId} is disabled and nothing asks for it, or the intake controller is silent: ` +
        `messages wait in ${queueName} until SQS deletes them. Look whether somebody disabled the event source by hand, then for errors ` +
        "and throttles of the controller's function and whether its schedule is on. Enable the event source again.",
    },
    {
      id: 'IntakePausedFor',
      property: 'intakePausedFor',
      threshold: pausedFor === false ? OFF : (secondsOf(pausedFor) ?? pausedFor.toSeconds()),
      metric: intakeMetric(consumerId, 'intakePausedFor'),
      missing: TreatMissingData.IGNORE,
      description:
        `The event source of ${consumerId} has been paused for long. Messages wait in ${queueName} without a charge, and ` +
        'expire at the age of retryUntil. Look which circuit is open or what holds the intake, and mend that dependency.',
    },
    {
      id: 'IntakeHeld',
      property: 'intakeHeld',
      threshold: options.intakeHeld === false ? OFF : ANY,
      metric: intakeMetric(consumerId, 'intakeHeld'),
      missing: TreatMissingData.IGNORE,
      description:
        `An operator or a message that failed for good at the head of a FIFO group holds the intake of ${consumerId}. ` +
        `Look who: it does not end by itself. Mend the cause or take the message out of ${queueName}, then resume.`,
    },
    {
      id: 'KillSwitch',
      property: 'killSwitch',
      threshold: options.killSwitch === false ? OFF : ANY,
      metric: intakeMetric(consumerId, 'killSwitchOn'),
      missing: TreatMissingData.IGNORE,
      description:
        `One fault takes many messages of ${consumerId}; they wait in ${queueName} rather than go to the dead-letter queue. Read ` +
        "its fingerprint in the log line 'kill switch', look at the latest " +
        'deployment and at credentials, and mend it. It tries one message at a time and goes on by itself.',
    },
  ];
}
