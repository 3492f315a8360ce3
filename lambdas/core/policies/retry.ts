import { backoffDelayMs } from '../backoff.ts';
import type { Classification } from '../classifier.ts';
import type { Clock, Random } from '../clock.ts';
import { deferralOf } from '../deferral.ts';
import { isInstance } from '../error-shape.ts';
import {
  CircuitOpenError,
  HandlerTimeoutError,
  RefusedError,
  type RetryCallStatistics,
  RetryExhaustedError,
  type RetryStop,
} from '../errors.ts';
import type { EventSink } from '../events.ts';
import { summarizeError } from '../failure.ts';
import { isAbort } from '../invocation.ts';
import type { InnerCallOptions, Operation, Policy, PolicyCallOptions } from './policy.ts';
import { quiet } from './quiet-sink.ts';
import { type RetryBudget, retryBudget } from './retry-budget.ts';
import { callStatistics, type RetryProgress, type RetryStatistics, retryTally } from './retry-statistics.ts';
import { LONGEST_WAIT_MS, type RetryBudgetSettings, type RetrySettings } from './settings.ts';
import { NEVER, promptly, wait } from './signals.ts';

/** Options of {@link retryOn}. */
export interface RetryOnOptions {
  readonly name: string;
  /** Read at each attempt, so they may change. */
  readonly settings: RetrySettings;
  /** A budget that others share. @default - one of its own, as the settings say */
  readonly budget?: RetryBudget;
  readonly classify: (error: unknown) => Classification;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EventSink;
}

/** Result of {@link RetryPolicy.run}. */
export interface RetryResult<T> {
  readonly value: T;
  readonly statistics: RetryCallStatistics;
}

/** Repeats calls whose failure can heal. */
export interface RetryPolicy extends Policy {
  readonly kind: 'retry';
  /**
   * Make a call, and make it again after a while if it fails in a way that can heal.
   *
   * An error that no repetition mends, a refusal of ours and a `DeferError` are thrown as they are, at once; so is every
   * error where `attempts` is 1. A limit of ours that refuses a repetition, after an attempt that failed by itself, ends the
   * call with that failure: it is no reason to come back free of charge. An open circuit is. Nobody waits in vain: where the next attempt would begin at the deadline or after it,
   * or in more than 15 minutes, the call fails at once.
   *
   * @throws {RetryExhaustedError} with the last error as its cause, when attempts, budget or time run out, or a limit of ours
   *   refuses a repetition
   * @throws the reason of the signal, when that aborts
   */
  call<T>(operation: Operation<T>, options?: PolicyCallOptions): Promise<T>;
  /** The same, and how it went; a {@link RetryExhaustedError} has the same statistics. */
  run<T>(operation: Operation<T>, options?: PolicyCallOptions): Promise<RetryResult<T>>;
  statistics(): RetryStatistics;
}

/** Repeat calls whose failure can heal. */
export function retryOn({
  name,
  settings,
  classify,
  clock,
  random,
  emit,
  ...given
}: RetryOnOptions): RetryPolicy {
  const tell = quiet(emit);
  const tally = retryTally();
  const ownBudget = retryBudget(budgetIn(settings), clock);
  const budget = (): RetryBudget | undefined =>
    given.budget ?? (settings.budget === false ? undefined : ownBudget);

  function begin(): RetryProgress {
    tally.begun();
    budget()?.called();
    return {
      startedAt: clock.now(),
      attempts: 0,
      successfulAttempt: undefined,
      totalMs: 0,
      lastError: undefined,
    };
  }

  async function attemptAll<T>(
    operation: Operation<T>,
    options: InnerCallOptions | undefined,
    call: RetryProgress,
  ): Promise<T> {
    const signal = options?.signal ?? NEVER;
    const deadline = options?.deadlineEpochMs ?? Number.POSITIVE_INFINITY;
    for (;;) {
      if (signal.aborted) throw aborted(call, signal);
      call.attempts += 1;
      tally.attempted();
      let result: T;
      try {
        result = await promptly(operation, signal, deadline, options?.heedsSignal);
      } catch (error) {
        await untilNext(error, call, signal, deadline);
        continue;
      }
      succeeded(call);
      return result;
    }
  }

  function succeeded(call: RetryProgress): void {
    const { attempts, startedAt } = call;
    const totalMs = clock.now() - startedAt;
    call.successfulAttempt = attempts;
    call.totalMs = totalMs;
    tally.succeeded(call);
    if (attempts > 1) tell({ kind: 'call-recovered', policy: name, attempts, totalMs });
  }

  /** Wait for the next attempt, or throw what the call ends with. */
  async function untilNext(
    error: unknown,
    call: RetryProgress,
    signal: AbortSignal,
    deadline: number,
  ): Promise<void> {
    call.totalMs = clock.now() - call.startedAt;
    if (signal.aborted) throw aborted(call, signal);
    if (call.attempts > 1 && isOverLimit(error)) {
      call.attempts -= 1; // the one that was refused was not made
      throw exhausted(call, 'refused');
    }
    const summary = summarizeError(error);
    call.lastError = error;
    tally.failed(`${summary.name}: ${summary.message}`.slice(0, 200));
    const { retryable, retryAfterMs = 0 } = isFinal(error) ? FINAL : classify(error);
    const { attempts: attempt } = call;
    if (!retryable || (attempt === 1 && settings.attempts === 1)) {
      tally.ended(call, 'failed');
      throw error;
    }
    const delayMs = Math.max(backoffDelayMs(settings, attempt, random), retryAfterMs);
    const stoppedBy = stopOf(attempt, delayMs, deadline);
    if (stoppedBy !== undefined) throw exhausted(call, stoppedBy);
    tell({ kind: 'call-retried', policy: name, attempt, delayMs, error: summary });
    try {
      if (delayMs > 0) await wait(clock, delayMs, signal);
    } catch {
      call.totalMs = clock.now() - call.startedAt;
      throw aborted(call, signal);
    }
    // A timer that rings late, in an environment that was frozen.
    if (clock.now() >= deadline) throw exhausted(call, 'deadline');
  }

  function stopOf(attempt: number, delayMs: number, deadline: number): RetryStop | undefined {
    if (attempt >= settings.attempts) return 'attempts';
    if (delayMs > LONGEST_WAIT_MS || clock.now() + delayMs >= deadline) return 'deadline';
    return budget()?.take() === false ? 'budget' : undefined;
  }

  function exhausted(call: RetryProgress, stoppedBy: RetryStop): RetryExhaustedError {
    const { attempts, totalMs, lastError: cause } = call;
    tally.ended(call, stoppedBy);
    const error = summarizeError(cause);
    tell({ kind: 'call-retries-exhausted', policy: name, attempts, totalMs, stoppedBy, error });
    return new RetryExhaustedError({ policy: name, attempts, totalMs, stoppedBy, cause });
  }

  function aborted(call: RetryProgress, signal: AbortSignal): unknown {
    tally.ended(call, 'aborted');
    return signal.reason;
  }

  return {
    kind: 'retry',
    name,
    call: (operation, options) => attemptAll(operation, options, begin()),
    async run(operation, options) {
      const call = begin();
      const value = await attemptAll(operation, options, call);
      return { value, statistics: callStatistics(call) };
    },
    statistics: () => tally.statistics(),
  };
}

const FINAL = { retryable: false, retryAfterMs: 0 } as const;

/** What is not the dependency's: a refusal of ours, a wish to come back later, an abort, the end of the handler's time. */
function isFinal(error: unknown): boolean {
  return deferralOf(error) !== undefined || isInstance(error, HandlerTimeoutError) || isAbort(error);
}

/** A refusal by a limit of ours, which has room again soon; an open circuit says that the dependency is ill. */
function isOverLimit(error: unknown): boolean {
  const deferral = deferralOf(error);
  return isInstance(deferral, RefusedError) && !isInstance(deferral, CircuitOpenError);
}

/** The budget that the settings speak of, also after they have changed. */
function budgetIn(settings: RetrySettings): RetryBudgetSettings {
  const now = (): RetryBudgetSettings => settings.budget || { capacity: 0, perSecond: 0, perCall: 0 };
  return {
    get capacity() {
      return now().capacity;
    },
    get perSecond() {
      return now().perSecond;
    },
    get perCall() {
      return now().perCall;
    },
  };
}
