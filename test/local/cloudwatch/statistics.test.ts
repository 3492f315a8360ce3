import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSet, addValue, noSamples, type Samples } from '../../../local/cloudwatch/samples.ts';
import { statistic } from '../../../local/cloudwatch/statistics.ts';

function samplesOf(values: readonly number[]): Samples {
  const samples = noSamples();
  for (const value of values) addValue(samples, value);
  return samples;
}

const of = (name: string, values: readonly number[]): number | undefined =>
  statistic(name)?.(samplesOf(values));
const oneTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('statistics', () => {
  it.each([
    ['Sum', 55],
    ['Average', 5.5],
    ['Minimum', 1],
    ['Maximum', 10],
    ['SampleCount', 10],
    ['p0', 1],
    ['p50', 5],
    ['p90', 9],
    ['p95', 10],
    ['p99.9', 10],
    ['p100', 10],
    ['tm90', 5],
    ['TM(:90%)', 5],
    ['TM(10%:90%)', 5.5],
    ['TM(2:4)', 3.5],
    ['tc90', 9],
    ['TC(2:4)', 2],
    ['TC(:3)', 3],
    ['TC(3:)', 7],
    ['TC(20:30)', 0],
    ['ts90', 45],
    ['TS(80%:)', 19],
    ['wm90', 5.4],
    ['WM(10%:90%)', 5.5],
    ['WM(2:9)', 5.5],
    ['PR(:3)', 30],
    ['PR(3:8)', 50],
    ['PR(9:)', 10],
    ['IQM', 5.5],
  ])('%s of 1 to 10 is %d', (name, expected) => {
    expect(of(name, oneTo(10))).toBeCloseTo(expected, 10);
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
  it('leaves the lower bound out and takes the upper one in, as the documentation says', () => {
    const values = [0.005, 0.01, 0.03, 0.031];
    expect(of('TC(0.005:0.030)', values)).toBe(2);
    expect(of('TM(150:1000)', [150, 151, 1000, 1001])).toBe((151 + 1000) / 2);
    expect(of('TC(:0.5)', [0.4, 0.5, 0.6])).toBe(2);
  });

  it('is exact about percentages that floating point is not', () => {
    expect(of('p16.1', oneTo(1_000))).toBe(161); // 1000 * 16.1 / 100 is a little more than 161
    expect(of('TC(32.3%:)', oneTo(1_000))).toBe(677);
  });

  it('is the value itself where there is only one', () => {
    for (const name of ['p0', 'p50', 'p99', 'tm90', 'tm99', 'wm90', 'IQM']) expect(of(name, [7])).toBe(7);
  });

  it('gives no mean of nothing', () => {
    expect(of('TM(20:30)', oneTo(10))).toBeUndefined();
  });

  it('knows no percentiles of negative values and of statistic sets', () => {
    expect(of('p50', [-1, 2])).toBeUndefined();
    expect(of('Sum', [-1, 2])).toBe(1);
    const set = noSamples();
    addSet(set, { count: 2, sum: 3, min: 1, max: 2 });
    expect(statistic('p50')?.(set)).toBeUndefined();
    expect(statistic('Average')?.(set)).toBe(1.5);
    const same = noSamples();
    addSet(same, { count: 3, sum: 6, min: 2, max: 2 });
    expect(statistic('p50')?.(same)).toBe(2);
  });

  it.each([
    ['Median'],
    ['p101'],
    ['p'],
    ['TM(:)'],
    ['TM(10%:90)'],
    ['TM(90%:10%)'],
    ['TM(5:200%)'],
    ['PR(10%:20%)'],
    ['sum'],
  ])('does not know %s', (name) => {
    expect(statistic(name)).toBeUndefined();
  });

  it('counts every value in exactly one of the bins of a histogram', () => {
    const positive = fc.array(fc.double({ min: 0.001, max: 1_000, noNaN: true }), {
      minLength: 1,
      maxLength: 50,
    });
    fc.assert(
      fc.property(positive, (values) => {
        const bins = ['TC(0:10)', 'TC(10:100)', 'TC(100:)'].map((bin) => of(bin, values) ?? Number.NaN);
        expect(bins.reduce((a, b) => a + b, 0)).toBe(values.length);
        const ranks = ['PR(:10)', 'PR(10:100)', 'PR(100:)'].map((bin) => of(bin, values) ?? Number.NaN);
        expect(ranks.reduce((a, b) => a + b, 0)).toBeCloseTo(100, 6);
      }),
      { numRuns: 200 },
    );
  });

  it('gives percentiles that are values, grow with the percentage, and have so many values at or below', () => {
    const values = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, fc.nat(100), fc.nat(100), (all, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const [lower = Number.NaN, higher = Number.NaN] = [of(`p${low}`, all), of(`p${high}`, all)];
        expect(all).toContain(lower);
        expect(lower).toBeLessThanOrEqual(higher);
        const below = all.filter((value) => value <= higher).length;
        expect(below * 100).toBeGreaterThanOrEqual(high * all.length - 1e-6);
      }),
      { numRuns: 200 },
    );
  });
});

describe('values of a period', () => {
  it('stay few, with exact sums and percentiles to three digits, however many differ', () => {
    const samples = noSamples();
    for (let value = 1; value <= 50_000; value += 1) addValue(samples, value);
    expect(samples.values.size).toBeLessThan(6_000);
    expect(statistic('Sum')?.(samples)).toBe(1_250_025_000);
    const p90 = statistic('p90')?.(samples) ?? 0;
    expect(Math.abs(p90 - 45_000) / 45_000).toBeLessThan(0.005);
  });
});
