import type { Clock, MaybePromise } from '../../clock.ts';
import type { Span } from './gcra.ts';
import type { PermitPool } from './permit-pool.ts';
import type { RatePermit, RateRefusal } from './rate-limiter-types.ts';

type Outcome = RatePermit | RateRefusal;

/** Somebody who waits for a permit. */
export interface Waiter {
  /** It wants to go on by then, or not at all. */
  readonly latestUs: number;
  /** It has to have ended by then, whatever it waits for. */
  readonly deadlineUs: number;
  readonly signal: AbortSignal | undefined;
}

/** Those who wait: the first in the line gets the first permit in the pool, the second the second. */
export interface WaitingLine {
  readonly size: number;
  /** Those who wait, first come first. */
  first(): Iterable<Waiter>;
  /** Those for whom there is no permit in the pool. */
  uncovered(): readonly Waiter[];
  /** Those whose permit can only be used when it is too late for them, with that permit; the next one gets it then. */
  late(): readonly { readonly waiter: Waiter; readonly permit: Span }[];
  /** Stand in the line. An abort rejects in the same tick. */
  join(waiter: Waiter): MaybePromise<Outcome>;
  settle(waiter: Waiter, outcome: Outcome): void;
  /** Have `advance` called when the first permit may be used, if somebody waits for it. */
  wake(): void;
}

/** Options of {@link waitingLine}. */
export interface WaitingLineOptions {
  readonly pool: PermitPool;
  readonly clock: Clock;
  readonly nowUs: () => number;
  /** Called when the line or the pool has changed. */
  readonly advance: () => void;
  /** Settles somebody whose turn comes too late; at the deadline nobody knows when it would have come. */
  readonly tooLate: (waiter: Waiter, availableUs?: number) => void;
  /** Told of somebody who was not settled at once. */
  readonly onWait: () => void;
}

/** Make an empty line. */
export function waitingLine({
  pool,
  clock,
  nowUs,
  advance,
  tooLate,
  onWait,
}: WaitingLineOptions): WaitingLine {
  const waiters = new Map<Waiter, (outcome: Outcome) => void>();
  let wakeUs: number | undefined;
  let cancelWake = (): void => {};

  function wake(): void {
    const dueUs = waiters.size > 0 ? pool.firstUs : undefined;
    if (dueUs === wakeUs) return;
    cancelWake();
    cancelWake = () => {};
    wakeUs = dueUs;
    if (dueUs === undefined) return;
    cancelWake = clock.after(Math.max(0, Math.ceil((dueUs - nowUs()) / 1_000)), () => {
      wakeUs = undefined;
      advance();
    });
  }

  function join(waiter: Waiter): MaybePromise<Outcome> {
    let settled: Outcome | undefined;
    waiters.set(waiter, (outcome) => {
      settled = outcome;
    });
    const own = pool.at(waiters.size - 1);
    if (own !== undefined && own.fromUs > waiter.latestUs) tooLate(waiter, own.fromUs);
    advance();
    if (settled !== undefined) return settled;
    onWait();
    return new Promise((resolve, reject) => {
      const { signal, deadlineUs } = waiter;
      const aborted = (): void => {
        waiters.delete(waiter);
        stop();
        reject(signal?.reason);
        advance();
      };
      const cancel = Number.isFinite(deadlineUs)
        ? clock.after(Math.max(0, Math.floor((deadlineUs - nowUs()) / 1_000)), () => {
            tooLate(waiter);
            advance();
          })
        : () => {};
      const stop = (): void => {
        cancel();
        signal?.removeEventListener('abort', aborted);
      };
      signal?.addEventListener('abort', aborted, { once: true });
      waiters.set(waiter, (outcome) => {
        stop();
        resolve(outcome);
      });
    });
  }

  return {
    get size() {
      return waiters.size;
    },
    first: () => waiters.keys(),
    uncovered: () => (waiters.size <= pool.size ? [] : [...waiters.keys()].slice(pool.size)),
    late() {
      let at = 0;
      const found: { waiter: Waiter; permit: Span }[] = [];
      for (const waiter of waiters.keys()) {
        const permit = pool.at(at);
        if (permit === undefined) break;
        if (permit.fromUs > waiter.latestUs && permit.fromUs > nowUs()) found.push({ waiter, permit });
        else at += 1;
      }
      return found;
    },
    join,
    settle(waiter, outcome) {
      const done = waiters.get(waiter);
      waiters.delete(waiter);
      done?.(outcome);
    },
    wake,
  };
}
