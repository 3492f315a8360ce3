import { isObject, type JsonObject, objectAt, stringAt } from '../json.ts';

/** One resource as the template has it, nothing resolved. */
export interface TemplateResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: JsonObject;
  /** Name of the condition that decides whether the resource exists. */
  readonly condition?: string;
  /** The path of the construct that made it, without a trailing `/Resource`. */
  readonly constructPath: string;
}

/** One output as the template has it. */
export interface TemplateOutput {
  readonly key: string;
  readonly value: unknown;
  readonly exportName?: unknown;
  readonly condition?: string;
}

/** A CloudFormation template, as far as the local stack reads it. */
export interface Template {
  readonly resources: ReadonlyMap<string, TemplateResource>;
  readonly outputs: readonly TemplateOutput[];
  readonly parameters: JsonObject;
  readonly mappings: JsonObject;
  readonly conditions: JsonObject;
}

/** The path a user knows a construct by: `Stack/Orders/Queue` rather than `Stack/Orders/Queue/Resource`. */
export function trimConstructPath(path: string): string {
  return path.replace(/^\//, '').replace(/\/(Resource|Default)$/, '');
}

/**
 * Read a parsed template.
 *
 * @param constructPaths paths by logical id, for templates that were synthesized without path metadata
 */
export function readTemplate(json: unknown, constructPaths: ReadonlyMap<string, string>): Template {
  const resources = new Map<string, TemplateResource>();
  for (const [logicalId, value] of Object.entries(objectAt(json, 'Resources'))) {
    const type = stringAt(value, 'Type');
    if (type === undefined) continue;
    const condition = stringAt(value, 'Condition');
    const path =
      stringAt(objectAt(value, 'Metadata'), 'aws:cdk:path') ?? constructPaths.get(logicalId) ?? logicalId;
    resources.set(logicalId, {
      logicalId,
      type,
      properties: objectAt(value, 'Properties'),
      constructPath: trimConstructPath(path),
      ...(condition === undefined ? {} : { condition }),
    });
  }
  return {
    resources,
    outputs: readOutputs(objectAt(json, 'Outputs')),
    parameters: objectAt(json, 'Parameters'),
    mappings: objectAt(json, 'Mappings'),
    conditions: objectAt(json, 'Conditions'),
  };
}

function readOutputs(outputs: JsonObject): TemplateOutput[] {
  return Object.entries(outputs).map(([key, output]) => {
    const condition = stringAt(output, 'Condition');
    return {
      key,
      value: isObject(output) ? output.Value : undefined,
      exportName: objectAt(output, 'Export').Name,
      ...(condition === undefined ? {} : { condition }),
    };
  });
}
