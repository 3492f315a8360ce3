import { isEmitted, METRIC, type MetricKey, type Observability } from '../../lambdas/core/metric-names.ts';
import { FAILURE_REASONS } from '../../lambdas/core/settings.ts';

/** Reasons for quarantine (`QuarantineReason`). A test compares. */
export const QUARANTINE_REASON_COUNT = 8;
/** Causes of deferral (`DeferralCause`). A test compares. */
export const DEFERRAL_CAUSE_COUNT = 18;

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

/** Emitted for each circuit, or for the policies around its calls, and not in all. */
const FOR_EACH_CIRCUIT: readonly MetricKey[] = [
  'circuitOpen',
  'circuitOpened',
  'circuitTransitions',
  'circuitCalls',
  'circuitFailures',
  'circuitRejected',
  'callsRetried',
  'callsRecovered',
  'callRetriesExhausted',
  'callsTimedOut',
  'callsRateLimited',
  'bulkheadFull',
  'concurrencyLimit',
  'fallbacksUsed',
];
/** Emitted in all, and for each circuit. */
const ALSO_FOR_EACH_CIRCUIT: readonly MetricKey[] = ['circuitRecoveryTime', 'circuitHalfOpenFor'];
/** Emitted by the intake controller alone. */
const BY_CONTROLLER: readonly MetricKey[] = [
  'circuitsOpen',
  'circuitsHalfOpen',
  'circuitsClosed',
  'circuitHalfOpenFor',
  'intakePaused',
  'intakePausedFor',
  'intakeWithoutCause',
  'intakeHeld',
  'killSwitchOn',
];
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
    .filter((metric) => intakeControlled || !BY_CONTROLLER.includes(metric))
    .filter((metric) => runTimeConfigured || !BY_RUN_TIME_CONFIGURATION.includes(metric))
    .reduce((sum, metric) => sum + combinations(metric, consumer), 0);
}

function combinations(metric: MetricKey, { observability, circuits }: MeasuredConsumer): number {
  if (observability === 'essential') return 1;
  if (FOR_EACH_CIRCUIT.includes(metric)) return circuits;
  if (ALSO_FOR_EACH_CIRCUIT.includes(metric)) return 1 + circuits;
  switch (metric) {
    case 'deadLettered':
      return 1 + FAILURE_REASONS.length;
    case 'quarantined':
      return 1 + QUARANTINE_REASON_COUNT;
    case 'deferred':
      return 1 + DEFERRAL_CAUSE_COUNT;
    default:
      return 1;
  }
}

function metricKeys(): MetricKey[] {
  return Object.keys(METRIC).filter((key): key is MetricKey => key in METRIC);
}
