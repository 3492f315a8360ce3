import type { Clock } from './clock.ts';
import { causes, textField } from './error-shape.ts';
import { HandlerTimeoutError } from './errors.ts';
import { settlingReserveMs } from './settings.ts';

/** The time frame of one batch. */
export interface Invocation {
  /** Aborts, with a {@link HandlerTimeoutError}, when handlers have to stop. */
  readonly signal: AbortSignal;
  /** Resolves a moment after {@link signal} aborted: who has not stopped by then is left behind. */
  readonly gaveUp: Promise<'gave-up'>;
  /** When the batch arrived. Epoch milliseconds. */
  readonly receivedAt: number;
  /** Time left until the function is stopped. Milliseconds. */
  remainingMs(): number;
  /** Time left until {@link signal} aborts. Milliseconds. */
  handlerMs(): number;
  /**
   * Whether a handler that started then had at least half of the time that handlers get: one that was started late,
   * behind slow messages of its batch, is not to blame for the time-out.
   */
  wasFairStart(startedAtEpochMs: number): boolean;
  /** Whether next to nothing of the time has been used: a message that is handled alone starts then or not at all. */
  hasFullTime(): boolean;
  /** When the function is stopped. Epoch milliseconds. */
  readonly endsAt: number;
  /** Note that a handler was left behind. */
  abandon(): void;
  /** Whether a handler was left behind: the environment cannot be trusted any more. */
  readonly abandoned: boolean;
  /** Cancel the timers. */
  end(): void;
}

/** Share of the handlers' time that may be gone while one still speaks of a full time-out. */
const FULL_TIME_SLACK = 0.2;

/** Time in which an aborted handler may still clean up. A share of the reserve. */
const GRACE_SHARE = 1 / 3;

/** Start the clock of a batch, given the time that the function has left and the number of messages. */
export function startInvocation(clock: Clock, remainingMs: number, messages = 1): Invocation {
  const receivedAt = clock.now();
  const endsAt = receivedAt + remainingMs;
  const reserve = settlingReserveMs(remainingMs, messages);
  const allowance = remainingMs - reserve;
  let abandoned = false;
  const controller = new AbortController();
  const stopHandlers = clock.after(allowance, () => controller.abort(new HandlerTimeoutError(allowance)));
  let stopWaiting = (): void => {};
  const gaveUp = new Promise<'gave-up'>((resolve) => {
    stopWaiting = clock.after(allowance + reserve * GRACE_SHARE, () => resolve('gave-up'));
  });
  return {
    signal: controller.signal,
    gaveUp,
    receivedAt,
    remainingMs: () => Math.max(0, endsAt - clock.now()),
    handlerMs: () => Math.max(0, receivedAt + allowance - clock.now()),
    hasFullTime: () => clock.now() - receivedAt <= allowance * FULL_TIME_SLACK,
    endsAt,
    abandon() {
      abandoned = true;
    },
    get abandoned() {
      return abandoned;
    },
    wasFairStart: (startedAt) => startedAt - receivedAt <= allowance / 2,
    end() {
      stopHandlers();
      stopWaiting();
    },
  };
}

const ABORT_NAMES = new Set(['AbortError', 'CanceledError', 'CancelError']);
const ABORT_CODES = new Set(['ABORT_ERR', 'ERR_CANCELED', 'UND_ERR_ABORTED']);

/** Whether an error is what clients answer an abort with, whatever its reason was. */
export function isAbort(error: unknown): boolean {
  const [thrown] = causes(error);
  if (thrown === undefined) return false;
  return ABORT_NAMES.has(textField(thrown, 'name') ?? '') || ABORT_CODES.has(textField(thrown, 'code') ?? '');
}

/**
 * The reason of an abort, for clients that answer one with an error of their own (the AWS SDK, axios): once the signal
 * has aborted, such an error means what aborted it. Any other error is what it is.
 */
export function reasonOfAbort(error: unknown, signal: AbortSignal): unknown {
  return signal.aborted && isAbort(error) ? signal.reason : error;
}
