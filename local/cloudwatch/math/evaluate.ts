import { invalid } from '../invalid.ts';
import { mathFunction } from './functions.ts';
import { applyOperator } from './operators.ts';
import type { Expression } from './parser.ts';
import { type MathValue, mapPoints, scalar, type TimeSeries } from './values.ts';

/** What an expression can see. */
export interface MathScope {
  /**
   * The value of another query.
   *
   * @throws {ApiError} ValidationError if there is none
   */
  value(id: string): MathValue;
  /** The metrics of the request, without expressions, whose id contains a text. */
  metrics(part: string): readonly TimeSeries[];
  /** Period of series that are made without one. Milliseconds. */
  readonly periodMs: number;
  /** The starts of all periods of the window, whether there is data or not. Epoch milliseconds. */
  grid(periodMs: number): readonly number[];
}

/**
 * Evaluate an expression of metric math.
 *
 * @throws {ApiError} ValidationError for unknown functions and ids, and arguments that a function does not take
 */
export function evaluate(expression: Expression, scope: MathScope): MathValue {
  switch (expression.type) {
    case 'number':
      return scalar(expression.value);
    case 'text':
      throw invalid(`A text is not a value: "${expression.value}"`);
    case 'word':
      return { type: 'word', name: expression.name };
    case 'id':
      return scope.value(expression.name);
    case 'array':
      return { type: 'array', series: expression.items.flatMap((item) => seriesOf(evaluate(item, scope))) };
    case 'negative': {
      const value = evaluate(expression.operand, scope);
      if (value.type === 'word') throw invalid(`Unknown name ${value.name}`);
      return mapPoints(value, (point) => -point);
    }
    case 'binary':
      return applyOperator(
        expression.operator,
        evaluate(expression.left, scope),
        evaluate(expression.right, scope),
      );
    case 'call': {
      const { name, args } = expression;
      if (name === 'METRICS') return { type: 'array', series: scope.metrics(textOf(args)) };
      return mathFunction(name)(
        args.map((arg) => evaluate(arg, scope)),
        scope,
      );
    }
  }
}

function textOf(args: readonly Expression[]): string {
  const [part] = args;
  if (part === undefined) return '';
  if (part.type !== 'text' || args.length > 1) throw invalid('METRICS takes one text');
  return part.value;
}

function seriesOf(value: MathValue): readonly TimeSeries[] {
  if (value.type === 'series') return [value.series];
  if (value.type === 'array') return value.series;
  throw invalid('An array holds time series only');
}
