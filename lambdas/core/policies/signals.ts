import type { Clock } from '../clock.ts';
import type { Operation } from './policy.ts';

/**
 * The signal of a call that nobody can abort. It keeps no listeners: it lives as long as the process, and operations
 * that add one for each call would fill the memory.
 */
export const NEVER: AbortSignal = new AbortController().signal;
NEVER.addEventListener = (): void => {};

const ONCE = { once: true };

/**
 * Run an operation that ends at once, with the signal's reason, when the signal aborts: also one that does not heed it,
 * whose result nobody waits for then. One whose signal has aborted already is not begun. One that is known to heed its
 * signal needs no listener.
 */
export function promptly<T>(
  operation: Operation<T>,
  signal: AbortSignal,
  deadlineEpochMs: number,
  heedsSignal = false,
): T | Promise<T> {
  if (signal === NEVER) return operation(signal, deadlineEpochMs);
  if (signal.aborted) throw signal.reason;
  const work = operation(signal, deadlineEpochMs);
  return heedsSignal ? work : unlessAborted(work, signal);
}

/** The same, of work that is under way. */
export function unlessAborted<T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    Promise.resolve(work).then(
      (value) => {
        signal.removeEventListener('abort', abort);
        resolve(value);
      },
      (error) => {
        signal.removeEventListener('abort', abort);
        reject(error);
      },
    );
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, ONCE);
  });
}

/**
 * Do something when every timer of this moment has rung. Timers of one moment ring in any order, those of a machine within
 * a millisecond of each other: the second of two turns is behind all of them.
 */
export function afterOthers(clock: Clock, action: () => void): () => void {
  let cancel = clock.after(0, () => {
    cancel = clock.after(0, action);
  });
  return () => cancel();
}

/**
 * Wait on a clock. Leaves neither a timer nor a listener behind.
 *
 * @throws the signal's reason, at the moment that it aborts
 */
export function wait(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    signal.addEventListener('abort', abort, ONCE);
  });
}
