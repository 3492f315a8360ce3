import { invalid } from '../invalid.ts';

/** A piece of an expression of metric math. */
export type Token =
  | { readonly type: 'number'; readonly value: number; readonly at: number }
  | { readonly type: 'text'; readonly value: string; readonly at: number }
  | { readonly type: 'name'; readonly value: string; readonly at: number }
  | { readonly type: 'symbol'; readonly value: string; readonly at: number }
  | { readonly type: 'end'; readonly value: ''; readonly at: number };

const PIECE =
  /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|"([^"]*)"|'([^']*)'|([A-Za-z_][A-Za-z0-9_]*)|(<=|>=|==|!=|&&|\|\||[-+*/^<>()[\],]))/y;

const WORDS: Readonly<Record<string, string>> = { '&&': 'AND', '||': 'OR' };

/**
 * Cut an expression into its pieces.
 *
 * @throws {ApiError} ValidationError for a character that means nothing
 */
export function tokens(expression: string): readonly Token[] {
  const found: Token[] = [];
  let at = 0;
  const end = expression.trimEnd().length;
  while (at < end) {
    PIECE.lastIndex = at;
    const match = PIECE.exec(expression);
    if (match === null) {
      throw invalid(`Error in expression '${expression}': unexpected character at ${at + 1}`);
    }
    const [whole, number, double, single, name, symbol] = match;
    const start = at;
    at += whole.length;
    const text = double ?? single;
    if (number !== undefined) found.push({ type: 'number', value: Number(number), at: start });
    else if (text !== undefined) found.push({ type: 'text', value: text, at: start });
    else if (name === 'AND' || name === 'OR') found.push({ type: 'symbol', value: name, at: start });
    else if (name !== undefined) found.push({ type: 'name', value: name, at: start });
    else if (symbol !== undefined) found.push({ type: 'symbol', value: WORDS[symbol] ?? symbol, at: start });
  }
  return [...found, { type: 'end', value: '', at: end }];
}
