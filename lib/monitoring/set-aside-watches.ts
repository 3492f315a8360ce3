import { Duration } from 'aws-cdk-lib';
import { MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { ResilientQueue } from '../resilient-queue.ts';
import type { SetAsideAlarmsOptions } from './alarm-options.ts';
import { deadLetteredMetric, runtimeMetric, zeroWhenSilent } from './runtime-metrics.ts';
import { ANY, AT_ONCE_FOR_FIVE, levelOf, type Watch } from './watch.ts';

const MINUTE = Duration.minutes(1);
const HOUR = Duration.hours(1);
const NEWEST = { statistic: 'Maximum', period: MINUTE } as const;

/**
 * Messages in a minute that SQS itself moved to a dead-letter queue: by how much it grew, less what was sent there in
 * this minute and in the one before, since SQS counts a send at once and the message up to a minute later. SQS does not
 * count its own moves as sent
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html).
 */
export const BACKSTOP_EXPRESSION = 'DIFF(visible + hidden) - sent - (sent - DIFF(sent))';

/**
 * Messages by which a queue grows in a minute. Who looks into it hides messages for a while, and they come back: they are
 * counted all the time. The rate divides by the time between two datapoints, so a gap in the metric makes no false jump.
 */
export const GROWTH_EXPRESSION = 'RATE(visible + hidden) * 60';

/** Alarms on what was set aside: dead letters and quarantine. */
export function setAsideWatches(
  options: SetAsideAlarmsOptions,
  consumerId: string,
  queue: ResilientQueue,
): Watch[] {
  return [...deadLetterWatches(options, consumerId, queue), ...quarantineWatches(options, consumerId, queue)];
}

function deadLetterWatches(
  options: SetAsideAlarmsOptions,
  consumerId: string,
  { deadLetterQueue, facts }: ResilientQueue,
): Watch[] {
  const depth = deadLetterQueue.metricApproximateNumberOfMessagesVisible(NEWEST);
  const lookIntoDlq = `Read the failure reasons in ${facts.deadLetterName}, mend the cause, then replay.`;
  const common = { needs: 'essential', level: 'essential', urgency: 'always' } as const;
  return [
    {
      // A full queue that nobody touches falls silent after some hours: keep the state then. Who reads letters hides them for
      // a while: that mends nothing, and must not call anew when they come back.
      id: 'DeadLetterDepth',
      property: 'deadLetterDepth',
      given: options.deadLetterDepth,
      threshold: options.deadLetterDepth ?? 100,
      metric: depth,
      ...AT_ONCE_FOR_FIVE,
      missing: TreatMissingData.IGNORE,
      ...common,
      description: `Many messages of ${consumerId} failed for good. ${lookIntoDlq} They are deleted when their retention ends.`,
    },
    {
      id: 'DeadLetterAny',
      property: 'deadLetterAny',
      given: options.deadLetterAny,
      threshold: options.deadLetterAny === true ? ANY : false,
      metric: depth,
      ...AT_ONCE_FOR_FIVE,
      missing: TreatMissingData.IGNORE,
      ...common,
      description: `A message of ${consumerId} failed for good. ${lookIntoDlq}`,
    },
    {
      id: 'DeadLetterGrowth',
      property: 'deadLetterGrowth',
      given: options.deadLetterGrowth,
      threshold: options.deadLetterGrowth ?? 10,
      metric: growth(deadLetterQueue, 'Dead letters a minute'),
      ...AT_ONCE_FOR_FIVE,
      missing: TreatMissingData.NOT_BREACHING,
      ...common,
      description:
        `Messages of ${consumerId} fail for good right now. Look at the latest deployment and at its dependencies ` +
        `first. ${lookIntoDlq}`,
    },
    {
      id: 'DeadLetterExternal',
      property: 'deadLetterExternal',
      given: options.deadLetterExternal,
      threshold: options.deadLetterExternal ?? 10,
      metric: zeroWhenSilent(deadLetteredMetric(consumerId, 'EXTERNAL_SERVICE_ERROR', { period: HOUR })),
      missing: TreatMissingData.NOT_BREACHING,
      needs: 'full',
      level: 'full',
      urgency: 'always',
      description:
        `A dependency fails for messages of ${consumerId} until their attempts run out, and no circuit opens for it. Look which one ` +
        `it is, and whether its circuit counts such errors. ${lookIntoDlq}`,
    },
    {
      id: 'BackstopRedrives',
      property: 'backstopRedrives',
      given: options.backstopRedrives,
      threshold: options.backstopRedrives ?? ANY,
      metric: new MathExpression({
        expression: BACKSTOP_EXPRESSION,
        usingMetrics: {
          visible: depth,
          hidden: deadLetterQueue.metricApproximateNumberOfMessagesNotVisible(NEWEST),
          sent: deadLetterQueue.metricNumberOfMessagesSent({ statistic: 'Sum', period: MINUTE }),
        },
        label: 'Dead letters that SQS moved itself',
        period: MINUTE,
      }),
      ...AT_ONCE_FOR_FIVE,
      missing: TreatMissingData.NOT_BREACHING,
      ...common,
      description:
        `SQS itself moved messages to ${facts.deadLetterName}, after maxReceiveCount receives: nobody noted why. The function ` +
        `of ${consumerId} fails as a whole. Look for its errors, time-outs and memory, and whether somebody else receives from the queue.`,
    },
  ];
}

function quarantineWatches(
  options: SetAsideAlarmsOptions,
  consumerId: string,
  { quarantineQueue, facts }: ResilientQueue,
): Watch[] {
  const why =
    `Read the reasons in ${facts.quarantineName}: a producer changed ` +
    'its format, a signing secret was rotated, or somebody sends forgeries.';
  const common = { missing: TreatMissingData.NOT_BREACHING, level: 'essential', urgency: 'always' } as const;
  return [
    {
      id: 'Poison',
      property: 'poison',
      given: options.poison,
      threshold: options.poison ?? 20,
      metric: zeroWhenSilent(runtimeMetric(consumerId, 'quarantined', { period: HOUR })),
      ...common,
      needs: levelOf('quarantined'),
      description: `${consumerId} set many bad messages aside. ${why}`,
    },
    {
      id: 'QuarantineGrowth',
      property: 'quarantineGrowth',
      given: options.quarantineGrowth,
      threshold: options.quarantineGrowth ?? 10,
      metric: growth(quarantineQueue, 'Quarantined messages a minute'),
      ...AT_ONCE_FOR_FIVE,
      ...common,
      needs: 'essential',
      description: `Most likely ${consumerId} sets aside whatever a producer sends right now. ${why}`,
    },
  ];
}

function growth(queue: IQueue, label: string): MathExpression {
  return new MathExpression({
    expression: GROWTH_EXPRESSION,
    usingMetrics: {
      visible: queue.metricApproximateNumberOfMessagesVisible(NEWEST),
      hidden: queue.metricApproximateNumberOfMessagesNotVisible(NEWEST),
    },
    label,
    period: MINUTE,
  });
}
