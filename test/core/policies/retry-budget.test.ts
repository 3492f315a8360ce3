import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryBudget } from '../../../lambdas/core/policies/retry-budget.ts';
import { fakeClock } from '../fixtures.ts';
import { down, policyWorld } from './parts.ts';

const bucket = { capacity: 3, perSecond: 2, perCall: 0.1 };

describe('a retry budget', () => {
  it('is full at first, and empty when it is spent', () => {
    const budget = retryBudget(bucket, fakeClock());
    expect([1, 2, 3, 4].map(() => budget.take())).toEqual([true, true, true, false]);
  });

  it('fills with time, up to its capacity', () => {
    const clock = fakeClock();
    const budget = retryBudget(bucket, clock);
    for (let at = 0; at < 3; at += 1) budget.take();
    clock.advance(499);
    expect(budget.take()).toBe(false);
    clock.advance(1);
    expect(budget.take()).toBe(true);
    clock.advance(3_600_000);
    expect(budget.tokens()).toBe(3);
  });

  it('lets one in ten calls be repeated, the tenth exactly', () => {
    const budget = retryBudget({ capacity: 1, perSecond: 0, perCall: 0.1 }, fakeClock());
    expect(budget.take()).toBe(true);
    for (let at = 0; at < 9; at += 1) budget.called();
    expect(budget.take()).toBe(false);
    budget.called();
    expect(budget.take()).toBe(true);
    expect(budget.take()).toBe(false);
  });

  it('goes on where a clock was set back', () => {
    const clock = fakeClock();
    let offset = 0;
    const budget = retryBudget(bucket, { ...clock, now: () => clock.now() + offset });
    for (let at = 0; at < 3; at += 1) budget.take();
    offset = -3_600_000;
    expect(budget.take()).toBe(false);
    clock.advance(500);
    expect(budget.take()).toBe(true);
  });

  it('reads its settings at each call', () => {
    const settings = { ...bucket };
    const budget = retryBudget(settings, fakeClock());
    settings.capacity = 1;
    expect([budget.take(), budget.take()]).toEqual([true, false]);
  });

  it('has what it grows by at once, though nothing else would fill it', () => {
    const settings = { capacity: 1, perSecond: 0, perCall: 0 };
    const budget = retryBudget(settings, fakeClock());
    expect([budget.take(), budget.take()]).toEqual([true, false]);
    settings.capacity = 3;
    expect([1, 2, 3].map(() => budget.take())).toEqual([true, true, false]);
    settings.capacity = 2;
    expect(budget.take()).toBe(false);
  });

  it('is shared by the policies that are given the same one', async () => {
    const { clock, retry } = policyWorld();
    const budget = retryBudget({ capacity: 1, perSecond: 0, perCall: 0 }, clock);
    const [first, second] = [retry({ firstDelayMs: 0 }, { budget }), retry({ firstDelayMs: 0 }, { budget })];
    const fails = (): Promise<never> => Promise.reject(down);
    await expect(first.call(fails)).rejects.toMatchObject({ attempts: 2, stoppedBy: 'budget' });
    await expect(second.call(fails)).rejects.toMatchObject({ attempts: 1, stoppedBy: 'budget' });
  });
});

const step = fc.oneof(
  { weight: 3, arbitrary: fc.constant('call' as const) },
  { weight: 5, arbitrary: fc.constant('take' as const) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
);

it('allows no more than capacity + time + share of calls, in any stretch of time', () => {
  const settings = fc.record({
    capacity: fc.integer({ min: 1, max: 20 }),
    perSecond: fc.double({ min: 0, max: 5, noNaN: true }),
    perCall: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(settings, fc.array(step, { maxLength: 80 }), (given, steps) => {
      const clock = fakeClock();
      const budget = retryBudget(given, clock);
      let calls = 0;
      let retries = 0;
      const seen = [{ at: clock.now(), calls, retries }];
      for (const each of steps) {
        if (each === 'call') {
          calls += 1;
          budget.called();
        } else if (each === 'take') {
          if (budget.take()) retries += 1;
        } else {
          clock.advance(each);
        }
        const now = { at: clock.now(), calls, retries };
        for (const then of seen) {
          const seconds = (now.at - then.at) / 1_000;
          const allowed =
            given.capacity + given.perSecond * seconds + given.perCall * (now.calls - then.calls);
          expect(now.retries - then.retries).toBeLessThanOrEqual(allowed + 1e-6);
        }
        seen.push(now);
      }
    }),
    { numRuns: 300 },
  );
});

it('gives all that is allowed to who takes as much as there is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 20 }), (perSecond, seconds) => {
      const clock = fakeClock();
      const budget = retryBudget({ capacity: 2, perSecond, perCall: 0 }, clock);
      let taken = 0;
      for (let at = 0; at <= seconds * 100; at += 1) {
        while (budget.take()) taken += 1;
        clock.advance(10);
      }
      expect(taken).toBeGreaterThanOrEqual(2 + perSecond * seconds - 1);
    }),
    { numRuns: 50 },
  );
});
