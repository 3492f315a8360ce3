import fc from 'fast-check';
import { expect, it } from 'vitest';
import { scenarios } from './scenarios.ts';
import { memoryStore, simulate } from './simulation.ts';

const RUNS = Number(process.env.SPILLWAY_CIRCUIT_SCENARIOS ?? 10_000);
const LIMIT_MS = 600_000;

it(
  'keeps every rule of the protocol under skew, stalls, crashes, lost answers, stale reads and operators',
  async () => {
    const seen = { opened: 0, closed: 0, probes: 0, writes: 0 };
    const seed = Date.now() % 2_147_483_647;
    process.stdout.write(`shared circuit: ${RUNS} scenarios from seed ${seed}\n`);
    await fc.assert(
      fc.asyncProperty(scenarios, async (scenario) => {
        const life = await simulate(scenario, memoryStore());
        for (const name of ['opened', 'closed', 'probes', 'writes'] as const) seen[name] += life[name];
        expect(life.violations.slice(0, 5)).toEqual([]);
      }),
      { numRuns: RUNS, seed, endOnFailure: process.env.SPILLWAY_NO_SHRINKING !== undefined },
    );
    // What was never reached was not tested.
    expect(Math.min(seen.opened, seen.closed)).toBeGreaterThan(RUNS / 4);
    expect(seen.probes).toBeGreaterThan(seen.closed);
  },
  LIMIT_MS,
);
