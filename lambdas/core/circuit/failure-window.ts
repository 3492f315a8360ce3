import type { CircuitSettings } from '../settings.ts';
import type { CallOutcome } from './circuit.ts';
import type { CircuitItem } from './shared-item.ts';
import type { WindowReport } from './shared-steps.ts';

/** What one environment has seen of a closed circuit and not reported yet. */
export interface FailureTally {
  success(): void;
  failure(outcome: Extract<CallOutcome, { kind: 'failure' }>, now: number): void;
  /** Whether there is something to report, and reporting is allowed again. What the window has passed by is forgotten. */
  due(now: number): boolean;
  /** Take what is to be reported. */
  take(now: number): Omit<WindowReport, 'reporters'> & { readonly retryAfterMs: number | undefined };
  /** Forget it: the circuit is not what it was when it was counted. */
  clear(): void;
  /** Whether failures wait to be reported. */
  readonly pending: boolean;
}

/** Successes that ride on one failure. More would say little more, and fewer would tell 30 % of failures from 100 % no longer. */
const CARRIED = 2;

/** Least time between two reports of one environment. Milliseconds. */
const REPORT_EVERY_MS = 1_000;

/**
 * Count calls so that successes cost no write: each failure carries the successes since the failure before, two at
 * most. At a share p of failures a failure carries (1 − p)(2 − p) successes on average, so the ratio that is seen is
 * 1 / (1 + (1 − p)(2 − p)): 0.46 for 0.3, 0.5 for 0.38, and 1/3 at the least.
 */
export function failureTally(settings: CircuitSettings): FailureTally {
  let failures = 0;
  let successes = 0;
  let sinceFailure = 0;
  let lastError = '';
  let retryAfterMs: number | undefined;
  let firstAt = 0;
  let reportedAt = Number.NEGATIVE_INFINITY;

  function clear(): void {
    failures = 0;
    successes = 0;
    retryAfterMs = undefined;
  }

  return {
    clear,
    get pending() {
      return failures > 0;
    },
    success() {
      if (sinceFailure < CARRIED) sinceFailure += 1;
    },
    failure(outcome, now) {
      if (failures === 0) firstAt = now;
      failures += 1;
      successes += sinceFailure;
      sinceFailure = 0;
      lastError = outcome.summary;
      retryAfterMs = outcome.retryAfterMs;
    },
    due(now) {
      if (failures === 0) return false;
      if (now - firstAt > settings.windowMs) clear();
      return failures > 0 && now - reportedAt >= REPORT_EVERY_MS;
    },
    take(now) {
      const taken = { failures, successes, lastError, retryAfterMs };
      reportedAt = now;
      clear();
      return taken;
    },
  };
}

/** Number of the half of the window that a moment lies in. */
export function bucketOf(now: number, { windowMs }: CircuitSettings): number {
  return Math.floor(now / (windowMs / 2));
}

/** Clocks of two machines may differ by so much. Milliseconds. */
const SKEW_MS = 2_000;

/**
 * Whether a bucket was counted in a window of another length, which has other numbers. It shows where it would begin in
 * the future: after the window has become longer. (One of a shorter window looks old, and ends as such.)
 */
export function isForeignBucket(bucket: number, now: number, { windowMs }: CircuitSettings): boolean {
  return bucket * (windowMs / 2) > now + windowMs + SKEW_MS;
}

/** Whether what was reported of a closed circuit opens it. */
export function opens(item: CircuitItem, settings: CircuitSettings): boolean {
  const failures = (item.failures ?? 0) + (item.previousFailures ?? 0);
  const successes = (item.successes ?? 0) + (item.previousSuccesses ?? 0);
  // One environment may have reported in both halves, and counts once.
  const reporters = Math.max(item.reporters ?? 0, item.previousReporters ?? 0);
  return (
    failures >= settings.failureThreshold &&
    reporters >= settings.minReporters &&
    failures >= settings.failureRatio * (failures + successes)
  );
}

/** Until when the failures in an item's window are on record. Epoch milliseconds. */
export function onRecordUntil(
  { bucket, failures = 0, previousFailures = 0 }: CircuitItem,
  windowMs: number,
): number {
  if (bucket === undefined || failures + previousFailures === 0) return 0;
  return failures > 0 ? recordEnds(bucket, windowMs) : recordEnds(bucket - 1, windowMs);
}

/** Until when a failure counts that was reported in a bucket. Epoch milliseconds. */
export function recordEnds(bucket: number, windowMs: number): number {
  return (bucket + 2) * (windowMs / 2);
}
