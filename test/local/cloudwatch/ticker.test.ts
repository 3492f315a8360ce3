import { describe, expect, it } from 'vitest';
import { stackClock } from '../../../local/cloudwatch/stack-clock.ts';
import { startTicker } from '../../../local/cloudwatch/ticker.ts';

const MINUTE = 60_000;
const START = 1_800_000_000_000 - (1_800_000_000_000 % MINUTE) + 10_000;

function setup(scale: number, settleMs = 0) {
  let now = START;
  let timer: { run: () => void; at: number } | undefined;
  const due: number[] = [];
  const clock = stackClock(scale, () => now);
  const stop = startTicker({
    clock,
    intervalMs: MINUTE,
    settleMs,
    run: (at) => due.push((at - (START - 10_000)) / MINUTE),
    setTimer(run, delayMs) {
      const mine = { run, at: now + delayMs };
      timer = mine;
      return () => {
        if (timer === mine) timer = undefined;
      };
    },
  });
  return {
    due,
    stop,
    /** Let the machine's time pass, with timers that fire when they are due. */
    pass(ms: number) {
      const end = now + ms;
      while (timer !== undefined && timer.at <= end) {
        const { run, at } = timer;
        now = Math.max(now, at);
        timer = undefined;
        run();
      }
      now = end;
    },
    /** Let the machine's time pass while it is too busy for timers. */
    sleep(ms: number) {
      now += ms;
    },
  };
}

describe('what is due every minute of the stack', () => {
  it('runs at the end of each minute, in the machine’s time', () => {
    const { due, pass } = setup(1);
    pass(49_999);
    expect(due).toEqual([]);
    pass(1);
    expect(due).toEqual([1]);
    pass(2 * MINUTE);
    expect(due).toEqual([1, 2, 3]);
  });

  it('runs faster with a faster clock', () => {
    const { due, pass } = setup(60);
    pass(3_000);
    expect(due).toEqual([1, 2, 3]);
  });

  it('waits for what is still on its way', () => {
    const { due, pass } = setup(60, 200);
    pass(1_033); // the minute ended after 833 and a third
    expect(due).toEqual([]);
    pass(1);
    expect(due).toEqual([1]);
  });

  it('makes up for what was missed, in order', () => {
    const { due, pass, sleep } = setup(60);
    sleep(5_000);
    pass(0);
    expect(due).toEqual([1, 2, 3, 4, 5]);
  });

  it('waits for what is still on its way also when it has much to make up for', () => {
    const { due, pass, sleep } = setup(60, 200);
    sleep(1_900); // the second minute ended 67 ms ago
    pass(0);
    expect(due).toEqual([1]);
  });

  it('ends when it is stopped', () => {
    const { due, pass, stop } = setup(60);
    stop();
    pass(10_000);
    expect(due).toEqual([]);
  });
});
