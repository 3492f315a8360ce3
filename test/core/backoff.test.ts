import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffDelayMs, exponentialDelayMs } from '../../lambdas/core/backoff.ts';
import type { BackoffSettings } from '../../lambdas/core/settings.ts';

const draw = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const attempt = fc.integer({ min: 1, max: 100 });
const settings = (kind: BackoffSettings['kind']): fc.Arbitrary<BackoffSettings> =>
  fc
    .record({
      firstDelayMs: fc.integer({ min: 0, max: 3_600_000 }),
      more: fc.integer({ min: 0, max: 40_000_000 }),
      base: fc.double({ min: 1, max: 10, noNaN: true }),
    })
    .map(({ firstDelayMs, more, base }) => ({ kind, firstDelayMs, capMs: firstDelayMs + more, base }));

describe('back-off', () => {
  it.each([
    [1, 5_000],
    [2, 10_000],
    [3, 20_000],
    [8, 640_000],
    [9, 900_000],
    [100, 900_000],
  ])('doubles from 5 s to a cap of 15 min: attempt %i waits %i ms', (failed, expected) => {
    const exponential = { kind: 'exponential', firstDelayMs: 5_000, capMs: 900_000, base: 2 } as const;
    expect(backoffDelayMs(exponential, failed, () => 0.5)).toBe(expected);
  });

  it('keeps a fixed delay whatever the attempt and the draw', () => {
    fc.assert(
      fc.property(settings('fixed'), attempt, draw, (fixed, failed, chance) => {
        expect(backoffDelayMs(fixed, failed, () => chance)).toBe(fixed.firstDelayMs);
      }),
    );
  });

  it('grows exponentially, never shrinks, and never exceeds the cap', () => {
    fc.assert(
      fc.property(settings('exponential'), attempt, (exponential, failed) => {
        const now = backoffDelayMs(exponential, failed, () => 0.5);
        const next = backoffDelayMs(exponential, failed + 1, () => 0.5);
        expect(now).toBeGreaterThanOrEqual(exponential.firstDelayMs);
        expect(next).toBeGreaterThanOrEqual(now);
        expect(next).toBeLessThanOrEqual(exponential.capMs);
      }),
    );
  });

  it('draws full jitter evenly between nothing and the exponential delay', () => {
    fc.assert(
      fc.property(settings('full-jitter'), attempt, draw, (jittered, failed, chance) => {
        const delay = backoffDelayMs(jittered, failed, () => chance);
        expect(delay).toBeCloseTo(chance * exponentialDelayMs(jittered, failed), 5);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(jittered.capMs);
      }),
    );
  });
});
