import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Admission, CircuitTransition, Permit } from '../../../lambdas/core/circuit/circuit.ts';
import { localCircuit } from '../../../lambdas/core/circuit/local-circuit.ts';
import { DEFAULTS } from '../../../lambdas/core/settings.ts';
import { fakeClock } from '../fixtures.ts';

const LEASE_MS = DEFAULTS.circuit.probeTimeoutMs;
const LEGAL = ['closed>open', 'open>half-open', 'half-open>open', 'half-open>closed'];

type Step =
  | { readonly kind: 'admit' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'report'; readonly which: number; readonly outcome: 'success' | 'failure' | 'ignored' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>({ kind: 'admit' }) },
  {
    weight: 2,
    arbitrary: fc
      .oneof(fc.integer({ min: 1, max: 90_000 }), fc.constantFrom(60_000, 66_000, 330_000))
      .map((ms): Step => ({ kind: 'wait', ms })),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('report' as const),
      which: fc.nat(),
      outcome: fc.constantFrom('success', 'failure', 'failure', 'ignored'),
    }),
  },
);

it('makes only legal transitions, runs one live probe at most, and hears no stale report', () => {
  const thresholds = fc.record({
    localThreshold: fc.integer({ min: 1, max: 4 }),
    successThreshold: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(
      thresholds,
      fc.array(step, { maxLength: 120, size: 'max' }),
      fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1 }),
      (given, steps, draws) => {
        const clock = fakeClock();
        const transitions: CircuitTransition[] = [];
        let drawn = 0;
        const settings = { ...DEFAULTS.circuit, ...given };
        const circuit = localCircuit({
          name: 'tracker',
          settings,
          clock,
          random: () => draws[drawn++ % draws.length] ?? 0,
          onTransition: (transition) => void transitions.push(transition),
        });

        let outstanding: { readonly permit: Permit; readonly at: number; readonly era: number }[] = [];
        let probe: { readonly permit: Permit; readonly at: number } | undefined;
        let era = 0; // rises with every transition
        let failuresInARow = 0;
        let goodProbes = 0;

        for (const each of steps) {
          const before = circuit.snapshot();
          const seen = transitions.length;
          if (each.kind === 'wait') clock.advance(each.ms);
          if (each.kind === 'admit') {
            const admission = circuit.admit() as Admission;
            if (admission.kind === 'refused') {
              expect(before.state).not.toBe('closed');
              expect(admission.retryAtEpochMs).toBeGreaterThan(clock.now());
            } else {
              if (admission.permit.probe) {
                expect(before.state).not.toBe('closed');
                if (before.state === 'open')
                  expect(clock.now()).toBeGreaterThanOrEqual(before.retryAtEpochMs ?? Infinity);
                if (probe !== undefined) expect(clock.now()).toBeGreaterThanOrEqual(probe.at + LEASE_MS);
                probe = { permit: admission.permit, at: clock.now() };
              } else {
                expect(before.state).toBe('closed');
              }
              era += transitions.length - seen;
              if (transitions.length > seen) goodProbes = 0;
              outstanding.push({ permit: admission.permit, at: clock.now(), era });
            }
          }
          if (each.kind === 'report' && outstanding.length > 0) {
            const reported = outstanding.at(-1 - (each.which % Math.min(4, outstanding.length)));
            if (reported === undefined) continue;
            outstanding = outstanding.filter((other) => other !== reported);
            const { permit } = reported;
            const live = permit.probe
              ? probe?.permit === permit
              : before.state === 'closed' && reported.era === era;
            circuit.report(
              permit,
              each.outcome === 'failure' ? { kind: 'failure', summary: 'x' } : { kind: each.outcome },
            );
            const after = circuit.snapshot();
            if (!live) {
              expect(after).toEqual(before);
              continue;
            }
            if (permit.probe) {
              probe = undefined;
              if (each.outcome === 'success') goodProbes += 1;
              const expected =
                each.outcome === 'failure'
                  ? 'open'
                  : goodProbes >= given.successThreshold
                    ? 'closed'
                    : 'half-open';
              expect(after.state).toBe(expected);
              if (expected === 'closed') failuresInARow = 0;
            } else {
              if (each.outcome === 'success') failuresInARow = 0;
              if (each.outcome === 'failure') failuresInARow += 1;
              expect(after.state).toBe(failuresInARow >= given.localThreshold ? 'open' : 'closed');
            }
            if (after.state === 'open') {
              const openFor = (after.retryAtEpochMs ?? 0) - clock.now();
              expect(openFor).toBeGreaterThanOrEqual(settings.openForMs * 0.9);
              expect(openFor).toBeLessThanOrEqual(settings.maxOpenForMs * 1.1);
            }
            era += transitions.length - seen;
          }
        }
        for (const { from, to } of transitions) expect(LEGAL).toContain(`${from}>${to}`);
      },
    ),
    { numRuns: 500 },
  );
});
