import type { FunctionRunner } from './function.ts';

/** Invokes a function without anybody waiting for the result. */
export interface AsyncInvoker {
  invoke(event: unknown): void;
  /** How often a failed event is tried again; 2 unless the template says otherwise. */
  maxRetries: number;
}

const RETRY_DELAYS_MS = [60_000, 120_000];

/**
 * Asynchronous invocation: a failed event is tried again after one minute and again after two, as on AWS. Destinations and
 * dead-letter queues of the function are not played; an event that failed for good is reported.
 */
export function createAsyncInvoker(
  runner: FunctionRunner,
  signal: AbortSignal,
  onWarning: (warning: string) => void,
): AsyncInvoker {
  const invoker: AsyncInvoker = {
    maxRetries: RETRY_DELAYS_MS.length,
    invoke: (event) => void attempt(event, 0),
  };
  const attempt = async (event: unknown, retries: number): Promise<void> => {
    if (signal.aborted) return;
    const { error } = await runner.invoke(event);
    if (error === undefined) return;
    const delayMs = retries < invoker.maxRetries ? RETRY_DELAYS_MS[retries] : undefined;
    if (delayMs === undefined) {
      onWarning(`${runner.definition.name}: an asynchronous event was dropped: ${error.errorMessage}`);
      return;
    }
    const timer = setTimeout(() => void attempt(event, retries + 1), delayMs);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  };
  return invoker;
}
