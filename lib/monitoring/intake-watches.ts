import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { secondsOf } from '../private/problems.ts';
import type { IntakeAlarmsOptions } from './alarm-options.ts';
import { intakeMetric } from './runtime-metrics.ts';
import { ANY, AT_ONCE_FOR_FIVE, anyIf, levelOf, THREE_OF_FIVE, type Watch } from './watch.ts';

const MINUTE = Duration.minutes(1);
const DEFAULT_GRACE_MINUTES = 15;

/** Alarms on what the intake controller reports of a consumer, every minute. */
export function intakeWatches(options: IntakeAlarmsOptions, consumerId: string, queueName: string): Watch[] {
  return [...circuitWatches(options, consumerId), ...pauseWatches(options, consumerId, queueName)];
}

function circuitWatches(options: IntakeAlarmsOptions, consumerId: string): Watch[] {
  const halfOpen = options.circuitHalfOpenFor ?? Duration.minutes(5);
  return [
    {
      // Between two probes a circuit is half-open for moments: what goes to and fro rings once.
      id: 'CircuitOpen',
      property: 'circuitOpen',
      given: options.circuitOpen,
      threshold: anyIf(options.circuitOpen),
      metric: intakeMetric(consumerId, 'circuitsOpen'),
      ...AT_ONCE_FOR_FIVE,
      missing: TreatMissingData.NOT_BREACHING,
      needs: levelOf('circuitsOpen'),
      level: 'full',
      urgency: 'never',
      description:
        `A circuit of ${consumerId} is open: calls to a dependency fail, and messages wait for it without a charge. Look which ` +
        'dependency it is (CircuitOpen by circuit, or the log), and mend it; intake comes back by itself.',
    },
    {
      id: 'CircuitHalfOpenFor',
      property: 'circuitHalfOpenFor',
      given: options.circuitHalfOpenFor,
      threshold: halfOpen === false ? false : (secondsOf(halfOpen) ?? halfOpen.toSeconds()),
      metric: intakeMetric(consumerId, 'circuitHalfOpenFor'),
      missing: TreatMissingData.NOT_BREACHING,
      needs: levelOf('circuitHalfOpenFor'),
      level: 'full',
      urgency: 'always',
      description:
        `A circuit of ${consumerId} has been half-open for long: probes neither succeed nor fail. Look whether the event ` +
        'source is enabled, whether the function is throttled or gets no messages, and whether handlers call the dependency.',
    },
    {
      // Minutes of grace: a backlog is older than any threshold while it is worked off.
      id: 'OutageHandled',
      property: 'recoveryGrace',
      given: undefined,
      threshold: options.recoveryGrace === false ? false : ANY,
      metric: new MathExpression({
        expression: 'IF(open > 0 AND pausedFor > 0, 1, 0)',
        usingMetrics: {
          open: intakeMetric(consumerId, 'circuitsOpen'),
          pausedFor: intakeMetric(consumerId, 'intakePausedFor'),
        },
        label: 'Outage that is being handled',
        period: MINUTE,
      }),
      evaluationPeriods: graceMinutes(options.recoveryGrace),
      datapointsToAlarm: 1,
      missing: TreatMissingData.NOT_BREACHING,
      needs: levelOf('circuitsOpen', 'intakePausedFor'),
      level: 'essential',
      urgency: 'excuses',
      description:
        `An outage of a dependency of ${consumerId} is being handled, or was until a moment ago: a circuit is open, and the ` +
        'intake is paused for it. It calls nobody. Look at the dependency.',
    },
  ];
}

function pauseWatches(options: IntakeAlarmsOptions, consumerId: string, queueName: string): Watch[] {
  const pausedFor = options.intakePausedFor ?? Duration.hours(1);
  return [
    {
      // Only the controller opens what it has paused: a silent one leaves messages waiting until SQS deletes them.
      id: 'ControlLoopSilent',
      property: 'controlLoopSilent',
      given: options.controlLoopSilent,
      threshold: options.controlLoopSilent === false ? false : 1,
      metric: intakeMetric(consumerId, 'intakeWithoutCause', { statistic: 'SampleCount' }),
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      ...THREE_OF_FIVE,
      missing: TreatMissingData.BREACHING,
      needs: levelOf('intakeWithoutCause'),
      level: 'essential',
      urgency: 'always',
      description:
        `The intake controller reports nothing of ${consumerId}: what it has paused stays paused, and messages wait in ` +
        `${queueName} until SQS deletes them. Look for errors and throttles of the controller's function, and whether its ` +
        'schedule is on. If the event source is disabled, enable it by hand meanwhile.',
    },
    {
      id: 'IntakeWithoutCause',
      property: 'intakeWithoutCause',
      given: options.intakeWithoutCause,
      threshold: anyIf(options.intakeWithoutCause),
      metric: intakeMetric(consumerId, 'intakeWithoutCause'),
      ...THREE_OF_FIVE,
      missing: TreatMissingData.NOT_BREACHING,
      needs: levelOf('intakeWithoutCause'),
      level: 'essential',
      urgency: 'always',
      description:
        `The event source of ${consumerId} is disabled and nothing asks for it: messages wait in ${queueName} until SQS deletes ` +
        'them. Look whether somebody disabled it by hand, and enable it again once the reason is gone.',
    },
    {
      id: 'IntakePausedFor',
      property: 'intakePausedFor',
      given: options.intakePausedFor,
      threshold: pausedFor === false ? false : (secondsOf(pausedFor) ?? pausedFor.toSeconds()),
      // In the minutes of a probe nothing is paused: an outage of hours calls once, and not after each probe.
      metric: intakeMetric(consumerId, 'intakePausedFor'),
      ...AT_ONCE_FOR_FIVE,
      missing: TreatMissingData.IGNORE,
      needs: levelOf('intakePausedFor'),
      level: 'essential',
      urgency: 'always',
      description:
        `The event source of ${consumerId} has been paused for long. Messages wait in ${queueName} without a charge, and ` +
        'expire at the age of retryUntil. Look which circuit is open or what holds the intake, and mend that dependency.',
    },
    {
      id: 'IntakeHeld',
      property: 'intakeHeld',
      given: options.intakeHeld,
      threshold: anyIf(options.intakeHeld),
      metric: intakeMetric(consumerId, 'intakeHeld'),
      missing: TreatMissingData.IGNORE,
      needs: levelOf('intakeHeld'),
      level: 'full',
      urgency: 'always',
      description:
        `An operator or a message that failed for good at the head of a FIFO group holds the intake of ${consumerId}. ` +
        `Look who: it does not end by itself. Mend the cause or take the message out of ${queueName}, then resume.`,
    },
    {
      id: 'KillSwitch',
      property: 'killSwitch',
      given: options.killSwitch,
      threshold: anyIf(options.killSwitch),
      metric: intakeMetric(consumerId, 'killSwitchOn'),
      ...AT_ONCE_FOR_FIVE,
      missing: TreatMissingData.IGNORE,
      needs: levelOf('killSwitchOn'),
      level: 'full',
      urgency: 'always',
      description:
        `One fault takes many messages of ${consumerId}; they wait in ${queueName} rather than go to the dead-letter queue. Read ` +
        "its fingerprint in the log line 'kill switch', look at the latest " +
        'deployment and at credentials, and mend it. It tries one message at a time and goes on by itself.',
    },
  ];
}

/** Minutes, rounded up; what is wrong is said where options are checked. */
function graceMinutes(grace: Duration | false | undefined): number {
  if (grace === undefined || grace === false) return DEFAULT_GRACE_MINUTES;
  return Math.max(1, Math.ceil((secondsOf(grace) ?? 0) / 60));
}
