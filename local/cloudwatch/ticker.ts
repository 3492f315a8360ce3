import type { StackClock } from './stack-clock.ts';

/** When something of the stack's time is due. */
export interface TickerOptions {
  readonly clock: StackClock;
  /** How often, in the stack's time. Milliseconds. */
  readonly intervalMs: number;
  /** How long after it is due, on the machine: what was written just before has to arrive first. Milliseconds. */
  readonly settleMs: number;
  /** Called with each multiple of the interval, in order, in the stack's time. Epoch milliseconds. */
  readonly run: (atEpochMs: number) => void;
  readonly setTimer?: (run: () => void, delayMs: number) => () => void;
}

const MAX_BEHIND = 10_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Run something at every multiple of an interval of the stack's time, until what comes back is called. If the machine was
 * busy, what was missed is made up for in order; of more than 10,000 only the last.
 */
export function startTicker({
  clock,
  intervalMs,
  settleMs,
  run,
  setTimer = setUnref,
}: TickerOptions): () => void {
  let due = (Math.floor(clock.now() / intervalMs) + 1) * intervalMs;
  let cancel = (): void => undefined;
  const settle = settleMs * clock.scale;
  const tick = (): void => {
    const now = clock.now() - settle;
    const behind = Math.floor((now - due) / intervalMs);
    if (behind > MAX_BEHIND) due += (behind - MAX_BEHIND) * intervalMs;
    while (due <= now) {
      run(due);
      due += intervalMs;
    }
    plan();
  };
  const plan = (): void => {
    const waitMs = Math.ceil(clock.machineMs(due + settle - clock.now()));
    cancel = setTimer(tick, Math.min(MAX_TIMER_MS, Math.max(1, waitMs)));
  };
  plan();
  return () => cancel();
}

function setUnref(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}
