import type { Logger } from '@aws-lambda-powertools/logger';
import { lineOf } from '../core/configuration/file-error.ts';
import type { PipelineEvent } from '../core/events.ts';
import type { ErrorSummary } from '../core/failure.ts';
import type { MessageIds } from '../core/message.ts';

/** What a log line bears of the message that it is about. */
export function idsOf({ messageId, stableId, correlationId, trace }: MessageIds): Record<string, string> {
  return {
    correlation_id: correlationId,
    message_id: messageId,
    stable_id: stableId,
    ...(trace !== undefined && { trace_id: trace.traceId }),
  };
}

/** Ids of the message that an event names, if it names one. */
function named({ message }: { readonly message?: MessageIds }): Record<string, string> {
  return message === undefined ? {} : idsOf(message);
}

/** Most problems of a configuration that one log line repeats. */
const MOST_PROBLEMS = 20;

function shown(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value);
}

function told(error: ErrorSummary | undefined): Record<string, string> {
  return error === undefined ? {} : { error_name: error.name, fingerprint: error.fingerprint };
}

/**
 * Tell an event in the log.
 *
 * @param current the message that was being handled when it happened: what happens to a call happens to that message
 */
export function log(logger: Logger, event: PipelineEvent, current: MessageIds | undefined): void {
  const own = current === undefined ? {} : idsOf(current);
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
      logger.info('was moved before', idsOf(event.message));
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
      const { message, cause, delaySeconds, error } = event;
      const fault = cause === 'internal-error' || cause === 'misconfigured';
      const details = { ...idsOf(message), cause, delay_seconds: delaySeconds, ...told(error) };
      if (fault)
        logger.error('deferred', { ...details, error_message: error?.message, error_stack: error?.stack });
      else logger.info('deferred', details);
      break;
    }
    case 'dead-lettered': {
      const { message, reason, attempts, error } = event;
      logger.error('dead-lettered', { ...idsOf(message), reason, attempts, ...told(error) });
      break;
    }
    case 'kill-switch': {
      const { fault: fingerprint, error: error_name, count, begun } = event;
      const share = Number((count / Math.max(1, begun)).toFixed(3));
      logger.error('kill switch', { ...own, fingerprint, error_name, count, begun, share });
      break;
    }
    case 'halted':
      logger.error('halted', { ...idsOf(event.message), ...told(event.error) });
      break;
    case 'quarantined':
      logger.warn('quarantined', { ...idsOf(event.message), reason: event.reason });
      break;
    case 'store-error':
    case 'settlement-error':
      logger.error(event.kind, {
        ...named(event),
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
    case 'tracing-unavailable':
      logger.error('tracing unavailable', { ...told(event.error), error_message: event.error.message });
      break;
    case 'classifier-error':
    case 'listener-error':
      logger.error(event.kind, { ...own, ...told(event.error), error_stack: event.error.stack });
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
      logger.info('call retried', { ...own, policy, attempt, delay_ms: Math.round(delayMs), ...told(error) });
      break;
    }
    case 'call-recovered': {
      const { policy, attempts, totalMs } = event;
      logger.info('call recovered', { ...own, policy, attempts, total_ms: Math.round(totalMs) });
      break;
    }
    case 'call-retries-exhausted': {
      const { policy, attempts, totalMs, stoppedBy, error } = event;
      const total_ms = Math.round(totalMs);
      logger.warn('call failed for good', {
        ...own,
        policy,
        attempts,
        total_ms,
        stopped_by: stoppedBy,
        ...told(error),
      });
      break;
    }
    case 'call-timed-out':
      logger.warn('call timed out', { ...own, policy: event.policy, after_ms: Math.round(event.afterMs) });
      break;
    case 'call-rate-limited': {
      const { policy, retryAfterMs } = event;
      logger.debug('rate limit reached', { ...own, policy, retry_after_ms: Math.ceil(retryAfterMs) });
      break;
    }
    case 'bulkhead-full':
      logger.debug('bulkhead full', { ...own, policy: event.policy });
      break;
    case 'concurrency-cut':
      logger.info('concurrency cut', { ...own, policy: event.policy, limit: event.limit });
      break;
    case 'fallback-used':
      logger.info('fallback used', { ...own, policy: event.policy, ...told(event.error) });
      break;
    // What became of the message is told by the event of it.
    case 'put-back':
    case 'replay-ended':
    case 'circuit-call':
      break;
    case 'circuit-rejected':
      logger.debug('circuit rejected a call', { ...own, circuit: event.circuit });
      break;
    case 'circuit-transition': {
      const { circuit, decidedBy, from, to, retryAtEpochMs } = event.transition;
      logger.warn('circuit changed', {
        ...own,
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
