import { INTAKE_DEFAULTS } from '../../lambdas/core/intake/settings.ts';
import { DEFAULTS } from '../../lambdas/core/settings.ts';

/**
 * How every contender is configured, and which page of its documentation says so. Times are those of production; every
 * one of them is divided by the scale of the workload, for all contenders alike, but for the function's time-out.
 */

/** Names of the contenders, ours first. */
export const CONTENDERS = ['spillway', 'plain-cdk', 'powertools-cockatiel', 'powertools-opossum'] as const;

/** Name of a contender. */
export type ContenderName = (typeof CONTENDERS)[number];

/**
 * What is the same for all.
 *
 * The time-out of 5 s and the visibility timeout of six times that are those of Powertools' template
 * (https://docs.powertools.aws.dev/lambda/typescript/latest/features/batch/#getting-started, "SQS") and of AWS's advice
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html). Batches of 10 are the default of Lambda and
 * of the CDK (https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_lambda_event_sources.SqsEventSourceProps.html).
 */
export const COMMON = {
  /** Not scaled: the runtimes need real time to end, and no call of the benchmark takes nearly as long. */
  functionTimeoutSeconds: 5,
  memoryMb: 256,
  /** The template has it as it is here; the run sets it to the scaled one, since AWS wants it longer than the time-out. */
  visibilityMs: 30_000,
  batchSize: 10,
  maxConcurrency: 5,
  /** How long it takes to change an event source; on AWS up to a minute, in which Lambda still delivers. */
  stateChangeMs: 2_000,
  /** Everybody gives up a call to the dependency after this time: opossum's default. See {@link callTimeoutMs}. */
  callTimeoutMs: 10_000,
} as const;

/**
 * Ours: the defaults, nothing else. docs/patterns/circuit-breaker.md, docs/patterns/backpressure.md,
 * docs/patterns/retry.md.
 */
export const SPILLWAY = {
  circuit: DEFAULTS.circuit,
  backoff: DEFAULTS.backoff,
  killSwitch: DEFAULTS.killSwitch,
  rampStepMs: INTAKE_DEFAULTS.rampStepMs,
} as const;

/**
 * `SqsEventSource` with `reportBatchItemFailures`, a handler that reports what threw, and a dead-letter queue:
 * https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_lambda_event_sources-readme.html#sqs and
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting.
 * The CDK's documentation advises no number of receives; 3 is what is found most.
 */
export const PLAIN_CDK = { maxReceiveCount: 3 } as const;

/**
 * Batch processor with idempotent record handler, keyed by message id, and the table, as in
 * https://docs.powertools.aws.dev/lambda/typescript/latest/features/idempotency/#batch-integration and
 * https://docs.powertools.aws.dev/lambda/typescript/latest/features/batch/#processing-messages-from-sqs.
 *
 * Powertools' template has a `maxReceiveCount` of 2. AWS advises 5 at least
 * (https://docs.aws.amazon.com/lambda/latest/dg/sqs-retries.html); 5 it is, since it serves these contenders better.
 */
export const POWERTOOLS = { maxReceiveCount: 5, keyPath: 'messageId' } as const;

/**
 * The breaker of the first example of https://github.com/connor4312/cockatiel#readme. The retry policy around it is left
 * out: SQS retries, and it would multiply the calls.
 */
export const COCKATIEL = { consecutiveFailures: 5, halfOpenAfterMs: 10_000 } as const;

/**
 * The breaker of the first example of https://nodeshift.dev/opossum/, with the default window. Its time-out is the
 * common one.
 */
export const OPOSSUM = {
  errorThresholdPercentage: 50,
  resetTimeoutMs: 30_000,
  rollingCountTimeoutMs: 10_000,
  rollingCountBuckets: 10,
} as const;

/** A time of production, as long as it is in a workload. Whole milliseconds, 1 or more. */
export function scaledMs(ms: number, scale: number): number {
  return Math.max(1, Math.round(ms / scale));
}

/** The same in seconds, for SQS, which knows no shorter ones. */
export function scaledSeconds(ms: number, scale: number): number {
  return Math.max(1, Math.round(ms / scale / 1_000));
}

/** On a busy machine, less than this would take calls for lost that are not, and their effects would happen twice. */
const LEAST_CALL_TIMEOUT_MS = 1_500;

/** The longest call, scaled as far as that is reasonable. Milliseconds. */
export function callTimeoutMs(scale: number): number {
  return Math.max(LEAST_CALL_TIMEOUT_MS, scaledMs(COMMON.callTimeoutMs, scale));
}
