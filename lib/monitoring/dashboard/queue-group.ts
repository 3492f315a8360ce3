import { Duration } from 'aws-cdk-lib';
import { type Group, group } from './group.ts';
import { gauge, graph, NEWEST } from './panel.ts';
import { computed, type Section } from './section.ts';

/**
 * Messages of one queue that may be in flight, after which it hands out none
 * (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
 */
const MOST_IN_FLIGHT = 120_000;

/** The source queue: how much waits, how long, and how much of it is out. */
export function queueGroup(section: Section): Group {
  const { consumer, watched } = section;
  const { queue } = consumer;
  const visible = queue.metricApproximateNumberOfMessagesVisible({ ...NEWEST, label: 'waiting' });
  const inFlight = queue.metricApproximateNumberOfMessagesNotVisible({
    ...NEWEST,
    label: 'in flight or backing off',
  });
  const oldest = queue.metricApproximateAgeOfOldestMessage({ ...NEWEST, label: 'oldest that waits (SQS)' });
  const share = computed(`inFlight / ${MOST_IN_FLIGHT} * 100`, { inFlight }, '% of 120,000');
  const leftTime = section.total('timeToExpiry', {
    statistic: 'Minimum',
    period: Duration.minutes(5),
    label: 'until it expires',
  });
  const handledAge = (statistic: 'p50' | 'p99') => {
    const id = `age_${statistic}`;
    const age = section.total('messageAge', { statistic });
    return computed(`${id} / 1000`, { [id]: age }, `handled (${statistic})`);
  };
  return group(
    'Queue',
    [
      graph({
        title: 'Queue: messages',
        metrics: [
          visible,
          inFlight,
          queue.metricApproximateNumberOfMessagesDelayed({ ...NEWEST, label: 'delayed' }),
        ],
        annotations: watched.annotations(visible, inFlight),
      }),
      graph({
        title: 'Queue: age (s)',
        metrics: [oldest, handledAge('p50'), handledAge('p99')],
        annotations: watched.annotations(oldest),
      }),
    ],
    [
      gauge({
        title: 'Queue: in flight (% of what SQS permits)',
        metrics: [share],
        max: 100,
        annotations: watched.annotations(share),
      }),
      graph({
        title: 'Queue: time left to messages put back (s)',
        metrics: [leftTime],
        annotations: watched.annotations(leftTime),
        weight: 3,
      }),
    ],
  );
}
