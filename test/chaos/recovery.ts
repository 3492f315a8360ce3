/** When the state table was away, in milliseconds since the run began. */
export interface Outage {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** How a run came back from an outage. */
export interface Recovery {
  /** Messages handled a second before it. */
  readonly healthyRate: number;
  /** Seconds from its end until nine tenths of that were handled in a second again. */
  readonly seconds: number;
}

const WINDOW_MS = 1_000;
const STEP_MS = 100;
const HEALTHY_SHARE = 0.9;

/**
 * Compare the best second before the outage with those after it. A machine that is busy with something else does not
 * come up to the rate at which messages are sent, and cannot come back to it either.
 *
 * @param effects when effects happened. Milliseconds since the run began
 * @param sentRate messages sent a second: more than that is backlog
 */
export function recoveryOf(
  effects: readonly number[],
  { startedAt, endedAt }: Outage,
  sentRate: number,
): Recovery {
  const within = (from: number): number =>
    effects.filter((at) => at >= from && at < from + WINDOW_MS).length / (WINDOW_MS / 1_000);
  let best = 0;
  for (let from = 0; from + WINDOW_MS <= startedAt; from += STEP_MS) best = Math.max(best, within(from));
  const healthyRate = Math.min(sentRate, best);
  for (let from = endedAt; effects.some((at) => at >= from); from += STEP_MS) {
    if (within(from) >= healthyRate * HEALTHY_SHARE)
      return { healthyRate, seconds: (from + WINDOW_MS - endedAt) / 1_000 };
  }
  return { healthyRate, seconds: Number.POSITIVE_INFINITY };
}
