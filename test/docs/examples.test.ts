import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { useEmulators } from '../aws/emulators.ts';
import { writeExamples } from './example.ts';
import { isExample, readPage } from './page.ts';
import { runExample } from './run-example.ts';
import { typeErrors } from './type-check.ts';

vi.mock('../../lambdas/aws/clients.ts', async (original) =>
  (await import('./stand-ins.ts')).emulatedClients(
    await original<typeof import('../../lambdas/aws/clients.ts')>(),
  ),
);
vi.mock('../../lambdas/aws/resilient-consumer.ts', async (original) =>
  (await import('./stand-ins.ts')).watchedConsumers(
    await original<typeof import('../../lambdas/aws/resilient-consumer.ts')>(),
  ),
);

/** Loading the CDK takes its time on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const FOLDER = 'out/docs-examples';
/** Examples that are not run may be this share of all, and each has its reason. */
const MOST_NOT_RUN = 0.1;

const pages = ['README.md', ...globSync('docs/**/*.md').sort()].map(readPage);
const ownPages = pages.filter(({ runBy }) => runBy === undefined);
const examples = await writeExamples(FOLDER, ownPages);
const emulators = useEmulators();

describe('the examples of every page', () => {
  it('are there', () => {
    expect(examples.length).toBeGreaterThan(25);
  });

  it('are accepted by the compiler', async () => {
    expect(await typeErrors(FOLDER, examples)).toEqual([]);
  });

  it.each(
    examples
      .filter(({ block }) => !block.notes.has('not run'))
      .map((example) => [`${example.block.page}:${example.block.line}`, example] as const),
  )('run: %s', async (_at, example) => {
    expect(await runExample(example, { emulators, examples })).not.toBe('');
  });

  it('are run but for a few, which say why', () => {
    const notRun = examples
      .filter(({ block }) => block.notes.has('not run'))
      .map(({ block: { page, line, notes } }) => `${page}:${line}: ${notes.get('not run')}`);
    expect(notRun.filter((each) => each.split(' ').length < 5)).toEqual([]);
    expect(notRun.length, notRun.join('\n')).toBeLessThanOrEqual(examples.length * MOST_NOT_RUN);
  });
});

const elsewhere = pages.flatMap(({ path, runBy, blocks }) =>
  runBy === undefined ? [] : [[path, runBy, blocks.filter(isExample)] as const],
);

it.each(elsewhere)('%s shows what %s runs', (path, test, blocks) => {
  expect(existsSync(test), `${path} names a test that is not there: ${test}`).toBe(true);
  const here = withoutImports(readFileSync(test, 'utf8'));
  for (const { line, code } of blocks) {
    expect(here.includes(withoutImports(code)), `${path}:${line} is not in ${test}`).toBe(true);
  }
});

/** Both stand in folders of their own, and are indented differently. */
function withoutImports(code: string): string {
  const lines = code.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => !/^import |await import\(/.test(line))
    .join('\n')
    .trim();
}
