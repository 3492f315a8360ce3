import { describe, expect, it } from 'vitest';
import { stackClock } from '../../local/cloudwatch/stack-clock.ts';

describe('stackClock', () => {
  it('starts at the time of the machine and runs as fast as it is told to', () => {
    let machine = 1_000_000;
    const clock = stackClock(60, () => machine);
    expect(clock.now()).toBe(1_000_000);
    machine += 1_000;
    expect(clock.now()).toBe(1_060_000);
    expect(clock.at(1_000_500)).toBe(1_030_000);
    expect(clock.machineMs(60_000)).toBe(1_000);
  });

  it.each([0, 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a scale of %d', (scale) => {
    expect(() => stackClock(scale)).toThrow(RangeError);
  });
});
