import type { PipelineEvent } from '../core/events.ts';
import type { Observability } from '../core/metric-names.ts';
import { needsPerson } from '../core/needs-person.ts';
import { FAILURE_REASONS, INTAKE_CIRCUIT } from '../core/settings.ts';
import { type MetricLines, metricLines } from './metric-lines.ts';

/** Metrics of a consumer: gathered while it works, and written out once an invocation. */
export interface ConsumerMetrics {
  readonly measure: (event: PipelineEvent) => void;
  /** Write out what was gathered. */
  flush(): void;
}

/**
 * Metrics of a consumer in CloudWatch's embedded metric format, by Powertools. They hold no payloads. Each flush tells
 * whether something needs a person, so that an alarm on it recovers.
 */
export function powertoolsMetrics(consumerId: string, level: Observability): ConsumerMetrics {
  const lines = metricLines(consumerId, level);
  const watch = needsPerson();
  return {
    measure(event) {
      watch.hear(event);
      record(lines, event);
    },
    flush() {
      lines.record('needsPerson', Number(watch.ask()));
      lines.flush();
    },
  };
}

/** Metrics of a policy that belongs to no consumer: all that there are of what it does, and nothing else. */
export function policyMetrics(service: string): ConsumerMetrics {
  const lines = metricLines(service, 'full');
  return { measure: (event) => record(lines, event), flush: () => lines.flush() };
}

/** A classifier of one's own may say anything at run time, and each value of a dimension is a metric that costs money. */
const KNOWN_REASONS: ReadonlySet<string> = new Set(FAILURE_REASONS);

/** Add what an event tells. The circuit of the intake has none of a circuit's metrics: holds have their own. */
function record(lines: MetricLines, event: PipelineEvent): void {
  switch (event.kind) {
    case 'handled':
      lines.record('handled', 1);
      lines.record('attempts', event.attempt);
      lines.record('messageAge', event.ageMs);
      lines.record('handlerDuration', event.durationMs);
      if (event.attempt > 1) lines.record('recovered', 1);
      if (event.retryingMs !== undefined) lines.record('retryDuration', event.retryingMs);
      break;
    case 'duplicate':
      lines.record('duplicates', 1);
      break;
    case 'empty':
      lines.record('empty', 1);
      break;
    case 'already-moved':
      lines.record('alreadyMoved', 1);
      break;
    case 'retried':
      lines.record('retried', 1);
      break;
    case 'deferred':
      lines.record('deferred', 1, event.cause);
      break;
    case 'put-back':
      lines.record('timeToExpiry', event.timeToExpiryMs / 1_000);
      break;
    case 'dead-lettered':
      lines.record('deadLettered', 1, KNOWN_REASONS.has(event.reason) ? event.reason : 'UNKNOWN');
      if (event.attempts > 0) lines.record('attempts', event.attempts);
      if (event.exhausted) lines.record('retriesExhausted', 1);
      if (event.retryingMs !== undefined) lines.record('retryDuration', event.retryingMs);
      break;
    case 'quarantined':
      lines.record('quarantined', 1, event.reason);
      break;
    case 'replay-ended':
      // Both, so that a share of them can be told from the first one on.
      lines.record('replaysHandled', Number(event.handled));
      lines.record('replaysFailed', Number(!event.handled));
      break;
    case 'kill-switch':
      lines.record('killSwitchTripped', 1);
      break;
    case 'store-error':
    case 'completion-not-recorded':
      lines.record('storeErrors', 1);
      break;
    case 'environment-given-up':
      lines.record('environmentsGivenUp', 1);
      break;
    case 'settlement-error':
      lines.record('settlementFailures', 1);
      break;
    case 'configuration-applied':
      lines.record('configurationsApplied', 1);
      lines.record('configurationRefused', 0);
      break;
    case 'configuration-unchanged':
      lines.record('configurationRefused', 0);
      break;
    case 'configuration-refused':
      lines.record('configurationRefused', 1);
      break;
    case 'configuration-unavailable':
      lines.record('configurationUnavailable', 1);
      break;
    case 'call-retried':
      lines.record('callsRetried', 1, event.policy);
      break;
    case 'call-recovered':
      lines.record('callsRecovered', 1, event.policy);
      break;
    case 'call-retries-exhausted':
      lines.record('callRetriesExhausted', 1, event.policy);
      break;
    case 'call-timed-out':
      lines.record('callsTimedOut', 1, event.policy);
      break;
    case 'call-rate-limited':
      lines.record('callsRateLimited', 1, event.policy);
      break;
    case 'bulkhead-full':
      lines.record('bulkheadFull', 1, event.policy);
      break;
    case 'concurrency-cut':
      lines.record('concurrencyLimit', event.limit, event.policy);
      break;
    case 'fallback-used':
      lines.record('fallbacksUsed', 1, event.policy);
      break;
    case 'circuit-call':
      lines.record('circuitCalls', 1, event.circuit);
      lines.record('circuitFailures', Number(event.failed), event.circuit);
      break;
    case 'circuit-rejected':
      if (event.circuit !== INTAKE_CIRCUIT) lines.record('circuitRejected', 1, event.circuit);
      break;
    case 'circuit-transition': {
      const { circuit, to, wasOpenForMs } = event.transition;
      if (circuit === INTAKE_CIRCUIT) break;
      lines.record('circuitTransitions', 1, circuit);
      if (to === 'open') lines.record('circuitOpened', 1, circuit);
      lines.record('circuitOpen', to === 'closed' ? 0 : 1, circuit);
      if (wasOpenForMs !== undefined) lines.record('circuitRecoveryTime', wasOpenForMs / 1_000, circuit);
      break;
    }
    // Told in the log only; what needs a person is a metric all the same.
    case 'tracing-unavailable':
    case 'halted':
    case 'idempotency-disabled':
    case 'classifier-error':
    case 'listener-error':
      break;
  }
}
