import { describe, expect, expectTypeOf, it } from 'vitest';
import { CircuitOpenError } from '../../../lambdas/core/errors.ts';
import { guardedBy } from '../../../lambdas/core/policies/policy.ts';
import { idle } from '../fixtures.ts';
import { down, failing, listenersOf, policyWorld, stubborn, watched } from './parts.ts';

const refused = new CircuitOpenError({ circuit: 'prices', retryAfterMs: 1_000 });

describe('a fallback', () => {
  it('stays out of what succeeds', async () => {
    const { fallback, events } = policyWorld();
    const policy = fallback({ handle: () => 'cached' });
    expect(await policy.call(failing())).toBe('answer');
    expect(policy.statistics()).toEqual({ calls: 1, used: 0, failed: 0 });
    expect(events).toEqual([]);
  });

  it.each([
    ['a failed call', down],
    ['a refused call', refused],
  ])('answers %s, is told why, and tells of it', async (_what, error) => {
    const { fallback, events } = policyWorld();
    const told: unknown[] = [];
    const policy = fallback({
      handle: async (...args) => {
        told.push(args);
        return 'cached';
      },
    });
    const { signal } = new AbortController();
    expect(await policy.call(failing(error), { signal })).toBe('cached');
    expect(told).toEqual([[error, signal]]);
    expect(events).toMatchObject([
      { kind: 'fallback-used', policy: 'fallback', error: { name: error.name } },
    ]);
    expect(listenersOf(signal)).toBe(0);
  });

  it('throws what it is not to answer as it is', async () => {
    const { fallback, events } = policyWorld();
    const policy = fallback({ handle: () => 'cached', shouldHandle: (error) => error === refused });
    await expect(policy.call(failing(down))).rejects.toBe(down);
    expect(await policy.call(failing(refused))).toBe('cached');
    expect(events).toHaveLength(1);
  });

  it('lets a fallback pass on the error that it has no answer to', async () => {
    const { fallback } = policyWorld();
    const policy = fallback({
      handle: (error) => {
        throw error;
      },
    });
    await expect(policy.call(failing(down))).rejects.toBe(down);
    expect(policy.statistics()).toEqual({ calls: 1, used: 0, failed: 0 });
  });

  it('keeps the error of the call when the fallback fails too', async () => {
    const { fallback } = policyWorld();
    const broken = new Error('cache is down');
    const policy = fallback({ handle: () => Promise.reject(broken) });
    await expect(policy.call(failing(refused))).rejects.toMatchObject({
      name: 'FallbackFailedError',
      policy: 'fallback',
      cause: refused,
      fallbackError: broken,
    });
    const picky = fallback({
      handle: () => 'cached',
      shouldHandle: () => {
        throw broken;
      },
    });
    await expect(picky.call(failing(down))).rejects.toMatchObject({ cause: down, fallbackError: broken });
    expect(policy.statistics()).toEqual({ calls: 1, used: 0, failed: 1 });
  });

  it('never answers an abort by the caller', async () => {
    const { fallback } = policyWorld();
    let asked = 0;
    const policy = fallback({
      handle: () => {
        asked += 1;
        return 'cached';
      },
    });
    const controller = new AbortController();
    const call = watched(policy.call(stubborn(), { signal: controller.signal }));
    controller.abort('enough');
    await idle();
    expect(call.error).toBe('enough');
    await expect(policy.call(failing(down), { signal: controller.signal })).rejects.toBe('enough');
    expect(asked).toBe(0);
    const own = new AbortController();
    const aborting = (): never => {
      own.abort('enough');
      throw down;
    };
    const picky = fallback({ handle: () => 'cached', shouldHandle: () => false });
    await expect(picky.call(aborting, { signal: own.signal })).rejects.toBe('enough');
  });

  it('ends at once when the caller aborts while it looks for an answer', async () => {
    const { fallback } = policyWorld();
    const controller = new AbortController();
    const policy = fallback({ handle: (_error, signal) => stubborn()(signal) });
    const call = watched(policy.call(failing(down), { signal: controller.signal }));
    await idle();
    expect(call.state).toBe('pending');
    controller.abort('enough');
    await idle();
    expect(call.error).toBe('enough');
    expect(policy.statistics()).toEqual({ calls: 1, used: 0, failed: 0 });
  });

  it('adds its answer to the type of the result', async () => {
    const { fallback } = policyWorld();
    const policy = fallback({ handle: () => null });
    const result = await policy.call(() => 1);
    expectTypeOf(result).toEqualTypeOf<number | null>();
    const double = guardedBy(policy)((_signal, value: number) => value * 2);
    const doubled = await double(21);
    expectTypeOf(doubled).toEqualTypeOf<number | null>();
    expect(doubled).toBe(42);
  });
});
