import { Logger } from '@aws-lambda-powertools/logger';
import type { IntakeEvent, IntakeStatus } from '../core/intake/events.ts';
import type { ControlledConsumer } from '../core/intake/settings.ts';
import { DEFAULT_OBSERVABILITY, FINGERPRINT_PROPERTY } from '../core/metric-names.ts';
import { type MetricLines, metricLines } from './metric-lines.ts';

/** Metrics and log lines of the intake controller. */
export interface IntakeTelemetry {
  readonly emit: (event: IntakeEvent) => void;
  /** Write out the metrics that were gathered. */
  flush(): void;
}

const SERVICE = 'spillway-intake';

/**
 * Telemetry by Powertools. The metrics are those of the consumers: each bears its consumer's id as `service`, and those
 * are written that the consumer's level asks for.
 */
export function intakeTelemetry(
  consumers: readonly Pick<ControlledConsumer, 'consumerId' | 'observability'>[],
  functionLogger?: Logger,
): IntakeTelemetry {
  const logger = functionLogger ?? new Logger({ serviceName: SERVICE });
  const lines = new Map(
    consumers.map(({ consumerId, observability = DEFAULT_OBSERVABILITY }) => [
      consumerId,
      metricLines(consumerId, observability),
    ]),
  );
  const linesOf = (consumerId: string | undefined): MetricLines | undefined =>
    consumerId === undefined ? undefined : lines.get(consumerId);

  return {
    emit(event) {
      if (event.kind === 'intake-status') {
        const own = linesOf(event.status.consumerId);
        if (own !== undefined) measure(own, event.status);
        return;
      }
      // A status that came before says that all is well: this is later, and holds.
      if (event.kind === 'intake-error') linesOf(event.consumerId)?.record('needsPerson', 1);
      log(logger, event);
    },
    flush() {
      for (const own of lines.values()) own.flush();
    },
  };
}

function measure(lines: MetricLines, status: IntakeStatus): void {
  const { paused, pausedForSeconds, withoutCause, held, killSwitch, circuits, halfOpenForSeconds } = status;
  lines.record('needsPerson', Number(held || killSwitch !== undefined));
  lines.record('intakePaused', Number(paused));
  lines.record('intakePausedFor', pausedForSeconds);
  lines.record('intakeWithoutCause', Number(withoutCause));
  lines.record('intakeHeld', Number(held));
  lines.record('killSwitchOn', Number(killSwitch !== undefined));
  if (killSwitch !== undefined) lines.note(FINGERPRINT_PROPERTY, killSwitch);
  const states = [...circuits.values()];
  lines.record('circuitsOpen', states.filter((state) => state === 'open').length);
  lines.record('circuitsHalfOpen', states.filter((state) => state === 'half-open').length);
  lines.record('circuitsClosed', states.filter((state) => state === 'closed').length);
  for (const [name, state] of circuits) {
    lines.record('circuitOpen', Number(state !== 'closed'), name);
    lines.record('circuitHalfOpenFor', halfOpenForSeconds.get(name) ?? 0, name);
  }
  // Of the circuits together the longest counts.
  lines.record('circuitHalfOpenFor', Math.max(0, ...halfOpenForSeconds.values()));
}

function log(logger: Logger, event: Exclude<IntakeEvent, { kind: 'intake-status' }>): void {
  switch (event.kind) {
    case 'intake-paused':
      logger.warn('intake paused', { consumer: event.consumerId, causes: event.causes });
      break;
    case 'intake-opened': {
      const { consumerId, why, concurrency } = event;
      logger.warn('intake opened', { consumer: consumerId, why, concurrency: concurrency ?? 'unlimited' });
      break;
    }
    case 'intake-error': {
      const { consumerId, operation, error } = event;
      logger.error('intake-error', {
        consumer: consumerId,
        operation,
        error_name: error.name,
        error_message: error.message,
        fingerprint: error.fingerprint,
      });
    }
  }
}
