import { Logger } from '@aws-lambda-powertools/logger';
import {
  CallTimeoutError,
  ConfigurationError,
  circuitBreaker,
  compose,
  fallback,
  RateLimitedError,
  rateLimiter,
  retry,
  retryBudget,
  timeout,
  withFallback,
  withPolicies,
  withRetry,
  withTimeout,
} from 'spillway/runtime';
import { describe, expect, expectTypeOf, it, vi } from 'vitest';
import { fakeClock } from '../core/fixtures.ts';
import { down, failing, policyWorld, stubborn, watched } from '../core/policies/parts.ts';
import { consoleLines } from './console-lines.ts';

function parts() {
  const clock = fakeClock();
  return { clock, common: { name: 'tracker', telemetry: false, clock, random: () => 0.5 } };
}

describe('retry', () => {
  it('has defaults: 3 attempts, full jitter from 1 s', async () => {
    const { clock, common } = parts();
    const operation = failing(down, down, down);
    const call = watched(retry(common).call(operation));
    await clock.pass(500);
    expect(operation.state.calls).toBe(2);
    await clock.pass(1_000);
    expect(call.error).toMatchObject({
      name: 'RetryExhaustedError',
      attempts: 3,
      totalMs: 1_500,
      cause: down,
    });
  });

  it('asks retryIf in place of the classifier', async () => {
    const { common } = parts();
    const notFound = Object.assign(new Error('no'), { status: 404 });
    const policy = retry({
      ...common,
      kind: 'fixed',
      firstDelayMs: 0,
      retryIf: (error) => error === notFound,
    });
    expect(await policy.call(failing(notFound))).toBe('answer');
    await expect(policy.call(failing(down))).rejects.toBe(down);
  });

  it('lets a classifier decide, retryIf overrule it, and the default stand in for one that throws', async () => {
    const { common } = parts();
    const options = { ...common, kind: 'fixed' as const, firstDelayMs: 0 };
    const final = { retryable: false, reason: 'INVALID_DATA', dependency: false } as const;
    const strict = retry({ ...options, classify: (error) => (error === down ? final : undefined) });
    await expect(strict.call(failing(down))).rejects.toBe(down);
    expect(await strict.call(failing(new Error('other')))).toBe('answer');
    const overruled = retry({ ...options, classify: () => final, retryIf: () => true });
    expect(await overruled.call(failing(down))).toBe('answer');
    const broken = retry({
      ...options,
      classify: () => {
        throw new Error('classifier');
      },
    });
    expect(await broken.call(failing(down))).toBe('answer');
  });

  it('takes a budget of its own, a shared one, or none', async () => {
    const { clock, common } = parts();
    const options = { ...common, kind: 'fixed' as const, firstDelayMs: 0 };
    const fails = (): Promise<never> => Promise.reject(down);
    const stops = async (budget: Parameters<typeof retry>[0]['budget']): Promise<unknown[]> => {
      const policy = retry({ ...options, ...(budget === undefined ? {} : { budget }) });
      const all = [];
      for (let at = 0; at < 8; at += 1)
        all.push(await policy.call(fails).catch(({ stoppedBy }) => stoppedBy));
      return [...new Set(all)];
    };
    expect(await stops(false)).toEqual(['attempts']);
    expect(await stops({ capacity: 1, perSecond: 0, perCall: 0 })).toEqual(['budget']);
    expect(await stops(undefined)).toEqual(['attempts', 'budget']); // 10 tokens, a tenth for each call
    const shared = retryBudget({ capacity: 16, perSecond: 0, perCall: 0, clock });
    expect(await stops(shared)).toEqual(['attempts']);
    expect(await stops(shared)).toEqual(['budget']);
  });

  it('refuses options that make no sense, all at once', () => {
    const wrong = { name: 'tracker', attempts: 0, capMs: -1, budget: { perCall: 2 }, atempts: 3 };
    expect(() => retry(wrong)).toThrow(ConfigurationError);
    expect(() => retry(wrong)).toThrow(
      'retry "tracker": attempts must be an integer from 1 to 100, got 0; capMs must be a number from 1000 to 900000, got -1; budget.perCall must be a number from 0 to 1, got 2; atempts is not a known option, got 3',
    );
    expect(() => retryBudget({ capacity: 0 })).toThrow('retry budget: capacity must be');
  });

  it('stands around functions', async () => {
    const { common } = parts();
    const find = withRetry({ ...common, firstDelayMs: 0 })(async (_signal, id: string) => `issue ${id}`);
    expect(await find('42')).toBe('issue 42');
    expect(find.policy.statistics()).toMatchObject({ calls: 1, successesByAttempt: [1] });
  });
});

describe('timeout', () => {
  it('ends calls, alone and around functions', async () => {
    const { clock, common } = parts();
    const call = watched(timeout({ ...common, timeoutMs: 100 }).call(stubborn()));
    const find = withTimeout({ ...common, timeoutMs: 50 })((_signal, _id: string) => new Promise(() => {}));
    const found = watched(find('42'));
    await clock.pass(50);
    expect(found.error).toBeInstanceOf(CallTimeoutError);
    await clock.pass(50);
    expect(call.error).toBeInstanceOf(CallTimeoutError);
  });

  it.each([0, 900_001, Number.NaN])('refuses %d ms', (timeoutMs) => {
    expect(() => timeout({ name: 'tracker', timeoutMs })).toThrow(
      'timeout "tracker": timeoutMs must be a number from 1 to 900000',
    );
  });
});

it.each([undefined, ''])('refuses %j for a table: a variable that nobody has set', (table) => {
  const { common } = parts();
  const rule = 'must be the name of the state table, or be left out';
  expect(() => rateLimiter({ ...common, limit: 1, perMs: 1_000, table })).toThrow(rule);
  expect(() => circuitBreaker({ ...common, table })).toThrow(rule);
});

describe('a logger that throws', () => {
  it('has no say in how a call goes', async () => {
    const { common } = parts();
    const logger = new Logger();
    for (const level of ['debug', 'info', 'warn', 'error'] as const) {
      vi.spyOn(logger, level).mockImplementation(() => {
        throw new Error('the log is full');
      });
    }
    const told = { ...common, telemetry: true, logger };
    const limit = rateLimiter({ ...told, limit: 1, perMs: 60_000, maxWaitMs: 0 });
    expect(await limit.call(() => 'through')).toBe('through');
    await expect(limit.call(() => 'never')).rejects.toThrow(RateLimitedError);
    const breaker = circuitBreaker({ ...told, localThreshold: 1 });
    await expect(breaker.call(failing(down))).rejects.toBe(down);
    expect(breaker.snapshot().state).toBe('open');
  });
});

describe('fallback', () => {
  it('answers, alone and around functions', async () => {
    const { common } = parts();
    expect(await fallback({ ...common, handle: () => 'cached' }).call(failing(down))).toBe('cached');
    const find = withFallback({ ...common, handle: () => null })((_signal, id: number) => {
      if (id > 1) throw down;
      return id;
    });
    const found = await find(1);
    expectTypeOf(found).toEqualTypeOf<number | null>();
    expect([found, await find(2)]).toEqual([1, null]);
    const picky = fallback({ ...common, handle: () => 'cached', shouldHandle: () => false });
    await expect(picky.call(failing(down))).rejects.toBe(down);
  });

  it('refuses options that it does not know', () => {
    const wrong = { name: 'prices', handle: () => 1, handles: 1 };
    expect(() => fallback(wrong)).toThrow('fallback "prices": handles is not a known option, got 1');
  });
});

it('tells metrics and log what happens, by policy', async () => {
  const { clock } = policyWorld();
  const lines = consoleLines();
  const options = { name: 'tracker', service: 'shop', clock, random: () => 0 };
  const guard = withPolicies({
    fallback: fallback({ ...options, handle: () => 'cached' }),
    retry: retry({ ...options, attempts: 2 }),
    timeout: timeout({ ...options, timeoutMs: 100 }),
  });
  const find = guard((_signal: AbortSignal) => new Promise<string>(() => {}));
  const found = watched(find());
  await clock.pass(100);
  await clock.pass(100);
  expect(found.value).toBe('cached');
  const once = compose({ retry: retry({ ...options, attempts: 2 }) });
  expect(await once.call(failing(down))).toBe('answer');
  expect(lines.emf().map(({ dimensions, metrics }) => [dimensions, metrics])).toEqual(
    [
      'CallsTimedOut',
      'CallsRetried',
      'CallsTimedOut',
      'CallRetriesExhausted',
      'FallbacksUsed',
      'CallsRetried',
      'CallsRecovered',
    ].map((name) => [{ service: 'shop', policy: 'tracker' }, { [name]: [1, 'Count'] }]),
  );
  expect(lines.logs().map(({ message }) => message)).toEqual([
    'call timed out',
    'call retried',
    'call timed out',
    'call failed for good',
    'fallback used',
    'call retried',
    'call recovered',
  ]);
});
