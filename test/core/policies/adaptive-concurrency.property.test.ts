import fc from 'fast-check';
import { expect, it } from 'vitest';
import { classifyError, isOverload } from '../../../lambdas/core/classifier.ts';
import {
  type AdaptiveConcurrency,
  adaptiveConcurrencyOn,
} from '../../../lambdas/core/policies/adaptive-concurrency.ts';
import { type AdaptiveConcurrencySettings, CALL_DEFAULTS } from '../../../lambdas/core/policies/settings.ts';
import { type FakeClock, fakeClock, idle } from '../fixtures.ts';

/** Mutants only have to fail. */
const ONCE = { endOnFailure: process.env.SPILLWAY_NO_SHRINKING !== undefined };

const tooMany = Object.assign(new Error('too many requests'), { status: 429 });

function concurrencyOn(clock: FakeClock, settings: AdaptiveConcurrencySettings): AdaptiveConcurrency {
  const isTooMuch = (error: unknown): boolean => isOverload(error, classifyError(error, clock.now()));
  return adaptiveConcurrencyOn({ name: 'tracker', settings, isOverload: isTooMuch, clock, emit() {} });
}

it('stays from min to max, moves by the rules, and loses no slot, whatever the calls do', async () => {
  const limits = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 10 }), fc.nat())
    .map(([min, more, at]) => ({ min, max: min + more, initial: min + (at % (more + 1)) }));
  const calls = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 30 }),
      lastsMs: fc.integer({ min: 0, max: 200 }),
      how: fc.constantFrom('succeeds', 'succeeds', 'succeeds', 'is throttled', 'fails', 'is aborted'),
    }),
    { minLength: 20, maxLength: 80 },
  );
  const decreases = fc.double({ min: 0.1, max: 0.99, noNaN: true });
  await fc.assert(
    fc.asyncProperty(
      limits,
      decreases,
      fc.integer({ min: 0, max: 4 }),
      calls,
      async (bounds, decrease, maxQueued, planned) => {
        const clock = fakeClock();
        const settings = { ...bounds, decrease, maxQueued, latencyMs: 100, maxWaitMs: 50 };
        const concurrency = concurrencyOn(clock, settings);
        let settled = 0;
        let before = concurrency.statistics();
        const look = (): void => {
          const now = concurrency.statistics();
          expect(now.limit).toBeGreaterThanOrEqual(bounds.min);
          expect(now.limit).toBeLessThanOrEqual(bounds.max);
          expect(now.queued).toBeLessThanOrEqual(maxQueued);
          const ended = now.calls - now.underWay - (before.calls - before.underWay);
          expect(now.limit - before.limit).toBeLessThanOrEqual(ended); // one more for each at the most
          before = now;
        };
        for (const { afterMs, lastsMs, how } of planned) {
          for (let ms = 0; ms < afterMs; ms += 1) {
            await clock.pass(1);
            look();
          }
          const controller = new AbortController();
          const operation = (signal: AbortSignal): Promise<void> =>
            new Promise((resolve, reject) => {
              if (how === 'is aborted') signal.addEventListener('abort', () => reject(signal.reason));
              clock.after(lastsMs, () => {
                if (how === 'succeeds') resolve();
                if (how === 'is throttled') reject(tooMany);
                if (how === 'fails') reject(new Error('broken'));
                if (how === 'is aborted') controller.abort();
              });
            });
          const count = (): void => {
            settled += 1;
          };
          concurrency.call(operation, { signal: controller.signal }).then(count, count);
          look();
        }
        for (let ms = 0; ms < 500; ms += 10) await clock.pass(10);
        const { underWay, queued } = concurrency.statistics();
        expect([settled, underWay, queued, clock.pending]).toEqual([planned.length, 0, 0, 0]);
      },
    ),
    { numRuns: 20, ...ONCE },
  );
});

/** A server that answers `capacity` calls in `answersMs`; with more it is slower for all, or throttles those beyond. */
function simulation(clock: FakeClock, answersMs: number, overloaded: 'is slow' | 'throttles') {
  const server = { capacity: 1, busy: 0 };
  const operation = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.busy += 1;
      const over = server.busy / server.capacity;
      const throttles = overloaded === 'throttles' && over > 1;
      clock.after(throttles ? 1 : answersMs * Math.max(1, over), () => {
        server.busy -= 1;
        if (throttles) reject(tooMany);
        else resolve();
      });
    });

  /** The mean of the calls that it has had at a time, with more callers than it can serve. */
  async function meanBusy(concurrency: AdaptiveConcurrency, ms: number): Promise<number> {
    let sum = 0;
    for (let passed = 0; passed < ms; passed += 1) {
      while (concurrency.statistics().queued < 5) concurrency.call(operation).catch(() => {});
      for (let turn = 0; turn < 6; turn += 1) await undefined;
      clock.advance(1);
      sum += server.busy;
    }
    return sum / ms;
  }
  return { server, meanBusy };
}

it.each(['is slow', 'throttles'] as const)(
  'settles around what a server can do that %s under too much, yields when it can do less, and recovers',
  async (overloaded) => {
    const SLOW = 1.5;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 4, max: 20 }),
        fc.integer({ min: 10, max: 30 }),
        fc.double({ min: 0.5, max: 0.9, noNaN: true }),
        async (capacity, answersMs, decrease) => {
          const clock = fakeClock();
          const { server, meanBusy } = simulation(clock, answersMs, overloaded);
          const latencyMs = answersMs * SLOW;
          const most = { ...CALL_DEFAULTS.adaptiveConcurrency, max: 100, maxQueued: 5, maxWaitMs: 60_000 };
          const concurrency = concurrencyOn(clock, { ...most, decrease, latencyMs });
          const knee = overloaded === 'throttles' ? 1 : SLOW;
          const settle = async (to: number): Promise<void> => {
            server.capacity = to;
            await meanBusy(concurrency, answersMs * 60);
            const mean = await meanBusy(concurrency, answersMs * 60);
            expect(mean).toBeGreaterThan(to * decrease * 0.8);
            expect(mean).toBeLessThan(to * knee + 1);
          };
          await settle(capacity);
          await settle(capacity / 2);
          await settle(capacity);
        },
      ),
      { numRuns: 12, ...ONCE },
    );
  },
);

it('gives a share to each of two that meet at one server', async () => {
  const clock = fakeClock();
  const { server, meanBusy } = simulation(clock, 20, 'throttles');
  server.capacity = 16;
  const settings = { ...CALL_DEFAULTS.adaptiveConcurrency, maxQueued: 5, maxWaitMs: 60_000, latencyMs: 100 };
  const greedy = concurrencyOn(clock, { ...settings, initial: 16 });
  await meanBusy(greedy, 100);
  const late = concurrencyOn(clock, { ...settings, initial: 1 });
  const limits: number[][] = [];
  for (let passed = 0; passed < 4_000; passed += 2) {
    await meanBusy(greedy, 1);
    await meanBusy(late, 1);
    if (passed > 2_000) limits.push([greedy.statistics().limit, late.statistics().limit]);
  }
  await idle();
  const mean = (at: number): number => limits.reduce((sum, each) => sum + (each[at] ?? 0), 0) / limits.length;
  expect(mean(1)).toBeGreaterThan(3);
  expect(mean(0) / mean(1)).toBeLessThan(2);
});
