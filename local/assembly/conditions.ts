import { type TemplateLocation, UnsupportedIntrinsicError } from '../errors.ts';
import { isObject } from '../json.ts';

/** What a condition needs from the template it stands in. */
export interface ConditionScope {
  readonly location: TemplateLocation;
  resolve(value: unknown, location: TemplateLocation): unknown;
  named(condition: string, location: TemplateLocation): boolean;
}

/**
 * Evaluate a condition: Fn::Equals, Fn::And, Fn::Or, Fn::Not, or `{ Condition: name }`.
 *
 * @throws {UnsupportedIntrinsicError} for anything else
 */
export function evaluateCondition(condition: unknown, scope: ConditionScope): boolean {
  const [entry] = isObject(condition) ? Object.entries(condition) : [];
  if (entry === undefined) {
    throw new UnsupportedIntrinsicError(JSON.stringify(condition), scope.location, 'not a condition');
  }
  const [name, argument] = entry;
  const operands: readonly unknown[] = Array.isArray(argument) ? argument : [argument];
  switch (name) {
    case 'Condition':
      return scope.named(String(argument), scope.location);
    case 'Fn::Equals': {
      const [left, right] = operands.map((operand) => scope.resolve(operand, scope.location));
      return String(left) === String(right);
    }
    case 'Fn::And':
      return operands.every((operand) => evaluateCondition(operand, scope));
    case 'Fn::Or':
      return operands.some((operand) => evaluateCondition(operand, scope));
    case 'Fn::Not':
      return !evaluateCondition(operands[0], scope);
    default:
      throw new UnsupportedIntrinsicError(name, scope.location);
  }
}
