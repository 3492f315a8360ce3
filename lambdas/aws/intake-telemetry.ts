import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { IntakeEvent, IntakeStatus } from '../core/intake/events.ts';
import { CIRCUIT_DIMENSION, FINGERPRINT_PROPERTY, METRIC, METRIC_NAMESPACE } from '../core/metric-names.ts';

/** Metrics and log lines of the intake controller. */
export interface IntakeTelemetry {
  readonly emit: (event: IntakeEvent) => void;
  /** Write out the metrics that were gathered. */
  flush(): void;
}

const SERVICE = 'spillway-intake';

/** Telemetry by Powertools. The metrics are those of the consumers: each bears its consumer's id as `service`. */
export function intakeTelemetry(functionLogger?: Logger): IntakeTelemetry {
  const logger = functionLogger ?? new Logger({ serviceName: SERVICE });
  const seen: IntakeStatus[] = [];

  return {
    emit(event) {
      if (event.kind === 'intake-status') seen.push(event.status);
      else log(logger, event);
    },
    flush() {
      for (const status of seen.splice(0)) measure(status);
    },
  };
}

function measure(status: IntakeStatus): void {
  const { consumerId, paused, pausedForSeconds, withoutCause, held, killSwitch, circuits } = status;
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: consumerId });
  metrics.addMetric(METRIC.intakePaused, MetricUnit.Count, Number(paused));
  metrics.addMetric(METRIC.intakePausedFor, MetricUnit.Seconds, pausedForSeconds);
  metrics.addMetric(METRIC.intakeWithoutCause, MetricUnit.Count, Number(withoutCause));
  metrics.addMetric(METRIC.intakeHeld, MetricUnit.Count, Number(held));
  metrics.addMetric(METRIC.killSwitchOn, MetricUnit.Count, Number(killSwitch !== undefined));
  if (killSwitch !== undefined) metrics.addMetadata(FINGERPRINT_PROPERTY, killSwitch);
  metrics.publishStoredMetrics();
  const single = (dimension: string, value: string, metric: string, amount: number): void => {
    const one = metrics.singleMetric();
    one.addDimension(dimension, value);
    one.addMetric(metric, MetricUnit.Count, amount);
  };
  for (const [name, state] of circuits) {
    single(CIRCUIT_DIMENSION, name, METRIC.circuitOpen, Number(state !== 'closed'));
  }
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
