import type { StackClock } from './stack-clock.ts';

/** Turns times of the API, which are the machine's, into the stack's and back. Epoch milliseconds, all. */
export interface ApiTime {
  toStack(machineEpochMs: number): number;
  toMachine(stackEpochMs: number): number;
}

/**
 * Times as callers of the API see them: now is now on both clocks, and a minute ago is a minute of the stack ago. So a
 * function that asks for the last five minutes is answered with five of the stack's minutes, however fast it runs.
 */
export function apiTime(clock: StackClock, machineNow: () => number = Date.now): ApiTime {
  const ahead = (): number => clock.now() - machineNow();
  return {
    toStack: (machineEpochMs) => machineEpochMs + ahead(),
    toMachine: (stackEpochMs) => stackEpochMs - ahead(),
  };
}
