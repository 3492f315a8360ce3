import { Duration } from 'aws-cdk-lib';
import { REASON_DIMENSION } from '../../../lambdas/core/metric-names.ts';
import { FAILURE_REASONS } from '../../../lambdas/core/settings.ts';
import { GROWTH_EXPRESSION } from '../set-aside-watches.ts';
import { type Group, group } from './group.ts';
import { bars, gauge, graph, HOURLY, NEWEST, numbers } from './panel.ts';
import { computed, type Section } from './section.ts';
import { scaleFor } from './thresholds.ts';

/** Scale of the gauge where no alarm says how many are too many: twice the default threshold. */
const LEAST_SCALE = 200;
/** The reason that has an alarm of its own: the dependency's fault, not the message's. */
const OF_A_DEPENDENCY = 'EXTERNAL_SERVICE_ERROR';

/** What failed for good: how much lies there, why, and how it fares when it is replayed. */
export function deadLetterGroup(section: Section): Group {
  const { consumer, watched } = section;
  const depth = consumer.deadLetterQueue.metricApproximateNumberOfMessagesVisible({
    ...NEWEST,
    label: 'dead letters',
  });
  const hidden = consumer.deadLetterQueue.metricApproximateNumberOfMessagesNotVisible(NEWEST);
  const growth = computed(GROWTH_EXPRESSION, { visible: depth, hidden }, 'more a minute');
  const byDependency = section.by('deadLettered', REASON_DIMENSION, [OF_A_DEPENDENCY], HOURLY);
  const limits = watched.annotations(depth);
  const sum = { label: 'handled', period: Duration.minutes(5) };
  const handled = section.total('replaysHandled', sum);
  const failed = section.total('replaysFailed', { ...sum, label: 'set aside again' });
  // as its alarm computes it, where there is one
  const byItself = watched.on('AWS/SQS', new Set(['NumberOfMessagesSent'])).map(({ metric }) => metric);
  return group(
    'Dead letters',
    [
      gauge({
        title: 'Dead letters now',
        metrics: [depth],
        max: scaleFor(limits, LEAST_SCALE),
        annotations: limits,
      }),
      graph({ title: 'Dead letters', metrics: [depth], annotations: limits }),
      graph({
        title: 'Dead letters: growth (a minute)',
        metrics: [growth],
        annotations: watched.annotations(growth),
      }),
      numbers({
        title: 'Dead letters: moved in this time',
        metrics: [section.total('deadLettered', { label: 'messages' })],
        overTime: true,
      }),
    ],
    [
      bars({
        title: 'Dead letters by reason, in this time',
        metrics: section.by('deadLettered', REASON_DIMENSION, FAILURE_REASONS),
        weight: 2,
      }),
      graph({
        title: 'Dead letters for a dependency (an hour)',
        metrics: byDependency,
        annotations: watched.annotations(...byDependency),
      }),
      numbers({
        title: 'Replays that succeeded (%)',
        metrics: [
          computed(
            '100 * FILL(handled, 0) / (FILL(handled, 0) + FILL(failed, 0))',
            { handled, failed },
            '% handled',
            Duration.minutes(5),
          ),
        ],
        overTime: true,
      }),
      graph({
        title: 'Dead letters that SQS moved itself',
        metrics: byItself.slice(0, 1),
        annotations: watched.annotations(...byItself.slice(0, 1)),
      }),
      bars({ title: 'Replayed messages, in this time', metrics: [handled, failed] }),
    ],
  );
}
