import type { Clock } from './clock.ts';
import { CLOCK_SKEW_MS } from './crash.ts';
import { within } from './parallel.ts';
import type { KillSwitchSettings } from './settings.ts';
import { STORE_PATIENCE_MS } from './settlement-parts.ts';

/** What was counted in one half of the window, by all environments together. */
export interface DeadLetterCount {
  /** Messages that environments were done with: handled, duplicates, and those that were to be dead-lettered. */
  readonly finished: number;
  /** Messages that were to be dead-lettered, by the fingerprint of the fault. */
  readonly byFault: ReadonlyMap<string, number>;
}

/** Where all environments of a consumer count, one item for each half of the window. Both calls reject without an answer. */
export interface DeadLetterCounts {
  /** Add one message that a fault takes, and what was finished meanwhile. Comes back with the count after that. */
  add(
    bucket: number,
    report: { readonly fingerprint: string; readonly finished: number },
    expiresAtEpochMs: number,
  ): Promise<DeadLetterCount>;
  /** The count of a half, of every message that was added before. */
  read(bucket: number): Promise<DeadLetterCount>;
}

/** What a fault has taken within the window, the last message included. */
export interface FaultCount {
  readonly count: number;
  readonly finished: number;
  /** Whether so many are the fault's doing and not the messages'. */
  readonly tooMany: boolean;
}

/** Counts what one fault would send to the dead-letter queue. */
export interface KillSwitch {
  /** A message was handled, or had been before. Costs nothing. */
  finished(): void;
  /**
   * Count a message that is to be dead-lettered, before it is.
   *
   * @throws what the store throws, or a {@link NoAnswerError}: then nothing may be dead-lettered either
   */
  count(fingerprint: string): Promise<FaultCount>;
}

/** What a kill switch is made of. */
export interface KillSwitchParts {
  readonly settings: KillSwitchSettings;
  readonly counts: DeadLetterCounts;
  readonly clock: Clock;
}

/** Time in which a write may still reach a half of the window that is over: clocks differ, and a write takes time. */
const LATE_MS = CLOCK_SKEW_MS + STORE_PATIENCE_MS;

/** Halves of the window after which an item may be deleted. */
const KEPT_BUCKETS = 8;

/**
 * The kill switch's count. A fault that would take `minMessages` within the window, and `share` of all that was done
 * with, is no fault of the messages. Each message is added first and the sums are read afterwards: whichever of two
 * environments is later sees the other one's, so no more than `minMessages - 1` of one fault get through, exactly.
 *
 * What was handled is counted in memory and told with the next dead letter, so the healthy path writes nothing. An
 * environment that has seen no failure tells nothing of its successes: the share reads high, the more so the fewer
 * environments are affected; `minMessages` is what bounds it then.
 */
export function killSwitch({ settings, counts, clock }: KillSwitchParts): KillSwitch {
  const { minMessages, share, windowMs } = settings;
  const halfMs = windowMs / 2;
  const untold = untoldOf(() => Math.floor(clock.now() / halfMs));
  let settled: { readonly bucket: number; readonly count: DeadLetterCount } | undefined;

  /** The half before. Once nothing can reach it any more, it is read once. */
  async function before(bucket: number): Promise<DeadLetterCount> {
    if (settled?.bucket === bucket - 1) return settled.count;
    const isSettled = clock.now() >= bucket * halfMs + LATE_MS;
    const count = await counts.read(bucket - 1);
    if (isSettled) settled = { bucket: bucket - 1, count };
    return count;
  }

  /** The next half, where somebody whose clock is ahead may count already. */
  async function after(bucket: number): Promise<readonly DeadLetterCount[]> {
    return clock.now() >= (bucket + 1) * halfMs - LATE_MS ? [await counts.read(bucket + 1)] : [];
  }

  async function sums(fingerprint: string): Promise<FaultCount> {
    const bucket = Math.floor(clock.now() / halfMs);
    const expiresAt = (bucket + KEPT_BUCKETS) * halfMs;
    const finishedBefore = untold.take();
    let current: DeadLetterCount;
    try {
      current = await counts.add(bucket, { fingerprint, finished: finishedBefore + 1 }, expiresAt);
    } catch (error) {
      untold.add(finishedBefore);
      throw error;
    }
    const parts = [current, await before(bucket), ...(await after(bucket))];
    const total = (of: (part: DeadLetterCount) => number): number =>
      parts.reduce((sum, part) => sum + of(part), 0);
    const count = total(({ byFault }) => byFault.get(fingerprint) ?? 0);
    const finished = total((part) => part.finished);
    return { count, finished, tooMany: count >= minMessages && count >= share * finished };
  }

  return {
    finished: () => untold.add(1),
    count: (fingerprint) => within(clock, STORE_PATIENCE_MS, sums(fingerprint)),
  };
}

/** Messages that were finished in this half of the window and in the one before, and not told yet. */
function untoldOf(bucketNow: () => number) {
  let bucket = 0;
  let current = 0;
  let previous = 0;

  function turn(): void {
    const now = bucketNow();
    if (now === bucket) return;
    previous = now === bucket + 1 ? current : 0;
    current = 0;
    bucket = now;
  }

  return {
    add(finished: number): void {
      turn();
      current += finished;
    },
    take(): number {
      turn();
      const taken = current + previous;
      current = 0;
      previous = 0;
      return taken;
    },
  };
}
