import { type IWidget, TextWidgetBackground } from 'aws-cdk-lib/aws-cloudwatch';
import type { Observability } from '../../../lambdas/core/metric-names.ts';
import { callGroup } from './call-group.ts';
import { circuitGroup } from './circuit-group.ts';
import { configurationGroup } from './configuration-group.ts';
import { consumerGroup } from './consumer-group.ts';
import { deadLetterGroup } from './dead-letter-group.ts';
import type { Group } from './group.ts';
import { intakeGroup } from './intake-group.ts';
import { alarmList, row, text } from './panel.ts';
import { poisonGroup } from './poison-group.ts';
import { queueGroup } from './queue-group.ts';
import { retryGroup } from './retry-group.ts';
import type { Runbook } from './runbook.ts';
import type { Section } from './section.ts';

/** In the order in which somebody looks who was woken up. */
const GROUPS: readonly ((section: Section) => Group)[] = [
  queueGroup,
  deadLetterGroup,
  consumerGroup,
  circuitGroup,
  intakeGroup,
  retryGroup,
  callGroup,
  poisonGroup,
  configurationGroup,
];

const LEVELS: Record<Observability, string> = {
  full: '',
  essential: ' · essential metrics; `full` draws the others',
  off: " · AWS's own metrics only; the consumer emits none",
};

/** All that is drawn of one consumer: its alarms, then a group of panels for each pattern. */
export function consumerSection(section: Section, runbook: Runbook): IWidget[][] {
  const { consumer, watched } = section;
  const { consumerId, queue, settings } = consumer;
  const level = LEVELS[settings.observability];
  return [
    [text(`## ${consumerId}\nQueue \`${queue.facts.name}\`${level}`, 2)],
    row(alarmList('Alarms', watched.all)),
    ...GROUPS.map((draw) => draw(section))
      .filter(({ rows }) => rows.length > 0)
      .flatMap(({ title, rows }) => [[heading(title, runbook)], ...rows]),
  ].filter((widgets) => widgets.length > 0);
}

function heading(title: string, runbook: Runbook): IWidget {
  const explained = runbook.to('dashboards.md', 'what to conclude', title);
  return text(`### ${title} · ${explained}`, 1, TextWidgetBackground.TRANSPARENT);
}
