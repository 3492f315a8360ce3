import { setTimeout as sleep } from 'node:timers/promises';
import { callTimeoutMs } from './contenders.ts';
import type { CircuitChange, Deployment } from './deployment.ts';

const LOOK_MS = 100;
/** How late a line of the log may arrive. */
const LOG_DELAY_MS = 250;

/** Seconds until no message of the backlog is in the queue, or -1. */
export async function drained(
  { queue }: Deployment,
  backlog: ReadonlySet<string>,
  sinceEpochMs: number,
  limitMs: number,
): Promise<number> {
  while (Date.now() < sinceEpochMs + limitMs) {
    const messages = await queue.messages();
    if (!messages.some(({ messageId }) => backlog.has(messageId))) return (Date.now() - sinceEpochMs) / 1_000;
    await sleep(LOOK_MS);
  }
  return -1;
}

/**
 * Wait until a consumer has nothing left to do; returns whether it came to that. Its queue alone is looked at: the
 * wake-ups that an intake controller sends itself may lie about for longer.
 */
export async function emptied({ queue, consumer }: Deployment, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const { visible, inFlight, delayed } = await queue.counts();
    if (visible + inFlight + delayed + consumer.stats().running === 0) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

/**
 * What is left of the open time when the dependency is back. A call that was made before may still fail after, and open
 * the circuit then; that opening counts, too. Where environments share a circuit, only the shared one counts.
 */
export function openSecondsLeft(
  changes: readonly CircuitChange[],
  healedAtEpochMs: number,
  scale: number,
): number {
  const lastCallEnds = healedAtEpochMs + callTimeoutMs(scale) + LOG_DELAY_MS;
  const early = changes.filter(({ to, atEpochMs }) => to === 'open' && atEpochMs <= lastCallEnds);
  const shared = early.filter(({ decidedBy }) => decidedBy !== 'environment');
  const retries = (shared.length > 0 ? shared : early).map(({ retryAtEpochMs }) => retryAtEpochMs);
  return Math.max(0, Math.max(0, ...retries) - healedAtEpochMs) / 1_000;
}
