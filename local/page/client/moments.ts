import type { Moment } from '../shared/model.ts';

/** The stack's clock as the page knows it: what the last answer said, and the time since then. */
export interface PageClock {
  /** Epoch milliseconds. */
  now(): number;
  /** How many times as fast as the machine's it runs. */
  scale(): number;
  take(moment: Moment): void;
}

/** Start a clock that follows the stack's. */
export function pageClock(machineNow: () => number = () => performance.now()): PageClock {
  let told = { nowEpochMs: 0, timeScale: 1, machineMs: machineNow() };
  return {
    now: () => told.nowEpochMs + (machineNow() - told.machineMs) * told.timeScale,
    scale: () => told.timeScale,
    take: ({ nowEpochMs, timeScale }) => {
      told = { nowEpochMs, timeScale, machineMs: machineNow() };
    },
  };
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** A time of the day. */
export function timeOfDay(epochMs: number): string {
  return TIME.format(epochMs);
}

/** A day and a time of it. */
export function dayAndTime(epochMs: number): string {
  return DAY_AND_TIME.format(epochMs);
}
