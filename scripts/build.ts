import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Compile the package: ES modules for everything, CommonJS for what CDK apps and handlers import. */
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));

rmSync('dist', { recursive: true, force: true });
compile('tsconfig.build.json');
compile('tsconfig.cjs.json');
// The package is one of ES modules; this says that what lies in here is not.
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');

function compile(project: string): void {
  execFileSync(process.execPath, [join(typescript, 'bin', 'tsc'), '--project', project], {
    stdio: 'inherit',
  });
}
