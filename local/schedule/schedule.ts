import { type StackClock, stackClock } from '../cloudwatch/stack-clock.ts';
import type { NextCronRun } from './cron.ts';

/** A schedule of the template. */
export interface ScheduleDefinition {
  readonly name: string;
  readonly expression: string;
  readonly enabled: boolean;
  readonly next: NextCronRun;
  /** Deliver the schedule's event to its targets. */
  readonly run: (timeEpochMs: number) => void;
}

/** A schedule that runs, and can be fired by hand. */
export interface LocalSchedule {
  readonly name: string;
  readonly expression: string;
  readonly enabled: boolean;
  /** Deliver the event now, without waiting for its time. */
  fire(): void;
}

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Run a schedule in the time of a clock until the signal aborts. */
export function startSchedule(
  definition: ScheduleDefinition,
  signal: AbortSignal,
  clock: StackClock = stackClock(1),
): LocalSchedule {
  const { name, expression, enabled, next, run } = definition;
  const fire = (): void => run(clock.now());
  const plan = (afterEpochMs: number): void => {
    const time = next(afterEpochMs);
    if (time === undefined || signal.aborted) return;
    const waitMs = Math.max(0, Math.ceil(clock.machineMs(time - clock.now())));
    const timer = setTimeout(
      () => {
        signal.removeEventListener('abort', cancel);
        if (waitMs <= MAX_TIMER_MS) run(time);
        plan(waitMs <= MAX_TIMER_MS ? time : afterEpochMs);
      },
      Math.min(waitMs, MAX_TIMER_MS),
    );
    const cancel = (): void => clearTimeout(timer);
    signal.addEventListener('abort', cancel, { once: true });
  };
  if (enabled) plan(clock.now());
  return { name, expression, enabled, fire };
}
