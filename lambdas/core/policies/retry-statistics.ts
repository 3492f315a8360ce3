import type { RetryCallStatistics, RetryStop } from '../errors.ts';

/** What happened at a retry policy in this process. */
export interface RetryStatistics {
  readonly calls: number;
  readonly attempts: number;
  /** Calls that succeeded, by the number of the attempt that did: the first of the list are those of the first attempt. */
  readonly successesByAttempt: readonly number[];
  /** Calls of which a later attempt than the first succeeded. */
  readonly recovered: number;
  /** Calls that failed though their last error could heal, by what stopped them. */
  readonly exhausted: Readonly<Record<RetryStop, number>>;
  /** Calls that failed in a way that no repetition mends, were refused at once, or had one attempt only. */
  readonly failed: number;
  /** Calls that their caller aborted. */
  readonly aborted: number;
  /** Time that all calls that have ended took, waits included. Milliseconds. */
  readonly totalMs: number;
  /** Name and message of the last error of an attempt. */
  readonly lastError: string | undefined;
}

/** One call as it goes on. */
export interface RetryProgress {
  readonly startedAt: number;
  attempts: number;
  successfulAttempt: number | undefined;
  totalMs: number;
  lastError: unknown;
}

/** How a call ended that was not successful. */
export type RetryFailure = RetryStop | 'failed' | 'aborted';

/** Counts of a retry policy. */
export interface RetryTally {
  /** A call begins. */
  begun(): void;
  /** An attempt begins. */
  attempted(): void;
  /** An attempt failed. @param summary name and message */
  failed(summary: string): void;
  succeeded(call: RetryProgress): void;
  ended(call: RetryProgress, how: RetryFailure): void;
  statistics(): RetryStatistics;
}

/** Count what happens at a retry policy. */
export function retryTally(): RetryTally {
  let calls = 0;
  let attempts = 0;
  let totalMs = 0;
  let lastError: string | undefined;
  const successes: number[] = [];
  const ends: Record<RetryFailure, number> = {
    attempts: 0,
    budget: 0,
    deadline: 0,
    refused: 0,
    failed: 0,
    aborted: 0,
  };
  return {
    begun() {
      calls += 1;
    },
    attempted() {
      attempts += 1;
    },
    failed(summary) {
      lastError = summary;
    },
    succeeded(call) {
      totalMs += call.totalMs;
      while (successes.length < call.attempts) successes.push(0);
      successes[call.attempts - 1] = (successes[call.attempts - 1] ?? 0) + 1;
    },
    ended(call, how) {
      totalMs += call.totalMs;
      ends[how] += 1;
    },
    statistics() {
      const { failed, aborted, ...exhausted } = ends;
      const recovered = successes.slice(1).reduce((sum, count) => sum + count, 0);
      const successesByAttempt = [...successes];
      return {
        calls,
        attempts,
        successesByAttempt,
        recovered,
        exhausted,
        failed,
        aborted,
        totalMs,
        lastError,
      };
    },
  };
}

/** A call, as its caller sees it. */
export function callStatistics(call: RetryProgress): RetryCallStatistics {
  const { attempts, successfulAttempt, totalMs, lastError } = call;
  return { attempts, successfulAttempt, totalMs, lastError };
}
