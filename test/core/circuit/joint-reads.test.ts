import { describe, expect, it } from 'vitest';
import { jointReads } from '../../../lambdas/core/circuit/joint-reads.ts';
import { memoryCircuits } from '../../../lambdas/core/circuit/memory-circuits.ts';
import { sharedCircuit } from '../../../lambdas/core/circuit/shared-circuit.ts';
import type { CircuitBatchStore, CircuitItem } from '../../../lambdas/core/circuit/shared-item.ts';
import { forceStep } from '../../../lambdas/core/circuit/shared-steps.ts';
import { DEFAULTS } from '../../../lambdas/core/settings.ts';
import { deferred, fakeClock, START } from '../fixtures.ts';

const fault = { fingerprint: 'abcdefabcdef', lastError: 'TypeError: a bug' };

/** Three circuits of one environment, on a store that counts what it is asked. */
function environment(random: () => number = () => 0.5) {
  const clock = fakeClock();
  const inner = memoryCircuits();
  const asked: string[] = [];
  const answers: { stale?: Map<string, CircuitItem | undefined>; until?: Promise<void> } = {};
  const store: CircuitBatchStore = {
    async read(key, consistent) {
      asked.push(`${consistent ? 'consistent read' : 'read'} ${key}`);
      return inner.read(key, consistent);
    },
    async readAll(keys) {
      asked.push(`read ${keys.join(' ')}`);
      const found = answers.stale ?? (await inner.readAll(keys));
      await answers.until;
      return found;
    },
    async apply(key, step) {
      asked.push(`${step.name} ${key}`);
      return inner.apply(key, step);
    },
  };
  const reads = jointReads(store, clock);
  const make = (key: string) => {
    const circuit = sharedCircuit({
      name: key,
      key,
      settings: DEFAULTS.circuit,
      store: reads.store,
      clock,
      random,
      newToken: () => 'token',
    });
    reads.add(key, circuit);
    return circuit;
  };
  const [a, b, c] = ['a', 'b', 'c'].map(make) as [
    ReturnType<typeof make>,
    ReturnType<typeof make>,
    ReturnType<typeof make>,
  ];
  const all = () => Promise.all([a, b, c].map((circuit) => circuit.admit()));
  return { clock, inner, asked, answers, a, b, c, all };
}

describe('the circuits of one consumer', () => {
  it('are read with one request in the cache time', async () => {
    const { clock, asked, all } = environment();
    for (let at = 0; at < 300; at += 1) {
      await all();
      clock.advance(100);
    }
    expect(asked).toEqual(Array.from({ length: 6 }, () => 'read a b c'));
  });

  it('are read as often as one would be, whatever the jitter draws', async () => {
    let draws = 0;
    const { clock, asked, all } = environment(() => (draws++ % 10) / 10);
    for (let at = 0; at < 3_000; at += 1) {
      await all();
      clock.advance(100);
    }
    expect(asked.length).toBeLessThanOrEqual(300_000 / 4_000);
    expect(asked.length).toBeGreaterThan(300_000 / 6_000 - 1);
  });

  it('learn from each other’s reads', async () => {
    const { clock, inner, asked, a, b, all } = environment();
    await all();
    await inner.apply('b', forceStep('forced-open', START));
    clock.advance(5_000);
    await a.admit();
    expect(b.admit()).toMatchObject({ kind: 'refused' });
    expect(asked).toHaveLength(2);
  });

  it('wait for a request that is under way, unless it takes long', async () => {
    const { clock, asked, answers, a, b, c } = environment();
    const gate = deferred();
    answers.until = gate.promise;
    const first = a.admit();
    const second = b.admit();
    await clock.pass(249);
    expect(asked).toHaveLength(1);
    await clock.pass(1);
    const third = c.admit();
    await clock.pass(0);
    expect(asked).toHaveLength(2);
    gate.resolve();
    await Promise.all([first, second, third]);
  });

  it('do not believe an absence that comes along: their own next read asks again', async () => {
    const { clock, asked, answers, a, b } = environment();
    await b.open(fault);
    answers.stale = new Map([
      ['a', undefined],
      ['b', undefined],
    ]);
    clock.advance(5_000);
    await a.admit();
    expect(await b.admit()).toMatchObject({ kind: 'refused', lastError: fault.lastError });
    expect(asked).toEqual(['open b', 'read a b c', 'read a b c', 'consistent read b']);
  });

  it('hold what was left unanswered for unknown, and only that', async () => {
    const { asked, answers, a, b } = environment();
    answers.stale = new Map([['a', undefined]]);
    expect(await a.admit()).toMatchObject({ kind: 'admitted' });
    expect(await b.admit()).toMatchObject({ kind: 'admitted' });
    expect(asked).toEqual(['read a b c', 'read a b c']);
  });
});
