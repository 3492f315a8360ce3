import { Duration } from 'aws-cdk-lib';

/** A circuit breaker: one for each dependency that can fail by itself. */
export interface CircuitProps {
  /**
   * Failures in a row that open the circuit. 1 to 10,000.
   *
   * @default 5
   */
  readonly failureThreshold?: number;
  /**
   * Successful probes in a row that close it. 1 to 1,000.
   *
   * @default 2
   */
  readonly successThreshold?: number;
  /**
   * Time for which the circuit stays open before its first probe. 1 millisecond to 1 day.
   *
   * @default Duration.minutes(1)
   */
  readonly openFor?: Duration;
  /**
   * Longest open time: it doubles with each failed probe. At least `openFor`, at most 1 day.
   *
   * @default - 5 minutes, or `openFor` if that is longer
   */
  readonly maxOpenFor?: Duration;
  /**
   * Time for which a failure stays on record while nothing else happens. 1 millisecond to 1 day.
   *
   * @default Duration.minutes(1)
   */
  readonly window?: Duration;
}

/**
 * Circuits for three tempers.
 *
 * @example
 * const circuits = { tracker: { ...CircuitPreset.aggressive, openFor: Duration.seconds(20) } };
 */
export const CircuitPreset = {
  /** Opens after 5 failures for 60 s, closes after 2 successes. */
  default: { failureThreshold: 5, successThreshold: 2, openFor: Duration.seconds(60) },
  /** For a dependency that hiccups: opens after 10 failures for 120 s, closes after 5 successes. */
  conservative: { failureThreshold: 10, successThreshold: 5, openFor: Duration.seconds(120) },
  /** For one that must be spared at the first sign: opens after 3 failures for 30 s, closes after 1 success. */
  aggressive: { failureThreshold: 3, successThreshold: 1, openFor: Duration.seconds(30) },
} as const satisfies Record<string, CircuitProps>;
