import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { secondsOf } from '../private/problems.ts';
import type { ResilientQueue } from '../resilient-queue.ts';
import type { QueueAlarmsOptions } from './alarm-options.ts';
import { runtimeMetric } from './runtime-metrics.ts';
import { levelOf, THREE_OF_FIVE, type Watch } from './watch.ts';

const MINUTE = Duration.minutes(1);
/**
 * Messages that a queue may have in flight, standard or FIFO. At the cap a long poll returns nothing, and no error.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
const MAX_IN_FLIGHT = 120_000;
const HOUR_SECONDS = 3_600;

/** What the alarms on a queue are made of. */
export interface WatchedQueue {
  readonly queue: ResilientQueue;
  readonly consumerId: string;
  /** Age at which messages expire. Seconds; undefined: it is not known, or only when deployed. */
  readonly retryUntilSeconds: number | undefined;
}

/** Seconds before a message expires at which that is said; `false`: not at all. */
export function closeToExpirySeconds(
  { closeToExpiry }: QueueAlarmsOptions,
  retryUntilSeconds: number | undefined,
): number | false {
  if (closeToExpiry === false) return false;
  if (closeToExpiry !== undefined) return secondsOf(closeToExpiry) ?? closeToExpiry.toSeconds();
  const quarter = retryUntilSeconds === undefined ? HOUR_SECONDS : Math.floor(retryUntilSeconds / 4);
  return Math.min(HOUR_SECONDS, quarter);
}

/** Alarms on a queue: how much waits, for how long, and how long it may. */
export function queueWatches(options: QueueAlarmsOptions, watched: WatchedQueue): Watch[] {
  return [...backlogWatches(options, watched), ...expiryWatches(options, watched)];
}

function backlogWatches(options: QueueAlarmsOptions, { queue, consumerId }: WatchedQueue): Watch[] {
  const age = options.queueAge ?? Duration.minutes(5);
  const { name } = queue.facts;
  const newest = { statistic: 'Maximum', period: MINUTE };
  const steady = { ...THREE_OF_FIVE, missing: TreatMissingData.NOT_BREACHING, needs: 'essential' } as const;
  return [
    {
      id: 'QueueDepth',
      property: 'queueDepth',
      given: options.queueDepth,
      threshold: options.queueDepth ?? 10_000,
      metric: queue.metricApproximateNumberOfMessagesVisible(newest),
      ...steady,
      level: 'full',
      urgency: 'unless-handled',
      description:
        `${name} has a backlog: messages arrive faster than ${consumerId} handles them. ` +
        'Look for an open circuit, errors or throttles of the function, then raise maxConcurrency if its dependencies can bear it.',
    },
    {
      id: 'QueueAge',
      property: 'queueAge',
      given: options.queueAge,
      threshold: age === false ? false : (secondsOf(age) ?? age.toSeconds()),
      metric: queue.metricApproximateAgeOfOldestMessage(newest),
      ...steady,
      level: 'essential',
      urgency: 'unless-handled',
      description:
        `Messages wait too long in ${name}. Look whether ${consumerId} runs at all (event source mapping ` +
        'enabled, no throttles) and whether a circuit is open.',
    },
    {
      id: 'InFlight',
      property: 'inFlight',
      given: options.inFlight,
      threshold: options.inFlight ?? 80,
      most: 100,
      metric: new MathExpression({
        expression: `inFlight / ${MAX_IN_FLIGHT} * 100`,
        usingMetrics: { inFlight: queue.metricApproximateNumberOfMessagesNotVisible(newest) },
        label: 'In flight (% of what SQS allows)',
        period: MINUTE,
      }),
      ...steady,
      level: 'full',
      urgency: 'unless-handled',
      description:
        `${name} has nearly as many messages in flight as SQS allows; beyond that nothing is received, without an error. Look ` +
        'for what puts many messages back for long (Deferred by cause), and for handlers that take long.',
    },
  ];
}

function expiryWatches(
  options: QueueAlarmsOptions,
  { queue, consumerId, retryUntilSeconds }: WatchedQueue,
): Watch[] {
  const left = closeToExpirySeconds(options, retryUntilSeconds);
  const { name, deadLetterName } = queue.facts;
  const common = {
    property: 'closeToExpiry',
    given: options.closeToExpiry,
    level: 'essential',
    urgency: 'always',
  } as const;
  const instructions =
    `Look what keeps it: an open circuit, a hold, a rate limit, a halted group. What expires goes to ${deadLetterName} and can be ` +
    'replayed; a longer retryUntil, within the retention, gives time.';
  const waiting: Watch = {
    ...common,
    id: 'WaitingCloseToExpiry',
    threshold: left === false || retryUntilSeconds === undefined ? false : retryUntilSeconds - left,
    metric: queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: MINUTE }),
    ...THREE_OF_FIVE,
    missing: TreatMissingData.IGNORE,
    needs: 'essential',
    description: `A message that waits in ${name} will soon be as old as retryUntil allows. ${instructions}`,
  };
  return [
    ...(retryUntilSeconds === undefined ? [] : [waiting]),
    {
      ...common,
      // A message is put back each time it is met, which may be once in several minutes.
      id: 'CloseToExpiry',
      threshold: left,
      metric: runtimeMetric(consumerId, 'timeToExpiry', {
        statistic: 'Minimum',
        period: Duration.minutes(5),
      }),
      comparison: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 3,
      datapointsToAlarm: 1,
      missing: TreatMissingData.NOT_BREACHING,
      needs: levelOf('timeToExpiry'),
      description: `A message that ${consumerId} puts back time and again will soon be as old as retryUntil allows. ${instructions}`,
    },
  ];
}
