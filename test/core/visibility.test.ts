import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibilitySeconds } from '../../lambdas/core/visibility.ts';
import { START } from './fixtures.ts';

const HOUR = 3_600_000;
const putBack = {
  delayMs: 5_000,
  now: START,
  receivedAt: START,
  expiresAt: START + 24 * HOUR,
  receiveCount: 1,
  maxReceiveCount: 1_000,
};

describe('visibility of a message that is put back', () => {
  it.each([
    ['nothing', 0, 0],
    ['a part of a second', 1, 1],
    ['whole seconds', 5_000, 5],
    ['a second and a bit', 5_001, 6],
  ])('rounds %s up', (_what, delayMs, expected) => {
    expect(visibilitySeconds({ ...putBack, delayMs })).toBe(expected);
  });

  it('keeps a minute clear of the 12 hours that SQS counts from the receive', () => {
    const delayMs = 20 * HOUR;
    expect(visibilitySeconds({ ...putBack, delayMs })).toBe(42_840);
    expect(visibilitySeconds({ ...putBack, delayMs, now: START + 90_500 })).toBe(42_840 - 91);
  });

  it('ends when the message expires', () => {
    expect(visibilitySeconds({ ...putBack, delayMs: HOUR, expiresAt: START + 60_001 })).toBe(61);
  });

  it('waits as long as was wished once the message has expired and could not be moved', () => {
    expect(visibilitySeconds({ ...putBack, delayMs: 30_000, expiresAt: START })).toBe(30);
    expect(
      visibilitySeconds({ ...putBack, delayMs: 30_000, expiresAt: START - HOUR, receiveCount: 999 }),
    ).toBe(30);
  });

  it.each([
    [500, 5],
    [501, Math.ceil((24 * 3_600) / (499 - 10))],
    [999, 42_840],
    [1_000, 42_840],
  ])(
    'spreads the receives that are left over the time that is left past half of the backstop: receive %i',
    (receiveCount, expected) => {
      expect(visibilitySeconds({ ...putBack, receiveCount })).toBe(expected);
    },
  );

  it('stays within what SQS takes', () => {
    fc.assert(
      fc.property(
        fc.record({
          delayMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
          now: fc.integer({ min: START, max: START + 900_000 }),
          receivedAt: fc.constant(START),
          expiresAt: fc.integer({ min: START - 10 * HOUR, max: START + 400 * HOUR }),
          receiveCount: fc.integer({ min: 1, max: 1_200 }),
          maxReceiveCount: fc.integer({ min: 2, max: 1_000 }),
        }),
        (given) => {
          const seconds = visibilitySeconds(given);
          expect(Number.isInteger(seconds)).toBe(true);
          expect(seconds).toBeGreaterThanOrEqual(0);
          expect((given.now - given.receivedAt) / 1_000 + seconds).toBeLessThanOrEqual(43_200);
        },
      ),
    );
  });

  it('never lets deferrals use up the receives before the message expires', () => {
    const scenario = fc
      .record({
        maxReceiveCount: fc.integer({ min: 2, max: 300 }),
        delays: fc.array(fc.integer({ min: 0, max: 120_000 }), { minLength: 1, maxLength: 20 }),
        handlingMs: fc.integer({ min: 0, max: 10_000 }),
        lifetime: fc.double({ min: 0.01, max: 1, noNaN: true }),
      })
      // SQS hides a message for 12 h at most: what half of the receives cannot span, no rule can.
      .map(({ lifetime, ...rest }) => {
        const longest = Math.min(336, (Math.ceil(rest.maxReceiveCount / 2) - 1) * 11.9);
        return { ...rest, lifetimeMs: Math.ceil(lifetime * longest * HOUR) };
      })
      .filter(({ lifetimeMs }) => lifetimeMs > 0);
    fc.assert(
      fc.property(scenario, ({ maxReceiveCount, delays, handlingMs, lifetimeMs }) => {
        const expiresAt = START + lifetimeMs;
        let now = START;
        let receiveCount = 1;
        while (now < expiresAt) {
          expect(receiveCount).toBeLessThanOrEqual(maxReceiveCount);
          const receivedAt = now;
          now += handlingMs;
          const delayMs = delays[receiveCount % delays.length] ?? 0;
          now +=
            1_000 * visibilitySeconds({ delayMs, now, receivedAt, expiresAt, receiveCount, maxReceiveCount });
          receiveCount += 1;
        }
        expect(receiveCount).toBeLessThanOrEqual(maxReceiveCount);
      }),
    );
  });
});
