import type { Clock, MaybePromise } from '../clock.ts';
import { BulkheadFullError } from '../errors.ts';
import type { EventSink } from '../events.ts';
import { type Fifo, fifo } from './fifo.ts';
import type { PolicyCallOptions } from './policy.ts';
import { quiet } from './quiet-sink.ts';

/** Options of {@link slotLine}. */
export interface SlotLineOptions {
  /** Name of the policy. */
  readonly name: string;
  readonly clock: Clock;
  readonly emit: EventSink;
  /** How many may be in at a time. Asked whenever somebody comes, goes or gives up. */
  readonly limit: () => number;
  /** How many may wait, and for how long. Read for each who comes. */
  readonly settings: { readonly maxQueued: number; readonly maxWaitMs: number };
}

/** What happened at a {@link SlotLine}, and who is there now. */
export interface SlotLineStatistics {
  /** Calls that are in. */
  readonly underWay: number;
  /** Calls that wait. */
  readonly queued: number;
  /** Calls that were let in. */
  readonly calls: number;
  /** Calls that were refused, at once or after waiting. */
  readonly rejected: number;
  /** Calls that had to wait, whatever became of them. */
  readonly waited: number;
  /** The longest that one of them waited. Milliseconds. */
  readonly longestWaitMs: number;
}

/** Lets a limited number in at a time, and a limited number wait for it: first come, first served. */
export interface SlotLine {
  /**
   * Come in: `undefined` once that is so, else why not. Rejects with the reason of the signal, if that aborts.
   * Whoever has come in has to {@link leave}.
   */
  enter(options?: PolicyCallOptions): MaybePromise<BulkheadFullError | undefined>;
  /** Go out, having come in then (epoch milliseconds), and let the next one in. */
  leave(enteredAtEpochMs: number): void;
  readonly underWay: number;
  statistics(): SlotLineStatistics;
}

interface Waiter {
  /** Nobody is let in after that. Epoch milliseconds. */
  readonly until: number;
  /** Step out of the line, and come in or be refused. */
  end(how: 'admitted' | 'refused'): void;
}

/** How much of the mean the latest duration is: that of the smoothed round-trip time of TCP (RFC 6298, section 2.3). */
const WEIGHT = 1 / 8;
/** Guess before there is a first duration (RFC 6298, section 2.1). */
const FIRST_GUESS_MS = 1_000;
const SHORTEST_RETRY_MS = 1;
const LONGEST_RETRY_MS = 60_000;

/**
 * Make a line for slots. It has a timer for each who waits, and none else; whoever finds a place costs no more than
 * counting.
 *
 * Who is refused is told to come back after
 *
 *     max((queued + 1) × mean / limit, time since somebody last came in or went), from 1 ms to 60 s
 *
 * The former is when a place would be free for one behind all who wait now, at the pace of late: `mean` is a moving
 * average of how long calls are in, a second before the first has ended. The latter is for when the pace is no more what
 * it was: where nobody has gone for ten seconds, it takes ten more for all that is known.
 */
export function slotLine({ name, clock, emit, limit, settings }: SlotLineOptions): SlotLine {
  const line: Fifo<Waiter> = fifo();
  const tell = quiet(emit);
  let underWay = 0;
  let meanMs: number | undefined;
  let lastMoveAt = clock.now();
  const counts = { calls: 0, rejected: 0, waited: 0, longestWaitMs: 0 };

  function enter(options?: PolicyCallOptions): MaybePromise<BulkheadFullError | undefined> {
    if (options?.signal?.aborted === true) return Promise.reject(options.signal.reason);
    if (line.size > 0) letIn(); // who waits comes first, should the limit have been raised
    if (underWay < limit()) {
      take();
      return undefined;
    }
    const now = clock.now();
    const until = Math.min(now + settings.maxWaitMs, options?.deadlineEpochMs ?? Number.POSITIVE_INFINITY);
    if (line.size >= settings.maxQueued || until <= now) return refuse();
    return wait(now, until, options?.signal);
  }

  function wait(
    since: number,
    until: number,
    signal: AbortSignal | undefined,
  ): Promise<BulkheadFullError | undefined> {
    counts.waited += 1;
    const waited = new Promise<BulkheadFullError | undefined>((resolve, reject) => {
      const waiter: Waiter = {
        until,
        end(how) {
          stepOut();
          resolve(how === 'admitted' ? undefined : refusal());
        },
      };
      const place = line.add(waiter);
      const cancel = clock.after(until - since, () => {
        letIn(); // the limit may have been raised meanwhile
        if (place.taken) waiter.end('refused');
      });
      const abort = (): void => {
        stepOut();
        reject(signal?.reason);
        letIn();
      };
      signal?.addEventListener('abort', abort);

      function stepOut(): void {
        cancel();
        signal?.removeEventListener('abort', abort);
        place.leave();
        counts.longestWaitMs = Math.max(counts.longestWaitMs, clock.now() - since);
      }
    });
    // Told by who has waited, not by who ended it: whatever knows whom a call is for knows it there.
    return waited.then((refused) => refused && toldOf(refused));
  }

  /** Let in who may come in now. Who should have been sent away by then, but for a timer that is late, is sent away. */
  function letIn(): void {
    for (let next = line.first; next !== undefined && underWay < limit(); next = line.first) {
      if (clock.now() > next.until) {
        next.end('refused');
      } else {
        take();
        next.end('admitted');
      }
    }
  }

  function take(): void {
    underWay += 1;
    counts.calls += 1;
    lastMoveAt = clock.now();
  }

  function leave(enteredAt: number): void {
    const now = clock.now();
    const tookMs = Math.max(0, now - enteredAt);
    meanMs = meanMs === undefined ? tookMs : meanMs + (tookMs - meanMs) * WEIGHT;
    lastMoveAt = now;
    underWay -= 1;
    if (line.size > 0) letIn();
  }

  function refuse(): BulkheadFullError {
    return toldOf(refusal());
  }

  function toldOf(refused: BulkheadFullError): BulkheadFullError {
    tell({ kind: 'bulkhead-full', policy: name });
    return refused;
  }

  function refusal(): BulkheadFullError {
    counts.rejected += 1;
    return new BulkheadFullError({ policy: name, retryAfterMs: retryAfterMs() });
  }

  function retryAfterMs(): number {
    const atThisPace = ((line.size + 1) * (meanMs ?? FIRST_GUESS_MS)) / Math.max(1, limit());
    const estimate = Math.max(atThisPace, clock.now() - lastMoveAt);
    return Math.min(LONGEST_RETRY_MS, Math.max(SHORTEST_RETRY_MS, estimate));
  }

  return {
    enter,
    leave,
    get underWay() {
      return underWay;
    },
    statistics: () => ({ underWay, queued: line.size, ...counts }),
  };
}
