import { Duration } from 'aws-cdk-lib';
import { type Group, group } from './group.ts';
import { bars, graph, HOURLY } from './panel.ts';
import type { Buckets, Section } from './section.ts';

const ATTEMPTS: Buckets = {
  bounds: [1, 2, 3, 5, 10],
  label: (from, to) => {
    if (to === undefined) return `more than ${from}`;
    return to === from + 1 ? `${to}` : `${from + 1} to ${to}`;
  },
};

/** Attempts of messages, and of calls within them. */
export function retryGroup(section: Section): Group {
  const { watched } = section;
  const average = section.total('attempts', { statistic: 'Average', label: 'average', period: FIVE_MINUTES });
  const exhausted = section.total('retriesExhausted', { ...HOURLY, label: 'attempts ran out' });
  const attempts = (statistic: string) =>
    section.total('attempts', { statistic, label: statistic, period: FIVE_MINUTES });
  const duration = (statistic: string) => section.total('retryDuration', { statistic, label: statistic });
  return group(
    'Retry',
    [
      bars({
        title: 'Retry: messages by attempts, in this time',
        metrics: section.histogram('attempts', ATTEMPTS),
      }),
      graph({
        title: 'Retry: attempts of a message',
        metrics: [average, attempts('p50'), attempts('p99')],
        annotations: watched.annotations(average),
      }),
      graph({ title: 'Retry: from first failure to end (ms)', metrics: [duration('p50'), duration('p99')] }),
    ],
    [
      graph({
        title: 'Retry: recovered, given up (an hour)',
        metrics: [section.total('recovered', { ...HOURLY, label: 'handled at a later attempt' }), exhausted],
        annotations: watched.annotations(exhausted),
      }),
      graph({
        title: 'Retry: calls within an attempt',
        metrics: [
          ...section.byPolicy('callsRetried', 'repeated'),
          ...section.byPolicy('callsRecovered', 'recovered'),
          ...section.byPolicy('callRetriesExhausted', 'given up'),
        ],
        weight: 2,
      }),
    ],
  );
}

const FIVE_MINUTES = Duration.minutes(5);
