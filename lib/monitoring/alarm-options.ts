import type { Duration } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { AlarmId } from './watch.ts';

/** Alarms on what the intake controller reports. Only consumers with an intake controller have them. */
export interface IntakeAlarmsOptions {
  /**
   * Whether an open circuit raises an alarm, at once; it is over after 5 minutes without. It calls nobody.
   *
   * @default - with `observability: 'full'`
   */
  readonly circuitOpen?: boolean;
  /**
   * Time for which a circuit is half-open, at once. Needs `observability: 'full'`.
   *
   * @default Duration.minutes(5)
   */
  readonly circuitHalfOpenFor?: Duration | false;
  /**
   * Whether an intake controller that reports nothing raises an alarm, in 3 of 5 minutes. A new alarm waits for its first
   * report, for 15 minutes at most.
   *
   * @default true
   */
  readonly controlLoopSilent?: boolean;
  /**
   * Whether an event source that is disabled though nothing asks for it raises an alarm, in 3 of 5 minutes.
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
   * Whether an intake that an operator or a halted FIFO queue holds raises an alarm of its own, at once. Needs
   * `observability: 'full'`; with `essential`, `noRetryHelps` tells of it.
   *
   * @default true
   */
  readonly intakeHeld?: boolean;
  /**
   * Whether an intake that the kill switch holds raises an alarm of its own, at once. Needs `observability: 'full'`; with
   * `essential`, `noRetryHelps` tells of it.
   *
   * @default true
   */
  readonly killSwitch?: boolean;
  /**
   * Time after an outage for which its backlog still calls nobody, rounded up to minutes. 1 minute to 1 day. `false`: nothing
   * excuses the queue's age, its depth and what is in flight, an outage that is being handled included. Those alarms take 3
   * minutes to be over: make it so much longer than a backlog takes.
   *
   * @default Duration.minutes(15)
   */
  readonly recoveryGrace?: Duration | false;
}

/** Alarms on the dead-letter queue and on quarantine. */
export interface SetAsideAlarmsOptions {
  /**
   * Messages in the dead-letter queue, at once. 0 or more.
   *
   * @default 100
   */
  readonly deadLetterDepth?: number | false;
  /**
   * Whether the first message in the dead-letter queue raises an alarm, at once.
   *
   * @default false
   */
  readonly deadLetterAny?: boolean;
  /**
   * Messages by which the dead-letter queue grows in a minute, at once. 0 or more.
   *
   * @default 10
   */
  readonly deadLetterGrowth?: number | false;
  /**
   * Messages dead-lettered in an hour for `EXTERNAL_SERVICE_ERROR`. 0 or more. Needs `observability: 'full'`.
   *
   * @default 10
   */
  readonly deadLetterExternal?: number | false;
  /**
   * Messages in a minute that SQS itself moved to the dead-letter queue, at once. 0 or more.
   *
   * @default 0
   */
  readonly backstopRedrives?: number | false;
  /**
   * Messages that go to quarantine in an hour. 0 or more.
   *
   * @default 20
   */
  readonly poison?: number | false;
  /**
   * Messages by which the quarantine queue grows in a minute, at once. 0 or more.
   *
   * @default 10
   */
  readonly quarantineGrowth?: number | false;
}

/** Alarms on the queue. */
export interface QueueAlarmsOptions {
  /**
   * Messages waiting in the queue, in 3 of 5 minutes. 0 or more.
   *
   * @default - 10,000, with `observability: 'full'`
   */
  readonly queueDepth?: number | false;
  /**
   * Age of the oldest message in the queue, in 3 of 5 minutes. SQS leaves out messages that were received 3 times.
   *
   * @default Duration.minutes(5)
   */
  readonly queueAge?: Duration | false;
  /**
   * Messages in flight, in percent of the 120,000 that SQS allows, in 3 of 5 minutes. 0 to 100.
   *
   * @default - 80, with `observability: 'full'`
   */
  readonly inFlight?: number | false;
  /**
   * Time that is left to a message until it expires: of one that is put back, and of one that waits. Shorter than
   * `retryUntil`.
   *
   * @default - 1 hour, or a quarter of `retryUntil` if that is less
   */
  readonly closeToExpiry?: Duration | false;
}

/** Alarms on what the runtime reports, and on what Lambda reports of it. */
export interface RuntimeAlarmsOptions {
  /**
   * Invocations that fail as a whole, in percent, in 3 of 5 minutes. 0 to 100.
   *
   * @default 50
   */
  readonly functionErrors?: number | false;
  /**
   * Messages in an hour whose attempts ran out. 0 or more. Needs `observability: 'full'`.
   *
   * @default 50
   */
  readonly retriesExhausted?: number | false;
  /**
   * Average of the attempts that messages take, in each of 3 periods of 5 minutes. 0 or more. Needs `observability:
   * 'full'`.
   *
   * @default 2
   */
  readonly averageAttempts?: number | false;
  /**
   * Moves and visibility changes that SQS refuses in 5 minutes, in 2 of 3 such periods. 0 or more. Needs `observability: 'full'`; with
   * `essential`, `noRetryHelps` tells of what lasts.
   *
   * @default 0
   */
  readonly settlementFailures?: number | false;
  /**
   * Whether a run-time configuration that is refused raises an alarm of its own, at once. Only consumers that read one
   * have it. Needs `observability: 'full'`; with `essential`, `noRetryHelps` tells of it.
   *
   * @default true
   */
  readonly configurationRefused?: boolean;
  /**
   * Whether what no retry mends and no open circuit explains raises an alarm, in 2 of 5 minutes: a hold, SQS that
   * refuses, a configuration that is refused, a fault of the deployment.
   *
   * @default true
   */
  readonly noRetryHelps?: boolean;
}

/**
 * Thresholds and actions of `ResilienceAlarms`. An alarm goes off above its threshold; `false` leaves it out. One that is
 * asked for is there at the level `essential` too, if its metrics are.
 */
export interface ResilienceAlarmsOptions
  extends QueueAlarmsOptions,
    SetAsideAlarmsOptions,
    RuntimeAlarmsOptions,
    IntakeAlarmsOptions {
  /**
   * Whether there is one composite alarm of those that need a person, which has the actions. `false`: each alarm has
   * them, so that one incident calls several times.
   *
   * @default true
   */
  readonly needsPerson?: boolean;
  /**
   * What to do when a person is needed.
   *
   * @default - nothing beyond `alarmTopic`
   */
  readonly alarmActions?: readonly IAlarmAction[];
  /**
   * Topic that is told when a person is needed. One that is encrypted with KMS has to let CloudWatch use its key.
   *
   * @default - nobody is told
   */
  readonly alarmTopic?: ITopic;
  /**
   * What to do when nobody is needed any more. `new SnsAction(topic)` tells a topic.
   *
   * @default - nothing
   */
  readonly okActions?: readonly IAlarmAction[];
  /**
   * Alarms that are left out of the composite one, by their ids: those that call somebody else, by `actionsFor`, or that
   * nobody has to get up for.
   *
   * @default - none
   */
  readonly quiet?: readonly AlarmId[];
  /**
   * What to do, besides, when single alarms go off, by their ids: for those that call nobody, or call somebody else.
   *
   * @default - nothing
   */
  readonly actionsFor?: Readonly<Partial<Record<AlarmId, readonly IAlarmAction[]>>>;
}
