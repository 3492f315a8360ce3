import type { Clock, MaybePromise } from '../clock.ts';
import type { BulkheadFullError } from '../errors.ts';
import type { InnerCallOptions, Operation, PolicyCallOptions } from './policy.ts';
import { NEVER, unlessAborted } from './signals.ts';
import type { SlotLine } from './slot-line.ts';

/** A place that is kept, for a call that may come later. It is taken until it is left. */
export interface Slot {
  readonly kind: 'slot';
  /**
   * Make a call in the slot. Calls beside it, and after it was left, wait for a slot of their own like any other.
   *
   * @throws {BulkheadFullError} if that call found no slot of its own
   */
  call<T>(operation: Operation<T>, options?: PolicyCallOptions): Promise<T>;
  /** Give it back, as soon as no call is under way in it. More than once changes nothing. */
  leave(): void;
}

/** Making calls, of which a limited number is under way at a time. */
export interface SlotCalls {
  /**
   * Make a call as soon as there is a slot. The deadline bounds the wait: who finds a slot free begins. What ignores its
   * signal keeps the slot until it ends, but not its caller.
   *
   * @throws {BulkheadFullError} without calling, if there is none and no time or room to wait for one
   * @throws the reason of the signal, when that aborts
   */
  call<T>(operation: Operation<T>, options?: PolicyCallOptions): Promise<T>;
  /**
   * Take a slot for a call to come, or be told why there is none.
   *
   * @throws the reason of the signal, if it aborts meanwhile
   * @example
   * const slot = await bulkhead.enter({ signal });
   * if (slot instanceof BulkheadFullError) return putBack(slot.retryAfterMs);
   * try {
   *   await slot.call(operation, { signal });
   * } finally {
   *   slot.leave();
   * }
   */
  enter(options?: PolicyCallOptions): MaybePromise<Slot | BulkheadFullError>;
}

/** Watches calls, to learn from them. */
export interface CallWatch {
  /** A call begins. What comes back is handed over when it ends. */
  begin(): number;
  succeeded(begun: number, tookMs: number): void;
  failed(begun: number, tookMs: number, error: unknown, signal: AbortSignal): void;
}

/** Make calls for which one stands in line. A call that finds a slot free costs two looks at the clock. */
export function slotCalls(line: SlotLine, clock: Clock, watch?: CallWatch): SlotCalls {
  function call<T>(operation: Operation<T>, options?: InnerCallOptions): Promise<T> {
    const asked = line.enter(options);
    if (asked === undefined) return run(operation, options, line.leave);
    return afterWaiting(asked, operation, options);
  }

  async function afterWaiting<T>(
    asked: MaybePromise<BulkheadFullError | undefined>,
    operation: Operation<T>,
    options: InnerCallOptions | undefined,
  ): Promise<T> {
    const refused = await asked;
    if (refused !== undefined) throw refused;
    return run(operation, options, line.leave);
  }

  /** The caller is let go when its signal aborts; the slot is taken for as long as the call is under way. */
  function run<T>(
    operation: Operation<T>,
    options: InnerCallOptions | undefined,
    leave: (startedAt: number) => void,
  ): Promise<T> {
    const signal = options?.signal ?? NEVER;
    const work = inSlot(operation, signal, options?.deadlineEpochMs ?? Number.POSITIVE_INFINITY, leave);
    return signal === NEVER || options?.heedsSignal ? work : unlessAborted(work, signal);
  }

  async function inSlot<T>(
    operation: Operation<T>,
    signal: AbortSignal,
    deadlineEpochMs: number,
    leave: (startedAt: number) => void,
  ): Promise<T> {
    const startedAt = clock.now();
    if (signal.aborted) {
      leave(startedAt);
      throw signal.reason; // it was between being let in and now
    }
    const begun = watch?.begin() ?? 0;
    try {
      const result = await operation(signal, deadlineEpochMs);
      watch?.succeeded(begun, clock.now() - startedAt);
      return result;
    } catch (error) {
      watch?.failed(begun, clock.now() - startedAt, error, signal);
      throw error;
    } finally {
      leave(startedAt);
    }
  }

  function slot(): Slot {
    const enteredAt = clock.now();
    let state: 'free' | 'calling' | 'leaving' | 'left' = 'free';
    const ended = (): void => {
      const left = state === 'leaving';
      state = 'free';
      if (left) leave();
    };
    function leave(): void {
      if (state === 'calling') state = 'leaving';
      if (state !== 'free') return;
      state = 'left';
      line.leave(enteredAt);
    }
    return {
      kind: 'slot',
      leave,
      call(operation, options) {
        if (state !== 'free') return call(operation, options);
        state = 'calling';
        return run(operation, options, ended);
      },
    };
  }

  function enter(options?: PolicyCallOptions): MaybePromise<Slot | BulkheadFullError> {
    const asked = line.enter(options);
    if (asked instanceof Promise) return asked.then((refused) => refused ?? slot());
    return asked ?? slot();
  }

  return { call, enter };
}
