import { Duration } from 'aws-cdk-lib';
import { CIRCUIT_PRESETS } from '../lambdas/core/configuration/circuit-presets.ts';
import type { CallPolicyProps } from './call-policies.ts';

/**
 * A circuit breaker, and what else stands around the calls through it: one for each dependency that can fail by itself.
 * Consumers of one state table that name the same circuit share it and its rate limit, and should give them the same
 * properties.
 */
export interface CircuitProps extends CallPolicyProps {
  /**
   * Failures within the window, in all Lambda environments together, that open the circuit. 1 to 10,000.
   *
   * @default 5
   */
  readonly failureThreshold?: number;
  /**
   * Share of failed calls that there has to be as well. 0.01 to 1. Successes are not written, so it is estimated, and
   * reads high: a real 0.3 as about 0.46, a real 0.38 as 0.5. Below a third it is always met.
   *
   * @default 0.5
   */
  readonly failureRatio?: number;
  /**
   * Environments that have to have reported failures in one half of the window: with 2 or more, one that is broken by
   * itself does not open the circuit for all. 3 is advised for large fleets. 1 to 1,000.
   *
   * @default 1
   */
  readonly minReporters?: number;
  /**
   * Failures in a row that open it for the one environment that saw them. 1 to 10,000.
   *
   * @default - as many as `failureThreshold`
   */
  readonly localThreshold?: number;
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
   * Window in which failures are counted. Choose it with the back-off between attempts: where one message comes in a
   * while, its retries have to bring `failureThreshold` failures into one window. 1 millisecond to 1 day.
   *
   * @default Duration.minutes(1)
   */
  readonly window?: Duration;
  /**
   * A call that takes longer counts as a failure, though its result is used. 1 millisecond to 1 day.
   *
   * @default - calls may take as long as they like
   */
  readonly slowCallThreshold?: Duration;
  /**
   * How long an environment goes by what it has read of the shared state, ± 20 %: one read for each environment and
   * time. 1 millisecond to 1 minute.
   *
   * @default Duration.seconds(5)
   */
  readonly cacheFor?: Duration;
}

/**
 * Circuits for three tempers.
 *
 * @example
 * const circuits = { tracker: { ...CircuitPreset.aggressive, openFor: Duration.seconds(20) } };
 */
export const CircuitPreset = {
  /** Opens after 5 failures for 60 s, closes after 2 successes. */
  default: preset('default'),
  /** For a dependency that hiccups: opens after 10 failures for 120 s, closes after 5 successes. */
  conservative: preset('conservative'),
  /** For one that must be spared at the first sign: opens after 3 failures for 30 s, closes after 1 success. */
  aggressive: preset('aggressive'),
} as const satisfies Record<keyof typeof CIRCUIT_PRESETS, CircuitProps>;

function preset(name: keyof typeof CIRCUIT_PRESETS) {
  const { openFor, ...thresholds } = CIRCUIT_PRESETS[name];
  return { ...thresholds, openFor: Duration.millis(openFor) };
}
