import { type BreakdownDimension, METRIC_FACTS } from '../../lambdas/core/metric-facts.ts';
import {
  CAUSE_DIMENSION,
  DEFERRAL_CAUSES,
  isEmitted,
  METRIC,
  type MetricKey,
  type Observability,
  QUARANTINE_REASONS,
  REASON_DIMENSION,
} from '../../lambdas/core/metric-names.ts';
import { FAILURE_REASONS } from '../../lambdas/core/settings.ts';

/** What a consumer is, as far as the number of its metrics goes. */
export interface MeasuredConsumer {
  readonly observability: Observability;
  /** Circuits that it has: the ones it names, or its own. */
  readonly circuits: number;
  /** Whether an intake controller reports of it. */
  readonly intakeControlled: boolean;
  /** Whether it reads a configuration at run time. */
  readonly runTimeConfigured: boolean;
}

const BY_RUN_TIME_CONFIGURATION: readonly MetricKey[] = [
  'configurationsApplied',
  'configurationRefused',
  'configurationUnavailable',
];

/**
 * Custom metrics that a consumer emits at most: each combination of dimensions is one. It emits fewer, since most reasons,
 * causes and refusals do not come up. Policies that a handler names beside its circuits are not counted.
 */
export function mostCustomMetrics(consumer: MeasuredConsumer): number {
  const { observability, intakeControlled, runTimeConfigured } = consumer;
  return metricKeys()
    .filter((metric) => isEmitted(metric, observability))
    .filter((metric) => intakeControlled || !isByController(metric))
    .filter((metric) => runTimeConfigured || !BY_RUN_TIME_CONFIGURATION.includes(metric))
    .reduce((sum, metric) => sum + combinations(metric, consumer), 0);
}

/** How many values the dimension of a metric has, and one more where it is told in all as well. */
function combinations(metric: MetricKey, { observability, circuits }: MeasuredConsumer): number {
  const { total, by } = METRIC_FACTS[metric];
  if (observability === 'essential' || by === undefined) return 1;
  return Number(total) + valuesOf(metric, by, circuits);
}

function valuesOf(metric: MetricKey, by: BreakdownDimension, circuits: number): number {
  if (by === CAUSE_DIMENSION) return DEFERRAL_CAUSES.length;
  if (by === REASON_DIMENSION)
    return (metric === 'quarantined' ? QUARANTINE_REASONS : FAILURE_REASONS).length;
  return circuits;
}

/** Whether the intake controller alone emits it. */
function isByController(metric: MetricKey): boolean {
  return METRIC_FACTS[metric].from.every((who) => who === 'controller');
}

function metricKeys(): MetricKey[] {
  return Object.keys(METRIC).filter((key): key is MetricKey => key in METRIC);
}
