import type { DeferralCause } from './events.ts';
import { refusesSinceLately } from './refusal.ts';
import type { PutBackVerdict } from './verdict.ts';

/** Longest time that an invocation stays without work. Milliseconds. */
const LONGEST_MS = 2_000;

/** Share of the time left that it may take. */
const MOST_SHARE = 0.25;

/** What is put back because of circuits and holds, and not because of the message. */
const NOT_NOW: readonly (DeferralCause | undefined)[] = ['circuit-open', 'held', 'kill-switch', 'halted'];

/**
 * How long an invocation waits before it returns. Partial batch responses do not slow Lambda's pollers down, and it takes
 * up to a minute until the event source is paused: an invocation that could do nothing but put its messages back
 * would be followed by the next one at once. So it waits until the first of them may come back, two seconds at most.
 *
 * That bridges the time until the pause. What is received long after, although a circuit still refuses it, comes from an
 * event source that the controller has opened on purpose, and only so far: to wait there would keep messages that expire
 * from being found in time. Where nobody pauses, it always waits.
 *
 * @param total messages of the batch
 * @param back those that are put back
 * @param remainingMs time left
 * @param when `paused`: somebody pauses the event source while circuits are open
 */
export function lingerMs(
  total: number,
  back: readonly PutBackVerdict[],
  remainingMs: number,
  when: { readonly now: number; readonly paused: boolean },
): number {
  if (total === 0 || back.length < total) return 0;
  const causes = back.filter(({ cause }) => cause !== 'group-blocked');
  if (!causes.every(({ cause }) => NOT_NOW.includes(cause))) return 0;
  if (when.paused && !causes.every(({ sinceEpochMs }) => refusesSinceLately(sinceEpochMs, when.now)))
    return 0;
  const first = Math.min(...causes.map(({ delayMs }) => delayMs));
  return Math.max(0, Math.min(first, LONGEST_MS, remainingMs * MOST_SHARE));
}
