/** Where time comes from. Injected everywhere, so that tests start at a fixed number and never sleep. */
export interface Clock {
  /** Now, in epoch milliseconds. */
  now(): number;
  /** Run `action` after `delayMs`; the function that comes back cancels it. */
  after(delayMs: number, action: () => void): () => void;
}

/** Where chance comes from: an even draw from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** A value, or the promise of one: ports answer at once where they can. */
export type MaybePromise<T> = T | Promise<T>;

/** Wait on the given clock. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
