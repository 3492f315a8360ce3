import type { AlarmState } from '../cloudwatch.ts';
import { invalid } from '../invalid.ts';

/** The rule of a composite alarm as a tree. */
export type CompositeRule =
  | { readonly type: 'constant'; readonly value: boolean }
  | { readonly type: 'state'; readonly state: AlarmState; readonly alarm: string }
  | { readonly type: 'not'; readonly rule: CompositeRule }
  | { readonly type: 'and' | 'or'; readonly rules: readonly CompositeRule[] };

const PIECE =
  /\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]*)"|'([^']*)'|([^()"']+?))\s*\)|(AND|OR|NOT|TRUE|FALSE)(?![\w-])|([()]))/y;

type Piece = { readonly state: AlarmState; readonly alarm: string } | string;

function pieces(text: string): readonly Piece[] {
  const found: Piece[] = [];
  const end = text.trimEnd().length;
  let at = 0;
  while (at < end) {
    PIECE.lastIndex = at;
    const match = PIECE.exec(text);
    if (match === null) throw invalid(`AlarmRule: cannot read '${text.slice(at, at + 40).trim()}'`);
    at += match[0].length;
    const [, state, double, single, bare, word, bracket] = match;
    if (isState(state)) found.push({ state, alarm: double ?? single ?? bare ?? '' });
    else found.push(word ?? bracket ?? '');
  }
  return found;
}

function isState(text: string | undefined): text is AlarmState {
  return text === 'ALARM' || text === 'OK' || text === 'INSUFFICIENT_DATA';
}

/**
 * Parse the rule of a composite alarm: ALARM, OK and INSUFFICIENT_DATA of an alarm's name or ARN, TRUE, FALSE, NOT, AND,
 * OR (binding in this order) and parentheses.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
 * @throws {ApiError} ValidationError for what is not a rule
 */
export function parseRule(text: string): CompositeRule {
  const all = pieces(text);
  let next = 0;
  const accept = (word: string): boolean => {
    if (all[next] !== word) return false;
    next += 1;
    return true;
  };
  const joined = (word: 'AND' | 'OR', operand: () => CompositeRule): CompositeRule => {
    const first = operand();
    const rules = [first];
    while (accept(word)) rules.push(operand());
    return rules.length === 1 ? first : { type: word === 'AND' ? 'and' : 'or', rules };
  };
  const anyOf = (): CompositeRule => joined('OR', allOf);
  const allOf = (): CompositeRule => joined('AND', not);
  const not = (): CompositeRule => (accept('NOT') ? { type: 'not', rule: not() } : primary());
  const primary = (): CompositeRule => {
    const piece = all[next];
    if (accept('(')) {
      const rule = anyOf();
      if (!accept(')')) throw invalid("AlarmRule: expected ')'");
      return rule;
    }
    next += 1;
    if (typeof piece === 'object') return { type: 'state', ...piece };
    if (piece === 'TRUE' || piece === 'FALSE') return { type: 'constant', value: piece === 'TRUE' };
    throw invalid(`AlarmRule: expected an alarm, got ${piece ?? 'the end'}`);
  };
  const rule = anyOf();
  if (next < all.length) throw invalid(`AlarmRule: unexpected ${JSON.stringify(all[next])}`);
  return rule;
}

/** Whether a rule holds. */
export function ruleHolds(rule: CompositeRule, stateOf: (alarm: string) => AlarmState): boolean {
  switch (rule.type) {
    case 'constant':
      return rule.value;
    case 'state':
      return stateOf(rule.alarm) === rule.state;
    case 'not':
      return !ruleHolds(rule.rule, stateOf);
    case 'and':
      return rule.rules.every((each) => ruleHolds(each, stateOf));
    case 'or':
      return rule.rules.some((each) => ruleHolds(each, stateOf));
  }
}

/** Names and ARNs of the alarms that a rule goes by. */
export function alarmsOf(rule: CompositeRule): readonly string[] {
  if (rule.type === 'state') return [rule.alarm];
  if (rule.type === 'not') return alarmsOf(rule.rule);
  return rule.type === 'constant' ? [] : [...new Set(rule.rules.flatMap(alarmsOf))];
}
