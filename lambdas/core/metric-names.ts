import type { DeferralCause } from './events.ts';
import type { QuarantineReason } from './failure-envelope.ts';

/** CloudWatch namespace of every metric that the runtime emits. */
export const METRIC_NAMESPACE = 'Spillway';

/**
 * The dimension that carries the consumer's stable id. It is called `service` because that is the default
 * dimension of Powertools metrics.
 */
export const CONSUMER_DIMENSION = 'service';

/** Dimension of the metrics that are broken down by failure or quarantine reason. */
export const REASON_DIMENSION = 'reason';

/** Dimension of the metrics that are broken down by cause of deferral. */
export const CAUSE_DIMENSION = 'cause';

/** Dimension of the metrics that are kept for each circuit. */
export const CIRCUIT_DIMENSION = 'circuit';

/** Dimension of the metrics that are kept for each policy around calls; in a consumer, its circuit's name. */
export const POLICY_DIMENSION = 'policy';

/** Property, not dimension, of the lines that tell of a kill switch: fingerprints have no bound. */
export const FINGERPRINT_PROPERTY = 'fingerprint';

/**
 * How much a consumer tells of itself. `essential`: the metrics of {@link ESSENTIAL_METRICS}, without further
 * dimensions. `full`: all of {@link METRIC}. `off`: none; its log lines stay.
 */
export const OBSERVABILITY_LEVELS = ['essential', 'full', 'off'] as const;

/** How much a consumer tells of itself. */
export type Observability = (typeof OBSERVABILITY_LEVELS)[number];

/** What a consumer tells of itself unless it is asked for more or less. */
export const DEFAULT_OBSERVABILITY: Observability = 'essential';

/**
 * Names of the metrics that the runtime emits and that alarms and dashboards read.
 *
 * Metrics marked "by reason", "by cause" or "by circuit" are emitted with that dimension beside the consumer's;
 * the totals are emitted with the consumer's dimension alone. Dimensions are bounded: reasons and causes are
 * enumerations, circuits and policies are named by the deployment.
 */
export const METRIC = {
  /** Messages whose handler completed. Count. */
  handled: 'Handled',
  /** Messages whose effect had already happened: acknowledged without a call. Count. */
  duplicates: 'Duplicates',
  /** Messages with nothing to do, such as the test event of S3. Count. */
  empty: 'Empty',
  /** Messages that had been moved before and only waited to be acknowledged. Count. */
  alreadyMoved: 'AlreadyMoved',
  /** Failed attempts that were put back for another one. Count. */
  retried: 'Retried',
  /** Messages that were handled at a later attempt than their first. Count. */
  recovered: 'Recovered',
  /** Time from a message's first failed attempt until it was handled or given up. Milliseconds. */
  retryDuration: 'RetryDuration',
  /** Messages put back without a charge. Count; total, and by cause. */
  deferred: 'Deferred',
  /** Messages moved to the dead-letter queue by the runtime. Count; total, and by reason. */
  deadLettered: 'DeadLettered',
  /** Messages moved to the quarantine queue. Count; total, and by reason. */
  quarantined: 'Quarantined',
  /** Messages whose attempts ran out. Count. */
  retriesExhausted: 'RetriesExhausted',
  /** Attempts that a message took until it was handled or given up. Count (use Average). */
  attempts: 'Attempts',
  /** Time from when a message entered the queue until it was handled. Milliseconds. */
  messageAge: 'MessageAge',
  /** Time that is left until a message expires, of each that is put back (use Minimum). Seconds. */
  timeToExpiry: 'TimeToExpiry',
  /** Messages that were handled after they had been replayed from a dead-letter or quarantine queue. Count. */
  replaysHandled: 'ReplaysHandled',
  /** Messages that were set aside again after they had been replayed. Count. */
  replaysFailed: 'ReplaysFailed',
  /** Time that the handler took. Milliseconds. */
  handlerDuration: 'HandlerDuration',
  /** Calls to the state table that failed. Count. */
  storeErrors: 'StoreErrors',
  /** Environments that were given up because a handler did not stop when it had to. Count. */
  environmentsGivenUp: 'EnvironmentsGivenUp',
  /** Settlements (visibility, move) that SQS refused. Count. */
  settlementFailures: 'SettlementFailures',
  /** Times that the kill switch went on. Count. */
  killSwitchTripped: 'KillSwitchTripped',
  /**
   * 1 if something needs a person which no retry mends and no open circuit explains, else 0 (use Maximum): of the
   * runtime, SQS refuses a settlement, a configuration is refused, idempotency is off, a message cannot be handled for a
   * fault of the deployment or since the intake is held; of the controller, an intake is held or cannot be looked after. Each is told apart in the
   * log, and with `full` by a metric of its own.
   */
  needsPerson: 'NeedsPerson',
  /** 1 while a circuit is open or half-open, 0 while it is closed; by circuit. */
  circuitOpen: 'CircuitOpen',
  /** Transitions to open; by circuit. Count. */
  circuitOpened: 'CircuitOpened',
  /** Transitions to any state; by circuit. Count. */
  circuitTransitions: 'CircuitTransitions',
  /** Calls that a circuit let through and that spoke of the dependency's health; by circuit. Count. */
  circuitCalls: 'CircuitCalls',
  /** Those of them that failed; by circuit. Count. */
  circuitFailures: 'CircuitFailures',
  /** Time from the opening of a circuit until it closed; total, and by circuit. Seconds. */
  circuitRecoveryTime: 'CircuitRecoveryTime',
  /** Calls refused by a circuit; by circuit. Count. */
  circuitRejected: 'CircuitRejected',
  /** Attempts of calls that failed and were repeated within the process; by policy. Count. */
  callsRetried: 'CallsRetried',
  /** Calls of which a later attempt than the first succeeded; by policy. Count. */
  callsRecovered: 'CallsRecovered',
  /** Calls that failed as often as they were repeated; by policy. Count. */
  callRetriesExhausted: 'CallRetriesExhausted',
  /** Calls and attempts that took longer than they may; by policy. Count. */
  callsTimedOut: 'CallsTimedOut',
  /** Calls refused by a rate limit; by policy. Count. */
  callsRateLimited: 'CallsRateLimited',
  /** Calls refused by a bulkhead; by policy. Count. */
  bulkheadFull: 'BulkheadFull',
  /** Calls under way that adaptive concurrency allows, whenever it is cut; by policy. Count. */
  concurrencyLimit: 'ConcurrencyLimit',
  /** Answers that a fallback gave; by policy. Count. */
  fallbacksUsed: 'FallbacksUsed',
  /** Changes of the configuration at run time that took effect in an environment. Count. */
  configurationsApplied: 'ConfigurationsApplied',
  /** 1 for each look at a run-time configuration that is refused, 0 for one at a good one (use Maximum). */
  configurationRefused: 'ConfigurationRefused',
  /** Looks at a run-time configuration that failed, or took too long. Count. */
  configurationUnavailable: 'ConfigurationUnavailable',
  /** Circuits of the consumer that are open; every minute, by the intake controller. Count (use Maximum). */
  circuitsOpen: 'CircuitsOpen',
  /** Those that are half-open; every minute, by the intake controller. Count (use Maximum). */
  circuitsHalfOpen: 'CircuitsHalfOpen',
  /** Those that are closed; every minute, by the intake controller. Count (use Maximum). */
  circuitsClosed: 'CircuitsClosed',
  /**
   * How long a circuit has been half-open, 0 if it is not; the longest, and by circuit; every minute, by the intake
   * controller. Seconds.
   */
  circuitHalfOpenFor: 'CircuitHalfOpenFor',
  /** 1 while the event source is paused, else 0; every minute, by the intake controller. */
  intakePaused: 'IntakePaused',
  /** How long the event source has been paused, 0 if it is not; every minute, by the intake controller. Seconds. */
  intakePausedFor: 'IntakePausedFor',
  /** 1 if the event source is disabled though nothing asks for it, else 0; every minute, by the intake controller. */
  intakeWithoutCause: 'IntakePausedWithoutCause',
  /** 1 while an operator or a halted FIFO queue holds the intake, else 0; every minute, by the intake controller. */
  intakeHeld: 'IntakeHeld',
  /** 1 while the kill switch holds the intake, else 0; every minute, by the intake controller. */
  killSwitchOn: 'KillSwitchOn',
} as const;

/** A metric that the runtime emits. */
export type MetricKey = keyof typeof METRIC;

/** What is emitted at the level `essential`, with the consumer's dimension alone: ten custom metrics, which are paid for. */
export const ESSENTIAL_METRICS = [
  'handled',
  'deferred',
  'deadLettered',
  'quarantined',
  'messageAge',
  'timeToExpiry',
  'needsPerson',
  'circuitsOpen',
  'intakePausedFor',
  'intakeWithoutCause',
] as const satisfies readonly MetricKey[];

/** Whether a metric is emitted at a level. Of what is, `essential` has the totals only. */
export function isEmitted(metric: MetricKey, level: Observability): boolean {
  return level === 'full' || (level === 'essential' && ESSENTIAL_METRICS.some((each) => each === metric));
}

/** Values of {@link REASON_DIMENSION} of {@link METRIC.quarantined}. */
export const QUARANTINE_REASONS: readonly QuarantineReason[] = keysOf({
  SIZE_LIMIT_EXCEEDED: true,
  SIGNATURE_INVALID: true,
  INVALID_FORMAT: true,
  MISSING_REQUIRED_FIELDS: true,
  DENIED_SOURCE: true,
  SCHEMA_VALIDATION_FAILED: true,
  SUSPICIOUS_PATTERN: true,
  LOW_REPUTATION: true,
});

/** Values of {@link CAUSE_DIMENSION} of {@link METRIC.deferred}. */
export const DEFERRAL_CAUSES: readonly DeferralCause[] = keysOf({
  'circuit-open': true,
  'probe-failed': true,
  'circuit-unwell': true,
  'rate-limited': true,
  'bulkhead-full': true,
  held: true,
  'kill-switch': true,
  halted: true,
  'in-progress': true,
  handler: true,
  suspect: true,
  'group-blocked': true,
  'no-time-left': true,
  'store-unavailable': true,
  'check-unavailable': true,
  'move-failed': true,
  misconfigured: true,
  'internal-error': true,
});

/** All values of a type, which the compiler sees to. */
function keysOf<Value extends string>(values: Readonly<Record<Value, true>>): readonly Value[] {
  return Object.keys(values).filter((key): key is Value => key in values);
}
