import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExpression } from '../../../local/cloudwatch/math/parser.ts';
import { createMetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { runQueries } from '../../../local/cloudwatch/query.ts';

const MINUTE = 60_000;
const T0 = 1_800_000_000_000 - (1_800_000_000_000 % 86_400_000);

type Sparse = readonly (number | undefined)[];

/** Evaluate an expression over metrics whose points are a minute apart, `undefined` where there is none. */
function math(expression: string, metrics: Record<string, Sparse> = {}): Sparse | Sparse[] {
  const store = createMetricStore();
  const length = Math.max(1, ...Object.values(metrics).map((values) => values.length));
  const queries = Object.entries(metrics).map(([id, values]) => {
    const metric = { namespace: 'N', metricName: id, dimensions: {} };
    for (const [index, value] of values.entries()) {
      if (value !== undefined) store.metric(metric)?.add(T0 + index * MINUTE, value);
    }
    return { id, metric, stat: 'Sum', periodSeconds: 60, returnData: false };
  });
  const window = { startEpochMs: T0, endEpochMs: T0 + length * MINUTE };
  const results = runQueries(store, [...queries, { id: 'result', expression, periodSeconds: 60 }], window);
  const dense = results.map(({ timestamps, values }) =>
    Array.from({ length }, (_, index) => values[timestamps.indexOf(T0 + index * MINUTE)]),
  );
  return dense.length === 1 ? (dense[0] ?? []) : dense;
}

const none = undefined;

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
describe('metric math, by the examples of the documentation', () => {
  const compared = { metric1: [30, 20, 0, 0], metric2: [20, none, 20, none] };
  it.each([
    ['(metric1 < metric2)', [0, 0, 1, 0]],
    ['(metric1 >= 30)', [1, 0, 0, 0]],
    ['(metric1 > 15 AND metric2 > 15)', [1, 0, 0, 0]],
  ])('%s', (expression, expected) => {
    expect(math(expression, compared)).toEqual(expected);
  });

  const chosen = {
    metric1: [1, 1, 0, 0, none],
    metric2: [30, none, 0, 0, 30],
    metric3: [0, 0, 20, none, 20],
  };
  it.each([
    ['IF(metric1, metric2, metric3)', [30, 0, 20, none, none]],
    ['IF(metric1, 5, metric3)', [5, 5, 20, none, none]],
    ['IF(metric1, metric2, 5)', [30, 0, 5, 5, none]],
    ['IF(metric1, metric2)', [30, 0, none, none, none]],
    ['IF(1, metric2, metric3)', [30, none, 0, 0, 30]],
    ['IF(0, metric2, metric3)', [0, 0, 20, none, 20]],
    ['IF(0, metric2)', [none, none, none, none, none]],
  ])('%s', (expression, expected) => {
    expect(math(expression, chosen)).toEqual(expected);
  });
});

describe('metric math', () => {
  const m = { m1: [1, none, 4], m2: [2, 6, 0] };
  it.each([
    ['m1 + m2', [3, 6, 4]],
    ['m1 - 1', [0, none, 3]],
    ['10 / m2', [5, 10 / 6, none]],
    ['m1 / m2', [0.5, 0, none]],
    ['m2 / m1', [2, none, 0]],
    ['-m1', [-1, none, -4]],
    ['- -m1', [1, none, 4]],
    ['m2 ^ 2', [4, 36, 0]],
    ['0 - m1 ^ 2', [-1, none, -16]],
    ['-m1 ^ 2', [-1, none, -16]],
    ['m2 * 2 ^ 3 ^ 0', [4, 12, 0]],
    ['m1 + m2 * 10', [21, 60, 4]],
    ['(m1 + m2) * 10', [30, 60, 40]],
    ['m2 - 1 - 1', [0, 4, -2]],
    ['12 / m2 / 2', [3, 1, none]],
    ['m2 != 6', [1, 0, 1]],
    ['m2 == 6 || m2 == 2', [1, 1, 0]],
    ['m2 > 0 && m2 < 5', [1, 0, 0]],
    ['m2 == 2 OR m2 == 6 AND m2 == 99', [1, 0, 0]],
    ['ABS(0 - m2)', [2, 6, 0]],
    ['CEIL(m1 / 3)', [1, none, 2]],
    ['FLOOR(m1 / 3)', [0, none, 1]],
    ['LOG10(m2 * 50)', [2, Math.log10(300), none]],
    ['m2 - MIN(m1)', [1, 5, -1]],
    ['m2 - MAX(m1)', [-2, 2, -4]],
    ['m2 * 0 + AVG(m1)', [2.5, 2.5, 2.5]],
    ['m2 * 0 + SUM(m1)', [5, 5, 5]],
    ['m2 * 0 + STDDEV(m1)', [1.5, 1.5, 1.5]],
    ['m2 * 0 + DATAPOINT_COUNT(m1)', [2, 2, 2]],
    ['SUM([m1, m2])', [3, 6, 4]],
    ['AVG([m1, m2])', [1.5, 3, 2]],
    ['MAX([m1, m2])', [2, 6, 4]],
    ['MIN([m1, m2])', [1, 6, 0]],
    ['DATAPOINT_COUNT([m1, m2])', [2, 1, 2]],
    ['SUM(METRICS())', [3, 6, 4]],
    ['SUM(METRICS("2"))', [2, 6, 0]],
    ['SUM(100 / [m1, m2])', [150, 100 / 6, 25]],
    ['m1 / METRIC_COUNT(METRICS())', [0.5, none, 2]],
    ['FILL(m1, 0)', [1, 0, 4]],
    ['FILL(m1, MIN(m2))', [1, 0, 4]],
    ['FILL(m1, m2)', [1, 6, 4]],
    ['FILL(m1, REPEAT)', [1, 1, 4]],
    ['FILL(m1, LINEAR)', [1, 2.5, 4]],
    ['DIFF(m2)', [none, 4, -6]],
    ['DIFF(m1)', [none, none, 3]],
    ['DIFF_TIME(m1)', [none, none, 120]],
    ['RATE(m1)', [none, none, 3 / 120]],
    ['RUNNING_SUM(m1)', [1, none, 5]],
    ['m1 / PERIOD(m1)', [1 / 60, none, 4 / 60]],
    ['TIME_SERIES(5)', [5, 5, 5]],
    ['MINUTE(m1)', [0, 1, 2]],
    ['FIRST([m2, m1])', [2, 6, 0]],
    ['LAST([m2, m1])', [1, none, 4]],
    ['1.5e1 + m2 * .5', [16, 18, 15]],
  ])('%s', (expression, expected) => {
    expect(math(expression, m)).toEqual(expected);
  });

  it('fills neither before the first point with REPEAT nor outside of the points with LINEAR', () => {
    const sparse = { m1: [none, 2, none, 4, none] };
    expect(math('FILL(m1, REPEAT)', sparse)).toEqual([none, 2, 2, 4, 4]);
    expect(math('FILL(m1, LINEAR)', sparse)).toEqual([none, 2, 3, 4, none]);
    expect(math('FILL(m1, 7)', { m1: [none, none] })).toEqual([7, 7]);
  });

  it('gives a series for each of an array', () => {
    expect(math('METRICS() * 2', m)).toEqual([
      [2, none, 8],
      [4, 12, 0],
    ]);
    expect(math('REMOVE_EMPTY([m1, m3])', { ...m, m3: [none] })).toEqual([1, none, 4]);
  });

  it.each([
    ['SEARCH("x", "Sum")', 'Unsupported function SEARCH'],
    ['m1 + "x"', 'A text is not a value'],
    ['ANOMALY_DETECTION_BAND(m1)', 'Unsupported function ANOMALY_DETECTION_BAND'],
    ['sum(m1)', 'Unsupported function sum'],
    ['m9 + 1', 'Unknown id m9'],
    ['result + 1', 'refers to itself'],
    ['5', 'must be a time series'],
    ['AVG(m1)', 'must be a time series'],
    ['m1 +', 'expected a value, got the end'],
    ['m1 m2', "expected an operator, got 'm2'"],
    ['(m1', "expected ')'"],
    ['m1 ~ 2', 'unexpected character'],
    ['[m1] + [m2]', 'does not take array and array'],
    ['m1 + REPEAT', 'does not take'],
    ['FILL(m1, NEVER)', 'FILL takes'],
    ['PERIOD(m1 + 1)', 'PERIOD takes a metric'],
    ['[1, m1]', 'holds time series only'],
    ['IF(m1)', 'IF takes'],
    [`${'('.repeat(200)}m1${')'.repeat(200)}`, 'nested too deeply'],
  ])('refuses %s', (expression, message) => {
    expect(() => math(expression, m)).toThrow(
      expect.objectContaining({ code: 'ValidationError', message: expect.stringContaining(message) }),
    );
  });
});

const numbers = fc.integer({ min: 0, max: 50 });
const arithmetic = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    numbers.map(String),
    fc
      .tuple(tie('value'), fc.constantFrom('+', '-', '*', '<', '>=', '=='), tie('value'))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    tie('value').map((value) => `(-${value})`),
  ),
})).value;

describe('metric math, for any expression', () => {
  it('computes what JavaScript does', () => {
    fc.assert(
      fc.property(arithmetic, (expression) => {
        const expected = Number(new Function(`return ${expression}`)());
        expect(math(`TIME_SERIES(0 + ${expression})`)).toEqual([expected + 0]);
      }),
      { numRuns: 200 },
    );
  });

  it('either parses a text or refuses it with a ValidationError', () => {
    const pieces = fc.array(
      fc.constantFrom('m1', 'SUM', '(', ')', '[', ']', ',', '+', '-', '1', '"x"', 'AND', '^', '@'),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        try {
          parseExpression(parts.join(' '));
        } catch (error) {
          expect(error).toMatchObject({ code: 'ValidationError' });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('leaves no gap after FILL with a number, and changes no point that was there', () => {
    const sparse = fc.array(fc.option(numbers, { nil: undefined }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(sparse, (values) => {
        expect(math('FILL(m1, 99)', { m1: values })).toEqual(values.map((value) => value ?? 99));
      }),
      { numRuns: 100 },
    );
  });
});
