import type { IAlarm, IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { alarmList, graph, NEWEST, row, text } from './panel.ts';
import type { Section } from './section.ts';

const HEADER_HEIGHT = 3;

/** What is to be read first: what this is, and where the words are explained. */
export function header(sections: readonly Section[], links: readonly string[]): IWidget {
  const names = sections.map(({ consumer }) => `**${consumer.consumerId}**`).join(', ');
  return text(
    `# Resilience\n${names}\n\nEvery message ends handled, in the dead-letter queue, or in quarantine. Deferred ` +
      `messages wait without a charge, as they do while a circuit is open. ${links.join(' · ')}`,
    HEADER_HEIGHT,
  );
}

/** All consumers at a glance, where there are several: who needs a person, what flows, and what failed for good. */
export function overview(sections: readonly Section[]): IWidget[][] {
  if (sections.length < 2) return [];
  const named = sections.map((section) => ({ section, label: section.consumer.consumerId }));
  return [
    row([
      ...alarmList('Who needs a person', sections.flatMap(foremost)),
      graph({
        title: 'Handled by all (a minute)',
        metrics: named.map(({ section, label }) => section.total('handled', { label })),
      }),
      graph({
        title: 'Oldest message of each (s)',
        metrics: named.map(({ section: { consumer }, label }) =>
          consumer.queue.metricApproximateAgeOfOldestMessage({ ...NEWEST, label }),
        ),
      }),
      graph({
        title: 'Dead letters of all',
        metrics: named.map(({ section: { consumer }, label }) =>
          consumer.deadLetterQueue.metricApproximateNumberOfMessagesVisible({ ...NEWEST, label }),
        ),
      }),
    ]),
  ];
}

/** The alarm that gathers what needs a person; where there is none, all alarms. */
function foremost({ watched }: Section): readonly IAlarm[] {
  return watched.composite.length > 0 ? watched.composite : watched.all;
}
