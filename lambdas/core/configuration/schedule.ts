/** Receives that leave no trace, such as throttles and looks in the console, of which every message may see some. */
export const RECEIVES_TO_SPARE = 10;

/** Receives that SQS has to allow for so many attempts, since deferrals and receives without a trace count there, too. */
export function receivesFor(attempts: number): number {
  return 2 * attempts + RECEIVES_TO_SPARE;
}

/** Longest time that a message spends waiting between its attempts. Milliseconds. */
export function longestWaitMs(
  {
    firstDelayMs,
    capMs,
    base,
  }: { readonly firstDelayMs: number; readonly capMs: number; readonly base: number },
  attempts: number,
): number {
  let sum = 0;
  for (let attempt = 1; attempt < attempts; attempt += 1) {
    sum += Math.min(capMs, firstDelayMs * base ** (attempt - 1));
  }
  return sum;
}
