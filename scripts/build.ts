import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Compile the package: ES modules for everything, CommonJS for what CDK apps and handlers import. */
const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));

rmSync('dist', { recursive: true, force: true });
compile('tsconfig.build.json');
compile('local/page/client/tsconfig.build.json');
compile('tsconfig.cjs.json');
// The package is one of ES modules; this says that what lies in here is not.
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n');
nameEsTwin('lib/private/handler-entry.js');
copyPage('local/page/client');

function compile(project: string): void {
  execFileSync(process.execPath, [join(typescript, 'bin', 'tsc'), '--project', project], {
    stdio: 'inherit',
  });
}

/** What a browser takes as it is. */
function copyPage(directory: string): void {
  for (const file of readdirSync(directory).filter((name) => /\.(?:html|css|svg)$/.test(name))) {
    copyFileSync(join(directory, file), join('dist/esm', directory, file));
  }
}

/** Replace `import.meta.url`, which CommonJS cannot even parse, by the URL of the same file among the ES modules. */
function nameEsTwin(file: string): void {
  const path = join('dist/cjs', file);
  const before = readFileSync(path, 'utf8');
  const up = '../'.repeat(file.split('/').length);
  const url = `require('node:url').pathToFileURL(require('node:path').join(__dirname, '${up}esm/${file}')).href`;
  const after = before.replaceAll('import.meta.url', url);
  if (after === before) throw new Error(`${path} no longer asks for import.meta.url`);
  writeFileSync(path, after);
}
