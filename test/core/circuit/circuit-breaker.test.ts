import { describe, expect, it } from 'vitest';
import type { Admission, CallOutcome } from '../../../lambdas/core/circuit/circuit.ts';
import { breakerOn } from '../../../lambdas/core/circuit/circuit-breaker.ts';
import { memoryCircuits } from '../../../lambdas/core/circuit/memory-circuits.ts';
import { sharedCircuit } from '../../../lambdas/core/circuit/shared-circuit.ts';
import { classifyError } from '../../../lambdas/core/classifier.ts';
import { BulkheadFullError, CallTimeoutError, DeferError } from '../../../lambdas/core/errors.ts';
import { parseCircuitSettings } from '../../../lambdas/core/parse-settings.ts';
import { deferred, fakeClock, idle } from '../fixtures.ts';
import { down, failing, listenersOf, stubborn, watched } from '../policies/parts.ts';

/** A breaker, what it was told to report, and how its circuit answers. */
function setup(answer?: Promise<Admission>, dependency?: boolean) {
  const clock = fakeClock();
  const circuit = sharedCircuit({
    name: 'tracker',
    key: 'circuit#tracker',
    settings: parseCircuitSettings({ failureThreshold: 2 }, 'circuit'),
    store: memoryCircuits(),
    clock,
    random: () => 0.5,
    newToken: () => 'token',
  });
  const outcomes: CallOutcome['kind'][] = [];
  const breaker = breakerOn({
    circuit: {
      ...circuit,
      admit: (forMs) => answer ?? circuit.admit(forMs),
      report(permit, outcome) {
        outcomes.push(outcome.kind);
        return answer === undefined ? circuit.report(permit, outcome) : undefined;
      },
    },
    classify: (error) => ({
      ...classifyError(error, clock.now()),
      ...(dependency === undefined ? {} : { dependency }),
    }),
    clock,
  });
  return { breaker, clock, outcomes, circuit };
}

const permit = { epoch: 1, probe: false, clean: true };

describe('calls through a circuit', () => {
  it('end at once when the caller aborts, whatever the operation does, and do not count', async () => {
    const { breaker, outcomes } = setup();
    const controller = new AbortController();
    const { signal } = controller;
    const call = watched(breaker.call(stubborn(), { signal }));
    await idle();
    controller.abort('enough');
    await idle();
    expect(call.error).toBe('enough');
    expect(outcomes).toEqual(['ignored']);
    expect(listenersOf(signal)).toBe(0);
    const late = stubborn();
    await expect(breaker.call(late, { signal })).rejects.toBe('enough');
    expect(late.signals).toEqual([]);
    expect(outcomes).toEqual(['ignored']);
  });

  it('count when a time-out around them ends them: they were under way', async () => {
    const { breaker, outcomes } = setup();
    const controller = new AbortController();
    const call = watched(breaker.call(stubborn(), { signal: controller.signal }));
    await idle();
    const reason = new CallTimeoutError({ policy: 'total', afterMs: 1_000 });
    controller.abort(reason);
    await idle();
    expect(call.error).toBe(reason);
    expect(outcomes).toEqual(['failure']);
  });

  it('do not count where there was no time to make them', async () => {
    const { breaker, outcomes } = setup();
    const error = new CallTimeoutError({ policy: 'attempt', afterMs: 0, cutShort: true });
    await expect(breaker.call(failing(error))).rejects.toBe(error);
    expect(outcomes).toEqual(['ignored']);
  });

  it.each([
    new BulkheadFullError({ policy: 'tracker', retryAfterMs: 10 }),
    new Error('wrapped', { cause: new BulkheadFullError({ policy: 'tracker', retryAfterMs: 10 }) }),
    new DeferError('not now', { deferForMs: 10 }),
  ])('do not count what was refused inside, whatever the classifier says: $message', async (error) => {
    const { breaker, outcomes } = setup(undefined, true);
    await expect(breaker.call(failing(error))).rejects.toBe(error);
    expect(outcomes).toEqual(['ignored']);
  });

  it('do not count what did not reach the dependency', async () => {
    const { breaker, outcomes } = setup();
    await breaker.call(failing(down), { reachedAtEpochMs: () => undefined }).catch(() => {});
    await breaker.call(failing(down), { reachedAtEpochMs: () => 1 }).catch(() => {});
    await breaker.call(() => 'from elsewhere', { reachedAtEpochMs: () => undefined });
    expect(outcomes).toEqual(['ignored', 'failure', 'ignored']);
  });

  it('do not count where the caller had less time than they may take', async () => {
    const { breaker, outcomes } = setup();
    const error = new CallTimeoutError({ policy: 'attempt', afterMs: 50, cutShort: true });
    await expect(breaker.call(failing(error))).rejects.toBe(error);
    expect(outcomes).toEqual(['ignored']);
  });

  it('are not begun, and their permit is given back, when the caller aborts before the circuit has answered', async () => {
    const answer = deferred<Admission>();
    const { breaker, outcomes } = setup(answer.promise);
    const controller = new AbortController();
    const operation = stubborn();
    const call = watched(breaker.call(operation, { signal: controller.signal }));
    controller.abort('enough');
    await idle();
    expect(call.error).toBe('enough');
    expect(outcomes).toEqual([]);
    answer.resolve({ kind: 'admitted', permit });
    await idle();
    expect(outcomes).toEqual(['ignored']);
    expect(operation.signals).toEqual([]);
  });

  it('have nothing to give back when they were refused meanwhile', async () => {
    const answer = deferred<Admission>();
    const { breaker, outcomes } = setup(answer.promise);
    const controller = new AbortController();
    const call = watched(
      breaker.call<string>(stubborn(), { signal: controller.signal, fallback: () => 'cached' }),
    );
    controller.abort('enough');
    answer.resolve({ kind: 'refused', retryAtEpochMs: 0, lastError: undefined });
    await idle();
    expect(call.value).toBe('cached');
    expect(outcomes).toEqual([]);
  });

  it('end at once as probes too, and give the lease back', async () => {
    const { breaker, clock, outcomes } = setup();
    for (let at = 0; at < 2; at += 1) await breaker.call(failing(down)).catch(() => {});
    await clock.pass(70_000);
    const controller = new AbortController();
    const operation = stubborn();
    const probe = watched(breaker.call(operation, { signal: controller.signal }));
    await idle();
    controller.abort('enough');
    await idle();
    expect(probe.error).toBe('enough');
    expect(operation.signals[0]?.reason).toBe('enough');
    expect(outcomes.at(-1)).toBe('ignored');
    expect(clock.pending).toBe(0);
  });
});
