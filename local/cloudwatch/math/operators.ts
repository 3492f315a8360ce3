import { invalid } from '../invalid.ts';
import type { BinaryOperator } from './parser.ts';
import { derived, type MathValue, scalar, type TimeSeries, timesOf } from './values.ts';

const truth = (holds: boolean): number => (holds ? 1 : 0);

const COMPUTE: Readonly<Record<BinaryOperator, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '^': (left, right) => left ** right,
  '<': (left, right) => truth(left < right),
  '<=': (left, right) => truth(left <= right),
  '>': (left, right) => truth(left > right),
  '>=': (left, right) => truth(left >= right),
  '==': (left, right) => truth(left === right),
  '!=': (left, right) => truth(left !== right),
  AND: (left, right) => truth(left !== 0 && right !== 0),
  OR: (left, right) => truth(left !== 0 || right !== 0),
};

/**
 * Apply an operator point by point. Where only one of two series has a point, the other counts as 0; a division by zero
 * drops the point.
 *
 * @throws {ApiError} ValidationError for two arrays, or a word
 */
export function applyOperator(operator: BinaryOperator, left: MathValue, right: MathValue): MathValue {
  const compute = COMPUTE[operator];
  if (left.type === 'word' || right.type === 'word' || (left.type === 'array' && right.type === 'array')) {
    throw invalid(`The operator ${operator} does not take ${left.type} and ${right.type}`);
  }
  if (left.type === 'scalar' && right.type === 'scalar') return scalar(compute(left.value, right.value));
  if (left.type === 'array') {
    return { type: 'array', series: left.series.map((series) => combine(series, single(right), compute)) };
  }
  if (right.type === 'array') {
    return { type: 'array', series: right.series.map((series) => combine(single(left), series, compute)) };
  }
  return { type: 'series', series: combine(single(left), single(right), compute) };
}

type Single = TimeSeries | number;

function single(value: Exclude<MathValue, { type: 'word' | 'array' }>): Single;
function single(value: MathValue): Single;
function single(value: MathValue): Single {
  if (value.type === 'scalar') return value.value;
  if (value.type === 'series') return value.series;
  throw invalid(`A number or a time series is needed, not ${value.type}`);
}

function combine(left: Single, right: Single, compute: (left: number, right: number) => number): TimeSeries {
  if (typeof left === 'number') {
    if (typeof right === 'number') throw invalid('A time series is needed');
    return derived(
      right,
      [...right.points].map(([at, value]) => [at, compute(left, value)] as const),
    );
  }
  if (typeof right === 'number') {
    return derived(
      left,
      [...left.points].map(([at, value]) => [at, compute(value, right)] as const),
    );
  }
  const from = { label: left.label, periodMs: Math.max(left.periodMs, right.periodMs) };
  return derived(
    from,
    timesOf(left, right).map(
      (at) => [at, compute(left.points.get(at) ?? 0, right.points.get(at) ?? 0)] as const,
    ),
  );
}
