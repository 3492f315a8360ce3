import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * This file. CommonJS has no `import.meta`: there the build puts the URL of this module's ES twin in its place
 * (scripts/build.ts), so that both builds bundle the same files.
 */
// biome-ignore lint/suspicious/noTsIgnore: an error only where the build compiles to CommonJS
// @ts-ignore
const HERE: string = import.meta.url;

/**
 * Entry file of one of the library's own functions: the source in its repository, the compiled ES module in the
 * package.
 */
export function handlerEntry(name: 'intake-controller' | 'health-check'): string {
  const file = fileURLToPath(HERE);
  return join(dirname(file), '..', '..', 'lambdas', 'handlers', `${name}${extname(file)}`);
}
