import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { align, lonely, stack } from '../../local/page/shared/align.ts';
import { fullNumber, NO_VALUE, shortNumber } from '../../local/page/shared/number.ts';
import { summarize } from '../../local/page/shared/statistics.ts';
import { ago, span } from '../../local/page/shared/time.ts';

describe('a number', () => {
  it.each([
    [0, '0'],
    [7, '7'],
    [-2.71501, '-2.72'],
    [0.5, '0.5'],
    [0.1 + 0.2, '0.3'],
    [0.0004, '4.0e-4'],
    [99.95, '100'],
    [123, '123'],
    [123.45, '123.5'],
    [999, '999'],
    [1_000, '1k'],
    [12_345, '12.3k'],
    [999_999, '1M'],
    [1_500_000, '1.5M'],
    [-2_000_000_000, '-2G'],
    [3.2e12, '3.2T'],
    [undefined, NO_VALUE],
    [null, NO_VALUE],
    [Number.NaN, NO_VALUE],
  ])('%s is written as %s', (value, written) => {
    expect(shortNumber(value)).toBe(written);
  });

  it('is short', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e15, max: 1e15, noNaN: true }), (value) => {
        expect(shortNumber(value).length).toBeLessThanOrEqual(9);
      }),
    );
  });

  it('is written in full where that is asked for', () => {
    expect(fullNumber(1_234_567.891)).toBe('1,234,567.891');
    expect(fullNumber(undefined)).toBe(NO_VALUE);
  });
});

describe('a time', () => {
  it.each([
    [-1, '0 s'],
    [42_999, '42 s'],
    [300_000, '5 min'],
    [7_200_000, '2 h'],
    [7_800_000, '2 h 10 min'],
    [3 * 86_400_000 + 4 * 3_600_000, '3 d 4 h'],
  ])('of %i ms is told as %s', (ms, told) => {
    expect(span(ms)).toBe(told);
  });

  it('that has hardly passed is now', () => {
    expect(ago(4_999)).toBe('just now');
    expect(ago(5_000)).toBe('5 s ago');
  });
});

describe('series on one timeline', () => {
  it('have a gap where a period is missing, and none where another series has more of them', () => {
    const minutes = { periodSeconds: 60, timestamps: [0, 60_000, 240_000, 300_000], values: [1, 2, 3, 4] };
    const fives = { periodSeconds: 300, timestamps: [0, 300_000], values: [8, 9] };
    expect(align([minutes, fives])).toEqual({
      times: [0, 60_000, 120_000, 240_000, 300_000],
      columns: [
        [1, 2, null, 3, 4],
        [8, undefined, undefined, undefined, 9],
      ],
    });
  });

  it('are stacked one above the other; silence adds nothing', () => {
    expect(
      stack([
        [1, null, 3],
        [undefined, 2, 2],
      ]),
    ).toEqual([
      [1, 0, 3],
      [1, 2, 5],
    ]);
  });

  it('show values that stand alone', () => {
    expect(lonely([1, null, 2, 3, null, undefined, 4])).toEqual([0, 6]);
    expect(lonely([5])).toEqual([0]);
    expect(lonely([5, undefined, 6])).toEqual([]);
  });
});

it('sums up a series', () => {
  expect(summarize([3, 1, 2])).toEqual({ count: 3, first: 3, last: 2, min: 1, max: 3, average: 2, sum: 6 });
  expect(summarize([])).toMatchObject({ count: 0, last: undefined, min: undefined });
});
