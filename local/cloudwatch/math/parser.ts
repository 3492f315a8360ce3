import { invalid } from '../invalid.ts';
import { type Token, tokens } from './lexer.ts';

/** Operators that take two values. */
export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '^'
  | '<'
  | '<='
  | '>'
  | '>='
  | '=='
  | '!='
  | 'AND'
  | 'OR';

/** An expression of metric math as a tree. */
export type Expression =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'text'; readonly value: string }
  /** The id of another query: it begins with a lower-case letter. */
  | { readonly type: 'id'; readonly name: string }
  /** A word that a function takes, such as REPEAT. */
  | { readonly type: 'word'; readonly name: string }
  | { readonly type: 'array'; readonly items: readonly Expression[] }
  | { readonly type: 'negative'; readonly operand: Expression }
  | {
      readonly type: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Expression[] };

/** Operators that bind equally, loosest first. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['OR'],
  ['AND'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/'],
];

const MAX_DEPTH = 100;

/**
 * Parse an expression of metric math. `^` binds tighter than a sign and to the right; all other operators to the left.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
 * @throws {ApiError} ValidationError for what is not an expression
 */
export function parseExpression(expression: string): Expression {
  const pieces = tokens(expression);
  let next = 0;
  let depth = 0;

  const peek = (): Token => pieces[next] ?? { type: 'end', value: '', at: expression.length };
  const fail = (wanted: string): never => {
    const { value, at, type } = peek();
    const got = type === 'end' ? 'the end' : `'${value}'`;
    throw invalid(`Error in expression '${expression}': expected ${wanted}, got ${got} at ${at + 1}`);
  };
  const accept = (...symbols: readonly string[]): string | undefined => {
    const token = peek();
    if (token.type !== 'symbol' || !symbols.includes(token.value)) return undefined;
    next += 1;
    return token.value;
  };
  const expect = (symbol: string): void => {
    if (accept(symbol) === undefined) fail(`'${symbol}'`);
  };
  const list = (close: string): Expression[] => {
    const items: Expression[] = [];
    if (accept(close) !== undefined) return items;
    do items.push(binary(0));
    while (accept(',') !== undefined);
    expect(close);
    return items;
  };

  const binary = (level: number): Expression => {
    const operators = LEVELS[level];
    if (operators === undefined) return sign();
    let left = binary(level + 1);
    for (;;) {
      const symbol = accept(...operators);
      const operator = operators.find((candidate) => candidate === symbol);
      if (operator === undefined) return left;
      left = { type: 'binary', operator, left, right: binary(level + 1) };
    }
  };
  const sign = (): Expression => {
    depth += 1;
    if (depth > MAX_DEPTH) throw invalid(`Error in expression '${expression}': it is nested too deeply`);
    const value: Expression =
      accept('-') === undefined
        ? accept('+') === undefined
          ? power()
          : sign()
        : { type: 'negative', operand: sign() };
    depth -= 1;
    return value;
  };
  const power = (): Expression => {
    const left = primary();
    return accept('^') === undefined ? left : { type: 'binary', operator: '^', left, right: sign() };
  };
  const primary = (): Expression => {
    const token = peek();
    if (token.type === 'number') {
      next += 1;
      return { type: 'number', value: token.value };
    }
    if (token.type === 'text') {
      next += 1;
      return { type: 'text', value: token.value };
    }
    if (token.type === 'name') {
      next += 1;
      if (accept('(') !== undefined) return { type: 'call', name: token.value, args: list(')') };
      return { type: /^[a-z]/.test(token.value) ? 'id' : 'word', name: token.value };
    }
    if (accept('[') !== undefined) return { type: 'array', items: list(']') };
    if (accept('(') === undefined) return fail('a value');
    const inner = binary(0);
    expect(')');
    return inner;
  };

  const parsed = binary(0);
  if (peek().type !== 'end') fail('an operator');
  return parsed;
}
