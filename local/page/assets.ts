import { readFile } from 'node:fs/promises';
import * as nodeModule from 'node:module';
import { dirname, extname, join } from 'node:path';

/** A file of the page. */
export interface Asset {
  readonly type: string;
  readonly body: Buffer | string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.ts': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const STATIC: Readonly<Record<string, string>> = {
  '/': 'client/index.html',
  '/page.css': 'client/page.css',
  '/widgets.css': 'client/widgets.css',
  '/icon.svg': 'client/icon.svg',
};

/** Files of uPlot's package, so that the page works without a network. */
const UPLOT: Readonly<Record<string, string>> = {
  '/vendor/uplot.js': 'dist/uPlot.esm.js',
  '/vendor/uplot.css': 'dist/uPlot.min.css',
};

/** Modules of the page: lower-case names, at most one folder deep, so that no path leads out. */
const MODULE = /^\/((?:client|shared)\/(?:[a-z]+\/)?[a-z]+(?:-[a-z]+)*)\.(?:js|ts)$/;

/**
 * A file of the page by the path of its URL, or nothing. In the repository the modules are TypeScript, whose types are
 * stripped on the way out (they import each other as `.ts`); in the package they are compiled.
 */
export async function asset(path: string): Promise<Asset | undefined> {
  const file = STATIC[path];
  if (file !== undefined) return read(join(import.meta.dirname, file));
  const vendor = UPLOT[path];
  if (vendor !== undefined) return read(join(packageRoot('uplot'), vendor));
  const module = MODULE.exec(path)?.[1];
  if (module === undefined) return undefined;
  const stem = join(import.meta.dirname, module);
  return isSource() ? read(`${stem}.ts`) : read(`${stem}.js`);
}

function isSource(): boolean {
  return extname(import.meta.filename) === '.ts';
}

async function read(file: string): Promise<Asset | undefined> {
  const extension = extname(file);
  try {
    const bytes = await readFile(file);
    const body = extension === '.ts' ? nodeModule.stripTypeScriptTypes(bytes.toString('utf8')) : bytes;
    return { type: TYPES[extension] ?? 'application/octet-stream', body };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function packageRoot(name: string): string {
  const manifest = nodeModule.findPackageJSON(name, import.meta.url);
  if (manifest === undefined) throw new Error(`the package ${name} is not installed`);
  return dirname(manifest);
}
