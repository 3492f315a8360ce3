import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ACCOUNT } from '../account.ts';
import { AssemblyError } from '../errors.ts';
import { arrayAt, isObject, type JsonObject, objectAt, parseJson, stringAt } from '../json.ts';
import { readTemplate, type Template } from './template.ts';

/** Region used when a stack is synthesized without an environment. */
export const DEFAULT_REGION = 'us-east-1';

/** A stack of the cloud assembly. */
export interface AssemblyStack {
  /** Artifact id: the stack's name in the CDK app. */
  readonly id: string;
  /** CloudFormation stack name. */
  readonly name: string;
  readonly region: string;
  readonly template: Template;
  /** File asset directories (absolute) by the S3 object key that templates name. */
  readonly assets: ReadonlyMap<string, string>;
}

/**
 * Read the stacks of a cloud assembly, nested assemblies (stages) included.
 *
 * @param directory what `cdk synth` wrote, usually `cdk.out`
 * @param only names or artifact ids of the stacks to read; all if not given
 * @throws {AssemblyError} if a file is missing or not JSON, or a stack asked for is not in it
 *
 * @example
 * const [stack] = await readAssembly('cdk.out', ['Orders']);
 */
export async function readAssembly(directory: string, only?: readonly string[]): Promise<AssemblyStack[]> {
  const all = await readStacks(resolve(directory));
  if (only === undefined) return all;
  const missing = only.filter((name) => !all.some((stack) => stack.name === name || stack.id === name));
  if (missing.length > 0) {
    throw new AssemblyError(
      `no stack ${missing.join(', ')} in ${directory}, which has ${all.map((stack) => stack.name).join(', ')}`,
    );
  }
  return all.filter((stack) => only.includes(stack.name) || only.includes(stack.id));
}

async function readStacks(directory: string): Promise<AssemblyStack[]> {
  const manifest = await readJson(join(directory, 'manifest.json'));
  const artifacts = Object.entries(objectAt(manifest, 'artifacts'));
  const assets = new Map<string, string>();
  for (const [, artifact] of artifacts) {
    if (stringAt(artifact, 'type') === 'cdk:asset-manifest') {
      await readAssets(directory, stringAt(objectAt(artifact, 'properties'), 'file'), assets);
    }
  }
  const stacks: AssemblyStack[] = [];
  for (const [id, artifact] of artifacts) {
    const type = stringAt(artifact, 'type');
    const properties = objectAt(artifact, 'properties');
    if (type === 'cdk:cloud-assembly') {
      stacks.push(...(await readStacks(join(directory, stringAt(properties, 'directoryName') ?? id))));
    } else if (type === 'aws:cloudformation:stack' && isObject(artifact)) {
      stacks.push(await readStack(directory, id, artifact, assets));
    }
  }
  return stacks;
}

async function readStack(
  directory: string,
  id: string,
  artifact: JsonObject,
  assets: ReadonlyMap<string, string>,
): Promise<AssemblyStack> {
  const properties = objectAt(artifact, 'properties');
  const templateFile = stringAt(properties, 'templateFile');
  if (templateFile === undefined)
    throw new AssemblyError(`stack ${id} names no templateFile in its manifest`);
  const extraFile = stringAt(artifact, 'additionalMetadataFile');
  const paths = logicalIdPaths(objectAt(artifact, 'metadata'));
  if (extraFile !== undefined) {
    const extra = await readJson(join(directory, extraFile));
    for (const [logicalId, path] of logicalIdPaths(isObject(extra) ? extra : {})) paths.set(logicalId, path);
  }
  const [, account = '', region = ''] =
    /^aws:\/\/([^/]+)\/(.+)$/.exec(stringAt(artifact, 'environment') ?? '') ?? [];
  return {
    id,
    name: stringAt(properties, 'stackName') ?? id,
    region: region === '' || region === 'unknown-region' ? DEFAULT_REGION : region,
    template: readTemplate(await readJson(join(directory, templateFile), localAccount(account)), paths),
    assets,
  };
}

/** Construct paths from manifest metadata: `{ "/Stack/Queue/Resource": [{ type: 'aws:cdk:logicalId', data }] }`. */
function logicalIdPaths(metadata: JsonObject): Map<string, string> {
  const paths = new Map<string, string>();
  for (const path of Object.keys(metadata)) {
    for (const entry of arrayAt(metadata, path)) {
      const logicalId = stringAt(entry, 'data');
      if (stringAt(entry, 'type') === 'aws:cdk:logicalId' && logicalId !== undefined) {
        paths.set(logicalId, path);
      }
    }
  }
  return paths;
}

async function readAssets(
  directory: string,
  file: string | undefined,
  into: Map<string, string>,
): Promise<void> {
  if (file === undefined) return;
  const files = objectAt(await readJson(join(directory, file)), 'files');
  for (const asset of Object.values(files)) {
    const path = stringAt(objectAt(asset, 'source'), 'path');
    if (path === undefined) continue;
    for (const destination of Object.values(objectAt(asset, 'destinations'))) {
      const key = stringAt(destination, 'objectKey');
      if (key !== undefined) into.set(key, resolve(directory, path));
    }
  }
}

/** A stack synthesized for an account has its number in ARNs; here they have to name the local one. */
function localAccount(account: string): (text: string) => string {
  return /^\d{12}$/.test(account)
    ? (text) => text.replaceAll(`:${account}:`, `:${ACCOUNT}:`)
    : (text) => text;
}

async function readJson(path: string, adapt = (text: string): string => text): Promise<unknown> {
  try {
    return parseJson(adapt(await readFile(path, 'utf8')));
  } catch (cause) {
    throw new AssemblyError(`cannot read ${path}, is it a cloud assembly that cdk synth wrote?`, { cause });
  }
}
