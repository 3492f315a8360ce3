import { describe, expect, it } from 'vitest';
import { classifyError } from '../../../lambdas/core/classifier.ts';
import { RateLimitedError } from '../../../lambdas/core/errors.ts';
import { liveSettings, replaceSettings } from '../../../lambdas/core/live-settings.ts';
import { consumerPolicies } from '../../../lambdas/core/policies/consumer-policies.ts';
import { memoryLimits } from '../../../lambdas/core/policies/rate-limiter/limit-store.ts';
import type { ConsumerCircuitSettings, SettingsInput } from '../../../lambdas/index.ts';
import { consumerSettings, eventLog, fakeClock } from '../fixtures.ts';

const never = (): Promise<never> => new Promise(() => {});

/** The policies of a circuit, and a way to change its settings while they are in use. */
function setup(tracker: SettingsInput<ConsumerCircuitSettings>) {
  const clock = fakeClock();
  const { emit, kinds } = eventLog();
  const settings = liveSettings(consumerSettings({ circuits: { tracker } }));
  const policies = consumerPolicies({
    settings,
    limits: memoryLimits(),
    classify: (error) => classifyError(error, clock.now()),
    clock,
    random: () => 0,
    emit,
  });
  const change = (next: SettingsInput<ConsumerCircuitSettings>): void =>
    replaceSettings(settings, consumerSettings({ circuits: { tracker: next } }));
  return { clock, kinds, policies, change, of: policies.get('tracker') };
}

describe('the policies around the calls of a consumer', () => {
  it('are none for a circuit that asks for none', () => {
    expect(setup({ openForMs: 1_000 }).policies.size).toBe(0);
  });

  it('stand around the circuit, or inside of it', () => {
    const { of } = setup({
      timeoutMs: 1_000,
      totalTimeoutMs: 5_000,
      retry: {},
      rateLimit: { limit: 1, perMs: 1_000 },
      bulkhead: { maxConcurrent: 1 },
    });
    expect([of?.around?.name, of?.inside?.name]).toEqual(['tracker', 'tracker']);
    expect(of?.limit).toBeDefined();
    expect(setup({ totalTimeoutMs: 1_000 }).of).toMatchObject({ inside: undefined, limit: undefined });
    expect(setup({ timeoutMs: 1_000 }).of).toMatchObject({ around: undefined, limit: undefined });
  });

  it.each(['timeoutMs', 'totalTimeoutMs'] as const)('goes by a %s that changes', async (name) => {
    const { clock, of, change } = setup({ [name]: 2_000 });
    change({ [name]: 500 });
    const policy = name === 'timeoutMs' ? of?.inside : of?.around;
    const call = expect(policy?.call(never)).rejects.toThrow('did not finish within 500 ms');
    await clock.pass(500);
    await call;
  });

  it('goes by attempts that change', async () => {
    const { clock, of, change } = setup({ retry: { attempts: 2, kind: 'fixed', firstDelayMs: 100 } });
    change({ retry: { attempts: 4, kind: 'fixed', firstDelayMs: 10 } });
    let calls = 0;
    const call = of?.around?.call(() => {
      calls += 1;
      throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
    });
    const failed = expect(call).rejects.toThrow('failed after 4 attempts');
    for (let at = 0; at < 3; at += 1) await clock.pass(10);
    await failed;
    expect(calls).toBe(4);
  });

  it('goes by a rate that changes', async () => {
    const limited = { maxWaitMs: 0, perMs: 60_000 };
    const { clock, of, change } = setup({ rateLimit: { ...limited, limit: 1, burst: 1 } });
    const answers = async (): Promise<(string | undefined)[]> => {
      const kinds = [];
      for (let at = 0; at < 3; at += 1) kinds.push((await of?.limit?.take({}))?.kind);
      return kinds;
    };
    expect(await answers()).toEqual(['turn', 'not-yet', 'not-yet']);
    change({ rateLimit: { ...limited, limit: 600, burst: 600 } });
    clock.advance(60_000);
    expect(await answers()).toEqual(['turn', 'turn', 'turn']);
  });

  it('keeps to its part of a rate, also of one that changes', async () => {
    const part = { name: 'low', share: 0.25 };
    const limited = { maxWaitMs: 0, perMs: 60_000, part };
    const { clock, of, change } = setup({ rateLimit: { ...limited, limit: 240, burst: 40 } });
    const turns = async (seconds: number): Promise<number> => {
      let count = 0;
      for (let tenth = 0; tenth < seconds * 10; tenth += 1) {
        if ((await of?.limit?.take({}))?.kind === 'turn') count += 1;
        clock.advance(100);
      }
      return count;
    };
    await turns(60);
    expect(await turns(60)).toBeGreaterThan(55); // of 60
    expect(await turns(60)).toBeLessThan(65);
    change({ rateLimit: { ...limited, limit: 120, burst: 40 } });
    await turns(60);
    expect(await turns(60)).toBeLessThan(35); // of 30
  });

  it('take no harm from somebody who is told and throws', async () => {
    const clock = fakeClock();
    const policies = consumerPolicies({
      settings: liveSettings(
        consumerSettings({ circuits: { tracker: { rateLimit: { limit: 1, perMs: 60_000, maxWaitMs: 0 } } } }),
      ),
      limits: memoryLimits(),
      classify: (error) => classifyError(error, clock.now()),
      clock,
      random: () => 0,
      emit: () => {
        throw new Error('sink');
      },
    });
    const limit = policies.get('tracker')?.limit;
    expect(await limit?.call(() => 'through', {})).toBe('through');
    await expect(limit?.call(() => 'never', {})).rejects.toThrow(RateLimitedError);
  });

  it('goes by a bulkhead that changes', async () => {
    const { of, change } = setup({ bulkhead: { maxConcurrent: 1, maxQueued: 0 } });
    void of?.inside?.call(never);
    await expect(of?.inside?.call(() => 'in')).rejects.toThrow('is full');
    change({ bulkhead: { maxConcurrent: 2, maxQueued: 0 } });
    expect(await of?.inside?.call(() => 'in')).toBe('in');
  });
});
