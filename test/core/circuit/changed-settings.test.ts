import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Permit } from '../../../lambdas/core/circuit/circuit.ts';
import { isForeignBucket } from '../../../lambdas/core/circuit/failure-window.ts';
import { memoryCircuits } from '../../../lambdas/core/circuit/memory-circuits.ts';
import { sharedCircuit } from '../../../lambdas/core/circuit/shared-circuit.ts';
import { replaceFields } from '../../../lambdas/core/live-settings.ts';
import { type CircuitSettings, DEFAULTS } from '../../../lambdas/core/settings.ts';
import { fakeClock } from '../fixtures.ts';

const KEY = 'circuit#tracker';
const failure = { kind: 'failure', summary: 'Error: down' } as const;
const success = { kind: 'success' } as const;

/** Environments of one circuit, each with settings of its own that can change. */
function fleet(first: Partial<CircuitSettings> = {}) {
  const clock = fakeClock();
  const store = memoryCircuits();
  let reads = 0;
  const join = (own: Partial<CircuitSettings> = first) => {
    const settings: CircuitSettings = { ...DEFAULTS.circuit, localThreshold: 100, ...own };
    const circuit = sharedCircuit({
      name: 'tracker',
      key: KEY,
      settings,
      store: {
        ...store,
        async read(key, consistent) {
          reads += 1;
          return store.read(key, consistent);
        },
      },
      clock,
      random: () => 0.5,
      newToken: () => crypto.randomUUID(),
    });
    const permit = async (): Promise<Permit> => {
      const admission = await circuit.admit();
      if (admission.kind === 'refused') throw new Error('refused');
      return admission.permit;
    };
    return {
      circuit,
      permit,
      change: (changed: Partial<CircuitSettings>) => replaceFields(settings, { ...settings, ...changed }),
      async fail(times = 1) {
        for (let at = 0; at < times; at += 1) {
          await circuit.report(await permit(), failure);
          clock.advance(1_000);
        }
      },
    };
  };
  return { clock, join, reads: () => reads, item: () => store.read(KEY, true) };
}

it('opens by a changed threshold, with what was counted before', async () => {
  const { join } = fleet();
  const one = join();
  await one.fail(3);
  expect(one.circuit.snapshot().state).toBe('closed');
  one.change({ failureThreshold: 4 });
  await one.fail(1);
  expect(one.circuit.snapshot().state).toBe('open');
});

it('asks for a changed share, and for a changed number of environments', async () => {
  const { join } = fleet({ failureThreshold: 2, failureRatio: 1 });
  const one = join();
  for (let at = 0; at < 3; at += 1) {
    await one.circuit.report(await one.permit(), success);
    await one.fail();
  }
  expect(one.circuit.snapshot().state).toBe('closed');
  one.change({ failureRatio: 0.3, minReporters: 2 });
  await one.fail(2);
  expect(one.circuit.snapshot().state).toBe('closed');
  one.change({ minReporters: 1 });
  await one.fail(1);
  expect(one.circuit.snapshot().state).toBe('open');
});

it('opens for itself by a changed local threshold', async () => {
  const { join } = fleet({ failureThreshold: 1_000 });
  const one = join();
  one.change({ localThreshold: 2 });
  await one.fail(2);
  expect(one.circuit.snapshot().state).toBe('open');
});

it('stays open for a changed time, and closes by a changed number of probes', async () => {
  const { join, clock } = fleet({ failureThreshold: 1 });
  const one = join();
  one.change({ openForMs: 10_000, maxOpenForMs: 15_000, successThreshold: 1 });
  await one.circuit.report(await one.permit(), failure);
  expect(one.circuit.snapshot().retryAtEpochMs).toBe(clock.now() + 10_000);
  clock.advance(10_000);
  await one.circuit.report(await one.permit(), failure);
  expect(one.circuit.snapshot().retryAtEpochMs).toBe(clock.now() + 15_000);
  clock.advance(15_000);
  await one.circuit.report(await one.permit(), success);
  expect(one.circuit.snapshot().state).toBe('closed');
});

it('reads as often as it says', async () => {
  const { join, clock, reads } = fleet();
  const one = join();
  one.change({ cacheForMs: 1_000 });
  for (let at = 0; at < 5; at += 1) {
    await one.permit();
    clock.advance(1_000);
  }
  expect(reads()).toBe(5);
});

it('reads again as soon as a shorter time says, and not before a longer one does', async () => {
  const { join, clock, reads } = fleet({ cacheForMs: 60_000 });
  const one = join();
  await one.permit();
  clock.advance(2_000);
  one.change({ cacheForMs: 1_000 });
  await one.permit();
  expect(reads()).toBe(2);
  one.change({ cacheForMs: 30_000 });
  clock.advance(29_999);
  await one.permit();
  expect(reads()).toBe(2);
  clock.advance(1);
  await one.permit();
  expect(reads()).toBe(3);
});

it('tells how slow a call may be, as it is', () => {
  const one = fleet().join();
  expect(one.circuit.slowCallMs).toBeUndefined();
  one.change({ slowCallMs: 500 });
  expect(one.circuit.slowCallMs).toBe(500);
});

it('has failures on record for a changed window', async () => {
  const { join, clock } = fleet({ windowMs: 60_000 });
  const one = join();
  one.change({ windowMs: 10_000 });
  await one.fail();
  clock.advance(15_000);
  await one.permit();
  expect(one.circuit.snapshot().clean).toBe(true);
});

it('is not taken in by the numbers of a shorter window, whose buckets seem to lie in the future', async () => {
  const { join, clock, item } = fleet({ windowMs: 60_000 });
  const one = join();
  await one.fail(3);
  one.change({ windowMs: 120_000 });
  clock.advance(10_000);
  await one.permit();
  const until = one.circuit.snapshot().cleanAtEpochMs ?? Number.POSITIVE_INFINITY;
  expect(until - clock.now()).toBeLessThanOrEqual(130_000);

  await one.fail(1);
  expect((await item())?.bucket).toBe(Math.floor((clock.now() - 1_000) / 60_000));
  await one.fail(4);
  expect(one.circuit.snapshot().state).toBe('open');
});

it('forgets in the end what was counted in a shorter window', async () => {
  const { join, clock } = fleet({ windowMs: 60_000 });
  const one = join();
  await one.fail(2);
  one.change({ windowMs: 120_000 });
  await one.fail(1);
  clock.advance(300_000);
  await one.permit();
  expect(one.circuit.snapshot().clean).toBe(true);
});

it('opens while some environments know of a changed window and others do not yet', async () => {
  const { join } = fleet({ windowMs: 60_000, failureThreshold: 3 });
  const [old, young] = [join(), join({ windowMs: 120_000, failureThreshold: 3 })];
  await old.fail(2);
  await young.fail(3);
  expect(young.circuit.snapshot().state).toBe('open');
});

it('takes no bucket of its own window for one of another', () => {
  const now = fc.integer({ min: 1_600_000_000_000, max: 2_000_000_000_000 });
  const window = fc.integer({ min: 1, max: 86_400_000 });
  const skew = fc.integer({ min: -2_000, max: 2_000 });
  fc.assert(
    fc.property(now, window, skew, (at, windowMs, differs) => {
      const settings = { ...DEFAULTS.circuit, windowMs };
      const bucket = Math.floor((at + differs) / (windowMs / 2));
      expect(isForeignBucket(bucket, at, settings)).toBe(false);
    }),
  );
});
