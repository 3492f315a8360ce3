import { FallbackFailedError } from '../errors.ts';
import type { EventSink } from '../events.ts';
import { summarizeError } from '../failure.ts';
import type { InnerCallOptions, Operation, Policy, PolicyCallOptions } from './policy.ts';
import { quiet } from './quiet-sink.ts';
import { NEVER, promptly } from './signals.ts';

/** How a fallback answers. */
export interface FallbackHandling<F> {
  /** Gives the answer in place of the error, or throws that error if it has none. The signal is the caller's. */
  readonly handle: (error: unknown, signal: AbortSignal) => F | Promise<F>;
  /**
   * Whether an error is to be answered. Others are thrown as they are.
   *
   * @default - every error: refusals of ours and whatever the call failed with
   */
  readonly shouldHandle?: (error: unknown) => boolean;
}

/** Options of {@link fallbackOn}. */
export interface FallbackOnOptions<F> extends FallbackHandling<F> {
  readonly name: string;
  readonly emit: EventSink;
}

/** What happened at a fallback in this process. */
export interface FallbackStatistics {
  readonly calls: number;
  /** Answers that it gave. */
  readonly used: number;
  /** Errors for which it had no answer, since it failed itself. */
  readonly failed: number;
}

/** Answers in place of a call that failed. */
export interface FallbackPolicy<F> extends Policy<F> {
  readonly kind: 'fallback';
  /**
   * Make a call, and give another answer if it fails. An abort by the caller is no failure: nobody waits for an answer any
   * more.
   *
   * @throws {FallbackFailedError} if the fallback, or `shouldHandle`, throws; its cause is what the call failed with
   * @throws the error of the call, if it is not to be answered
   * @throws the reason of the signal, when that aborts
   */
  call<T>(operation: Operation<T>, options?: PolicyCallOptions): Promise<T | F>;
  statistics(): FallbackStatistics;
}

/** Answer in place of calls that fail. */
export function fallbackOn<F>({
  name,
  handle,
  shouldHandle = () => true,
  emit,
}: FallbackOnOptions<F>): FallbackPolicy<F> {
  const tell = quiet(emit);
  let calls = 0;
  let used = 0;
  let failed = 0;

  async function call<T>(operation: Operation<T>, options?: InnerCallOptions): Promise<T | F> {
    const signal = options?.signal ?? NEVER;
    const deadline = options?.deadlineEpochMs ?? Number.POSITIVE_INFINITY;
    calls += 1;
    try {
      return await promptly(operation, signal, deadline, options?.heedsSignal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      return answer(error, signal, deadline);
    }
  }

  async function answer(cause: unknown, signal: AbortSignal, deadline: number): Promise<F> {
    try {
      if (shouldHandle(cause)) {
        const result = await promptly((inner) => handle(cause, inner), signal, deadline);
        used += 1;
        tell({ kind: 'fallback-used', policy: name, error: summarizeError(cause) });
        return result;
      }
    } catch (fallbackError) {
      if (signal.aborted) throw signal.reason;
      if (fallbackError === cause) throw cause; // it has no answer to this one
      failed += 1;
      throw new FallbackFailedError({ policy: name, cause, fallbackError });
    }
    throw cause;
  }

  return { kind: 'fallback', name, call, statistics: () => ({ calls, used, failed }) };
}
