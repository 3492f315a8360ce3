import { expect, it } from 'vitest';
import { recoveryOf } from './recovery.ts';

/** Effects at an even rate. */
const evenly = (fromMs: number, toMs: number, rate: number): number[] =>
  Array.from({ length: ((toMs - fromMs) / 1_000) * rate }, (_each, at) => fromMs + (at * 1_000) / rate);

const outage = { startedAt: 5_000, endedAt: 8_000 };

it('measures until the rate from before the outage is back', () => {
  const effects = [...evenly(0, 5_000, 50), ...evenly(8_000, 12_000, 10), ...evenly(12_000, 15_000, 50)];
  expect(recoveryOf(effects, outage, 100)).toEqual({ healthyRate: 50, seconds: 4.9 });
});

it('asks for no more than is sent, though a backlog was worked off before', () => {
  const effects = [...evenly(0, 1_000, 500), ...evenly(1_000, 5_000, 100), ...evenly(8_000, 9_000, 100)];
  expect(recoveryOf(effects, outage, 100)).toEqual({ healthyRate: 100, seconds: 1 });
});

it('never ends where the rate does not come back', () => {
  const effects = [...evenly(0, 5_000, 100), ...evenly(8_000, 60_000, 50)];
  expect(recoveryOf(effects, outage, 100).seconds).toBe(Number.POSITIVE_INFINITY);
});
