import { describe, expect, it } from 'vitest';
import type { Admission, CircuitTransition, Permit } from '../../../lambdas/core/circuit/circuit.ts';
import { localCircuit } from '../../../lambdas/core/circuit/local-circuit.ts';
import { type CircuitSettings, DEFAULTS } from '../../../lambdas/core/settings.ts';
import { fakeClock, START } from '../fixtures.ts';

const failure = { kind: 'failure', summary: 'Error: down' } as const;
const success = { kind: 'success' } as const;
const ignored = { kind: 'ignored' } as const;

/** A circuit whose open time is exactly as long as configured: a draw of 0.5 means no jitter. */
function setup(settings: Partial<CircuitSettings> = {}, random = () => 0.5) {
  const clock = fakeClock();
  const transitions: CircuitTransition[] = [];
  const circuit = localCircuit({
    name: 'tracker',
    settings: { ...DEFAULTS.circuit, ...settings },
    clock,
    random,
    onTransition: (transition) => void transitions.push(transition),
  });
  const admit = (): Admission => circuit.admit() as Admission;
  const permit = (): Permit => {
    const admission = admit();
    if (admission.kind === 'refused') throw new Error('refused');
    return admission.permit;
  };
  const fail = (times = 1, retryAfterMs?: number): void => {
    for (let at = 0; at < times; at += 1) circuit.report(permit(), { ...failure, retryAfterMs });
  };
  return { clock, circuit, transitions, admit, permit, fail };
}

const refusedUntil = (retryAtEpochMs: number) => ({
  kind: 'refused',
  retryAtEpochMs,
  lastError: 'Error: down',
});

describe('a closed circuit', () => {
  it('opens at the threshold of consecutive failures, not before', () => {
    const { admit, fail, circuit, transitions } = setup();
    fail(4);
    expect(circuit.snapshot().state).toBe('closed');
    fail();
    expect(admit()).toEqual(refusedUntil(START + 60_000));
    const opened = {
      decidedBy: 'environment',
      from: 'closed',
      to: 'open',
      lastError: 'Error: down',
      retryAtEpochMs: START + 60_000,
    };
    expect(transitions).toEqual([{ circuit: 'tracker', ...opened }]);
  });

  it('starts counting anew after a success, but not after what says nothing', () => {
    const { circuit, permit, fail } = setup();
    fail(4);
    circuit.report(permit(), ignored);
    circuit.report(permit(), success);
    fail(4);
    expect(circuit.snapshot().state).toBe('closed');
    circuit.report(permit(), ignored);
    fail();
    expect(circuit.snapshot().state).toBe('open');
  });

  it('says whether it has failures on record, for the window and until a success', () => {
    const { circuit, clock, permit, fail } = setup();
    expect(permit().clean).toBe(true);
    fail();
    expect([permit().clean, circuit.snapshot().clean]).toEqual([false, false]);
    clock.advance(59_999);
    expect(permit().clean).toBe(false);
    clock.advance(1);
    expect([permit().clean, circuit.snapshot().clean]).toEqual([true, true]);
    fail();
    circuit.report(permit(), success);
    expect(permit().clean).toBe(true);
  });

  it('ignores reports of calls that began before it opened last', () => {
    const { circuit, clock, permit, fail } = setup({ localThreshold: 1, successThreshold: 1 });
    const old = permit();
    fail();
    circuit.report(old, success);
    expect(circuit.snapshot().state).toBe('open');
    clock.advance(60_000);
    circuit.report(old, success);
    circuit.report(permit(), success);
    expect(circuit.snapshot().state).toBe('closed');
    circuit.report(old, failure);
    expect(circuit.snapshot()).toMatchObject({ state: 'closed', clean: true });
  });
});

describe('an open circuit', () => {
  it('admits a probe exactly when the open time is over, and one only', () => {
    const { admit, clock, fail, permit } = setup();
    fail(5);
    clock.advance(59_999);
    expect(admit().kind).toBe('refused');
    clock.advance(1);
    expect(permit()).toMatchObject({ probe: true, clean: false });
    expect(admit()).toEqual(refusedUntil(START + 60_000 + 15_000));
  });

  it('closes after as many good probes as were asked for', () => {
    const { circuit, clock, fail, permit, transitions } = setup();
    fail(5);
    clock.advance(60_000);
    circuit.report(permit(), success);
    expect(circuit.snapshot().state).toBe('half-open');
    circuit.report(permit(), success);
    expect(circuit.snapshot()).toEqual({
      state: 'closed',
      retryAtEpochMs: undefined,
      clean: true,
      forced: false,
    });
    expect(transitions.map(({ from, to }) => `${from} → ${to}`)).toEqual([
      'closed → open',
      'open → half-open',
      'half-open → closed',
    ]);
  });

  it('tells for how long it was not closed, the openings after bad probes included', () => {
    const { circuit, clock, fail, permit, transitions } = setup({ successThreshold: 1 });
    fail(5);
    clock.advance(60_000);
    fail();
    clock.advance(120_000);
    circuit.report(permit(), success);
    expect(transitions.map(({ to, wasOpenForMs }) => [to, wasOpenForMs])).toEqual([
      ['open', undefined],
      ['half-open', undefined],
      ['open', undefined],
      ['half-open', undefined],
      ['closed', 180_000],
    ]);
  });

  it('counts what others found out from when they did', () => {
    const { circuit, clock, permit, transitions } = setup({ successThreshold: 1 });
    circuit.adopt(START + 10_000, START - 20_000);
    clock.advance(10_000);
    circuit.report(permit(), success);
    expect(transitions.at(-1)).toMatchObject({ to: 'closed', wasOpenForMs: 30_000 });
  });

  it('gives the probe to the next caller when it said nothing about the dependency', () => {
    const { circuit, clock, fail, permit } = setup({ successThreshold: 1 });
    fail(5);
    clock.advance(60_000);
    circuit.report(permit(), ignored);
    const next = permit();
    expect(next.probe).toBe(true);
    circuit.report(next, success);
    expect(circuit.snapshot().state).toBe('closed');
  });

  it('takes a probe that did not report within its lease for dead', () => {
    const { admit, circuit, clock, fail, permit } = setup({ successThreshold: 1 });
    fail(5);
    clock.advance(60_000);
    const dead = permit();
    clock.advance(29_999);
    expect(admit()).toEqual(refusedUntil(START + 90_000));
    clock.advance(1);
    const alive = permit();
    circuit.report(dead, success);
    expect(circuit.snapshot().state).toBe('half-open');
    circuit.report(alive, success);
    expect(circuit.snapshot().state).toBe('closed');
  });

  it('stays open twice as long after each bad probe, up to the cap, and starts over once it was closed', () => {
    const { circuit, clock, fail, permit } = setup({ successThreshold: 1 });
    fail(5);
    for (const openForMs of [60_000, 120_000, 240_000, 300_000, 300_000]) {
      expect(circuit.snapshot().retryAtEpochMs).toBe(clock.now() + openForMs);
      clock.advance(openForMs);
      circuit.report(permit(), failure);
    }
    clock.advance(300_000);
    circuit.report(permit(), success);
    fail(5);
    expect(circuit.snapshot().retryAtEpochMs).toBe(clock.now() + 60_000);
  });

  it.each([
    ['shorter than the open time', 1_000, 60_000],
    ['longer', 200_000, 200_000 * 1.05],
    ['longer than the cap', 9_000_000, 300_000 * 1.05],
  ])('honours a Retry-After that is %s', (_what, retryAfterMs, expected) => {
    const { circuit, fail } = setup();
    fail(5, retryAfterMs);
    expect(circuit.snapshot().retryAtEpochMs).toBe(START + expected);
  });

  it.each([0, 0.25, 0.5, 0.999_999])(
    'spreads the open time by ten percent, never below a Retry-After: draw %d',
    (draw) => {
      const plain = setup({}, () => draw);
      plain.fail(5);
      const openFor = (plain.circuit.snapshot().retryAtEpochMs ?? 0) - START;
      expect(openFor).toBeCloseTo(60_000 * (0.9 + 0.2 * draw), 3);
      const asked = setup({}, () => draw);
      asked.fail(5, 60_000);
      const waits = (asked.circuit.snapshot().retryAtEpochMs ?? 0) - START;
      expect(waits).toBeGreaterThanOrEqual(60_000);
      expect(waits).toBeLessThanOrEqual(66_000);
    },
  );
});
