import type { FailureReason } from './settings.ts';

/** Base of every error that Spillway itself creates. */
export class SpillwayError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One thing that is wrong with a configuration. */
export interface ConfigurationProblem {
  /** Path of the option, such as `backoff.capMs`. */
  readonly option: string;
  /** What must hold, such as `must be an integer from 1 to 100`. */
  readonly rule: string;
  /** The value that was given. */
  readonly value: unknown;
}

/** The configuration breaks rules; every broken rule is listed. */
export class ConfigurationError extends SpillwayError {
  readonly problems: readonly ConfigurationProblem[];

  constructor(subject: string, problems: readonly ConfigurationProblem[]) {
    const lines = problems.map(({ option, rule, value }) => `${option} ${rule}, got ${printed(value)}`);
    super(`${subject}: ${lines.join('; ')}`);
    this.problems = problems;
  }
}

function printed(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** Options of {@link PermanentError}. */
export interface PermanentErrorOptions extends ErrorOptions {
  /**
   * Reason under which the message is dead-lettered.
   *
   * @default 'PROCESSING_ERROR'
   */
  readonly reason?: FailureReason;
}

/**
 * No retry can mend this: the message goes to the dead-letter queue at once.
 *
 * @example
 * if (order.total < 0) throw new PermanentError('total is negative', { reason: 'INVALID_DATA' });
 */
export class PermanentError extends SpillwayError {
  readonly reason: FailureReason;

  constructor(message: string, options: PermanentErrorOptions = {}) {
    super(message, options);
    this.reason = options.reason ?? 'PROCESSING_ERROR';
  }
}

/** Options of {@link RetryAfterError}. */
export interface RetryAfterErrorOptions extends ErrorOptions {
  /** Wait at least this long before the next attempt. Milliseconds, 0 or more. */
  readonly retryAfterMs: number;
}

/**
 * The dependency named a time to come back: the attempt counts, and the next one waits at least that long.
 *
 * @throws {ConfigurationError} if `retryAfterMs` is not a number of 0 or more
 * @example
 * throw new RetryAfterError('rate limited', { retryAfterMs: 30_000 });
 */
export class RetryAfterError extends SpillwayError {
  readonly retryAfterMs: number;

  constructor(message: string, options: RetryAfterErrorOptions) {
    super(message, options);
    this.retryAfterMs = checkedDelay('RetryAfterError', 'retryAfterMs', options.retryAfterMs);
  }
}

/** Options of {@link DeferError}. */
export interface DeferErrorOptions extends ErrorOptions {
  /** Put the message back for this long. Milliseconds, 0 or more. */
  readonly deferForMs: number;
}

/**
 * Not now: the message is put back and no attempt is charged.
 *
 * @throws {ConfigurationError} if `deferForMs` is not a number of 0 or more
 * @example
 * if (!(await invoiceExists(order.id))) throw new DeferError('the invoice is not there yet', { deferForMs: 60_000 });
 */
export class DeferError extends SpillwayError {
  readonly deferForMs: number;

  constructor(message: string, options: DeferErrorOptions) {
    super(message, options);
    this.deferForMs = checkedDelay('DeferError', 'deferForMs', options.deferForMs);
  }
}

function checkedDelay(subject: string, option: string, value: number): number {
  if (!Number.isFinite(value) || value < 0) {
    throw new ConfigurationError(subject, [{ option, rule: 'must be a number of 0 or more', value }]);
  }
  return value;
}

/** Options of {@link RefusedError}. */
export interface RefusedErrorOptions extends ErrorOptions {
  /** Time after which it is worth while to come back. Milliseconds. */
  readonly retryAfterMs: number;
}

/**
 * A policy of ours refused the call: the dependency was not reached, so it says nothing about its health. Unhandled, it
 * puts the message back without a charge.
 */
export abstract class RefusedError extends SpillwayError {
  /** Time after which it is worth while to come back. Milliseconds. */
  readonly retryAfterMs: number;

  constructor(message: string, options: RefusedErrorOptions) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Options of {@link CircuitOpenError}. */
export interface CircuitOpenErrorOptions extends RefusedErrorOptions {
  /** Name of the circuit. */
  readonly circuit: string;
  /** Summary of the last failure that the circuit has on record. */
  readonly lastError?: string | undefined;
}

/** The circuit is open. */
export class CircuitOpenError extends RefusedError {
  readonly circuit: string;
  readonly lastError: string | undefined;

  constructor(options: CircuitOpenErrorOptions) {
    super(`circuit "${options.circuit}" is open, retry in ${Math.ceil(options.retryAfterMs)} ms`, options);
    this.circuit = options.circuit;
    this.lastError = options.lastError;
  }
}

/** Options of the errors of limits. */
export interface LimitErrorOptions extends RefusedErrorOptions {
  /** Name of the policy. */
  readonly policy: string;
}

/** Options of {@link RateLimitedError}. */
export interface RateLimitedErrorOptions extends LimitErrorOptions {
  /** The table that holds the limit did not answer. @default false */
  readonly unanswered?: boolean;
}

/** The rate limit is reached; or the table that holds it did not answer, so that nobody knows. */
export class RateLimitedError extends RefusedError {
  readonly policy: string;
  /** Whether the table did not answer: then it is not the limit that has to be looked at. */
  readonly unanswered: boolean;

  constructor(options: RateLimitedErrorOptions) {
    const { policy, retryAfterMs, unanswered = false } = options;
    const why = unanswered ? 'has no permit, since its table did not answer' : 'is reached';
    super(`rate limit "${policy}" ${why}, retry in ${Math.ceil(retryAfterMs)} ms`, options);
    this.policy = policy;
    this.unanswered = unanswered;
  }
}

/** As many calls are under way, and waiting, as may be in this process. */
export class BulkheadFullError extends RefusedError {
  readonly policy: string;

  constructor(options: LimitErrorOptions) {
    super(`bulkhead "${options.policy}" is full, retry in ${Math.ceil(options.retryAfterMs)} ms`, options);
    this.policy = options.policy;
  }
}

/** Options of {@link CallTimeoutError}. */
export interface CallTimeoutErrorOptions extends ErrorOptions {
  /** Name of the policy. */
  readonly policy: string;
  /** The time that there was. Milliseconds. */
  readonly afterMs: number;
  /**
   * Whether it was the deadline of the caller that was over, before the time that the policy gives: the dependency may be
   * well.
   *
   * @default false
   */
  readonly cutShort?: boolean;
}

/** A call took longer than it may. It is the reason of its signal's abort. */
export class CallTimeoutError extends SpillwayError {
  readonly policy: string;
  readonly afterMs: number;
  /** Whether it was the deadline of the caller that was over, so that it says nothing about the dependency. */
  readonly cutShort: boolean;

  constructor(options: CallTimeoutErrorOptions) {
    super(`"${options.policy}" did not finish within ${Math.round(options.afterMs)} ms`, options);
    this.policy = options.policy;
    this.afterMs = options.afterMs;
    this.cutShort = options.cutShort ?? false;
  }
}

/** Why a call was not repeated once more. */
export type RetryStop =
  /** All attempts were made. */
  | 'attempts'
  /** The retry budget is spent. */
  | 'budget'
  /** The next attempt would have begun after the deadline. */
  | 'deadline'
  /** A limit of ours refused the next attempt. */
  | 'refused';

/** How often one call was attempted, and how that went. */
export interface RetryCallStatistics {
  /** Attempts that were made. */
  readonly attempts: number;
  /** Number of the attempt that succeeded, from 1. */
  readonly successfulAttempt: number | undefined;
  /** Time from the first attempt to the end of the last one. Milliseconds. */
  readonly totalMs: number;
  /** Error of the last attempt that failed; `undefined` if none did. */
  readonly lastError: unknown;
}

/** Options of {@link RetryExhaustedError}. */
export interface RetryExhaustedErrorOptions {
  /** Name of the policy. */
  readonly policy: string;
  /** Attempts that were made. */
  readonly attempts: number;
  /** Time from the first attempt to the end of the last one. Milliseconds. */
  readonly totalMs: number;
  readonly stoppedBy: RetryStop;
  /** Error of the last attempt that was made. */
  readonly cause: unknown;
}

/** A call failed, as often as it was repeated. Its `cause` is the last error, and decides what becomes of a message. */
export class RetryExhaustedError extends SpillwayError {
  readonly policy: string;
  readonly attempts: number;
  readonly totalMs: number;
  readonly stoppedBy: RetryStop;

  constructor({ policy, attempts, totalMs, stoppedBy, cause }: RetryExhaustedErrorOptions) {
    const why = {
      attempts: 'no attempt is left',
      budget: 'the retry budget is spent',
      deadline: 'no time is left',
      refused: 'a limit refused the next one',
    };
    super(
      `"${policy}" failed after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${why[stoppedBy]}`,
      { cause },
    );
    this.policy = policy;
    this.attempts = attempts;
    this.totalMs = totalMs;
    this.stoppedBy = stoppedBy;
  }

  /** The same as a successful call has. */
  get statistics(): RetryCallStatistics {
    const { attempts, totalMs, cause: lastError } = this;
    return { attempts, successfulAttempt: undefined, totalMs, lastError };
  }
}

/** Options of {@link FallbackFailedError}. */
export interface FallbackFailedErrorOptions {
  /** Name of the policy. */
  readonly policy: string;
  /** What the call failed with. */
  readonly cause: unknown;
  /** What the fallback failed with. */
  readonly fallbackError: unknown;
}

/** A call failed, and so did its fallback. Its `cause` is what the call failed with, and decides what becomes of a message. */
export class FallbackFailedError extends SpillwayError {
  readonly policy: string;
  readonly fallbackError: unknown;

  constructor({ policy, cause, fallbackError }: FallbackFailedErrorOptions) {
    super(`the fallback "${policy}" failed too`, { cause });
    this.policy = policy;
    this.fallbackError = fallbackError;
  }
}

/** The environment ended while a message was handled alone: out of memory, an exit, or a loop that nothing interrupts. */
export class CrashError extends SpillwayError {
  constructor() {
    super('the environment ended while this message was handled alone');
  }
}

/** The handler used up the time that the function had left. It is the reason of `ctx.signal`'s abort. */
export class HandlerTimeoutError extends SpillwayError {
  constructor(afterMs: number) {
    super(`the handler did not finish within ${Math.round(afterMs)} ms`);
  }
}
