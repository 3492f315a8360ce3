import { setText } from './dom.ts';
import type { LiveState } from './live.ts';
import { dayAndTime, type PageClock } from './moments.ts';

const TEXTS: Readonly<Record<LiveState, string>> = {
  live: 'Live',
  lost: 'No answer',
  paused: 'Paused while hidden',
};

const TICK_MS = 1_000;

/** Shows whether the page is live, and the stack's time. */
export function createStatus(
  connection: HTMLElement,
  time: HTMLElement,
  clock: PageClock,
): { state(state: LiveState): void } {
  let running = false;
  setInterval(() => {
    if (running) setText(time, describe(clock));
  }, TICK_MS);
  return {
    state(state) {
      running = state === 'live';
      setText(connection, TEXTS[state]);
      connection.dataset.state = state;
      if (running) setText(time, describe(clock));
    },
  };
}

function describe(clock: PageClock): string {
  const scale = clock.scale();
  return `${dayAndTime(clock.now())}${scale === 1 ? '' : `, time × ${scale}`}`;
}
