import type { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmBase,
  CfnAlarm,
  ComparisonOperator,
  type CompositeAlarm,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import { DEFAULT_OBSERVABILITY, type Observability } from '../../lambdas/core/metric-names.ts';
import { Problems, secondsOf } from '../private/problems.ts';
import type { AnyFunction } from '../resilient-consumer-props.ts';
import type { ResilientQueue } from '../resilient-queue.ts';
import type { ResilienceAlarmsOptions } from './alarm-options.ts';
import { checkTimes, chosenWatches } from './chosen-watches.ts';
import { intakeWatches } from './intake-watches.ts';
import { noteMonitoring } from './monitoring-cost.ts';
import { needsPersonAlarm } from './needs-person.ts';
import { queueWatches } from './queue-watches.ts';
import { functionWatch, refusedWatch, runtimeWatches } from './runtime-watches.ts';
import { setAsideWatches } from './set-aside-watches.ts';
import type { AlarmId, Watch } from './watch.ts';

/** Longest that an alarm waits for its first data after a deployment. */
const WARM_UP_MINUTES = 15;

/** Properties of {@link ResilienceAlarms}. */
export interface ResilienceAlarmsProps extends ResilienceAlarmsOptions {
  /** Queue to watch, with its dead-letter and quarantine queues. */
  readonly queue: ResilientQueue;
  /** Stable id of the consumer whose metrics are watched. */
  readonly consumerId: string;
  /**
   * Function that consumes the queue.
   *
   * @default - unknown: no alarm on its errors
   */
  readonly function?: AnyFunction;
  /**
   * How much the consumer tells of itself: which metrics there are, and so which alarms.
   *
   * @default 'essential'
   */
  readonly observability?: Observability;
  /**
   * Age at which the consumer's messages expire.
   *
   * @default - unknown: no alarm on the age of what waits compares with it
   */
  readonly retryUntil?: Duration;
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
 * Alarms on a queue, its companions and its consumer, and one composite alarm that says when a person is needed: the one
 * to be called by. A `ResilientConsumer` has them already. docs/alarms.md has each with its reasons.
 *
 * Depths are read from `ApproximateNumberOfMessagesVisible`, since `NumberOfMessagesSent` does not count what SQS
 * itself moves into a dead-letter queue. Each alarm costs money; synthesis says how much.
 *
 * @example
 * new ResilienceAlarms(this, 'Alarms', { queue, consumerId: 'orders', deadLetterAny: true, alarmTopic });
 */
export class ResilienceAlarms extends Construct {
  /** The alarms that are switched on, but for the composite one. */
  readonly alarms: readonly Alarm[];
  /** Goes off when a person is needed; undefined if it is switched off, or has no alarms to go by. */
  readonly needsPerson?: CompositeAlarm;
  private readonly byId: ReadonlyMap<AlarmId, Alarm>;

  constructor(scope: Construct, id: string, props: ResilienceAlarmsProps) {
    super(scope, id);
    const problems = Problems.at(this);
    const retryUntilSeconds = secondsOf(props.retryUntil);
    checkTimes(props, retryUntilSeconds, problems);
    const level = props.observability ?? DEFAULT_OBSERVABILITY;
    const chosen = chosenWatches(watches(props, retryUntilSeconds), level, problems);
    const excused = chosen.some(({ urgency }) => urgency === 'unless-handled');
    const { needsPerson: composed = true } = props;
    const made = chosen.filter(({ urgency }) => urgency !== 'excuses' || (composed && excused));
    const ranked = made.map((watch) => ({ alarm: this.alarm(watch), ...watch }));
    this.alarms = ranked.map(({ alarm }) => alarm);
    this.byId = new Map(ranked.map(({ id: own, alarm }) => [own, alarm]));
    const { actionsFor = {}, quiet = [] } = props;
    const heard = ranked.filter(({ id: own }) => !quiet.includes(own));
    const composite = composed ? needsPersonAlarm(this, heard, props.consumerId) : undefined;
    if (composite !== undefined) this.needsPerson = composite;
    for (const alarm of composite === undefined ? this.alarms : [composite]) act(alarm, props);
    this.checkNames('actionsFor', Object.keys(actionsFor), problems);
    this.checkNames('quiet', quiet, problems);
    for (const { id: own, alarm } of ranked) alarm.addAlarmAction(...(actionsFor[own] ?? []));
    noteMonitoring(this);
  }

  /**
   * An alarm by its id; undefined if there is none.
   *
   * @example
   * consumer.alarms?.find('Poison')?.addAlarmAction(new SnsAction(security));
   */
  find(id: AlarmId): Alarm | undefined {
    return this.byId.get(id);
  }

  private alarm(watch: Watch): Alarm {
    const { evaluationPeriods = 1, datapointsToAlarm = evaluationPeriods } = watch;
    const alarm = new Alarm(this, watch.id, {
      metric: watch.metric,
      threshold: watch.threshold || 0,
      comparisonOperator: watch.comparison ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods,
      datapointsToAlarm,
      treatMissingData: watch.missing,
      alarmDescription: watch.description,
    });
    if (watch.missing === TreatMissingData.BREACHING) warmUp(alarm);
    return alarm;
  }

  /** What types promise, where an alarm is not there at this level, or was switched off. */
  private checkNames(property: string, names: readonly string[], problems: Problems): void {
    const known: readonly string[] = [...this.byId.keys()];
    for (const name of names.filter((each) => !known.includes(each))) {
      const rule = `must name alarms that are there (${known.join(', ') || 'none'})`;
      problems.add(property, rule, name, 'its level has no such alarm, or it is switched off');
    }
  }
}

/** All that can be watched of a consumer, whatever its level. Thresholds that are switched off are `false`. */
export function watches(props: ResilienceAlarmsProps, retryUntilSeconds: number | undefined): Watch[] {
  const { queue, consumerId } = props;
  return [
    ...queueWatches(props, { queue, consumerId, retryUntilSeconds }),
    ...setAsideWatches(props, consumerId, queue),
    ...(props.function === undefined ? [] : [functionWatch(props, consumerId, props.function)]),
    ...runtimeWatches(props, consumerId, queue),
    ...(props.runTimeConfigured === true ? [refusedWatch(props, consumerId)] : []),
    ...(props.intakeControlled === true ? intakeWatches(props, consumerId, queue.facts.name) : []),
  ];
}

/**
 * A new alarm that takes silence for bad would go off before anything could have spoken: it waits until data fill its
 * window, or for so long. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html
 */
function warmUp({ node }: Alarm): void {
  const { defaultChild } = node;
  if (!(defaultChild instanceof CfnAlarm)) return;
  // Older versions of the CDK do not know the property.
  defaultChild.addPropertyOverride('WarmUpConfiguration.WarmUpPeriodDurationInMinutes', WARM_UP_MINUTES);
}

function act(
  alarm: AlarmBase,
  { alarmActions = [], alarmTopic, okActions = [] }: ResilienceAlarmsOptions,
): void {
  alarm.addAlarmAction(...alarmActions);
  if (alarmTopic !== undefined) alarm.addAlarmAction(new SnsAction(alarmTopic));
  alarm.addOkAction(...okActions);
}
