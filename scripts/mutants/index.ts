import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { MUTANTS } from './list.ts';
import { type Mutant, mutated } from './mutant.ts';
import { runTests } from './run-tests.ts';
import { copyTree, type Tree } from './tree.ts';

const AT_A_TIME = 2;

const HELP = `Break one rule after the other in a copy of the tree; the tests have to notice each time.

Usage: npm run mutants -- [options]

  --only TEXT   mutants whose name, rule or file contains the text
  --list        name the mutants, and run nothing
  --json FILE   where the result is written (default out/mutants.json)
  --help        this text

Exit code: 0 if every mutant was killed by a test, 1 if one survived or does not fit the code, 2 for a wrong option.
`;

/** What became of a mutant. */
interface Fate {
  readonly name: string;
  readonly rule: string;
  readonly killed: boolean;
  /** The test that noticed, and its file. */
  readonly test?: string;
  readonly file?: string;
  /** Why it was not killed. */
  readonly problem?: string;
  readonly seconds: number;
}

const { only, list, json } = readOptions();
const chosen = MUTANTS.filter(({ name, rule, file }) =>
  [name, rule, file].some((text) => text.includes(only)),
);
if (chosen.length === 0) fail(`--only must be part of a mutant's name, got ${only}`);
if (list) for (const { name, rule } of chosen) say(`${name} (${rule})`);
else process.exitCode = (await runAll(chosen)) ? 0 : 1;

async function runAll(mutants: readonly Mutant[]): Promise<boolean> {
  const trees = await Promise.all(Array.from({ length: AT_A_TIME }, copyTree));
  try {
    const [first] = trees;
    if (first === undefined) throw new RangeError('there is no tree to break');
    const files = [...new Set(mutants.flatMap(({ tests }) => tests))];
    say(`checking that ${files.length} test files pass as they are`);
    const { passed, failed, broken } = await runTests(first.path, files);
    if (failed.length > 0 || broken.length > 0 || passed === 0) {
      say(`they do not: ${[...failed.map(({ name }) => name), ...broken].join('\n')}`);
      return false;
    }
    const fates: Fate[] = [];
    const queue = mutants.values();
    await Promise.all(
      trees.map(async (tree) => {
        for (const mutant of queue) {
          const fate = await fateOf(mutant, tree);
          fates.push(fate);
          tell(fate);
        }
      }),
    );
    const survivors = fates.filter(({ killed }) => !killed);
    await mkdir(dirname(json), { recursive: true });
    await writeFile(json, `${JSON.stringify({ mutants: fates }, null, 2)}\n`);
    say(`${fates.length - survivors.length} of ${fates.length} mutants killed`);
    return survivors.length === 0;
  } finally {
    await Promise.all(trees.map((tree) => tree.remove()));
  }
}

async function fateOf(mutant: Mutant, tree: Tree): Promise<Fate> {
  const startedAt = performance.now();
  const path = join(tree.path, mutant.file);
  const text = await readFile(path, 'utf8');
  try {
    await writeFile(path, mutated(text, mutant));
    const { failed, broken } = await runTests(tree.path, mutant.tests);
    return { ...fate(failed[0], broken), name: mutant.name, rule: mutant.rule, seconds: seconds(startedAt) };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { name: mutant.name, rule: mutant.rule, killed: false, problem, seconds: seconds(startedAt) };
  } finally {
    await writeFile(path, text);
  }
}

/** It has to be a test that fails: code that cannot be loaded says nothing about the rule. */
function fate(
  failed: { readonly name: string; readonly file: string } | undefined,
  broken: readonly string[],
): Pick<Fate, 'killed' | 'test' | 'file' | 'problem'> {
  if (failed !== undefined) return { killed: true, test: failed.name, file: failed.file };
  if (broken.length > 0) return { killed: false, problem: `no test could be run: ${broken.join('; ')}` };
  return { killed: false, problem: 'no test noticed' };
}

function tell({ name, rule, killed, test, file, problem, seconds: took }: Fate): void {
  const outcome = killed ? `killed by "${test}" (${file})` : `NOT KILLED: ${problem}`;
  say(`${killed ? '  ok' : 'FAIL'}  ${name} [${rule}]\n        ${outcome}, ${took} s`);
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 100) / 10;
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', default: '' },
        list: { type: 'boolean', default: false },
        json: { type: 'string', default: 'out/mutants.json' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      say(HELP);
      process.exit(0);
    }
    return values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${HELP}`);
  process.exit(2);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
