import {
  CAUSE_DIMENSION,
  CIRCUIT_DIMENSION,
  type MetricKey,
  POLICY_DIMENSION,
  REASON_DIMENSION,
} from './metric-names.ts';

/** Dimension that a metric is broken down by, beside the consumer's. */
export type BreakdownDimension =
  | typeof REASON_DIMENSION
  | typeof CAUSE_DIMENSION
  | typeof CIRCUIT_DIMENSION
  | typeof POLICY_DIMENSION;

/** What is known of a metric beside its name and meaning. */
export interface MetricFacts {
  readonly unit: 'Count' | 'Milliseconds' | 'Seconds';
  /**
   * How it is gathered in an invocation. `count`: what happened is added up. `state`: the last value holds. `values`:
   * each value is kept, so that percentiles are right.
   */
  readonly gathered: 'count' | 'state' | 'values';
  /** The statistic that says something of it in CloudWatch. */
  readonly statistic: 'Sum' | 'Maximum' | 'Minimum' | 'Average' | 'percentiles';
  /** Whether it is emitted with the consumer's dimension alone. */
  readonly total: boolean;
  /** Dimension that it is emitted with as well, at the level `full`. */
  readonly by?: BreakdownDimension;
  /** Who emits it: the consumer, at the end of an invocation; the intake controller, every minute. */
  readonly from: readonly ('consumer' | 'controller')[];
}

const CONSUMER = ['consumer'] as const;
const CONTROLLER = ['controller'] as const;
const BOTH = ['consumer', 'controller'] as const;

const COUNT: MetricFacts = {
  unit: 'Count',
  gathered: 'count',
  statistic: 'Sum',
  total: true,
  from: CONSUMER,
};
const DURATION: MetricFacts = {
  unit: 'Milliseconds',
  gathered: 'values',
  statistic: 'percentiles',
  total: true,
  from: CONSUMER,
};
const STATE: MetricFacts = {
  unit: 'Count',
  gathered: 'state',
  statistic: 'Maximum',
  total: true,
  from: CONTROLLER,
};
const BY_CIRCUIT: MetricFacts = { ...COUNT, total: false, by: CIRCUIT_DIMENSION };
const BY_POLICY: MetricFacts = { ...COUNT, total: false, by: POLICY_DIMENSION };

/** What is known of each metric. The table of docs/patterns/metrics.md says the same, and a test compares them. */
export const METRIC_FACTS: Readonly<Record<MetricKey, MetricFacts>> = {
  handled: COUNT,
  duplicates: COUNT,
  empty: COUNT,
  alreadyMoved: COUNT,
  retried: COUNT,
  recovered: COUNT,
  retryDuration: DURATION,
  deferred: { ...COUNT, by: CAUSE_DIMENSION },
  deadLettered: { ...COUNT, by: REASON_DIMENSION },
  quarantined: { ...COUNT, by: REASON_DIMENSION },
  retriesExhausted: COUNT,
  attempts: { ...COUNT, gathered: 'values', statistic: 'Average' },
  messageAge: DURATION,
  timeToExpiry: { ...DURATION, unit: 'Seconds', statistic: 'Minimum' },
  replaysHandled: COUNT,
  replaysFailed: COUNT,
  handlerDuration: DURATION,
  storeErrors: COUNT,
  environmentsGivenUp: COUNT,
  settlementFailures: COUNT,
  killSwitchTripped: COUNT,
  needsPerson: { ...STATE, from: BOTH },
  circuitOpen: { ...STATE, total: false, by: CIRCUIT_DIMENSION, from: BOTH },
  circuitOpened: BY_CIRCUIT,
  circuitTransitions: BY_CIRCUIT,
  circuitCalls: BY_CIRCUIT,
  circuitFailures: BY_CIRCUIT,
  circuitRecoveryTime: { ...DURATION, unit: 'Seconds', statistic: 'Average', by: CIRCUIT_DIMENSION },
  circuitRejected: BY_CIRCUIT,
  callsRetried: BY_POLICY,
  callsRecovered: BY_POLICY,
  callRetriesExhausted: BY_POLICY,
  callsTimedOut: BY_POLICY,
  callsRateLimited: BY_POLICY,
  bulkheadFull: BY_POLICY,
  concurrencyLimit: { ...BY_POLICY, gathered: 'state', statistic: 'Minimum' },
  fallbacksUsed: BY_POLICY,
  configurationsApplied: COUNT,
  configurationRefused: { ...STATE, from: CONSUMER },
  configurationUnavailable: COUNT,
  circuitsOpen: STATE,
  circuitsHalfOpen: STATE,
  circuitsClosed: STATE,
  circuitHalfOpenFor: { ...STATE, unit: 'Seconds', by: CIRCUIT_DIMENSION },
  intakePaused: STATE,
  intakePausedFor: { ...STATE, unit: 'Seconds' },
  intakeWithoutCause: STATE,
  intakeHeld: STATE,
  killSwitchOn: STATE,
};
