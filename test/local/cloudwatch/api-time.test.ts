import { expect, it } from 'vitest';
import { apiTime } from '../../../local/cloudwatch/api-time.ts';
import { stackClock } from '../../../local/cloudwatch/stack-clock.ts';

const START = 1_800_000_000_000;

it('times of the API: now is now on both clocks, and a minute ago a minute of the stack ago', () => {
  const now = START + 10_000;
  const clock = stackClock(60, () => now, START);
  const { toStack, toMachine } = apiTime(clock, () => now);
  expect(toStack(now)).toBe(START + 600_000);
  expect(toStack(now - 60_000)).toBe(START + 540_000);
  expect(toMachine(START + 540_000)).toBe(now - 60_000);
});
