import type { AssemblyStack } from '../assembly/assembly.ts';
import { conditionHolds, type IntrinsicScope, resolveValue } from '../assembly/intrinsics.ts';
import type { TemplateResource } from '../assembly/template.ts';
import { ReferenceCycleError, type TemplateLocation, UnresolvedReferenceError } from '../errors.ts';
import { isObject, type JsonObject, objectAt } from '../json.ts';
import { type IdentitySource, knownIdentity, standInIdentity } from './identity.ts';
import { pseudoParameter } from './pseudo-parameters.ts';

/** A resource that exists, with its references resolved on demand. */
export interface ModelResource {
  readonly stack: string;
  readonly region: string;
  readonly logicalId: string;
  readonly type: string;
  readonly constructPath: string;
  readonly assets: ReadonlyMap<string, string>;
  /** What `Ref` gives. */
  readonly physicalId: string;
  /** All properties, resolved. */
  properties(): JsonObject;
  /** What `Fn::GetAtt` gives. */
  attribute(name: string): string;
}

/** The stacks of the assembly as one set of resources that refer to each other. */
export interface Model {
  readonly resources: readonly ModelResource[];
  /** Resolved outputs by stack name and key. */
  outputs(): Record<string, Record<string, string>>;
}

/** What the model needs from outside of the templates. */
export interface ModelOptions {
  readonly sqsUrl: string;
  readonly functionUrl: (stack: string, logicalId: string) => string;
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * Resolve the stacks against each other. Physical ids follow from the templates alone, so nothing has to be created
 * first, and references may go in any direction as long as no name depends on itself.
 *
 * @throws {ReferenceCycleError} when a physical id depends on itself
 */
export function createModel(stacks: readonly AssemblyStack[], options: ModelOptions): Model {
  const resolving: string[] = [];
  const byKey = new Map<string, ModelResource>();
  const scopes = new Map(stacks.map((stack) => [stack.name, scopeOf(stack)]));

  function scopeOf(stack: AssemblyStack): IntrinsicScope {
    const need = (logicalId: string, location: TemplateLocation): ModelResource => {
      const found = byKey.get(`${stack.name}/${logicalId}`);
      if (found !== undefined) return found;
      const reason = stack.template.resources.has(logicalId)
        ? 'its condition is false'
        : 'no such resource or parameter';
      throw new UnresolvedReferenceError(logicalId, location, reason);
    };
    return {
      stack: stack.name,
      mappings: stack.template.mappings,
      conditions: stack.template.conditions,
      ref(name, location) {
        if (name.startsWith('AWS::')) return pseudoParameter(name, stack, location);
        if (name in stack.template.parameters) return parameterValue(stack, name, location);
        return need(name, location).physicalId;
      },
      attribute: (logicalId, attribute, location) =>
        guarded(`${stack.name}/${logicalId}.${attribute}`, () => {
          try {
            return need(logicalId, location).attribute(attribute);
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            throw new UnresolvedReferenceError(`${logicalId}.${attribute}`, location, error.message);
          }
        }),
      importValue: (exportName, location) => exported(exportName, location),
    };
  }

  function guarded<T>(key: string, resolve: () => T): T {
    if (resolving.includes(key)) {
      throw new ReferenceCycleError(`references go in a circle: ${[...resolving, key].join(' -> ')}`);
    }
    resolving.push(key);
    try {
      return resolve();
    } finally {
      resolving.pop();
    }
  }

  function parameterValue(stack: AssemblyStack, name: string, location: TemplateLocation): unknown {
    const given = options.parameters[name];
    if (given !== undefined) return given;
    const parameter = objectAt(stack.template.parameters, name);
    const fromStore = String(parameter.Type).startsWith('AWS::SSM::Parameter');
    if (parameter.Default !== undefined && !fromStore) return parameter.Default;
    throw new UnresolvedReferenceError(
      `parameter ${name}`,
      location,
      'give its value in the option parameters',
    );
  }

  function exported(name: string, location: TemplateLocation): unknown {
    for (const stack of stacks) {
      const scope = scopes.get(stack.name);
      if (scope === undefined) continue;
      for (const output of stack.template.outputs) {
        if (output.exportName === undefined) continue;
        const where = { stack: stack.name, logicalId: output.key, path: 'Outputs' };
        if (resolveValue(output.exportName, scope, where) === name) {
          return guarded(`export ${name}`, () => resolveValue(output.value, scope, where));
        }
      }
    }
    throw new UnresolvedReferenceError(
      `Fn::ImportValue ${name}`,
      location,
      'no stack of the assembly exports it',
    );
  }

  for (const stack of stacks) {
    const scope = scopes.get(stack.name);
    if (scope === undefined) continue;
    for (const resource of stack.template.resources.values()) {
      const location = { stack: stack.name, logicalId: resource.logicalId, path: 'Condition' };
      if (resource.condition !== undefined && !conditionHolds(resource.condition, scope, location)) continue;
      byKey.set(
        `${stack.name}/${resource.logicalId}`,
        createResource(stack, resource, scope, options, guarded),
      );
    }
  }

  return {
    resources: [...byKey.values()],
    outputs: () =>
      Object.fromEntries(
        stacks.map((stack) => {
          const scope = scopes.get(stack.name);
          const values: Record<string, string> = {};
          for (const { key, value, condition } of stack.template.outputs) {
            const location = { stack: stack.name, logicalId: key, path: 'Outputs' };
            if (scope === undefined) continue;
            if (condition !== undefined && !conditionHolds(condition, scope, location)) continue;
            values[key] = String(resolveValue(value, scope, location));
          }
          return [stack.name, values];
        }),
      ),
  };
}

function createResource(
  stack: AssemblyStack,
  { logicalId, type, properties, constructPath }: TemplateResource,
  scope: IntrinsicScope,
  options: ModelOptions,
  guarded: <T>(key: string, resolve: () => T) => T,
): ModelResource {
  const location = { stack: stack.name, logicalId, path: 'Properties' };
  const source: IdentitySource = {
    stack: stack.name,
    region: stack.region,
    logicalId,
    sqsUrl: options.sqsUrl,
    get functionUrl() {
      return options.functionUrl(stack.name, logicalId);
    },
    name(property) {
      if (properties[property] === undefined) return undefined;
      const value = resolveValue(properties[property], scope, {
        ...location,
        path: `Properties.${property}`,
      });
      return value === undefined ? undefined : String(value);
    },
  };
  const identify = () => guarded(`${stack.name}/${logicalId}`, () => knownIdentity(type, source));
  let resolved: JsonObject | undefined;
  return {
    stack: stack.name,
    region: stack.region,
    logicalId,
    type,
    constructPath,
    assets: stack.assets,
    get physicalId() {
      return identify()?.ref ?? standInIdentity(type, source).ref;
    },
    properties() {
      if (resolved === undefined) {
        const value = resolveValue(properties, scope, location);
        resolved = isObject(value) ? value : {};
      }
      return resolved;
    },
    attribute(name) {
      const identity = identify();
      if (identity === undefined) return standInIdentity(type, source).attribute(name);
      const value = identity.attributes[name];
      if (value === undefined) throw new RangeError(`${type} has no attribute ${name} in the local stack`);
      return value;
    },
  };
}
