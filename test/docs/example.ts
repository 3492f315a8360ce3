import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Block, isExample, type Page } from './page.ts';

/** What can be done with an example. */
export type ExampleKind =
  /** Constructs in a scope: the body of a function whose `this` is a stack. */
  | 'scope'
  /** Types alone: nothing is left of it at run time. */
  | 'types'
  /** A module, or a script. */
  | 'module';

/** A block of TypeScript, written to a file. */
export interface Example {
  readonly block: Block;
  readonly kind: ExampleKind;
  /** Absolute path. Line n of it is line `block.line + n - 1` of the page. */
  readonly file: string;
  /** Folder that stands for the reader's project: one for each page. */
  readonly project: string;
}

/**
 * Write the blocks of pages to files that the compiler takes, each page's in a project of its own, in place of what was
 * in the folder.
 */
export async function writeExamples(folder: string, pages: readonly Page[]): Promise<readonly Example[]> {
  await rm(folder, { recursive: true, force: true });
  const examples: Example[] = [];
  for (const { path, blocks } of pages) {
    const project = resolve(folder, path.replace(/\.md$/, '').replaceAll(/[^\w]+/g, '-'));
    for (const block of blocks) {
      if (!isExample(block) && !block.notes.has('file')) continue;
      const file = join(project, block.notes.get('file') ?? `line-${block.line}.ts`);
      const kind = kindOf(block.code);
      await write(file, isExample(block) ? sourceOf(block, kind) : `${block.code}\n`);
      if (isExample(block)) examples.push({ block, kind, file, project });
    }
    await Promise.all(entriesOf(blocks).map((entry) => writeEntry(join(project, entry))));
  }
  return examples;
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** Handlers that constructs of the page name: their code is not the point, and is not bundled either. */
function entriesOf(blocks: readonly Block[]): string[] {
  const found = blocks.flatMap(({ code }) => [...code.matchAll(/\bentry: '([^']+)'/g)]);
  return [...new Set(found.map(([, entry = '']) => entry))];
}

async function writeEntry(file: string): Promise<void> {
  if (!existsSync(file)) await write(file, 'export const handler = async (): Promise<void> => {};\n');
}

const IMPORTS = /^(?:\s*(?:\/\/[^\n]*\n|import\b[^;]*;[^\n]*\n))*/;

/** The code without its imports. */
function bodyOf(code: string): string {
  return `${code}\n`.replace(IMPORTS, '');
}

/** What kind of example a code is. */
export function kindOf(code: string): ExampleKind {
  const body = bodyOf(code).replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
  if (/\bthis\b/.test(body) && !/\bclass\b/.test(body)) return 'scope';
  const statements = body.split(/\n(?=\S)/).filter((statement) => /^[^\s}\])]/.test(statement));
  const typesAlone = statements.every((each) => /^(?:export )?(?:declare )?(?:interface|type)\b/.test(each));
  return typesAlone && statements.length > 0 ? 'types' : 'module';
}

/** The code as a module, each line where it was; calls come behind it. */
function sourceOf({ code, notes }: Block, kind: ExampleKind): string {
  if (kind !== 'scope') {
    const calls = notes.get('call')?.split('\n') ?? [];
    return [code, ...calls.map((call) => `console.log(await ${call});`), 'export {};', ''].join('\n');
  }
  const body = bodyOf(code);
  const imports = `${code}\n`.slice(0, -body.length);
  const head = "export default async function build(this: import('aws-cdk-lib').Stack): Promise<void> {";
  return `${imports}${head}${body}}\n`;
}

/** Line of the page that a line of the example's file is. */
export function pageLine({ block }: Example, line: number): number {
  const lines = block.code.split('\n').length;
  return block.line + Math.min(Math.max(line, 1), lines) - 1;
}
