import type { Refused } from './circuit/circuit.ts';
import type { Clock } from './clock.ts';
import type { Until } from './waiting.ts';

/**
 * Time after which the intake controller has seen a change of a circuit and Lambda has acted upon it, a minute for each
 * at the most. A message that is received later meets an event source that was opened on purpose: for a probe, or to
 * sweep out what expires. Milliseconds.
 */
const PAUSE_TAKES_MS = 120_000;

/**
 * Who meets a hold that stands for longer comes back after this and a quarter of it at the most: once in a sweep, so
 * that a sweep looks at as many messages as it can, and within five minutes of when somebody resumes. Milliseconds.
 */
const HOLD_RETRY_MS = 240_000;

/** Whether a circuit may have begun to refuse so lately that the event source is about to be paused for it; also where that is unknown. */
export function refusesSinceLately(sinceEpochMs: number | undefined, now: number): boolean {
  return sinceEpochMs === undefined || now - sinceEpochMs < PAUSE_TAKES_MS;
}

/** Time until a message comes back that a circuit has refused. Milliseconds. */
export function untilAdmitted(
  clock: Clock,
  until: Until,
  { retryAtEpochMs, forced = false, sinceEpochMs }: Omit<Refused, 'kind' | 'lastError'>,
): number {
  const now = clock.now();
  const standing = forced && !refusesSinceLately(sinceEpochMs, now);
  return until(standing ? Math.max(retryAtEpochMs, now + HOLD_RETRY_MS) : retryAtEpochMs);
}
