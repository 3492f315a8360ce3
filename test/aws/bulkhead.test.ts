import { describe, expect, it } from 'vitest';
import { adaptiveConcurrency, withAdaptiveConcurrency } from '../../lambdas/aws/adaptive-concurrency.ts';
import { bulkhead, withBulkhead } from '../../lambdas/aws/bulkhead.ts';
import { BulkheadFullError, ConfigurationError } from '../../lambdas/core/errors.ts';
import { deferred, fakeClock } from '../core/fixtures.ts';
import { consoleLines } from './console-lines.ts';

const quiet = { name: 'tracker', telemetry: false } as const;
const tooMany = Object.assign(new Error('too many requests'), { status: 429 });

describe('a bulkhead by itself', () => {
  it('waits on the machine’s clock, and works on defaults', async () => {
    const tracker = bulkhead({ ...quiet, maxConcurrent: 1, maxQueued: 1, maxWaitMs: 5 });
    const end = deferred();
    const first = tracker.call(() => end.promise);
    await expect(tracker.call(() => 2)).rejects.toThrow(BulkheadFullError);
    const waits = tracker.call(() => 'turn');
    end.resolve();
    expect([await first, await waits]).toEqual([undefined, 'turn']);
    const strict = bulkhead({ ...quiet, maxConcurrent: 1 });
    void strict.call(() => new Promise(() => {}));
    await expect(strict.call(() => 2)).rejects.toMatchObject({ policy: 'tracker', retryAfterMs: 1_000 });
  });

  it('stands around functions, which share it', async () => {
    const guard = withBulkhead({ ...quiet, maxConcurrent: 1 });
    const end = deferred();
    const lasts = guard((_signal, _id: string) => end.promise);
    const double = guard(async (_signal, value: number) => value * 2);
    const first = lasts('42');
    await expect(double(21)).rejects.toThrow(BulkheadFullError);
    end.resolve();
    await first;
    expect(await double(21)).toBe(42);
    expect(double.policy.statistics()).toMatchObject({ calls: 2, rejected: 1 });
  });

  it('refuses options that make no sense, all at once', () => {
    expect(() => bulkhead({ name: 'a b', maxConcurrent: 1 })).toThrow(ConfigurationError);
    expect(() => bulkhead({ ...quiet, maxConcurrent: 0, maxQueued: -1, maxWaitMs: 900_001 })).toThrow(
      'bulkhead "tracker": maxConcurrent must be an integer from 1 to 1000000, got 0; ' +
        'maxQueued must be an integer from 0 to 1000000, got -1; ' +
        'maxWaitMs must be a number from 0 to 900000, got 900001',
    );
    const misspelt = { ...quiet, maxConcurrent: 1, maxQueue: 5 };
    expect(() => bulkhead(misspelt)).toThrow('maxQueue is not a known option');
  });
});

describe('adaptive concurrency by itself', () => {
  it('is cut by what the classifier or isOverload says, and by nothing else', async () => {
    const clock = fakeClock();
    const byDefault = adaptiveConcurrency({ ...quiet, clock, initial: 10 });
    const own = adaptiveConcurrency({
      ...quiet,
      clock,
      initial: 10,
      isOverload: (error) => error === 'busy',
    });
    const limitsAfter = async (error: unknown): Promise<number[]> => {
      for (const each of [byDefault, own]) await each.call(() => Promise.reject(error)).catch(() => {});
      return [byDefault.statistics().limit, own.statistics().limit];
    };
    expect(await limitsAfter(new Error('bug'))).toEqual([10, 10]);
    expect(await limitsAfter(tooMany)).toEqual([7, 10]);
    expect(await limitsAfter('busy')).toEqual([7, 7]);
  });

  it('tells metrics and log of a cut and of refusals', async () => {
    const lines = consoleLines();
    const tracker = adaptiveConcurrency({ name: 'tracker', service: 'shop', clock: fakeClock(), initial: 3 });
    await tracker.call(() => Promise.reject(tooMany)).catch(() => {});
    for (let call = 0; call < 3; call += 1) tracker.call(() => new Promise(() => {})).catch(() => {});
    expect(lines.emf()).toMatchObject([
      { dimensions: { service: 'shop', policy: 'tracker' }, metrics: { ConcurrencyLimit: [2, 'Count'] } },
      { dimensions: { service: 'shop', policy: 'tracker' }, metrics: { BulkheadFull: [1, 'Count'] } },
    ]);
    expect(lines.logs()).toMatchObject([{ message: 'concurrency cut', policy: 'tracker', limit: 2 }]);
  });

  it('stands around functions', async () => {
    const double = withAdaptiveConcurrency(quiet)(async (_signal, value: number) => value * 2);
    expect(await double(21)).toBe(42);
    expect(double.policy.statistics()).toMatchObject({ calls: 1, limit: 4 });
  });

  it('refuses options that make no sense, all at once', () => {
    expect(() => adaptiveConcurrency({ ...quiet, min: 5, max: 4, decrease: 1, latencyMs: 0 })).toThrow(
      expect.objectContaining({
        problems: ['max', 'latencyMs', 'decrease'].map((option) => expect.objectContaining({ option })),
      }),
    );
  });
});
