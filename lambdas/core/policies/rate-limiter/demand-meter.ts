/** Time over which demand is averaged. Long enough to be exact, short enough to follow. Microseconds. */
const MEMORY_US = 2_000_000;

/** How much is asked for lately. */
export interface DemandMeter {
  /** Somebody asks. */
  note(nowUs: number): void;
  /**
   * How many will be asked for within a time, almost certainly: what is expected, less two standard deviations (calls
   * come at random, so the variance is the mean; the average's own is about as large).
   */
  certain(nowUs: number, spanUs: number): number;
}

/** Measure demand: a count that decays exponentially. */
export function demandMeter(): DemandMeter {
  let count = 0;
  let atUs = 0;
  const decayed = (nowUs: number): number => count * Math.exp(-Math.max(0, nowUs - atUs) / MEMORY_US);
  return {
    note(nowUs) {
      count = decayed(nowUs) + 1;
      atUs = Math.max(atUs, nowUs);
    },
    certain(nowUs, spanUs) {
      const expected = (decayed(nowUs) * spanUs) / MEMORY_US;
      return Math.max(0, Math.floor(expected - 2 * Math.sqrt(expected)));
    },
  };
}
