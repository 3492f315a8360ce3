/**
 * Time of the stack's CloudWatch and of its schedules. It starts at the machine's, and may run faster, so that an
 * alarm of five periods of a minute goes off in seconds. Everything else (visibility, retries, open times, SQS, Lambda)
 * takes the time that it takes; the durations that metrics report are told in the stack's time.
 */
export interface StackClock {
  /** How many times as fast as the machine's it runs. 1 or more. */
  readonly scale: number;
  /** The stack's time. Epoch milliseconds. */
  now(): number;
  /** The stack's time at a time of the machine. Epoch milliseconds, both. */
  at(machineEpochMs: number): number;
  /** How long a time of the stack takes on the machine. Milliseconds, both. */
  machineMs(stackMs: number): number;
}

/**
 * Make a clock that runs `scale` times as fast as the machine's from `startedAtEpochMs` on.
 *
 * @throws {RangeError} if `scale` is not a number of 1 or more
 */
export function stackClock(
  scale: number,
  machineNow: () => number = Date.now,
  startedAtEpochMs: number = machineNow(),
): StackClock {
  if (!(Number.isFinite(scale) && scale >= 1)) {
    throw new RangeError(`timeScale must be a number of 1 or more, got ${scale}`);
  }
  const at = (machineEpochMs: number): number =>
    startedAtEpochMs + (machineEpochMs - startedAtEpochMs) * scale;
  return { scale, now: () => at(machineNow()), at, machineMs: (stackMs) => stackMs / scale };
}
