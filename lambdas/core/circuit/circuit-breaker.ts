import type { Classification } from '../classifier.ts';
import type { Clock } from '../clock.ts';
import { textField } from '../error-shape.ts';
import { CircuitOpenError, SpillwayError } from '../errors.ts';
import { summarizeError } from '../failure.ts';
import { reasonOfAbort } from '../invocation.ts';
import type { Operation, Policy, PolicyCallOptions } from '../policies/policy.ts';
import { type CallOutcome, type CircuitSnapshot, outcomeOfSuccess, type Permit } from './circuit.ts';
import type { SharedCircuit } from './shared-circuit.ts';

/** A probe did not answer in the time that it had. */
export class ProbeTimeoutError extends SpillwayError {
  constructor(circuit: string, afterMs: number) {
    super(`the probe of circuit "${circuit}" did not answer within ${Math.round(afterMs)} ms`);
  }
}

/**
 * Options of a call through a {@link CircuitBreaker}. An abort by the signal, unless it is a time-out that aborts, says
 * nothing about the dependency.
 */
export interface CallOptions<T> extends PolicyCallOptions {
  /**
   * Gives a result in place of the error, of a refused call ({@link CircuitOpenError}) as of a failed one.
   *
   * @default - the error is thrown
   */
  readonly fallback?: (error: unknown) => T | Promise<T>;
}

/** What happened at a breaker in this process. */
export interface CircuitBreakerStatistics {
  /** Calls that were let through. */
  readonly calls: number;
  readonly successes: number;
  /** Calls that spoke against the dependency, slow ones included. */
  readonly failures: number;
  readonly slow: number;
  /** Errors that say nothing about the dependency. */
  readonly ignored: number;
  /** Calls that were refused. */
  readonly rejected: number;
  /** Results that a fallback gave. */
  readonly fallbacks: number;
  /** Calls that were probes. */
  readonly probes: number;
  /** Name and message of the last failure. */
  readonly lastError: string | undefined;
  /** When it was. Epoch milliseconds. */
  readonly lastFailureAtEpochMs: number | undefined;
}

/** A circuit breaker for calls of any kind. */
export interface CircuitBreaker extends Policy {
  readonly kind: 'circuit-breaker';
  /**
   * Make a call, unless the circuit refuses it.
   *
   * @throws {CircuitOpenError} without calling, while the circuit is open
   * @throws {ProbeTimeoutError} if a probe takes longer than `probeTimeoutMs`
   */
  call<T>(operation: Operation<T>, options?: CallOptions<T>): Promise<T>;
  /** The state as far as it is known here, without asking anybody. */
  snapshot(): CircuitSnapshot;
  statistics(): CircuitBreakerStatistics;
  /** Hold it open for everybody. @throws what the store throws */
  forceOpen(): Promise<void>;
  /** Hold it closed for everybody: nothing is refused, and nothing counted. @throws what the store throws */
  forceClosed(): Promise<void>;
  /** Close it for everybody, with nothing on record, and let it decide again. @throws what the store throws */
  reset(): Promise<void>;
}

/** Options of {@link breakerOn}. */
export interface BreakerOptions {
  readonly circuit: SharedCircuit;
  readonly classify: (error: unknown) => Classification;
  readonly clock: Clock;
}

const NEVER = new AbortController().signal;
const IGNORED: CallOutcome = { kind: 'ignored' };

/** Make calls through a circuit. */
export function breakerOn({ circuit, classify, clock }: BreakerOptions): CircuitBreaker {
  const { name, slowCallMs } = circuit;
  const counts = {
    calls: 0,
    successes: 0,
    failures: 0,
    slow: 0,
    ignored: 0,
    rejected: 0,
    fallbacks: 0,
    probes: 0,
  };
  let lastError: string | undefined;
  let lastFailureAtEpochMs: number | undefined;

  async function call<T>(operation: Operation<T>, options?: CallOptions<T>): Promise<T> {
    const asked = circuit.admit();
    const admission = 'kind' in asked ? asked : await asked;
    if (admission.kind === 'refused') {
      counts.rejected += 1;
      const retryAfterMs = Math.max(0, admission.retryAtEpochMs - clock.now());
      const error = new CircuitOpenError({ circuit: name, retryAfterMs, lastError: admission.lastError });
      return instead(error, options);
    }
    const { permit } = admission;
    const signal = options?.signal ?? NEVER;
    const deadline = options?.deadlineEpochMs ?? Number.POSITIVE_INFINITY;
    const startedAt = slowCallMs === undefined ? 0 : clock.now();
    counts.calls += 1;
    let result: T;
    try {
      result = await (permit.probe
        ? probe(operation, permit, signal, deadline)
        : operation(signal, deadline));
    } catch (error) {
      const failed = report(permit, outcomeOf(error, signal));
      if (failed !== undefined) await failed;
      return instead(error, options);
    }
    const outcome = outcomeOfSuccess(circuit, slowCallMs === undefined ? 0 : clock.now() - startedAt);
    if (outcome.kind === 'failure') counts.slow += 1;
    const reported = report(permit, outcome);
    if (reported !== undefined) await reported;
    return result;
  }

  /** A probe that takes too long is given up: somebody else may probe soon after. */
  async function probe<T>(
    operation: Operation<T>,
    { endsBy = Number.POSITIVE_INFINITY }: Permit,
    signal: AbortSignal,
    deadline: number,
  ): Promise<T> {
    counts.probes += 1;
    if (endsBy === Number.POSITIVE_INFINITY) return operation(signal, deadline);
    const limitMs = Math.max(0, endsBy - clock.now());
    const limit = new AbortController();
    const late = Promise.withResolvers<never>();
    const cancel = clock.after(limitMs, () => {
      const error = new ProbeTimeoutError(name, limitMs);
      late.reject(error);
      limit.abort(error);
    });
    try {
      return await Promise.race([
        operation(AbortSignal.any([signal, limit.signal]), Math.min(deadline, endsBy)),
        late.promise,
      ]);
    } finally {
      cancel();
    }
  }

  function outcomeOf(error: unknown, signal: AbortSignal): CallOutcome {
    if (signal.aborted && textField(signal.reason, 'name') !== 'TimeoutError') return IGNORED;
    const { dependency, retryAfterMs } = classify(reasonOfAbort(error, signal));
    if (!dependency && !(error instanceof ProbeTimeoutError)) return IGNORED;
    const { name: kind, message } = summarizeError(error);
    return { kind: 'failure', summary: `${kind}: ${message}`.slice(0, 200), retryAfterMs };
  }

  function report(permit: Permit, outcome: CallOutcome): void | Promise<void> {
    if (outcome.kind === 'success') counts.successes += 1;
    if (outcome.kind === 'ignored') counts.ignored += 1;
    if (outcome.kind === 'failure') {
      counts.failures += 1;
      lastError = outcome.summary;
      lastFailureAtEpochMs = clock.now();
    }
    return circuit.report(permit, outcome);
  }

  function instead<T>(error: unknown, options: CallOptions<T> | undefined): T | Promise<T> {
    if (options?.fallback === undefined) throw error;
    counts.fallbacks += 1;
    return options.fallback(error);
  }

  return {
    kind: 'circuit-breaker',
    name,
    call,
    snapshot: () => circuit.snapshot(),
    statistics: () => ({ ...counts, lastError, lastFailureAtEpochMs }),
    forceOpen: () => circuit.set('forced-open'),
    forceClosed: () => circuit.set('forced-closed'),
    reset: () => circuit.set('closed'),
  };
}
