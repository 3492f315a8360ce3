import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { lineOf } from '../core/configuration/file-error.ts';
import type { Logger as CoreLogger } from '../core/context.ts';
import type { EventSink, PipelineEvent } from '../core/events.ts';
import type { ErrorSummary } from '../core/failure.ts';
import type { ReceivedMessage } from '../core/message.ts';
import {
  CAUSE_DIMENSION,
  CIRCUIT_DIMENSION,
  METRIC,
  METRIC_NAMESPACE,
  POLICY_DIMENSION,
  REASON_DIMENSION,
} from '../core/metric-names.ts';

/** Metrics and log lines of a consumer. */
export interface Telemetry {
  readonly emit: EventSink;
  readonly loggerFor: (message: ReceivedMessage) => CoreLogger;
  /** Write out the metrics that were gathered. */
  flush(): void;
}

type Broken<K extends string> = Map<
  string,
  { readonly metric: string; readonly dimension: K; readonly value: string; count: number }
>;
type Dimension =
  | typeof REASON_DIMENSION
  | typeof CAUSE_DIMENSION
  | typeof CIRCUIT_DIMENSION
  | typeof POLICY_DIMENSION;

/**
 * Telemetry by Powertools: CloudWatch's embedded metric format and structured logs. Neither holds payloads, and log
 * lines hold no error messages either, since those like to quote payloads: an error is told by its name and its
 * fingerprint, and in full in the failure envelope.
 */
export function powertoolsTelemetry(consumerId: string, functionLogger?: Logger): Telemetry {
  const logger = functionLogger ?? new Logger({ serviceName: consumerId });
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: consumerId });
  const totals = new Map<string, number>();
  const broken: Broken<Dimension> = new Map();

  function count(metric: string): void {
    totals.set(metric, (totals.get(metric) ?? 0) + 1);
  }

  function countBy(metric: string, dimension: Dimension, value: string): void {
    const key = `${metric}\n${dimension}\n${value}`;
    const entry = broken.get(key);
    if (entry === undefined) broken.set(key, { metric, dimension, value, count: 1 });
    else entry.count += 1;
  }

  /** A gauge: the last value holds. */
  function set(metric: string, dimension: Dimension, value: string, amount: number): void {
    broken.set(`${metric}\n${dimension}\n${value}`, { metric, dimension, value, count: amount });
  }

  function emit(event: PipelineEvent): void {
    measure(event);
    log(logger, event);
  }

  function measure(event: PipelineEvent): void {
    switch (event.kind) {
      case 'handled':
        count(METRIC.handled);
        metrics.addMetric(METRIC.attempts, MetricUnit.Count, event.attempt);
        metrics.addMetric(METRIC.messageAge, MetricUnit.Milliseconds, event.ageMs);
        metrics.addMetric(METRIC.handlerDuration, MetricUnit.Milliseconds, event.durationMs);
        break;
      case 'duplicate':
        count(METRIC.duplicates);
        break;
      case 'empty':
        count(METRIC.empty);
        break;
      case 'already-moved':
        count(METRIC.alreadyMoved);
        break;
      case 'retried':
        count(METRIC.retried);
        break;
      case 'deferred':
        count(METRIC.deferred);
        countBy(METRIC.deferred, CAUSE_DIMENSION, event.cause);
        break;
      case 'dead-lettered':
        count(METRIC.deadLettered);
        countBy(METRIC.deadLettered, REASON_DIMENSION, event.reason);
        if (event.attempts > 0) metrics.addMetric(METRIC.attempts, MetricUnit.Count, event.attempts);
        if (event.exhausted) count(METRIC.retriesExhausted);
        break;
      case 'quarantined':
        count(METRIC.quarantined);
        countBy(METRIC.quarantined, REASON_DIMENSION, event.reason);
        break;
      case 'store-error':
      case 'completion-not-recorded':
        count(METRIC.storeErrors);
        break;
      case 'environment-given-up':
        count(METRIC.environmentsGivenUp);
        break;
      case 'configuration-applied':
        count(METRIC.configurationsApplied);
        totals.set(METRIC.configurationRefused, 0);
        break;
      case 'configuration-unchanged':
        totals.set(METRIC.configurationRefused, 0);
        break;
      case 'configuration-refused':
        totals.set(METRIC.configurationRefused, 1);
        break;
      case 'configuration-unavailable':
        count(METRIC.configurationUnavailable);
        break;
      case 'settlement-error':
        count(METRIC.settlementFailures);
        break;
      case 'call-retried':
        countBy(METRIC.callsRetried, POLICY_DIMENSION, event.policy);
        break;
      case 'call-recovered':
        countBy(METRIC.callsRecovered, POLICY_DIMENSION, event.policy);
        break;
      case 'call-retries-exhausted':
        countBy(METRIC.callRetriesExhausted, POLICY_DIMENSION, event.policy);
        break;
      case 'call-timed-out':
        countBy(METRIC.callsTimedOut, POLICY_DIMENSION, event.policy);
        break;
      case 'call-rate-limited':
        countBy(METRIC.callsRateLimited, POLICY_DIMENSION, event.policy);
        break;
      case 'bulkhead-full':
        countBy(METRIC.bulkheadFull, POLICY_DIMENSION, event.policy);
        break;
      case 'concurrency-cut':
        set(METRIC.concurrencyLimit, POLICY_DIMENSION, event.policy, event.limit);
        break;
      case 'fallback-used':
        countBy(METRIC.fallbacksUsed, POLICY_DIMENSION, event.policy);
        break;
      case 'circuit-rejected':
        countBy(METRIC.circuitRejected, CIRCUIT_DIMENSION, event.circuit);
        break;
      case 'circuit-transition': {
        const { circuit, to } = event.transition;
        if (to === 'open') countBy(METRIC.circuitOpened, CIRCUIT_DIMENSION, circuit);
        set(METRIC.circuitOpen, CIRCUIT_DIMENSION, circuit, to === 'closed' ? 0 : 1);
        break;
      }
    }
  }

  function flush(): void {
    for (const [metric, amount] of totals) metrics.addMetric(metric, MetricUnit.Count, amount);
    totals.clear();
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
    for (const { metric, dimension, value, count: amount } of broken.values()) {
      const single = metrics.singleMetric();
      single.addDimension(dimension, value);
      single.addMetric(metric, MetricUnit.Count, amount);
    }
    broken.clear();
  }

  return {
    emit,
    flush,
    loggerFor: (message) => coreLogger(logger.createChild({ persistentKeys: idsOf(message) })),
  };
}

function coreLogger(logger: Logger): CoreLogger {
  return {
    debug: (message, details = {}) => logger.debug(message, details),
    info: (message, details = {}) => logger.info(message, details),
    warn: (message, details = {}) => logger.warn(message, details),
    error: (message, details = {}) => logger.error(message, details),
  };
}

function idsOf({ messageId, stableId, correlationId }: ReceivedMessage): Record<string, string> {
  return { correlation_id: correlationId, message_id: messageId, stable_id: stableId };
}

/** Most problems of a configuration that one log line repeats. */
const MOST_PROBLEMS = 20;

function shown(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}

function told(error: ErrorSummary | undefined): Record<string, string> {
  return error === undefined ? {} : { error_name: error.name, fingerprint: error.fingerprint };
}

function log(logger: Logger, event: PipelineEvent): void {
  switch (event.kind) {
    case 'handled':
      logger.debug('handled', {
        ...idsOf(event.message),
        attempt: event.attempt,
        duration_ms: event.durationMs,
      });
      break;
    case 'duplicate':
      logger.info('duplicate acknowledged', idsOf(event.message));
      break;
    case 'empty':
      logger.debug('nothing to do', idsOf(event.message));
      break;
    case 'already-moved':
      logger.info('was moved before', { message_id: event.messageId });
      break;
    case 'retried': {
      const { message, attempt, reason, delaySeconds, error } = event;
      logger.warn('attempt failed', {
        ...idsOf(message),
        attempt,
        reason,
        delay_seconds: delaySeconds,
        ...told(error),
      });
      break;
    }
    case 'deferred': {
      const { messageId, cause, delaySeconds, error } = event;
      const fault = cause === 'internal-error' || cause === 'misconfigured';
      const details = { message_id: messageId, cause, delay_seconds: delaySeconds, ...told(error) };
      if (fault)
        logger.error('deferred', { ...details, error_message: error?.message, error_stack: error?.stack });
      else logger.info('deferred', details);
      break;
    }
    case 'dead-lettered': {
      const { messageId, reason, attempts, error } = event;
      logger.error('dead-lettered', { message_id: messageId, reason, attempts, ...told(error) });
      break;
    }
    case 'kill-switch': {
      const { fault: fingerprint, error: error_name, count, begun } = event;
      const share = Number((count / Math.max(1, begun)).toFixed(3));
      logger.error('kill switch', { fingerprint, error_name, count, begun, share });
      break;
    }
    case 'halted': {
      const { messageId, stableId, error } = event;
      logger.error('halted', { message_id: messageId, stable_id: stableId, ...told(error) });
      break;
    }
    case 'quarantined':
      logger.warn('quarantined', { message_id: event.messageId, reason: event.reason });
      break;
    case 'store-error':
    case 'settlement-error':
      logger.error(event.kind, {
        operation: event.operation,
        ...told(event.error),
        error_message: event.error.message,
      });
      break;
    case 'configuration-applied': {
      const { source, version, changes, ignored } = event;
      const lines = changes.map(({ option, from, to }) => `${option}: ${shown(from)} → ${shown(to)}`);
      logger.warn('configuration applied', { source, version, changes: lines, ignored });
      break;
    }
    case 'configuration-unchanged':
      break;
    case 'configuration-refused': {
      const { source, version, problems } = event;
      const lines = problems.slice(0, MOST_PROBLEMS).map((problem) => lineOf(source, problem));
      logger.error('configuration refused', { source, version, problems: lines, of: problems.length });
      break;
    }
    case 'configuration-unavailable':
      logger.error('configuration unavailable', {
        source: event.source,
        ...told(event.error),
        error_message: event.error.message,
      });
      break;
    case 'environment-given-up':
      logger.error('a handler did not stop when its signal aborted: the environment is given up');
      break;
    case 'idempotency-disabled':
      logger.error('POWERTOOLS_IDEMPOTENCY_DISABLED is set: effects will happen more than once');
      break;
    case 'classifier-error':
    case 'listener-error':
      logger.error(event.kind, { ...told(event.error), error_stack: event.error.stack });
      break;
    case 'completion-not-recorded':
      logger.error(event.kind, {
        ...idsOf(event.message),
        ...told(event.error),
        error_message: event.error.message,
      });
      break;
    case 'call-retried': {
      const { policy, attempt, delayMs, error } = event;
      logger.info('call retried', { policy, attempt, delay_ms: Math.round(delayMs), ...told(error) });
      break;
    }
    case 'call-recovered': {
      const { policy, attempts, totalMs } = event;
      logger.info('call recovered', { policy, attempts, total_ms: Math.round(totalMs) });
      break;
    }
    case 'call-retries-exhausted': {
      const { policy, attempts, totalMs, stoppedBy, error } = event;
      const total_ms = Math.round(totalMs);
      logger.warn('call failed for good', {
        policy,
        attempts,
        total_ms,
        stopped_by: stoppedBy,
        ...told(error),
      });
      break;
    }
    case 'call-timed-out':
      logger.warn('call timed out', { policy: event.policy, after_ms: Math.round(event.afterMs) });
      break;
    case 'call-rate-limited': {
      const { policy, retryAfterMs } = event;
      logger.debug('rate limit reached', { policy, retry_after_ms: Math.ceil(retryAfterMs) });
      break;
    }
    case 'bulkhead-full':
      logger.debug('bulkhead full', { policy: event.policy });
      break;
    case 'concurrency-cut':
      logger.info('concurrency cut', { policy: event.policy, limit: event.limit });
      break;
    case 'fallback-used':
      logger.info('fallback used', { policy: event.policy, ...told(event.error) });
      break;
    case 'circuit-rejected':
      logger.debug('circuit rejected a call', { circuit: event.circuit });
      break;
    case 'circuit-transition': {
      const { circuit, decidedBy, from, to, retryAtEpochMs } = event.transition;
      logger.warn('circuit changed', {
        circuit,
        decided_by: decidedBy,
        from,
        to,
        retry_at: retryAtEpochMs && Math.ceil(retryAtEpochMs),
      });
      break;
    }
  }
}
