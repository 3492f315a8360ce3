import { getEventListeners } from 'node:events';
import { breakerOn } from '../../../lambdas/core/circuit/circuit-breaker.ts';
import { memoryCircuits } from '../../../lambdas/core/circuit/memory-circuits.ts';
import { sharedCircuit } from '../../../lambdas/core/circuit/shared-circuit.ts';
import { classifyError } from '../../../lambdas/core/classifier.ts';
import { BulkheadFullError } from '../../../lambdas/core/errors.ts';
import type { PipelineEvent } from '../../../lambdas/core/events.ts';
import { parseCircuitSettings } from '../../../lambdas/core/parse-settings.ts';
import { bulkheadOn } from '../../../lambdas/core/policies/bulkhead.ts';
import { type FallbackHandling, fallbackOn } from '../../../lambdas/core/policies/fallback.ts';
import type { Policy } from '../../../lambdas/core/policies/policy.ts';
import { type RetryOnOptions, retryOn } from '../../../lambdas/core/policies/retry.ts';
import type { RetrySettings } from '../../../lambdas/core/policies/settings.ts';
import { NEVER, unlessAborted } from '../../../lambdas/core/policies/signals.ts';
import { timeoutOn } from '../../../lambdas/core/policies/timeout.ts';
import type { CircuitSettings } from '../../../lambdas/core/settings.ts';
import { fakeClock } from '../fixtures.ts';

/** A dependency that cannot be reached: what a retry repeats. */
export const down = Object.assign(new Error('down'), { code: 'ECONNREFUSED' });

/** Settings of a retry: 3 attempts, 100 ms, 200 ms and so on between them, no budget. */
export function retrySettings(overrides: Partial<RetrySettings> = {}): RetrySettings {
  return {
    attempts: 3,
    kind: 'exponential',
    firstDelayMs: 100,
    capMs: 10_000,
    base: 2,
    budget: false,
    ...overrides,
  };
}

/** Policies on one clock, and what they tell. */
export function policyWorld() {
  const clock = fakeClock();
  const events: PipelineEvent[] = [];
  const emit = (event: PipelineEvent): void => void events.push(event);
  return {
    clock,
    events,
    timeout: (timeoutMs: number, name = 'time-out') =>
      timeoutOn({ name, settings: { timeoutMs }, clock, emit }),
    retry: (overrides: Partial<RetrySettings> = {}, options: Partial<RetryOnOptions> = {}) =>
      retryOn({
        name: 'retry',
        settings: retrySettings(overrides),
        classify: (error) => classifyError(error, clock.now()),
        clock,
        random: () => 0.5,
        emit,
        ...options,
      }),
    bulkhead: (maxConcurrent: number, maxQueued = 0, maxWaitMs = 1_000) =>
      bulkheadOn({ name: 'bulkhead', settings: { maxConcurrent, maxQueued, maxWaitMs }, clock, emit }),
    breaker: (overrides: Partial<CircuitSettings> = {}) =>
      breakerOn({
        circuit: sharedCircuit({
          name: 'tracker',
          key: 'circuit#tracker',
          settings: parseCircuitSettings(
            { failureThreshold: 2, successThreshold: 1, ...overrides },
            'circuit',
          ),
          store: memoryCircuits(),
          clock,
          random: () => 0.5,
          newToken: () => 'token',
        }),
        classify: (error) => classifyError(error, clock.now()),
        clock,
      }),
    fallback: <F>(handling: FallbackHandling<F>) => fallbackOn({ name: 'fallback', ...handling, emit }),
  };
}

/** As little of a bulkhead as there can be: one call at a time, and those that wait can be aborted. */
export function oneAtATime<K extends 'rate-limiter' | 'bulkhead'>(
  kind: K,
  mostWaiting = 10,
): Policy & { kind: K } {
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    kind,
    name: kind,
    async call(operation, { signal = NEVER, deadlineEpochMs = Number.POSITIVE_INFINITY } = {}) {
      if (waiting >= mostWaiting) throw new BulkheadFullError({ policy: kind, retryAfterMs: 100 });
      const before = turn;
      const mine = Promise.withResolvers<void>();
      turn = before.then(() => mine.promise);
      waiting += 1;
      try {
        await unlessAborted(before, signal);
      } catch (error) {
        mine.resolve();
        throw error;
      } finally {
        waiting -= 1;
      }
      try {
        return await unlessAborted(operation(signal, deadlineEpochMs), signal);
      } finally {
        mine.resolve();
      }
    },
  };
}

/** An operation that fails with these errors in turn, and then succeeds; and how often it was called. */
export function failing(...errors: readonly unknown[]) {
  const state = { calls: 0 };
  const operation = async (): Promise<string> => {
    state.calls += 1;
    if (state.calls <= errors.length) throw errors[state.calls - 1];
    return 'answer';
  };
  return Object.assign(operation, { state });
}

/** An operation that never ends, whatever its signal says; and the signals that it was given. */
export function stubborn() {
  const signals: AbortSignal[] = [];
  const operation = (signal: AbortSignal): Promise<never> => {
    signals.push(signal);
    return new Promise(() => {});
  };
  return Object.assign(operation, { signals });
}

/** What has become of a promise by now. */
export function watched<T>(promise: Promise<T>) {
  const seen: { state: 'pending' | 'fulfilled' | 'rejected'; value?: T; error?: unknown; settled: number } = {
    state: 'pending',
    settled: 0,
  };
  promise.then(
    (value) => Object.assign(seen, { state: 'fulfilled', value, settled: seen.settled + 1 }),
    (error: unknown) => Object.assign(seen, { state: 'rejected', error, settled: seen.settled + 1 }),
  );
  return seen;
}

/** How many listeners wait for a signal. */
export function listenersOf(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}
