import type { Classification } from '../classifier.ts';
import type { Clock } from '../clock.ts';
import { deferralOf } from '../deferral.ts';
import { isInstance, textField } from '../error-shape.ts';
import { CallTimeoutError, CircuitOpenError, SpillwayError } from '../errors.ts';
import { summarizeError } from '../failure.ts';
import { reasonOfAbort } from '../invocation.ts';
import type { InnerCallOptions, Operation, Policy, PolicyCallOptions } from '../policies/policy.ts';
import { NEVER, promptly, unlessAborted } from '../policies/signals.ts';
import {
  type Admission,
  type CallOutcome,
  type CircuitSnapshot,
  outcomeOfSuccess,
  type Permit,
} from './circuit.ts';
import type { SharedCircuit } from './shared-circuit.ts';

/** A probe did not answer in the time that it had. */
export class ProbeTimeoutError extends SpillwayError {
  constructor(circuit: string, afterMs: number) {
    super(`the probe of circuit "${circuit}" did not answer within ${Math.round(afterMs)} ms`);
  }
}

/**
 * Options of a call through a {@link CircuitBreaker}. An abort by the signal ends the call at once and says nothing about
 * the dependency, unless it is a time-out that aborts.
 */
export interface CallOptions<T> extends PolicyCallOptions {
  /**
   * Gives a result in place of the error, of a refused call ({@link CircuitOpenError}) as of a failed one.
   *
   * @default - the error is thrown
   */
  readonly fallback?: (error: unknown) => T | Promise<T>;
  /**
   * When the dependency was called, for operations that may wait before they call it; `undefined` until then. A call that
   * has not reached it says nothing about it, and whether one was slow is measured from then on. Epoch milliseconds, by
   * the {@link CircuitBreaker.clock}.
   *
   * @default - when the operation is begun
   */
  readonly reachedAtEpochMs?: () => number | undefined;
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
  /** Where its time comes from. */
  readonly clock: Clock;
  /**
   * Make a call, unless the circuit refuses it.
   *
   * @throws {CircuitOpenError} without calling, while the circuit is open
   * @throws {ProbeTimeoutError} if a probe takes longer than `probeTimeoutMs`
   * @throws the reason of the signal, when that aborts
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

  async function call<T>(operation: Operation<T>, options?: CallOptions<T> & InnerCallOptions): Promise<T> {
    const signal = options?.signal ?? NEVER;
    if (signal.aborted) return instead(signal.reason, options);
    const asked = circuit.admit();
    const admission = 'kind' in asked ? asked : await answerOf(asked, signal);
    if (admission === undefined) return instead(signal.reason, options);
    if (admission.kind === 'refused') {
      counts.rejected += 1;
      const retryAfterMs = Math.max(0, admission.retryAtEpochMs - clock.now());
      const error = new CircuitOpenError({ circuit: name, retryAfterMs, lastError: admission.lastError });
      return instead(error, options);
    }
    const { permit } = admission;
    const deadline = options?.deadlineEpochMs ?? Number.POSITIVE_INFINITY;
    const begunAt = slowCallMs === undefined ? 0 : clock.now();
    counts.calls += 1;
    let result: T;
    try {
      result = await (permit.probe
        ? probe(operation, permit, signal, deadline)
        : promptly(operation, signal, deadline, options?.heedsSignal));
    } catch (error) {
      const failed = report(
        permit,
        reachedAt(begunAt, options) === undefined ? IGNORED : outcomeOf(error, signal),
      );
      if (failed !== undefined) await failed;
      return instead(error, options);
    }
    const outcome = outcomeOfResult(reachedAt(begunAt, options));
    if (outcome.kind === 'failure') counts.slow += 1;
    const reported = report(permit, outcome);
    if (reported !== undefined) await reported;
    return result;
  }

  /** What a circuit answers that has to read first; nothing if the caller aborts before, who gives back what it gets. */
  async function answerOf(asked: Promise<Admission>, signal: AbortSignal): Promise<Admission | undefined> {
    if (signal === NEVER) return asked;
    try {
      return await unlessAborted(asked, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      void asked.then((late) => {
        if (late.kind === 'admitted') return circuit.report(late.permit, IGNORED);
      });
      return undefined;
    }
  }

  /** A probe that takes too long is given up: somebody else may probe soon after. */
  async function probe<T>(
    operation: Operation<T>,
    { endsBy = Number.POSITIVE_INFINITY }: Permit,
    signal: AbortSignal,
    deadline: number,
  ): Promise<T> {
    counts.probes += 1;
    if (endsBy === Number.POSITIVE_INFINITY) return promptly(operation, signal, deadline);
    const limitMs = Math.max(0, endsBy - clock.now());
    const limit = new AbortController();
    const cancel = clock.after(limitMs, () => limit.abort(new ProbeTimeoutError(name, limitMs)));
    try {
      const either = AbortSignal.any([signal, limit.signal]);
      return await promptly(operation, either, Math.min(deadline, endsBy));
    } finally {
      cancel();
    }
  }

  function outcomeOfResult(since: number | undefined): CallOutcome {
    if (since === undefined) return IGNORED;
    return outcomeOfSuccess(circuit, slowCallMs === undefined ? 0 : clock.now() - since);
  }

  function outcomeOf(error: unknown, signal: AbortSignal): CallOutcome {
    if (deferralOf(error) !== undefined) return IGNORED;
    if (signal.aborted && !isTimeout(signal.reason)) return IGNORED;
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
    clock,
    call,
    snapshot: () => circuit.snapshot(),
    statistics: () => ({ ...counts, lastError, lastFailureAtEpochMs }),
    forceOpen: () => circuit.set('forced-open'),
    forceClosed: () => circuit.set('forced-closed'),
    reset: () => circuit.set('closed'),
  };
}

function reachedAt<T>(begunAt: number, options: CallOptions<T> | undefined): number | undefined {
  return options?.reachedAtEpochMs === undefined ? begunAt : options.reachedAtEpochMs();
}

/** A time-out of the caller's: what did not answer by then was under way. */
function isTimeout(reason: unknown): boolean {
  if (typeof reason !== 'object' || reason === null) return false;
  return isInstance(reason, CallTimeoutError) || textField(reason, 'name') === 'TimeoutError';
}
