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
