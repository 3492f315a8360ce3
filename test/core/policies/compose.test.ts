import { describe, expect, expectTypeOf, it } from 'vitest';
import { CircuitOpenError, ConfigurationError } from '../../../lambdas/core/errors.ts';
import { type Composition, compose, withPolicies } from '../../../lambdas/core/policies/compose.ts';
import type { Operation, Policy, PolicyCallOptions } from '../../../lambdas/core/policies/policy.ts';
import { idle, START } from '../fixtures.ts';
import { down, failing, listenersOf, oneAtATime, policyWorld, stubborn, watched } from './parts.ts';

/** A policy that writes down when it is entered and left. */
function tracing<P extends Policy<unknown>>(policy: P, name: string, trace: string[]): P {
  const call = async <T>(operation: Operation<T>, options?: object): Promise<unknown> => {
    trace.push(`> ${name}`);
    try {
      return await policy.call(operation, options);
    } finally {
      trace.push(`< ${name}`);
    }
  };
  return { ...policy, call };
}

describe('a composition', () => {
  it.each([
    ['attempts' as const, ['fallback', 'total', 'retry', 'breaker', 'limiter', 'bulkhead', 'attempt']],
    ['calls' as const, ['fallback', 'total', 'breaker', 'retry', 'limiter', 'bulkhead', 'attempt']],
  ])(
    'has one order, whatever the order of its parts: the breaker counts %s',
    async (breakerCounts, order) => {
      const { timeout, retry, breaker, fallback } = policyWorld();
      const trace: string[] = [];
      const policy = compose({
        timeout: tracing(timeout(100), 'attempt', trace),
        bulkhead: tracing(oneAtATime('bulkhead'), 'bulkhead', trace),
        breakerCounts,
        rateLimiter: tracing(oneAtATime('rate-limiter'), 'limiter', trace),
        breaker: tracing(breaker(), 'breaker', trace),
        retry: tracing(retry(), 'retry', trace),
        totalTimeout: tracing(timeout(1_000), 'total', trace),
        fallback: tracing(fallback({ handle: () => 'cached' }), 'fallback', trace),
      });
      expect(await policy.call(failing())).toBe('answer');
      const inwards = order.map((name) => `> ${name}`);
      const outwards = [...order].reverse().map((name) => `< ${name}`);
      expect(trace).toEqual([...inwards, ...outwards]);
      expect(policy).toMatchObject({ kind: 'composed', name: 'fallback' });
    },
  );

  it('is the bare call, with nothing in it', async () => {
    const policy = compose({});
    expect(policy.name).toBe('composed');
    expect(await policy.call(failing())).toBe('answer');
    await expect(policy.call(failing(down))).rejects.toBe(down);
    const controller = new AbortController();
    const call = watched(policy.call(stubborn(), { signal: controller.signal }));
    controller.abort('enough');
    await idle();
    expect(call.error).toBe('enough');
  });

  it('takes no policy in the place of another', () => {
    const { timeout, retry } = policyWorld();
    // @ts-expect-error a retry is no time-out
    expect(() => compose({ totalTimeout: retry() })).toThrow(ConfigurationError);
    // @ts-expect-error a time-out is no retry, and there is nothing else to count
    expect(() => compose({ retry: timeout(1), breakerCounts: 'errors' })).toThrow(
      'compose: retry must be a policy of kind retry, got "timeout"; breakerCounts must be attempts or calls, got "errors"',
    );
  });

  it('limits each attempt, and the whole of them', async () => {
    const { clock, timeout, retry, events } = policyWorld();
    const operation = stubborn();
    const policy = compose({
      totalTimeout: timeout(1_000, 'total'),
      retry: retry({ attempts: 10, kind: 'fixed' }),
      timeout: timeout(300, 'attempt'),
    });
    const call = watched(policy.call(operation));
    for (let at = 0; at < 999; at += 1) await clock.pass(1);
    expect(call.state).toBe('pending');
    await clock.pass(1);
    expect(call.error).toMatchObject({ name: 'CallTimeoutError', policy: 'total' });
    // 0 to 300, 400 to 700, 800 until the whole is over
    expect(operation.signals).toHaveLength(3);
    expect(operation.signals.every(({ aborted }) => aborted)).toBe(true);
    expect(events.map(({ kind }) => kind).slice(0, 4)).toEqual([
      'call-timed-out',
      'call-retried',
      'call-timed-out',
      'call-retried',
    ]);
  });

  it('tells each layer the deadline of those around it', async () => {
    const { timeout, retry } = policyWorld();
    const policy = compose({ totalTimeout: timeout(100), retry: retry(), timeout: timeout(300) });
    expect(await policy.call((_signal, deadline) => deadline)).toBe(START + 100);
    expect(await policy.call((_signal, deadline) => deadline, { deadlineEpochMs: START + 50 })).toBe(
      START + 50,
    );
    const call = policy.call(failing(down));
    await expect(call).rejects.toMatchObject({ stoppedBy: 'deadline' }); // the next attempt would begin at 100
  });

  it('does not wait for what keeps its place in a bulkhead', async () => {
    const controller = new AbortController();
    const { retry, bulkhead } = policyWorld();
    const one = bulkhead(1);
    const policy = compose({ retry: retry(), bulkhead: one });
    const call = watched(policy.call(stubborn(), { signal: controller.signal }));
    await idle();
    controller.abort('enough');
    await idle();
    expect(call.error).toBe('enough');
    expect(one.statistics().underWay).toBe(1);
  });

  it('puts one listener on the signal of the caller, however many layers there are', async () => {
    const { timeout, retry, breaker, fallback, bulkhead } = policyWorld();
    const { signal } = new AbortController();
    const operation = stubborn();
    const policy = compose({
      fallback: fallback({ handle: () => 'cached' }),
      retry: retry(),
      breaker: breaker(),
      bulkhead: bulkhead(1),
      timeout: timeout(100),
    });
    await policy.call(() => 'fine', { signal }); // the circuit has been read
    void policy.call(operation, { signal });
    await idle();
    expect(operation.signals).toHaveLength(1);
    expect(listenersOf(signal)).toBe(1);
  });

  it('says to itself only that a signal is heeded', () => {
    expectTypeOf<keyof PolicyCallOptions>().toEqualTypeOf<'signal' | 'deadlineEpochMs'>();
  });

  it('ends repetitions when the circuit opens: the breaker counts attempts', async () => {
    const { clock, retry, breaker } = policyWorld();
    const circuit = breaker();
    const policy = compose({ retry: retry({ attempts: 5 }), breaker: circuit });
    const operation = failing(down, down, down);
    const call = watched(policy.call(operation));
    await clock.pass(100);
    await clock.pass(200);
    expect(call.error).toBeInstanceOf(CircuitOpenError);
    expect(operation.state.calls).toBe(2);
    expect(circuit.statistics()).toMatchObject({ calls: 2, failures: 2, rejected: 1 });
  });

  it('sees only how calls end where the breaker counts calls', async () => {
    const { clock, retry, breaker } = policyWorld();
    const circuit = breaker();
    const policy = compose({ retry: retry({ kind: 'fixed' }), breaker: circuit, breakerCounts: 'calls' });
    const run = async (...errors: readonly unknown[]): Promise<unknown> => {
      const call = watched(policy.call(failing(...errors)));
      while (call.state === 'pending') await clock.pass(100);
      return call.error;
    };
    await run(down, down);
    expect(circuit.statistics()).toMatchObject({ calls: 1, successes: 1, failures: 0 });
    for (let at = 0; at < 2; at += 1)
      expect(await run(down, down, down)).toMatchObject({ name: 'RetryExhaustedError' });
    expect(circuit.statistics()).toMatchObject({ calls: 3, successes: 1, failures: 2 });
    expect(await run()).toBeInstanceOf(CircuitOpenError);
  });

  it('counts the time-outs of attempts, and calls that the total time-out ended under way', async () => {
    const { clock, timeout, breaker } = policyWorld();
    const circuit = breaker({ failureThreshold: 100, localThreshold: 100 });
    const attempt = watched(compose({ breaker: circuit, timeout: timeout(100) }).call(stubborn()));
    await clock.pass(100);
    expect(attempt.state).toBe('rejected');
    expect(circuit.statistics()).toMatchObject({ failures: 1, ignored: 0 });
    const whole = watched(compose({ totalTimeout: timeout(100), breaker: circuit }).call(stubborn()));
    await clock.pass(100);
    expect(whole.state).toBe('rejected');
    expect(circuit.statistics()).toMatchObject({ failures: 2, ignored: 0 });
  });

  it('blames the dependency for the end of the whole, whichever of two time-outs of one moment rings first', async () => {
    const { clock, timeout, breaker } = policyWorld();
    const circuit = breaker({ failureThreshold: 100, localThreshold: 100 });
    const policy = compose({
      totalTimeout: timeout(100, 'total'),
      breaker: circuit,
      timeout: timeout(500, 'attempt'),
    });
    await policy.call(() => 'fine'); // the circuit has been read
    for (const already of [0, 1]) {
      // The first alarm of a policy is set by its first call, from within outwards; the later ones as they ring.
      const call = watched(policy.call(stubborn()));
      await clock.pass(100);
      expect(call.error).toMatchObject({ policy: 'total', cutShort: false });
      expect(circuit.statistics()).toMatchObject({ failures: already + 1, ignored: 0 });
    }
  });

  it('blames nobody where the time of the caller is over before that of the call', async () => {
    const { clock, timeout, breaker } = policyWorld();
    const circuit = breaker();
    for (const parts of [
      { timeout: timeout(500) },
      { totalTimeout: timeout(500) },
      { totalTimeout: timeout(500, 'total'), timeout: timeout(400) },
    ]) {
      const policy = compose({ breaker: circuit, ...parts });
      const call = watched(policy.call(stubborn(), { deadlineEpochMs: clock.now() + 100 }));
      await clock.pass(100);
      expect(call.error).toMatchObject({ name: 'CallTimeoutError', cutShort: true });
    }
    expect(circuit.statistics()).toMatchObject({ failures: 0, ignored: 3 });
  });

  it.each(['attempts', 'calls'] as const)(
    'measures slow calls from when the dependency was reached, not from when they began to wait: %s',
    async (breakerCounts) => {
      const { clock, breaker, retry, bulkhead } = policyWorld();
      const circuit = breaker({ failureThreshold: 3, localThreshold: 3, slowCallMs: 300 });
      const policy = compose({
        breaker: circuit,
        breakerCounts,
        retry: retry(),
        bulkhead: bulkhead(1, 20, 60_000),
      });
      const lasting = (ms: number) => (): Promise<void> =>
        new Promise((resolve) => void clock.after(ms, resolve));
      const calls = Array.from({ length: 12 }, () => watched(policy.call(lasting(100))));
      for (let at = 0; at < 12; at += 1) await clock.pass(100);
      expect(calls.map(({ state }) => state)).toEqual(calls.map(() => 'fulfilled'));
      expect(circuit.statistics()).toMatchObject({ successes: 12, slow: 0 });
      const slow = watched(policy.call(lasting(301)));
      await clock.pass(301);
      expect(slow.state).toBe('fulfilled');
      expect(circuit.statistics()).toMatchObject({ successes: 12, slow: 1 });
    },
  );

  it.each(['rate-limiter', 'bulkhead'] as const)(
    'does not count what waits in a %s of ours',
    async (kind) => {
      const { clock, timeout, breaker } = policyWorld();
      const circuit = breaker({ failureThreshold: 100, localThreshold: 100 });
      const limit = oneAtATime(kind, 1);
      const place = limit.kind === 'bulkhead' ? { bulkhead: limit } : { rateLimiter: limit };
      const policy = compose({
        ...(place as Pick<Composition, 'bulkhead' | 'rateLimiter'>),
        totalTimeout: timeout(100),
        breaker: circuit,
      });
      const underWay = watched(policy.call(stubborn()));
      const waits = stubborn();
      const waiting = watched(policy.call(waits));
      const refused = watched(policy.call(stubborn()));
      await idle();
      expect(refused.error).toMatchObject({ name: 'BulkheadFullError' });
      await clock.pass(100);
      expect([underWay.error, waiting.error]).toMatchObject([
        { name: 'CallTimeoutError' },
        { name: 'CallTimeoutError' },
      ]);
      expect(waits.signals).toEqual([]);
      expect(circuit.statistics()).toMatchObject({ calls: 3, failures: 1, ignored: 2 });
    },
  );

  it('answers a call that any of the others refused or ended', async () => {
    const { clock, timeout, breaker, fallback } = policyWorld();
    const circuit = breaker();
    const policy = compose({
      fallback: fallback({ handle: (error) => (error instanceof Error ? error.name : 'cached') }),
      totalTimeout: timeout(100),
      breaker: circuit,
    });
    const late = watched(policy.call(stubborn()));
    await clock.pass(100);
    expect(late.value).toBe('CallTimeoutError');
    await circuit.forceOpen();
    const refused = await policy.call(() => 42);
    expectTypeOf(refused).toEqualTypeOf<string | number>();
    expect(refused).toBe('CircuitOpenError');
    const controller = new AbortController();
    const aborted = policy.call(() => 42, { signal: controller.signal });
    controller.abort('enough');
    await expect(aborted).rejects.toBe('enough');
    expect(listenersOf(controller.signal)).toBe(0);
  });

  it('stands around functions, which share it', async () => {
    const { retry, breaker, fallback } = policyWorld();
    const circuit = breaker();
    const guard = withPolicies({
      name: 'tracker',
      fallback: fallback({ handle: () => null }),
      retry: retry({ firstDelayMs: 0 }),
      breaker: circuit,
    });
    const double = guard((_signal, value: number) => value * 2);
    const doubled = await double(21);
    expectTypeOf(doubled).toEqualTypeOf<number | null>();
    expect(doubled).toBe(42);
    const breaks = guard((): Promise<string> => Promise.reject(down));
    expect(await breaks()).toBe(null);
    expect(await double(21)).toBe(null); // the circuit is open
    expect(double.policy).toBe(breaks.policy);
    expect(double.policy.name).toBe('tracker');
    const controller = new AbortController();
    controller.abort('enough');
    await expect(double.under(controller.signal)(1)).rejects.toBe('enough');
  });
});
