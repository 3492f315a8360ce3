import type { Clock } from './clock.ts';
import { CLOCK_SKEW_MS } from './crash.ts';
import { within } from './parallel.ts';
import type { KillSwitchSettings } from './settings.ts';
import { STORE_PATIENCE_MS } from './settlement-parts.ts';

/** What was counted in one half of the window, by all environments together. */
export interface DeadLetterCount {
  /** Messages whose attempts were begun, less those that were put back. */
  readonly begun: number;
  /** Messages that environments were done with: handled, duplicates, and those that were to be dead-lettered. */
  readonly finished: number;
  /** Messages that were to be dead-lettered, by the fingerprint of the fault. */
  readonly byFault: ReadonlyMap<string, number>;
}

/** What an environment tells with a message that a fault takes. */
export interface DeadLetterReport {
  readonly fingerprint: string;
  /** What was begun since its last report; below zero where more of what it had told was put back. */
  readonly begun: number;
  /** What was finished since then. */
  readonly finished: number;
}

/** Where all environments of a consumer count, one item for each half of the window. Both calls reject without an answer. */
export interface DeadLetterCounts {
  /** Add one message that a fault takes, and what was begun and finished meanwhile. Comes back with the count after that. */
  add(bucket: number, report: DeadLetterReport, expiresAtEpochMs: number): Promise<DeadLetterCount>;
  /** The count of a half, of every message that was added before. */
  read(bucket: number): Promise<DeadLetterCount>;
}

/** What a fault has taken within the window, the last message included. */
export interface FaultCount {
  readonly count: number;
  /** Messages that were begun meanwhile. */
  readonly begun: number;
  /**
   * Whether so many are the messages' doing or the fault's. `unclear`: it depends on what those come to that are still
   * under way.
   */
  readonly finding: 'few' | 'unclear' | 'too-many';
}

/** A message on its way, as the kill switch sees it. It ends in one way, and the first one stands. */
export interface BegunMessage {
  /** It was handled, or had been before. Costs nothing. */
  finished(): void;
  /**
   * Count it as one that is to be dead-lettered, before it is.
   *
   * @throws what the store throws, or a {@link NoAnswerError}: then nothing may be dead-lettered either
   */
  count(fingerprint: string): Promise<FaultCount>;
  /** It was put back, and comes again. Costs nothing. */
  takeBack(): void;
}

/** Counts what one fault would send to the dead-letter queue. */
export interface KillSwitch {
  /** An attempt begins. Costs nothing. */
  begin(): BegunMessage;
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
 * The kill switch's count. A fault that would take `minMessages` within the window, and `share` of all that was begun,
 * is no fault of the messages. Each message is added first and the sums are read afterwards: whichever of two
 * environments is later sees the other one's, so no more than `minMessages - 1` of one fault get through, exactly.
 *
 * Failures are often faster than successes. So the switch goes by what was begun: at the start of a burst hardly
 * anything is finished but what failed. And a message beyond the first ones gets through only where what is finished
 * already shows that the share is small. In between it is unclear, and the message has to wait.
 *
 * What was begun and finished is counted in memory and told with the next dead letter, so the healthy path writes
 * nothing. An environment that has seen no failure tells nothing of its successes: the share reads high, the more so the
 * fewer environments are affected; `minMessages` is what bounds it then.
 */
export function killSwitch({ settings, counts, clock }: KillSwitchParts): KillSwitch {
  const half = (): number => settings.windowMs / 2;
  const untold = untoldOf(() => Math.floor(clock.now() / half()));
  let settled:
    | { readonly bucket: number; readonly halfMs: number; readonly count: DeadLetterCount }
    | undefined;

  /** The half before. Once nothing can reach it any more, it is read once. */
  async function before(bucket: number, halfMs: number): Promise<DeadLetterCount> {
    if (settled?.bucket === bucket - 1 && settled.halfMs === halfMs) return settled.count;
    const isSettled = clock.now() >= bucket * halfMs + LATE_MS;
    const count = await counts.read(bucket - 1);
    if (isSettled) settled = { bucket: bucket - 1, halfMs, count };
    return count;
  }

  /** The next half, where somebody whose clock is ahead may count already. */
  async function after(bucket: number, halfMs: number): Promise<readonly DeadLetterCount[]> {
    return clock.now() >= (bucket + 1) * halfMs - LATE_MS ? [await counts.read(bucket + 1)] : [];
  }

  async function sums(fingerprint: string): Promise<FaultCount> {
    const { minMessages, share } = settings;
    const halfMs = half();
    const bucket = Math.floor(clock.now() / halfMs);
    const expiresAt = (bucket + KEPT_BUCKETS) * halfMs;
    const told = untold.take();
    let current: DeadLetterCount;
    try {
      current = await counts.add(bucket, { ...told, fingerprint, finished: told.finished + 1 }, expiresAt);
    } catch (error) {
      untold.add(told);
      throw error;
    }
    const parts = [current, await before(bucket, halfMs), ...(await after(bucket, halfMs))];
    const total = (of: (part: DeadLetterCount) => number): number =>
      parts.reduce((sum, part) => sum + of(part), 0);
    const count = total(({ byFault }) => byFault.get(fingerprint) ?? 0);
    const finished = total((part) => part.finished);
    // What is finished may have been begun, or taken back, in another window.
    const begun = Math.max(
      finished,
      total((part) => part.begun),
    );
    if (count < minMessages || count < share * finished) return { count, begun, finding: 'few' };
    return { count, begun, finding: count >= share * begun ? 'too-many' : 'unclear' };
  }

  function begin(): BegunMessage {
    let underWay = true;
    untold.add({ begun: 1, finished: 0 });

    function end(change: Untold): void {
      if (underWay) untold.add(change);
      underWay = false;
    }

    return {
      finished: () => end({ begun: 0, finished: 1 }),
      takeBack: () => end({ begun: -1, finished: 0 }),
      async count(fingerprint) {
        const found = await within(clock, STORE_PATIENCE_MS, sums(fingerprint));
        underWay = false;
        return found;
      },
    };
  }

  return { begin };
}

/** What was begun and finished, and not told yet. */
interface Untold {
  readonly begun: number;
  readonly finished: number;
}

const NOTHING: Untold = { begun: 0, finished: 0 };

function sumOf(one: Untold, other: Untold): Untold {
  return { begun: one.begun + other.begun, finished: one.finished + other.finished };
}

/** What happened in this half of the window and in the one before. */
function untoldOf(bucketNow: () => number) {
  let bucket = 0;
  let current = NOTHING;
  let previous = NOTHING;

  function turn(): void {
    const now = bucketNow();
    if (now === bucket) return;
    previous = now === bucket + 1 ? current : NOTHING;
    current = NOTHING;
    bucket = now;
  }

  return {
    add(change: Untold): void {
      turn();
      current = sumOf(current, change);
    },
    take(): Untold {
      turn();
      const taken = sumOf(current, previous);
      current = NOTHING;
      previous = NOTHING;
      return taken;
    },
  };
}
