import type { Clock } from '../clock.ts';
import { CallTimeoutError } from '../errors.ts';
import type { EventSink } from '../events.ts';
import { deadlineQueue, type Expiring } from './deadline-queue.ts';
import type { Operation, Policy, PolicyCallOptions } from './policy.ts';
import { quiet } from './quiet-sink.ts';
import { afterOthers, NEVER } from './signals.ts';

/** Options of {@link timeoutOn}. */
export interface TimeoutOnOptions {
  readonly name: string;
  /** Read at each call, so it may change. */
  readonly settings: {
    /** Longest time that a call may take. Milliseconds. */
    readonly timeoutMs: number;
  };
  readonly clock: Clock;
  readonly emit: EventSink;
}

/** What happened at a time-out in this process. */
export interface TimeoutStatistics {
  /** Calls that were begun. */
  readonly calls: number;
  /** Calls that took too long. */
  readonly timedOut: number;
}

/** Limits the time that a call takes. */
export interface TimeoutPolicy extends Policy {
  readonly kind: 'timeout';
  /**
   * Make a call that has ended after `timeoutMs`, or by the caller's deadline if that is earlier. Its signal aborts then,
   * with the error as reason, and the call rejects at that moment, whether the operation heeds its signal or not; so it
   * does when the caller aborts. The signal of a call that has ended by itself never aborts.
   *
   * Where the caller's deadline ends it, and the caller has a signal, that has the first word: if it aborts at that moment
   * too, the call ends with its reason, whichever timer rings first.
   *
   * @throws {CallTimeoutError} if it takes longer; at once, without calling, if there is no time at all
   * @throws the reason of the caller's signal, when that aborts
   */
  call<T>(operation: Operation<T>, options?: PolicyCallOptions): Promise<T>;
  statistics(): TimeoutStatistics;
}

/** Limit the time of calls. All calls of one policy share an alarm ({@link deadlineQueue}). */
export function timeoutOn({ name, settings, clock, emit }: TimeoutOnOptions): TimeoutPolicy {
  const queue = deadlineQueue(clock);
  const tell = quiet(emit);
  const untold = new WeakSet<CallTimeoutError>();
  let calls = 0;
  let timedOut = 0;

  function late(afterMs: number, cutShort: boolean): CallTimeoutError {
    timedOut += 1;
    const error = new CallTimeoutError({ policy: name, afterMs, cutShort });
    untold.add(error);
    return error;
  }

  /**
   * Tell of a call's time-out where its caller waits for it. The alarm is shared, so it goes off in the context of whoever
   * set it: what knows whom a call is for knows it only here.
   */
  function told<T>(call: Promise<T>): Promise<T> {
    return call.catch((reason: unknown) => {
      if (reason instanceof CallTimeoutError && untold.delete(reason)) {
        tell({ kind: 'call-timed-out', policy: name, afterMs: reason.afterMs });
      }
      throw reason;
    });
  }

  /** The end of a call that is not begun, since the caller's deadline has come. */
  function withoutTime(outer: AbortSignal): Promise<never> {
    if (outer === NEVER) return Promise.reject(late(0, true));
    return new Promise((_resolve, reject) => {
      const abort = (): void => {
        cancel();
        reject(outer.reason);
      };
      const cancel = afterOthers(clock, () => {
        outer.removeEventListener('abort', abort);
        reject(late(0, true));
      });
      outer.addEventListener('abort', abort, { once: true });
    });
  }

  function call<T>(operation: Operation<T>, options?: PolicyCallOptions): Promise<T> {
    const outer = options?.signal ?? NEVER;
    if (outer.aborted) return Promise.reject(outer.reason);
    const startedAt = clock.now();
    const ownDeadline = startedAt + settings.timeoutMs;
    const deadline = Math.min(ownDeadline, options?.deadlineEpochMs ?? Number.POSITIVE_INFINITY);
    const cutShort = deadline < ownDeadline;
    calls += 1;
    if (deadline <= startedAt) return told(withoutTime(outer));

    const controller = new AbortController();
    const ended = new Promise<T>((resolve, reject) => {
      const work = Promise.resolve(operation(controller.signal, deadline));
      const stop = (reason: unknown): void => {
        reject(reason);
        controller.abort(reason);
      };
      let cancelGrace: (() => void) | undefined;
      const abort = (): void => {
        queue.remove(entry);
        cancelGrace?.();
        stop(outer.reason);
      };
      const giveUp = (): void => {
        if (outer !== NEVER) outer.removeEventListener('abort', abort);
        stop(late(deadline - startedAt, cutShort));
      };
      const entry: Expiring = {
        deadline,
        before: undefined,
        after: undefined,
        expire(): void {
          if (cutShort && outer !== NEVER) cancelGrace = afterOthers(clock, giveUp);
          else giveUp();
        },
      };
      const end = (): void => {
        queue.remove(entry);
        cancelGrace?.();
        if (outer !== NEVER) outer.removeEventListener('abort', abort);
      };
      work.then(
        (value) => {
          end();
          resolve(value);
        },
        (error) => {
          end();
          reject(error);
        },
      );
      if (outer.aborted) {
        stop(outer.reason); // by the operation itself, before it returned
        return;
      }
      queue.add(entry);
      if (outer !== NEVER) outer.addEventListener('abort', abort, { once: true });
    });
    return told(ended);
  }

  return { kind: 'timeout', name, call, statistics: () => ({ calls, timedOut }) };
}
