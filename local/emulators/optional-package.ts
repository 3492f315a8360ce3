import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MissingEmulatorError } from '../errors.ts';

/** Import an optional peer dependency, or say what to install. */
export async function importOptional(name: string, version: string): Promise<unknown> {
  try {
    return await import(name);
  } catch (cause) {
    throw missing(name, version, cause);
  }
}

/** Import a file inside an optional peer dependency that its exports do not list. */
export async function importInside(name: string, file: string, version: string): Promise<unknown> {
  try {
    const manifest = nodeModule.findPackageJSON(name, import.meta.url);
    if (manifest === undefined) throw new Error(`${name} is not installed`);
    return await import(pathToFileURL(join(dirname(manifest), file)).href);
  } catch (cause) {
    throw missing(name, version, cause);
  }
}

function missing(name: string, version: string, cause: unknown): MissingEmulatorError {
  return new MissingEmulatorError(
    `the local stack needs the package ${name}: install it with "npm install --save-dev ${name}@${version}", or give an endpoint of your own`,
    { cause },
  );
}
