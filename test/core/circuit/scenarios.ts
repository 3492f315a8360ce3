import fc from 'fast-check';
import { DEFAULTS } from '../../../lambdas/core/settings.ts';
import { type Scenario, TROUBLE_MS } from './simulation.ts';

const moment = fc.integer({ min: 0, max: TROUBLE_MS - 1 });
const span = (most: number) => {
  return fc
    .record({ from: moment, forMs: fc.integer({ min: 1, max: most }) })
    .map(({ from, forMs }) => ({ from, forMs: Math.min(forMs, TROUBLE_MS - from) }));
};
const some = <T>(arbitrary: fc.Arbitrary<T>, maxLength = 3) => fc.array(arbitrary, { maxLength });
const environment = fc.nat({ max: 4 });

/** The clocks of Lambda's machines are right within a second; one in ten scenarios has one that is ten minutes fast. */
const skews = fc.oneof(
  { weight: 9, arbitrary: fc.array(fc.integer({ min: -900, max: 900 }), { minLength: 1, maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constantFrom([600_000], [0, 600_000, 0], [-600_000, 0]) },
);

const settings = fc
  .record({
    failureThreshold: fc.integer({ min: 1, max: 6 }),
    minReporters: fc.constantFrom(1, 1, 2),
    localThreshold: fc.integer({ min: 1, max: 6 }),
    successThreshold: fc.integer({ min: 1, max: 3 }),
    openForMs: fc.integer({ min: 2_000, max: 10_000 }),
    growth: fc.integer({ min: 1, max: 4 }),
    cacheForMs: fc.integer({ min: 500, max: 5_000 }),
    windowMs: fc.integer({ min: 2_000, max: 20_000 }),
  })
  .map(({ growth, ...given }) => ({ ...DEFAULTS.circuit, ...given, maxOpenForMs: given.openForMs * growth }));

/** Lives of a circuit with everything that may happen to it. */
export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.nat({ max: 2_147_483_647 }),
  settings,
  skews,
  callEveryMs: fc.integer({ min: 300, max: 4_000 }),
  callLimitMs: fc.integer({ min: 500, max: 6_000 }),
  downs: fc.array(span(40_000), { minLength: 1, maxLength: 3 }),
  outages: some(span(15_000), 2),
  stalls: some(fc.tuple(span(25_000), environment).map(([each, index]) => ({ ...each, environment: index }))),
  crashes: some(fc.record({ environment, at: moment })),
  faults: some(fc.record({ environment, at: moment })),
  operator: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: some(
        fc.record({ at: moment, state: fc.constantFrom('forced-open', 'forced-closed', 'closed') }),
      ),
    },
  ),
  days: fc.oneof(
    { weight: 4, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: some(fc.record({ at: moment, deleted: fc.boolean() }), 2) },
  ),
  lost: fc.constantFrom(0, 0, 0.05, 0.3),
  hung: fc.constantFrom(0, 0, 0.02, 0.1),
  stale: fc.constantFrom(0, 0.3, 0.9),
  retryAfterMs: fc.constantFrom(undefined, undefined, 3_000, 60_000),
});
