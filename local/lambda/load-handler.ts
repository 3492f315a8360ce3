import { existsSync, readFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { EnvironmentStart, FunctionError } from './protocol.ts';

/** A Lambda handler, asynchronous or with a callback. */
export type Handler = (
  event: unknown,
  context: object,
  callback?: (error: unknown, result?: unknown) => void,
) => unknown;

/** The handler could not be loaded; carries the error that Lambda reports. */
export class HandlerLoadError extends Error {
  override readonly name = 'HandlerLoadError';
  readonly error: FunctionError;

  constructor(error: FunctionError) {
    super(error.errorMessage);
    this.error = error;
  }
}

/**
 * Import the module that a Handler setting names and pick the export, as the Node.js runtime of Lambda does:
 * `dir/file.export.inner`, file extensions `.js`, `.mjs`, `.cjs`.
 *
 * @throws {HandlerLoadError} Runtime.ImportModuleError, Runtime.UserCodeSyntaxError or Runtime.HandlerNotFound
 */
export async function loadHandler({ taskRoot, handler, packageRoots }: EnvironmentStart): Promise<Handler> {
  const slash = handler.lastIndexOf('/') + 1;
  const [moduleName = '', ...exportPath] = handler.slice(slash).split('.');
  const base = join(taskRoot, handler.slice(0, slash), moduleName);
  const file = ['.js', '.mjs', '.cjs'].map((extension) => base + extension).find((path) => existsSync(path));
  if (file === undefined) {
    throw new HandlerLoadError({
      errorType: 'Runtime.ImportModuleError',
      errorMessage: `Error: Cannot find module '${moduleName}'`,
    });
  }
  const commonJs = !existsSync(join(taskRoot, 'package.json'));
  behaveAsDeployed(taskRoot, packageRoots, commonJs);
  let value: unknown;
  try {
    value =
      commonJs && file.endsWith('.js') ? createRequire(file)(file) : await import(pathToFileURL(file).href);
  } catch (error) {
    throw new HandlerLoadError(loadError(error));
  }
  for (const name of exportPath) value = member(value, name) ?? member(member(value, 'default'), name);
  if (!isHandler(value)) {
    throw new HandlerLoadError({
      errorType: 'Runtime.HandlerNotFound',
      errorMessage: `${handler} is undefined or not exported`,
    });
  }
  return value;
}

/**
 * Two things differ between a directory inside a project and /var/task. A `.js` file there has no package.json of the
 * project above it, so it is CommonJS unless the bundle says otherwise. And the AWS SDK is there without being bundled.
 */
function behaveAsDeployed(taskRoot: string, packageRoots: readonly string[], commonJs: boolean): void {
  const rootUrl = pathToFileURL(taskRoot + sep).href;
  let borrowing = false;
  registerHooks({
    load(url, context, nextLoad) {
      const own =
        commonJs && url.startsWith(rootUrl) && url.endsWith('.js') && !url.includes('/node_modules/');
      if (!own) return nextLoad(url, context);
      // only a source given here keeps the loader from asking the project's package.json
      return { format: 'commonjs', source: readFileSync(fileURLToPath(url)), shortCircuit: true };
    },
    resolve(specifier, context, nextResolve) {
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (borrowing || !/^@(aws-sdk|smithy)\//.test(specifier)) throw error;
        borrowing = true;
        try {
          for (const root of packageRoots) {
            const parent = join(root, 'index.js');
            try {
              // the resolver of require ignores parentURL
              return context.conditions.includes('require')
                ? { url: pathToFileURL(createRequire(parent).resolve(specifier)).href, shortCircuit: true }
                : nextResolve(specifier, { ...context, parentURL: pathToFileURL(parent).href });
            } catch {
              // the next root may have it
            }
          }
        } finally {
          borrowing = false;
        }
        throw error;
      }
    },
  });
}

function member(value: unknown, name: string): unknown {
  return (typeof value === 'object' || typeof value === 'function') && value !== null
    ? Reflect.get(value, name)
    : undefined;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

/** An error as Lambda's runtime writes it. */
export function toFunctionError(error: unknown): FunctionError {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return {
    errorType: error.name,
    errorMessage: error.message,
    trace: (error.stack ?? '').split('\n'),
  };
}

function loadError(error: unknown): FunctionError {
  const { errorType, errorMessage, trace } = toFunctionError(error);
  if (errorType === 'SyntaxError') {
    return {
      errorType: 'Runtime.UserCodeSyntaxError',
      errorMessage: `SyntaxError: ${errorMessage}`,
      trace: trace ?? [],
    };
  }
  const code = member(error, 'code');
  const missing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
  return missing
    ? { errorType: 'Runtime.ImportModuleError', errorMessage: `Error: ${errorMessage}`, trace: trace ?? [] }
    : { errorType, errorMessage, trace: trace ?? [] };
}
