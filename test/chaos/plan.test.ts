import { expect, it } from 'vitest';
import { DESTINATIONS, planOf } from './plan.ts';

const options = { seed: 7, messages: 2_000, faults: 'all' } as const;

it('plans the same for the same seed, and something else for another', () => {
  expect(planOf(options).messages).toEqual(planOf(options).messages);
  expect(planOf(options).weather).toEqual(planOf(options).weather);
  expect(planOf({ ...options, seed: 8 }).messages).not.toEqual(planOf(options).messages);
});

it('has every kind of message, and mostly good ones', () => {
  const { messages } = planOf(options);
  const kinds = new Set(messages.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(Object.keys(DESTINATIONS).sort());
  expect(messages.filter(({ kind }) => kind === 'good').length).toBeGreaterThan(1_800);
});

it('interrupts no good message so often that it could use up its attempts', () => {
  const good = planOf(options).messages.filter(({ kind }) => kind === 'good');
  expect(Math.max(...good.map(({ faults }) => faults.length))).toBe(2);
});

it('keeps clocks within a second of the right time', () => {
  const { skewMs } = planOf(options);
  const skews = Array.from({ length: 100 }, (_each, at) => skewMs(at));
  expect(Math.max(...skews)).toBeLessThanOrEqual(1_000);
  expect(Math.min(...skews)).toBeGreaterThanOrEqual(-1_000);
  expect(new Set(skews).size).toBeGreaterThan(50);
});

it('kills exactly as often as it is told to', () => {
  const { messages } = planOf({ ...options, faults: 'kills', kills: 50 });
  const kills = messages.flatMap(({ faults }) => faults).filter(({ kind }) => kind.startsWith('kill'));
  expect(kills).toHaveLength(50);
});
