import { QUARANTINE_REASONS, REASON_DIMENSION } from '../../../lambdas/core/metric-names.ts';
import { GROWTH_EXPRESSION } from '../set-aside-watches.ts';
import { type Group, group } from './group.ts';
import { bars, graph, HOURLY, NEWEST, numbers } from './panel.ts';
import { computed, type Section } from './section.ts';

/** What never reached the handler. */
export function poisonGroup(section: Section): Group {
  const { consumer, watched } = section;
  const depth = consumer.quarantineQueue.metricApproximateNumberOfMessagesVisible({
    ...NEWEST,
    label: 'in quarantine',
  });
  const hourly = section.total('quarantined', { ...HOURLY, label: 'quarantined' });
  const hidden = consumer.quarantineQueue.metricApproximateNumberOfMessagesNotVisible(NEWEST);
  const growth = computed(GROWTH_EXPRESSION, { visible: depth, hidden }, 'more a minute');
  return group('Quarantine', [
    numbers({ title: 'Quarantine now', metrics: [depth] }),
    graph({ title: 'Quarantine', metrics: [depth], annotations: watched.annotations(depth) }),
    graph({
      title: 'Quarantine: growth (a minute)',
      metrics: [growth],
      annotations: watched.annotations(growth),
    }),
    graph({ title: 'Quarantined (an hour)', metrics: [hourly], annotations: watched.annotations(hourly) }),
    bars({
      title: 'Quarantined by reason, in this time',
      metrics: section.by('quarantined', REASON_DIMENSION, QUARANTINE_REASONS),
      weight: 2,
    }),
  ]);
}
