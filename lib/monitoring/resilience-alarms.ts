import { Duration, Token } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  MathExpression,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Problems, secondsOf } from '../private/problems.ts';
import type { ResilientQueue } from '../resilient-queue.ts';
import { type IntakeAlarmsOptions, intakeWatches } from './intake-watches.ts';
import { runtimeMetric } from './runtime-metrics.ts';
import type { Watch } from './watch.ts';

const MINUTE = Duration.minutes(1);
const HOUR = Duration.hours(1);

/** Thresholds and actions of {@link ResilienceAlarms}. An alarm goes off above its threshold; `false` leaves it out. */
export interface ResilienceAlarmsOptions extends IntakeAlarmsOptions {
  /**
   * Messages waiting in the queue, in 3 of 5 minutes. 0 or more.
   *
   * @default 10000
   */
  readonly queueDepth?: number | false;
  /**
   * Age of the oldest message in the queue, in 3 of 5 minutes. SQS leaves out messages that were received 3 times.
   *
   * @default Duration.minutes(5)
   */
  readonly queueAge?: Duration | false;
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
   * Messages by which the dead-letter queue grows in a minute. 0 or more.
   *
   * @default 10
   */
  readonly deadLetterGrowth?: number | false;
  /**
   * Messages that go to quarantine in an hour. 0 or more.
   *
   * @default 20
   */
  readonly poison?: number | false;
  /**
   * Moves and visibility changes that SQS refuses in 5 minutes. 0 or more.
   *
   * @default 0
   */
  readonly settlementFailures?: number | false;
  /**
   * Whether a run-time configuration that is refused raises an alarm, at once. Only consumers that read one have it.
   *
   * @default true
   */
  readonly configurationRefused?: boolean;
  /**
   * What to do when an alarm goes off.
   *
   * @default - nothing beyond `alarmTopic`
   */
  readonly alarmActions?: readonly IAlarmAction[];
  /**
   * Topic that is told when an alarm goes off. One that is encrypted with KMS has to let CloudWatch use its key.
   *
   * @default - nobody is told
   */
  readonly alarmTopic?: ITopic;
}

/** Properties of {@link ResilienceAlarms}. */
export interface ResilienceAlarmsProps extends ResilienceAlarmsOptions {
  /** Queue to watch, with its dead-letter and quarantine queues. */
  readonly queue: ResilientQueue;
  /** Stable id of the consumer whose metrics are watched. */
  readonly consumerId: string;
  /**
   * Whether an intake controller looks after the consumer. It emits the metrics of its intake; without it there are no
   * alarms on them.
   *
   * @default false
   */
  readonly intakeControlled?: boolean;
  /**
   * Whether the consumer reads a configuration at run time.
   *
   * @default false
   */
  readonly runTimeConfigured?: boolean;
}

/**
 * Alarms on a queue and its companions. A `ResilientConsumer` has them already.
 *
 * Depths are read from `ApproximateNumberOfMessagesVisible`, since `NumberOfMessagesSent` does not count what SQS
 * itself moves into a dead-letter queue.
 *
 * @example
 * new ResilienceAlarms(this, 'Alarms', { queue, consumerId: 'orders', deadLetterAny: true, alarmTopic });
 */
export class ResilienceAlarms extends Construct {
  /** The alarms that are switched on. */
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: ResilienceAlarmsProps) {
    super(scope, id);
    const problems = Problems.at(this);
    this.alarms = [
      ...watches(props),
      ...(props.intakeControlled === true
        ? intakeWatches(props, props.consumerId, props.queue.facts.name)
        : []),
      ...(props.runTimeConfigured === true ? [refusedWatch(props)] : []),
    ]
      .filter((watch) => usable(watch, problems))
      .map((watch) => this.alarm(watch, props));
  }

  private alarm(watch: Watch, props: ResilienceAlarmsProps): Alarm {
    const { evaluationPeriods = 1, datapointsToAlarm = evaluationPeriods } = watch;
    const alarm = new Alarm(this, watch.id, {
      metric: watch.metric,
      threshold: watch.threshold || 0,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods,
      datapointsToAlarm,
      treatMissingData: watch.missing,
      alarmDescription: watch.description,
    });
    const { alarmActions = [], alarmTopic } = props;
    alarm.addAlarmAction(...alarmActions);
    if (alarmTopic !== undefined) alarm.addAlarmAction(new SnsAction(alarmTopic));
    return alarm;
  }
}

/** A refusal holds until somebody has mended the text, whether or not messages come. */
function refusedWatch({ configurationRefused, consumerId }: ResilienceAlarmsProps): Watch {
  return {
    id: 'ConfigurationRefused',
    property: 'configurationRefused',
    threshold: configurationRefused === false ? false : 0,
    metric: runtimeMetric(consumerId, 'configurationRefused', { statistic: 'Maximum' }),
    missing: TreatMissingData.IGNORE,
    description:
      `The run-time configuration of ${consumerId} breaks rules, so it goes by the last good one. Read 'configuration ` +
      "refused' in the function's log: it names line, option, rule and value. Mend the text, or put the former one back.",
  };
}

function usable(watch: Watch, problems: Problems): boolean {
  const { threshold, property } = watch;
  if (threshold === false) return false;
  if (Token.isUnresolved(threshold) || (Number.isFinite(threshold) && threshold >= 0)) return true;
  problems.add(property, 'must be 0 or more', threshold, 'CloudWatch compares it with a count or an age');
  return false;
}

function watches(props: ResilienceAlarmsProps): Watch[] {
  const { queue, consumerId } = props;
  const { deadLetterQueue, facts } = queue;
  const age = props.queueAge ?? Duration.minutes(5);
  const newest = { statistic: 'Maximum', period: MINUTE };
  const deadLetters = deadLetterQueue.metricApproximateNumberOfMessagesVisible(newest);
  const steady = { evaluationPeriods: 5, datapointsToAlarm: 3, missing: TreatMissingData.NOT_BREACHING };
  const lookIntoDlq = `Read the failure reasons in ${facts.deadLetterName}, mend the cause, then replay.`;
  return [
    {
      id: 'QueueDepth',
      property: 'queueDepth',
      threshold: props.queueDepth ?? 10_000,
      metric: queue.metricApproximateNumberOfMessagesVisible(newest),
      ...steady,
      description:
        `${facts.name} has a backlog: messages arrive faster than ${consumerId} handles them. ` +
        'Look for an open circuit, errors or throttles of the function, then raise maxConcurrency if its dependencies can bear it.',
    },
    {
      id: 'QueueAge',
      property: 'queueAge',
      threshold: age === false ? false : (secondsOf(age) ?? age.toSeconds()),
      metric: queue.metricApproximateAgeOfOldestMessage(newest),
      ...steady,
      description:
        `Messages wait too long in ${facts.name}. Look whether ${consumerId} runs at all (event source mapping ` +
        'enabled, no throttles) and whether a circuit is open.',
    },
    {
      // a full queue that nobody touches falls silent after some hours: keep the state then
      id: 'DeadLetterDepth',
      property: 'deadLetterDepth',
      threshold: props.deadLetterDepth ?? 100,
      metric: deadLetters,
      missing: TreatMissingData.IGNORE,
      description: `Many messages of ${consumerId} failed for good. ${lookIntoDlq} They are deleted when their retention ends.`,
    },
    {
      id: 'DeadLetterAny',
      property: 'deadLetterDepth',
      threshold: props.deadLetterAny === true ? 0 : false,
      metric: deadLetters,
      missing: TreatMissingData.IGNORE,
      description: `A message of ${consumerId} failed for good. ${lookIntoDlq}`,
    },
    {
      // the rate divides by the time between two datapoints, so a gap in the metric makes no false jump
      id: 'DeadLetterGrowth',
      property: 'deadLetterGrowth',
      threshold: props.deadLetterGrowth ?? 10,
      metric: new MathExpression({
        expression: 'RATE(visible) * 60',
        usingMetrics: { visible: deadLetters },
        label: 'Dead letters a minute',
        period: MINUTE,
      }),
      missing: TreatMissingData.NOT_BREACHING,
      description:
        `Messages of ${consumerId} fail for good right now. Look at the latest deployment and at its dependencies ` +
        `first. ${lookIntoDlq}`,
    },
    {
      id: 'Poison',
      property: 'poison',
      threshold: props.poison ?? 20,
      metric: runtimeMetric(consumerId, 'quarantined', { period: HOUR }),
      missing: TreatMissingData.NOT_BREACHING,
      description:
        `${consumerId} set many bad messages aside. Read the reasons in ${facts.quarantineName}: a producer changed ` +
        'its format, a signing secret was rotated, or somebody sends forgeries.',
    },
    {
      id: 'SettlementFailures',
      property: 'settlementFailures',
      threshold: props.settlementFailures ?? 0,
      metric: runtimeMetric(consumerId, 'settlementFailures', { period: Duration.minutes(5) }),
      missing: TreatMissingData.NOT_BREACHING,
      description:
        `SQS refuses what ${consumerId} asks of it. A message that cannot be moved stays in ${facts.name} until SQS ` +
        "deletes it. Look for 'settlement-error' in the function's log, which names the operation and the error: " +
        "most likely the role's permissions, a queue's KMS key, or a MaximumMessageSize of " +
        `${facts.deadLetterName} that is smaller than the source's.`,
    },
  ];
}
