import fc from 'fast-check';
import { expect, it } from 'vitest';
import { closest } from '../../../lambdas/core/configuration/closest.ts';
import {
  DURATION_PATTERN,
  durationMs,
  durationText,
  SIZE_PATTERN,
  sizeBytes,
  sizeText,
} from '../../../lambdas/core/configuration/quantities.ts';

it.each([
  ['500ms', 500],
  ['5s', 5_000],
  ['1.5s', 1_500],
  ['0.1m', 6_000],
  ['15m', 900_000],
  ['4h', 14_400_000],
  ['1.5d', 129_600_000],
  ['0s', 0],
  ['0.5ms', 0.5],
])('reads the duration %s', (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

it.each(['', '5', '5 s', '2 days', '-1s', 's', '1e3s', '5S', '1.s', '1s2', 'constructors', '1toString'])(
  'reads no duration in %j',
  (text) => {
    expect(durationMs(text)).toBeUndefined();
  },
);

it('reads sizes in binary units', () => {
  expect(['1B', '256KiB', '1MiB', '1.5KiB'].map(sizeBytes)).toEqual([1, 262_144, 1_048_576, 1_536]);
  expect(['1KB', '1 MiB', '1024', '1kib'].map(sizeBytes)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

it('writes what it reads, in a form that the schema knows', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2_000_000_000 }), (amount) => {
      expect(durationMs(durationText(amount))).toBe(amount);
      expect(durationText(amount)).toMatch(new RegExp(DURATION_PATTERN));
      expect(sizeBytes(sizeText(amount))).toBe(amount);
      expect(sizeText(amount)).toMatch(new RegExp(SIZE_PATTERN));
    }),
  );
});

it('takes a duration exactly where the schema does', () => {
  const texts = fc.stringMatching(/^[0-9.]{0,4}(ms|s|m|h|d|w|)[ x]?$/);
  fc.assert(
    fc.property(texts, (text) => {
      expect(durationMs(text) !== undefined).toBe(new RegExp(DURATION_PATTERN).test(text));
    }),
  );
});

it.each([
  ['timout', 'timeout'],
  ['openfor', 'openFor'],
  ['opneFor', 'openFor'],
  ['maxOpnFor', 'maxOpenFor'],
  ['retries', undefined],
  ['x', undefined],
])('takes %s for %s', (word, name) => {
  expect(closest(word, ['openFor', 'maxOpenFor', 'timeout', 'per'])).toBe(name);
});
