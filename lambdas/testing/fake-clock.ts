import type { Clock } from '../core/clock.ts';

/** When a fake clock starts, and when messages of the factories were sent: 14 November 2023. Epoch milliseconds. */
export const TEST_START = 1_700_000_000_000;

/** A clock that stands still until it is told to move. */
export interface FakeClock extends Clock {
  /** Move on, and run what is due on the way. Milliseconds. */
  advance(ms: number): void;
  /** The same while something is under way: lets everything that waited for the time go on. Milliseconds. */
  pass(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly pending: number;
}

/**
 * Make a clock that stands still.
 *
 * @param start where it starts. Epoch milliseconds
 * @example
 * const clock = fakeClock();
 * clock.advance(60_000);
 */
export function fakeClock(start = TEST_START): FakeClock {
  let now = start;
  let timers: { readonly at: number; readonly action: () => void }[] = [];
  const advance = (ms: number): void => {
    const end = now + ms;
    for (;;) {
      const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      timers = timers.filter((timer) => timer !== due);
      now = Math.max(now, due.at);
      due.action();
    }
    now = end;
  };
  return {
    now: () => now,
    after(delayMs, action) {
      const timer = { at: now + delayMs, action };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    advance,
    async pass(ms) {
      await idle();
      advance(ms);
      await idle();
    },
    get pending() {
      return timers.length;
    },
  };
}

/** Let every promise that can go on go on. */
function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
