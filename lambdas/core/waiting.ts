import type { Clock, Random } from './clock.ts';

/** Messages that wait for one moment come back spread over this share of the wait, and a second at least. */
const SPREAD = 0.25;
const LEAST_SPREAD_MS = 1_000;

/**
 * Time until a moment, spread so that those who wait for it do not come back all at once. `behind`: after all who were
 * only refused. Milliseconds.
 */
export type Until = (epochMs: number, behind?: boolean) => number;

/** Waiting by a clock. */
export function waitingBy(clock: Clock, random: Random): Until {
  return (epochMs, behind = false) => {
    const wait = Math.max(0, epochMs - clock.now());
    const spread = Math.max(LEAST_SPREAD_MS, wait * SPREAD);
    return wait + (behind ? spread : 0) + random() * spread;
  };
}

/** A message that met a store or a check that did not answer comes back after this long, at the earliest and the latest. */
const UNANSWERED_MS = { least: 5_000, most: 15_000 };

/**
 * When a message comes back that met a store that did not answer. Spread: an outage meets the groups of a FIFO queue all
 * at once, and they would all wait for the same moment long after it is over. Milliseconds.
 */
export function untilAnswered(random: Random): number {
  return UNANSWERED_MS.least + random() * (UNANSWERED_MS.most - UNANSWERED_MS.least);
}
