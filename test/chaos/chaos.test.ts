import { expect, it } from 'vitest';
import { runChaos } from './run.ts';
import { traceLine } from './trace.ts';

const LIMIT_MS = 240_000;

/** A run that is short enough for every build; `npm run chaos` has the long ones. */
async function violationsOf(options: Partial<Parameters<typeof runChaos>[0]>) {
  const result = await runChaos({
    seed: 1,
    messages: 200,
    fifo: false,
    faults: 'all',
    rate: 100,
    ...options,
  });
  const { violations, trace } = result;
  const told = violations.map(({ promise, subject, detail }) => ({
    promise,
    subject,
    detail,
    trace: trace.of(subject).map(traceLine),
  }));
  return { ...result, told };
}

it.each([
  { queue: 'standard', fifo: false },
  { queue: 'fifo', fifo: true },
])(
  'keeps every promise on a $queue queue while environments, stores and the dependency break',
  async ({ fifo }) => {
    const { told, tally, kills } = await violationsOf({ fifo, seed: 3 });
    expect(told).toEqual([]);
    expect(kills).toBeGreaterThan(0);
    expect(tally.handled).toBeGreaterThan(150);
    expect(tally.deadLettered).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

it(
  'notices the duplicate effects that idempotency prevents',
  async () => {
    const { violations } = await violationsOf({ faults: 'kills', kills: 5, withoutIdempotency: true });
    expect(violations.map(({ promise }) => promise)).toContain('effects repeat only after an interruption');
  },
  LIMIT_MS,
);

it(
  'loses and dead-letters nothing while the state table is killed, and is soon back to its rate',
  async () => {
    const { told, tally, recovery } = await violationsOf({
      faults: 'none',
      storeOutage: true,
      messages: 900,
    });
    expect(told).toEqual([]);
    expect(tally).toMatchObject({ deadLettered: 0, quarantined: 0, lost: 0 });
    expect(recovery?.seconds).toBeLessThan(10);
  },
  LIMIT_MS,
);
