import { type Group, group } from './group.ts';
import { graph } from './panel.ts';
import type { Section } from './section.ts';

/** Whether messages are taken in, and if not, why not. */
export function intakeGroup(section: Section): Group {
  const { consumer, watched } = section;
  const paused = section.intake('intakePaused', { label: 'paused' });
  const held = section.intake('intakeHeld', { label: 'held' });
  const withoutCause = section.intake('intakeWithoutCause', { label: 'without cause' });
  const pausedFor = section.intake('intakePausedFor', { label: 'paused for' });
  const killSwitch = consumer.settings.killSwitch !== false;
  const on = killSwitch ? section.intake('killSwitchOn', { label: 'on: 1, off: 0' }) : undefined;
  const tripped = killSwitch ? section.total('killSwitchTripped', { label: 'went on' }) : undefined;
  return group('Intake', [
    graph({
      title: 'Intake: paused, held (1) or not (0)',
      metrics: [paused, held, withoutCause],
      annotations: watched.annotations(held ?? withoutCause),
    }),
    graph({
      title: 'Intake: paused for (s)',
      metrics: [pausedFor],
      annotations: watched.annotations(pausedFor),
    }),
    graph({ title: 'Intake: kill switch', metrics: [on, tripped], annotations: watched.annotations(on) }),
  ]);
}
