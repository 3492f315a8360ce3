import { type Group, group } from './group.ts';
import { graph } from './panel.ts';
import type { Section } from './section.ts';

/** The configuration that may change at run time; nothing where the consumer reads none. */
export function configurationGroup(section: Section): Group {
  const { consumer, watched } = section;
  if (consumer.settings.runTimeConfiguration === undefined) return group('Configuration');
  const refused = section.total('configurationRefused', {
    statistic: 'Maximum',
    label: 'refused: 1, good: 0',
  });
  return group('Configuration', [
    graph({
      title: 'Configuration: refused (1) or good (0)',
      metrics: [refused],
      annotations: watched.annotations(refused),
    }),
    graph({
      title: 'Configuration: changes and failed looks',
      metrics: [
        section.total('configurationsApplied', { label: 'changes taken' }),
        section.total('configurationUnavailable', { label: 'not to be read' }),
      ],
    }),
  ]);
}
