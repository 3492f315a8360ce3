import { describe, expect, it } from 'vitest';
import { circuitBreaker, withCircuitBreaker } from '../../lambdas/aws/circuit-breaker.ts';
import type { CircuitTransition } from '../../lambdas/core/circuit/circuit.ts';
import { ProbeTimeoutError } from '../../lambdas/core/circuit/circuit-breaker.ts';
import { CircuitOpenError, ConfigurationError } from '../../lambdas/core/errors.ts';
import { fakeClock, idle, START } from '../core/fixtures.ts';

const down = Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
const failing = () => Promise.reject(down);

function setup(options: Partial<Parameters<typeof circuitBreaker>[0]> = {}) {
  const clock = fakeClock();
  const transitions: CircuitTransition[] = [];
  const breaker = circuitBreaker({
    name: 'tracker',
    failureThreshold: 2,
    successThreshold: 1,
    telemetry: false,
    clock,
    random: () => 0.5,
    onTransition: (transition) => void transitions.push(transition),
    ...options,
  });
  const fail = async (times: number): Promise<void> => {
    for (let at = 0; at < times; at += 1) await breaker.call(failing).catch(() => {});
  };
  return { breaker, clock, transitions, fail };
}

describe('a circuit breaker by itself', () => {
  it('hands on results and the very errors, and a signal', async () => {
    const { breaker } = setup();
    expect(await breaker.call(() => 'result')).toBe('result');
    await expect(breaker.call(failing)).rejects.toBe(down);
    const { signal } = new AbortController();
    expect(await breaker.call((given) => given === signal, { signal })).toBe(true);
    expect(await breaker.call((given) => given.aborted)).toBe(false);
  });

  it('opens without a table too, refuses, probes and closes', async () => {
    const { breaker, clock, transitions, fail } = setup();
    await fail(2);
    let called = 0;
    const refused = breaker.call(() => {
      called += 1;
    });
    await expect(refused).rejects.toMatchObject({
      name: 'CircuitOpenError',
      circuit: 'tracker',
      retryAfterMs: 60_000,
      lastError: 'Error: down',
    });
    expect(called).toBe(0);
    clock.advance(60_000);
    expect(await breaker.call(() => 'probe')).toBe('probe');
    expect(transitions.map(({ from, to }) => `${from} > ${to}`)).toEqual([
      'closed > open',
      'open > half-open',
      'half-open > closed',
    ]);
  });

  it('counts what happened', async () => {
    const { breaker, fail } = setup();
    await breaker.call(() => 'fine');
    await breaker.call(() => Promise.reject(new Error('our own fault'))).catch(() => {});
    await fail(3);
    await breaker.call(failing, { fallback: () => 'cached' });
    expect(breaker.statistics()).toEqual({
      calls: 4,
      successes: 1,
      failures: 2,
      slow: 0,
      ignored: 1,
      rejected: 2,
      fallbacks: 1,
      probes: 0,
      lastError: 'Error: down',
      lastFailureAtEpochMs: START,
    });
  });

  it('falls back for a failed call and for a refused one, and is told why', async () => {
    const { breaker } = setup();
    const reasons: unknown[] = [];
    const fallback = (error: unknown): string => {
      reasons.push(error);
      return 'cached';
    };
    for (let at = 0; at < 3; at += 1)
      expect(await breaker.call<string>(failing, { fallback })).toBe('cached');
    expect(reasons).toEqual([down, down, expect.any(CircuitOpenError)]);
  });

  it('counts what isFailure says, and nothing else', async () => {
    const notFound = new Error('not found');
    const { breaker, fail } = setup({ isFailure: (error) => error === notFound });
    await fail(5);
    expect(breaker.snapshot().state).toBe('closed');
    for (let at = 0; at < 2; at += 1) await breaker.call(() => Promise.reject(notFound)).catch(() => {});
    expect(breaker.snapshot().state).toBe('open');
  });

  it('counts calls that are too slow, and uses their results', async () => {
    const { breaker, clock } = setup({ slowCallMs: 100 });
    const taking = (ms: number) => async (): Promise<number> => {
      clock.advance(ms);
      return ms;
    };
    expect(await breaker.call(taking(100))).toBe(100);
    expect(await breaker.call(taking(101))).toBe(101);
    expect(await breaker.call(taking(101))).toBe(101);
    expect(breaker.snapshot().state).toBe('open');
    expect(breaker.statistics()).toMatchObject({ slow: 2, failures: 2, successes: 1 });
  });

  it('does not count an abort by the caller, unless it is a time-out', async () => {
    const { breaker } = setup();
    const waits = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    for (let at = 0; at < 3; at += 1) {
      const controller = new AbortController();
      const call = breaker.call(waits, { signal: controller.signal });
      await idle();
      controller.abort(at === 0 ? down : undefined);
      await expect(call).rejects.toBe(controller.signal.reason);
    }
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', clean: true });
    for (let at = 0; at < 2; at += 1) {
      const controller = new AbortController();
      const call = breaker.call(waits, { signal: controller.signal });
      await idle();
      controller.abort(new DOMException('too late', 'TimeoutError'));
      await call.catch(() => {});
    }
    expect(breaker.snapshot().state).toBe('open');
  });

  it('gives up a probe that does not answer, aborts it and opens again', async () => {
    const { breaker, clock, fail } = setup({ probeTimeoutMs: 1_000 });
    await fail(2);
    clock.advance(60_000);
    let aborted: unknown;
    const probe = breaker.call((signal) => {
      signal.addEventListener('abort', () => {
        aborted = signal.reason;
      });
      return new Promise(() => {});
    });
    await idle();
    clock.advance(1_000);
    await expect(probe).rejects.toThrow(ProbeTimeoutError);
    expect(aborted).toBeInstanceOf(ProbeTimeoutError);
    expect(breaker.snapshot().state).toBe('open');
  });

  it('obeys an operator', async () => {
    const { breaker, fail } = setup();
    await breaker.forceOpen();
    await expect(breaker.call(() => 1)).rejects.toThrow(CircuitOpenError);
    await breaker.forceClosed();
    await fail(10);
    expect(await breaker.call(() => 1)).toBe(1);
    await breaker.reset();
    await fail(2);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', forced: false });
  });

  it('survives somebody who is told and throws', async () => {
    const { breaker, fail } = setup({
      onTransition: () => {
        throw new Error('listener');
      },
    });
    await fail(2);
    await expect(breaker.call(() => 1)).rejects.toThrow(CircuitOpenError);
  });

  it('refuses options that make no sense, all at once', () => {
    expect(() => circuitBreaker({ name: 'a b' })).toThrow(ConfigurationError);
    expect(() => circuitBreaker({ name: 'x', failureRatio: 2, openForMs: 0 })).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({ option: 'openForMs' }),
          expect.objectContaining({ option: 'failureRatio' }),
        ],
      }),
    );
  });
});

it('stands around functions, which share it', async () => {
  const guard = withCircuitBreaker({
    name: 'tracker',
    failureThreshold: 2,
    telemetry: false,
    clock: fakeClock(),
  });
  const double = guard(async (_signal, value: number) => value * 2);
  const breaks = guard((_signal, _id: string): Promise<string> => failing());
  expect(await double(21)).toBe(42);
  for (let at = 0; at < 2; at += 1) await breaks('1').catch(() => {});
  await expect(double(1)).rejects.toThrow(CircuitOpenError);
  expect(double.policy).toBe(breaks.policy);
});
