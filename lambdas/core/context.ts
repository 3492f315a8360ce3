import type { ReceivedMessage } from './message.ts';
import type { Operation } from './policies/policy.ts';
import type { MessageTrace } from './trace.ts';

/** Writes structured log lines. Powertools' `Logger` fits. */
export interface Logger {
  debug(message: string, details?: Record<string, unknown>): void;
  info(message: string, details?: Record<string, unknown>): void;
  warn(message: string, details?: Record<string, unknown>): void;
  error(message: string, details?: Record<string, unknown>): void;
}

/** A circuit, as a handler uses it. */
export interface CircuitHandle {
  /**
   * Make a call through the circuit, under the policies that its settings name: from the outside in a time-out of the
   * whole, retry, the circuit itself, rate limit, bulkhead, a time-out of each attempt. Errors that speak of the
   * dependency's health count against the circuit.
   *
   * @throws {RefusedError} without calling, while the circuit is open ({@link CircuitOpenError}), the rate limit reached
   * ({@link RateLimitedError}) or the bulkhead full ({@link BulkheadFullError}); unhandled, it puts the message back
   * without a charge
   * @throws {CallTimeoutError} if it takes longer than it may
   * @throws {RetryExhaustedError} if it failed as often as it was repeated, with the last error as its cause
   * @example
   * const response = await ctx.circuit('tracker').call((signal) => fetch(url, { signal }));
   */
  call<T>(operation: Operation<T>): Promise<T>;
}

/** What a handler gets beside the payload. */
export interface HandlerContext<CircuitName extends string = string> {
  /** Aborts when the handler has to stop, a few seconds before the function's time-out. Pass it on to every call. */
  readonly signal: AbortSignal;
  /** Number of this attempt, counted from 1. Deferrals do not count. */
  readonly attempt: number;
  /**
   * The message's idempotency key, hashed (64 hexadecimal digits). Hand it to the dependency where that can recognise repeated calls: a
   * kill between an effect and its record repeats the call. For `idempotency: 'natural'` it is the hash of the payload.
   */
  readonly idempotencyKey: string;
  /** The message without its payload. */
  readonly message: ReceivedMessage;
  /**
   * The trace that the message belongs to, for calls that pass it on; `undefined` where its attributes tell of none that is
   * well-formed. Forgeable by whoever may send: it describes, and grants nothing.
   *
   * @example
   * const headers = ctx.trace?.traceparent === undefined ? {} : { traceparent: ctx.trace.traceparent };
   * await ctx.circuit('tracker').call((signal) => fetch(url, { headers, signal }));
   */
  readonly trace: MessageTrace | undefined;
  /** Logs with the message's correlation id. */
  readonly logger: Logger;
  /** A circuit of this consumer, by name. */
  circuit(name: CircuitName): CircuitHandle;
  /** Time left until {@link signal} aborts. Milliseconds. */
  remainingMs(): number;
}
