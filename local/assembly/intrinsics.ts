import { type TemplateLocation, UnresolvedReferenceError, UnsupportedIntrinsicError } from '../errors.ts';
import { isObject, type JsonObject } from '../json.ts';
import { evaluateCondition } from './conditions.ts';
import { substitute } from './substitute.ts';

/** What a template's intrinsic functions are resolved against. */
export interface IntrinsicScope {
  readonly stack: string;
  readonly mappings: JsonObject;
  readonly conditions: JsonObject;
  /** Value of a `Ref`: a parameter, a pseudo parameter or a resource's physical id. */
  ref(name: string, location: TemplateLocation): unknown;
  /** Value of an `Fn::GetAtt`. */
  attribute(logicalId: string, attribute: string, location: TemplateLocation): unknown;
  /** Value of an `Fn::ImportValue`. */
  importValue(exportName: string, location: TemplateLocation): unknown;
}

/**
 * Resolve every intrinsic function inside a template value. `AWS::NoValue` removes the member it stands for.
 *
 * Supported: Ref, Fn::GetAtt, Fn::Join, Fn::Sub, Fn::Select, Fn::Split, Fn::If, Fn::FindInMap, Fn::ImportValue,
 * Fn::Base64, and in conditions Fn::Equals, Fn::And, Fn::Or, Fn::Not.
 *
 * @throws {UnsupportedIntrinsicError} for any other function, naming it and where it stands
 * @throws {UnresolvedReferenceError} for a reference to nothing
 */
export function resolveValue(value: unknown, scope: IntrinsicScope, location: TemplateLocation): unknown {
  if (Array.isArray(value)) {
    return value
      .map((item: unknown, index) => resolveValue(item, scope, step(location, `${index}`)))
      .filter((item) => item !== undefined);
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value);
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && (only[0] === 'Ref' || only[0].startsWith('Fn::'))) {
    return resolveIntrinsic(only[0], only[1], scope, location);
  }
  const resolved: Record<string, unknown> = {};
  for (const [key, member] of entries) {
    const item = resolveValue(member, scope, step(location, key));
    if (item !== undefined) resolved[key] = item;
  }
  return resolved;
}

/** Whether the named condition of the template holds. */
export function conditionHolds(name: string, scope: IntrinsicScope, location: TemplateLocation): boolean {
  if (!(name in scope.conditions)) {
    throw new UnresolvedReferenceError(`condition ${name}`, location, 'the template has no such condition');
  }
  return evaluateCondition(scope.conditions[name], {
    location: { stack: location.stack, logicalId: name, path: 'Conditions' },
    resolve: (value, where) => resolveValue(value, scope, where),
    named: (other, where) => conditionHolds(other, scope, where),
  });
}

function resolveIntrinsic(
  name: string,
  argument: unknown,
  scope: IntrinsicScope,
  location: TemplateLocation,
): unknown {
  const resolve = (value: unknown): unknown => resolveValue(value, scope, step(location, name));
  const refuse = (detail: string): never => {
    throw new UnsupportedIntrinsicError(name, location, detail);
  };
  const text = (value: unknown, what: string): string => {
    const resolved = resolve(value);
    if (typeof resolved === 'string') return resolved;
    if (typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
    return refuse(`${what} must be a string, got ${JSON.stringify(resolved)}`);
  };
  const list = (value: unknown, what: string): readonly unknown[] => {
    const resolved = resolve(value);
    return Array.isArray(resolved)
      ? resolved
      : refuse(`${what} must be a list, got ${JSON.stringify(resolved)}`);
  };
  const [first, second, third]: readonly unknown[] = Array.isArray(argument) ? argument : [argument];

  switch (name) {
    case 'Ref':
      return scope.ref(text(first, 'the name'), location);
    case 'Fn::GetAtt': {
      const path = Array.isArray(argument) ? argument : text(argument, 'the attribute').split('.');
      const [logicalId, ...attribute] = path.map((part: unknown) => text(part, 'the attribute'));
      return scope.attribute(logicalId ?? '', attribute.join('.'), location);
    }
    case 'Fn::Join':
      return list(second, 'the second argument')
        .map((item) => text(item, 'each item'))
        .join(text(first, 'the delimiter'));
    case 'Fn::Sub':
      return substitute(text(first, 'the text'), (variable) => {
        if (isObject(second) && variable in second) return text(second[variable], variable);
        const [logicalId = '', ...attribute] = variable.split('.');
        return text(
          attribute.length === 0
            ? scope.ref(logicalId, location)
            : scope.attribute(logicalId, attribute.join('.'), location),
          variable,
        );
      });
    case 'Fn::Select': {
      const index = Number(text(first, 'the index'));
      const items = list(second, 'the second argument');
      return index in items ? items[index] : refuse(`index ${index} is outside of ${items.length} items`);
    }
    case 'Fn::Split':
      return text(second, 'the text').split(text(first, 'the delimiter'));
    case 'Fn::If':
      return resolve(conditionHolds(text(first, 'the condition'), scope, location) ? second : third);
    case 'Fn::FindInMap': {
      const path = [first, second, third].map((part) => text(part, 'each key'));
      const [map = '', top = '', key = ''] = path;
      const level = isObject(scope.mappings[map]) ? scope.mappings[map][top] : undefined;
      if (isObject(level) && key in level) return level[key];
      throw new UnresolvedReferenceError(
        `Fn::FindInMap ${path.join('.')}`,
        location,
        'no such key in the mappings',
      );
    }
    case 'Fn::ImportValue':
      return scope.importValue(text(argument, 'the export name'), location);
    case 'Fn::Base64':
      return Buffer.from(text(argument, 'the text')).toString('base64');
    default:
      throw new UnsupportedIntrinsicError(name, location);
  }
}

function step(location: TemplateLocation, key: string): TemplateLocation {
  return { ...location, path: `${location.path}.${key}` };
}
