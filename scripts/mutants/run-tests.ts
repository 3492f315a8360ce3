import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';

/** A test that failed. */
export interface FailedTest {
  readonly file: string;
  readonly name: string;
}

/** How a run of tests ended. */
export interface TestRun {
  readonly passed: number;
  readonly failed: readonly FailedTest[];
  /** Files in which no test could be run, with why. */
  readonly broken: readonly string[];
}

const reportSchema = z.object({
  numPassedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

/** Whoever is not done by then hangs: all files together take a minute, and several on a busy machine. */
const LONGEST_RUN_MS = 600_000;

/** Run test files of a copy of the tree, until the first failure. */
export async function runTests(tree: string, files: readonly string[]): Promise<TestRun> {
  const output = join(tree, 'mutant-report.json');
  const vitest = join(tree, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', ...files, '--bail=1', '--reporter=json', `--outputFile=${output}`];
  await rm(output, { force: true });
  const told = await new Promise<string>((resolve) => {
    const env = { ...process.env, SPILLWAY_NO_SHRINKING: '1' };
    const options = { cwd: tree, env, timeout: LONGEST_RUN_MS, maxBuffer: 64 * 1024 * 1024 };
    execFile(process.execPath, args, options, (_error, stdout, stderr) => resolve(`${stdout}${stderr}`));
  });
  const text = await readFile(output, 'utf8').catch(() => undefined);
  if (text === undefined)
    return { passed: 0, failed: [], broken: [`no report was written: ${told.slice(-500)}`] };
  const { numPassedTests, testResults } = reportSchema.parse(JSON.parse(text));
  const failed = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => ({ file: name.slice(tree.length + 1), name: fullName })),
  );
  const broken = testResults
    .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
    .map(({ name, message = '' }) => `${name.slice(tree.length + 1)}: ${message}`);
  return { passed: numPassedTests, failed, broken };
}
