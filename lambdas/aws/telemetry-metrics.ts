import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { PipelineEvent } from '../core/events.ts';
import {
  CAUSE_DIMENSION,
  CIRCUIT_DIMENSION,
  METRIC,
  METRIC_NAMESPACE,
  POLICY_DIMENSION,
  REASON_DIMENSION,
} from '../core/metric-names.ts';

/** Metrics of a consumer: gathered while it works, and written out once an invocation. */
export interface ConsumerMetrics {
  readonly measure: (event: PipelineEvent) => void;
  /** Write out what was gathered. */
  flush(): void;
}

type Dimension =
  | typeof REASON_DIMENSION
  | typeof CAUSE_DIMENSION
  | typeof CIRCUIT_DIMENSION
  | typeof POLICY_DIMENSION;

type Broken = Map<
  string,
  { readonly metric: string; readonly dimension: Dimension; readonly value: string; count: number }
>;

/** Metrics in CloudWatch's embedded metric format, by Powertools. They hold no payloads. */
export function powertoolsMetrics(consumerId: string): ConsumerMetrics {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: consumerId });
  const totals = new Map<string, number>();
  const broken: Broken = new Map();

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

  return { measure, flush };
}
