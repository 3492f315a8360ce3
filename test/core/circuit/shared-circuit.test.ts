import { describe, expect, it } from 'vitest';
import type { Admission, CircuitTransition, Permit } from '../../../lambdas/core/circuit/circuit.ts';
import { memoryCircuits } from '../../../lambdas/core/circuit/memory-circuits.ts';
import { sharedCircuit } from '../../../lambdas/core/circuit/shared-circuit.ts';
import type { CircuitItem, CircuitStep, CircuitStore } from '../../../lambdas/core/circuit/shared-item.ts';
import { type CircuitSettings, DEFAULTS } from '../../../lambdas/core/settings.ts';
import { fakeClock, START } from '../fixtures.ts';

const KEY = 'circuit#tracker';
const success = { kind: 'success' } as const;
const ignored = { kind: 'ignored' } as const;
const failure = { kind: 'failure', summary: 'Error: down' } as const;

/** A store that counts what it is asked, and can be told to fail. */
function spiedStore() {
  const inner = memoryCircuits();
  const asked: string[] = [];
  const next: {
    trouble: 'none' | 'down' | 'lost reply';
    stale?: CircuitItem | 'missing';
    beforeAnswer?: (() => void) | undefined;
  } = { trouble: 'none' };
  async function ask<T>(what: string, work: () => Promise<T>): Promise<T> {
    asked.push(what);
    if (next.trouble === 'down') throw new Error('the store is down');
    const answer = await work();
    next.beforeAnswer?.();
    if (next.trouble !== 'lost reply') return answer;
    next.trouble = 'none';
    throw new Error('no answer');
  }
  const store: CircuitStore = {
    read: (key, consistent) =>
      ask(consistent ? 'consistent read' : 'read', async () => {
        if (consistent || next.stale === undefined) return inner.read(key, consistent);
        return next.stale === 'missing' ? undefined : next.stale;
      }),
    apply: (key, step: CircuitStep) => ask(step.name, () => inner.apply(key, step)),
  };
  return { store, asked, next, item: () => inner.read(KEY, true) };
}

/** A fleet of environments without jitter, each with a clock that can be wrong. */
function fleet(settings: Partial<CircuitSettings> = {}) {
  const clock = fakeClock();
  const { store, asked, next, item } = spiedStore();
  const transitions: CircuitTransition[] = [];
  const errors: string[] = [];
  const calls: string[] = [];
  let tokens = 0;
  const join = (skew = 0) => {
    const circuit = sharedCircuit({
      name: 'tracker',
      key: KEY,
      settings: { ...DEFAULTS.circuit, ...settings },
      store,
      clock: { now: () => clock.now() + skew, after: clock.after },
      random: () => 0.5,
      newToken: () => {
        tokens += 1;
        return `token-${tokens}`;
      },
      onTransition: (transition) => void transitions.push(transition),
      onCall: (failed) => void calls.push(failed ? 'bad' : 'good'),
      onStoreError: (operation) => void errors.push(operation),
    });
    const permit = async (): Promise<Permit> => {
      const admission = await circuit.admit();
      if (admission.kind === 'refused')
        throw new Error(`refused for ${admission.retryAtEpochMs - clock.now()} ms`);
      return admission.permit;
    };
    const call = async (outcome: Parameters<typeof circuit.report>[1]): Promise<void> => {
      await circuit.report(await permit(), outcome);
    };
    const fail = async (times: number, outcome: typeof failure & { retryAfterMs?: number } = failure) => {
      for (let at = 0; at < times; at += 1) await call(outcome);
    };
    const admitted = async (): Promise<Admission['kind']> => (await circuit.admit()).kind;
    return { circuit, permit, call, fail, admitted };
  };
  const moves = () => transitions.map(({ decidedBy, from, to }) => `${decidedBy}: ${from} > ${to}`);
  return { clock, join, asked, next, item, transitions, moves, errors, calls };
}

describe('a healthy circuit', () => {
  it('is read once in the cache time, and never written', async () => {
    const { clock, join, asked } = fleet();
    const { call } = join();
    for (let at = 0; at < 100; at += 1) await call(success);
    expect(asked).toEqual(['read']);
    clock.advance(4_999);
    await call(success);
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await Promise.all(Array.from({ length: 20 }, () => call(success)));
    expect(asked).toEqual(['read', 'read']);
  });

  it('tells of each call that spoke of the dependency, and how', async () => {
    const { join, calls } = fleet({ failureThreshold: 100, localThreshold: 100 });
    const { call } = join();
    await call(success);
    await call(ignored);
    await call(failure);
    expect(calls).toEqual(['good', 'bad']);
  });

  it('answers at once between two reads', async () => {
    const { circuit, call } = fleet().join();
    await call(success);
    expect(circuit.admit()).not.toBeInstanceOf(Promise);
    expect(circuit.report((circuit.admit() as { permit: Permit }).permit, success)).toBeUndefined();
  });
});

describe('failures', () => {
  it('of thin traffic over many environments open it for all', async () => {
    const { clock, join, item, moves } = fleet({ failureThreshold: 3 });
    for (let at = 0; at < 3; at += 1) {
      await join().fail(1);
      clock.advance(10_000);
    }
    expect(await item()).toMatchObject({ state: 'open', openUntil: START + 20_000 + 60_000 });
    expect(await join().admitted()).toBe('refused');
    expect(moves()).toEqual(['fleet: closed > open']);
  });

  it('are reported once a second at most', async () => {
    const { clock, join, asked, item } = fleet({ failureThreshold: 100, localThreshold: 100 });
    const { fail } = join();
    await fail(10);
    expect(asked).toEqual(['read', 'report']);
    clock.advance(1_000);
    await fail(1);
    expect(asked).toEqual(['read', 'report', 'report']);
    expect(await item()).toMatchObject({ failures: 10, reporters: 1 });
  });

  it('of one environment alone open only that one where more have to report them', async () => {
    const { clock, join, moves, item } = fleet({ failureThreshold: 3, minReporters: 2 });
    const broken = join();
    await broken.fail(5);
    expect(moves()).toEqual(['environment: closed > open']);
    expect(await broken.admitted()).toBe('refused');
    expect(await join().admitted()).toBe('admitted');
    clock.advance(1_000);
    await join().fail(1);
    expect(await item()).toMatchObject({ state: 'open' });
  });

  it('of one environment in both halves of the window are those of one', async () => {
    const { clock, join, item } = fleet({ failureThreshold: 3, localThreshold: 100, minReporters: 2 });
    const { fail } = join();
    for (let at = 0; at < 3; at += 1) {
      await fail(1);
      clock.advance(10_000);
    }
    expect(await item()).toMatchObject({ state: 'closed', reporters: 1, previousReporters: 1 });
    await join().fail(1);
    expect(await item()).toMatchObject({ state: 'open' });
  });

  it('do not open it while most calls succeed', async () => {
    const { clock, join, item } = fleet({ failureThreshold: 3, failureRatio: 0.5 });
    const { call } = join();
    for (let at = 0; at < 20; at += 1) {
      for (const outcome of [success, success, failure]) await call(outcome);
      clock.advance(1_000);
    }
    expect(await item()).toMatchObject({ state: 'closed' });
  });

  it('count for the window and no longer', async () => {
    const { clock, join, item } = fleet({ failureThreshold: 3, localThreshold: 100 });
    const { fail, circuit } = join();
    await fail(1);
    clock.advance(30_000);
    await fail(1);
    expect(await item()).toMatchObject({ failures: 1, previousFailures: 1 });
    expect(circuit.snapshot()).toMatchObject({ state: 'closed', clean: false });
    clock.advance(60_000);
    await fail(1);
    expect(await item()).toMatchObject({ failures: 1, previousFailures: 0 });
    const { cleanAtEpochMs = 0 } = circuit.snapshot();
    clock.advance(cleanAtEpochMs - clock.now() - 1);
    expect(circuit.snapshot().clean).toBe(false);
    clock.advance(1);
    expect(circuit.snapshot()).toMatchObject({ clean: true, cleanAtEpochMs: undefined });
  });

  it('that wait for their report are forgotten once the window has passed them by', async () => {
    const { clock, join, asked } = fleet({ failureThreshold: 3, localThreshold: 100 });
    const { fail, admitted } = join();
    await fail(2); // the second one within the second in which nothing more is reported
    clock.advance(60_001);
    await admitted();
    expect(asked).toEqual(['read', 'report', 'read']);
  });

  it('from before it opened are not heard after it closed', async () => {
    const { clock, join, item } = fleet({ failureThreshold: 2, localThreshold: 2, successThreshold: 1 });
    const slow = join();
    const late = await slow.permit();
    await join().fail(2);
    clock.advance(60_000);
    await join().call(success);
    await slow.permit();
    await slow.circuit.report(late, failure);
    expect(await item()).toMatchObject({ state: 'closed' });
    expect((await item())?.failures).toBeUndefined();
  });

  it('extend the open time by what the dependency asks for, up to the cap', async () => {
    const { join, item } = fleet({ failureThreshold: 1 });
    await join().fail(1, { ...failure, retryAfterMs: 120_000 });
    const { openForMs = 0 } = (await item()) ?? {};
    expect(openForMs).toBeGreaterThanOrEqual(120_000);
    const capped = fleet({ failureThreshold: 1 });
    await capped.join().fail(1, { ...failure, retryAfterMs: 10_000_000 });
    expect((await capped.item())?.openForMs).toBeLessThanOrEqual(330_000);
  });
});

describe('an open circuit', () => {
  const opened = async (settings: Partial<CircuitSettings> = {}) => {
    const all = fleet({ failureThreshold: 1, ...settings });
    const first = all.join();
    await first.fail(1);
    return { ...all, first };
  };

  it('lets one environment probe exactly when the open time is over, and the others wait', async () => {
    const { clock, join, first } = await opened();
    const others = [join(), join(), join()];
    clock.advance(59_999);
    for (const each of [first, ...others]) expect(await each.admitted()).toBe('refused');
    clock.advance(1);
    const kinds = await Promise.all([first, ...others].map((each) => each.admitted()));
    expect(kinds.filter((kind) => kind === 'admitted')).toHaveLength(1);
    expect(await join().admitted()).toBe('refused');
  });

  it('closes after enough good probes in a row, wherever they ran', async () => {
    const { clock, join, item, moves } = await opened({ successThreshold: 3 });
    clock.advance(60_000);
    for (let at = 0; at < 2; at += 1) await join().call(success);
    expect(await item()).toMatchObject({ state: 'half-open', probeSuccesses: 2 });
    await join().call(success);
    expect(await item()).toMatchObject({ state: 'closed' });
    expect(moves()).toEqual(['fleet: closed > open', 'fleet: open > half-open', 'fleet: half-open > closed']);
  });

  it('tells for how long it was not closed, by the clock of who opened it first', async () => {
    const { clock, join, transitions } = await opened({ successThreshold: 1 });
    clock.advance(60_000);
    await join().call(failure);
    clock.advance(120_000);
    await join(500).call(success);
    expect(transitions.map(({ to, wasOpenForMs }) => [to, wasOpenForMs])).toEqual([
      ['open', undefined],
      ['half-open', undefined],
      ['open', undefined],
      ['half-open', undefined],
      ['closed', 180_500],
    ]);
  });

  it('tells it where the store falls silent meanwhile, too', async () => {
    const { clock, first, next, transitions } = await opened({ successThreshold: 1 });
    await first.admitted();
    next.trouble = 'down';
    clock.advance(60_000);
    await first.call(success);
    expect(transitions.at(-1)).toMatchObject({
      decidedBy: 'environment',
      to: 'closed',
      wasOpenForMs: 60_000,
    });
  });

  it('stays open twice as long after each failed probe, up to the cap', async () => {
    const { clock, join, item } = await opened();
    for (const openForMs of [60_000, 120_000, 240_000, 300_000, 300_000]) {
      expect(await item()).toMatchObject({ state: 'open', openForMs });
      clock.advance(openForMs);
      await join().fail(1);
    }
  });

  it('gives the probe to somebody else once its lease is over', async () => {
    const { clock, join } = await opened();
    clock.advance(60_000);
    const dead = join();
    await dead.permit();
    clock.advance(31_999);
    expect(await join().admitted()).toBe('refused');
    clock.advance(1);
    const heir = join();
    const probe = await heir.permit();
    expect(probe.probe).toBe(true);
  });

  it('hears nothing of a probe whose lease somebody else has', async () => {
    const { clock, join, item } = await opened({ successThreshold: 1 });
    clock.advance(60_000);
    const slow = join();
    const late = await slow.permit();
    clock.advance(32_000);
    await join().permit();
    await slow.circuit.report(late, success);
    expect(await item()).toMatchObject({ state: 'half-open', leaseOwner: 'token-2' });
    await slow.circuit.report(late, failure);
    expect(await item()).toMatchObject({ state: 'half-open', leaseOwner: 'token-2' });
  });

  it('frees the probe of a call that said nothing', async () => {
    const { clock, join } = await opened();
    clock.advance(60_000);
    await join().call(ignored);
    expect((await join().permit()).probe).toBe(true);
  });

  it('does not believe a clock that is far ahead for longer than the open time', async () => {
    const all = fleet({ failureThreshold: 1 });
    await all.join(3_600_000).fail(1);
    const sane = all.join();
    expect(await sane.admitted()).toBe('refused');
    all.clock.advance(60_000);
    expect((await sane.permit()).probe).toBe(true);
  });

  it('does not begin a probe whose lease came so late that it is half over', async () => {
    const { clock, join, next, asked, item } = await opened();
    const slow = join();
    clock.advance(59_999);
    expect(await slow.admitted()).toBe('refused');
    clock.advance(1);
    next.beforeAnswer = () => {
      next.beforeAnswer = undefined;
      clock.advance(20_000);
    };
    expect(await slow.admitted()).toBe('refused');
    expect(asked.slice(-3)).toEqual(['acquire', 'consistent read', 'release']);
    expect((await item())?.leaseOwner).toBeUndefined();
  });

  it('finds its own lease behind an answer that was lost', async () => {
    const { clock, join, next, asked, moves } = await opened();
    const unlucky = join();
    clock.advance(59_999);
    expect(await unlucky.admitted()).toBe('refused');
    clock.advance(1);
    next.trouble = 'lost reply';
    expect((await unlucky.permit()).probe).toBe(true);
    expect(asked.slice(-2)).toEqual(['acquire', 'consistent read']);
    expect(moves().at(-1)).toBe('fleet: open > half-open');
  });
});

describe('what is read', () => {
  it('is not believed if it is older than what is known', async () => {
    const { clock, join, next, item } = fleet({ failureThreshold: 1 });
    const { fail, admitted } = join();
    const before = await item();
    await fail(1);
    next.stale = before ?? 'missing';
    clock.advance(5_000);
    expect(await admitted()).toBe('refused');
  });

  it('is asked for again, consistently, if the item seems to be missing', async () => {
    const { clock, join, next, asked } = fleet({ failureThreshold: 1 });
    const { fail, admitted } = join();
    await fail(1);
    next.stale = 'missing';
    clock.advance(5_000);
    expect(await admitted()).toBe('refused');
    expect(asked.slice(-2)).toEqual(['read', 'consistent read']);
  });
});

describe('while the store does not answer', () => {
  it('the local layer protects, nobody sees an error, and the store is left alone', async () => {
    const { clock, join, next, errors, asked, moves } = fleet();
    next.trouble = 'down';
    const { fail, admitted } = join();
    await fail(5);
    expect(await admitted()).toBe('refused');
    expect(moves()).toEqual(['environment: closed > open']);
    expect(errors.length).toBeLessThanOrEqual(2);
    const calls = asked.length;
    for (let at = 0; at < 100; at += 1) {
      clock.advance(10);
      await admitted();
    }
    expect(asked.length - calls).toBeLessThanOrEqual(1);
  });

  it('an open circuit stays open for its time, and each environment probes alone', async () => {
    const { clock, join, next } = fleet({ failureThreshold: 1, successThreshold: 1 });
    await join().fail(1);
    const { admitted, permit, circuit } = join();
    expect(await admitted()).toBe('refused');
    next.trouble = 'down';
    clock.advance(59_999);
    expect(await admitted()).toBe('refused');
    clock.advance(1);
    const probe = await permit();
    expect(probe.probe).toBe(true);
    expect(await admitted()).toBe('refused');
    await circuit.report(probe, success);
    expect(await admitted()).toBe('admitted');
  });

  it('what an operator has set still holds', async () => {
    const { clock, join, next } = fleet();
    const { circuit, admitted } = join();
    await circuit.set('forced-open');
    next.trouble = 'down';
    clock.advance(600_000);
    expect(await admitted()).toBe('refused');
  });

  it('an operator is told', async () => {
    const { join, next } = fleet();
    next.trouble = 'down';
    await expect(join().circuit.set('closed')).rejects.toThrow('the store is down');
  });
});

describe('an operator', () => {
  it('opens and closes it for everybody, and lets it go on by itself', async () => {
    const { clock, join, moves, item, transitions } = fleet({ failureThreshold: 1 });
    const [hand, other] = [join(), join()];
    await other.call(success);
    await hand.circuit.set('forced-open');
    expect(hand.circuit.snapshot()).toMatchObject({ state: 'open', forced: true });
    clock.advance(5_000);
    expect(await other.admitted()).toBe('refused');
    expect((await item())?.expiresAt).toBeUndefined();
    await hand.circuit.set('forced-closed');
    clock.advance(5_000);
    await other.fail(10);
    expect(await other.admitted()).toBe('admitted');
    expect(other.circuit.snapshot()).toMatchObject({ state: 'closed', forced: true, clean: true });
    await hand.circuit.set('closed');
    clock.advance(5_000);
    await other.fail(1);
    expect(await other.admitted()).toBe('refused');
    expect(moves()).toEqual(['operator: closed > open', 'operator: open > closed', 'fleet: closed > open']);
    expect(transitions[1]).toMatchObject({ wasOpenForMs: 5_000 });
  });
});

it('who is refused learns since when the circuit is like that', async () => {
  const { clock, join } = fleet({ failureThreshold: 1, openForMs: 30_000 });
  const [one, two] = [join(), join()];
  await one.fail(1);
  clock.advance(10_000);
  expect(await two.circuit.admit()).toMatchObject({ kind: 'refused', sinceEpochMs: START });
  expect(two.circuit.snapshot()).toMatchObject({ state: 'open', sinceEpochMs: START });
  clock.advance(25_000);
  await one.permit();
  clock.advance(6_000);
  expect(await two.circuit.admit()).toMatchObject({ kind: 'refused', sinceEpochMs: START + 35_000 });
  await one.circuit.set('forced-open');
  clock.advance(6_000);
  expect(await two.circuit.admit()).toMatchObject({ forced: true, sinceEpochMs: START + 41_000 });
  await one.circuit.set('closed');
  expect(one.circuit.snapshot().sinceEpochMs).toBeUndefined();
});

describe('an opening for a fault', () => {
  const fault = { fingerprint: 'abcdefabcdef', lastError: 'TypeError: a bug' };
  const probing = { successThreshold: 1, openForMs: 10_000, maxOpenForMs: 60_000 };

  it('opens it for all, once, without a failed call', async () => {
    const { join, moves, item } = fleet(probing);
    const [first, second] = [join(), join()];
    expect(await first.circuit.open(fault)).toBe(true);
    expect(await second.circuit.open({ ...fault, fingerprint: 'other' })).toBe(false);
    expect(moves()).toEqual(['fleet: closed > open']);
    expect(await item()).toMatchObject({ state: 'open', ...fault });
    expect(await second.admitted()).toBe('refused');
    expect(second.circuit.snapshot()).toMatchObject({ state: 'open', fingerprint: fault.fingerprint });
  });

  it('finds the version that it starts from where somebody else has changed it', async () => {
    const { join, item } = fleet(probing);
    const [late, operator] = [join(), join()];
    await late.admitted();
    await operator.circuit.set('closed');
    expect(await late.circuit.open(fault)).toBe(true);
    expect(await item()).toMatchObject({ state: 'open', ...fault });
  });

  it('is named by the last probe that failed, and forgotten when one succeeds', async () => {
    const { clock, join, item } = fleet(probing);
    const { circuit, permit, call } = join();
    await circuit.open(fault);
    clock.advance(10_000);
    await circuit.report(await permit(), { kind: 'failure', summary: 'Error: no', fingerprint: 'other' });
    expect(await item()).toMatchObject({ state: 'open', fingerprint: 'other', reopened: 1 });
    clock.advance(20_000);
    await call(success);
    expect(await item()).toEqual({
      version: START + 30_001,
      state: 'closed',
      expiresAt: START + 30_000 + 86_400_000,
    });
    expect(circuit.snapshot().fingerprint).toBeUndefined();
  });

  it('does not come about, and rejects nothing, while the store is down', async () => {
    const { join, next, errors } = fleet(probing);
    const { circuit, admitted } = join();
    next.trouble = 'down';
    expect(await circuit.open(fault)).toBe(false);
    expect(await admitted()).toBe('admitted');
    expect(errors).toContain('write a circuit: open');
  });

  it('is found by the next call when its answer was lost', async () => {
    const { join, next, asked } = fleet(probing);
    const { circuit, admitted } = join();
    await admitted();
    next.trouble = 'lost reply';
    expect(await circuit.open(fault)).toBe(false);
    expect(await admitted()).toBe('refused');
    expect(asked).toEqual(['read', 'open', 'read']);
  });
});

describe('what comes along with another read', () => {
  const item = { version: START, state: 'forced-open', lastError: 'held' } as const;

  it('is news, and saves a read', async () => {
    const { clock, join, asked } = fleet();
    const { circuit } = join();
    circuit.learn(item, clock.now());
    expect(circuit.admit()).toMatchObject({ kind: 'refused', lastError: 'held' });
    clock.advance(5_999);
    expect(circuit.admit()).toMatchObject({ kind: 'refused' });
    expect(asked).toEqual([]);
  });

  it('does not answer for a step that may have been taken since', async () => {
    const { clock, join, next, asked } = fleet();
    const { circuit, admitted } = join();
    await admitted();
    next.trouble = 'lost reply';
    await circuit.open({ fingerprint: 'f', lastError: 'e' });
    circuit.learn(undefined, clock.now() - 1);
    expect(await admitted()).toBe('refused');
    expect(asked).toEqual(['read', 'open', 'read']);
  });
});
