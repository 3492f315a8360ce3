/** Time over which demand is averaged. Long enough to be exact, short enough to follow. Microseconds. */
const MEMORY_US = 2_000_000;

/** Standard deviations that demand may fall short by before permits are wasted. */
const CAUTION = 1.3;

/** How much is asked for lately. */
export interface DemandMeter {
  /** Somebody asks. */
  note(nowUs: number): void;
  /**
   * How many will be asked for within a time, with some caution: what is expected, less a multiple of the standard
   * deviation. Calls that come at random have a variance as large as their mean.
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
      return Math.max(0, Math.floor(expected - CAUTION * Math.sqrt(expected)));
    },
  };
}
