import type { Clock } from './clock.ts';
import { SpillwayError } from './errors.ts';

/** Work on items, at most `width` at a time, in order. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T, at: number) => Promise<void>,
): Promise<void> {
  const remaining = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of remaining) await work(item, at);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}

/** Somebody did not answer in the time that could be spared. */
export class NoAnswerError extends SpillwayError {
  constructor(afterMs: number) {
    super(`no answer within ${afterMs} ms`);
  }
}

/**
 * Wait for an answer, but not for ever. What was asked goes on, and may still take effect.
 *
 * @throws {NoAnswerError} if the time is over first
 */
export async function within<T>(clock: Clock, ms: number, answer: Promise<T>): Promise<T> {
  let cancel = (): void => {};
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ms, () => reject(new NoAnswerError(ms)));
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancel();
  }
}
