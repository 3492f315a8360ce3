import { describe, expect, it, vi } from 'vitest';
import { useEmulators } from '../aws/emulators.ts';
import { kindOf, writeExamples } from './example.ts';
import { parsePage } from './page.ts';
import { runExample } from './run-example.ts';
import { typeErrors } from './type-check.ts';

// Whether the tests of the examples would notice: broken blocks in small pages.

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

const emulators = useEmulators();
let folders = 0;

/** Write a page with one block, on line 3. */
async function written(code: string, notes = '') {
  folders += 1;
  const folder = `out/docs-harness/${folders}`;
  const page = parsePage('docs/page.md', `# Page\n${notes}\n\`\`\`ts\n${code}\n\`\`\`\n`);
  const examples = await writeExamples(folder, [page]);
  return examples;
}

/** What running it comes to. */
async function run(code: string, notes?: string): Promise<string> {
  const examples = await written(code, notes);
  const [example] = examples;
  if (example === undefined) throw new Error('there is no example');
  return runExample(example, { emulators, examples });
}

const consumer = (handle: string): string => `import { resilientConsumer } from 'spillway/runtime';
import * as z from 'zod';

export const handler = resilientConsumer({
  schema: z.object({ id: z.string().min(3), total: z.number().min(5), tags: z.array(z.enum(['a', 'b'])) }),
  idempotencyKey: (order) => order.id,
  handle: async (order, ctx) => ${handle},
});`;

describe('a page', () => {
  it('is read with what its blocks are written in, their lines and their notes', () => {
    const text = [
      '- list',
      '',
      '  ```ts',
      '  const a = 1;',
      '',
      '    a;',
      '  ```',
      '<!-- not run: there is no such service -->',
      '<!-- message: {"a": 1} -->',
      '',
      '```typescript',
      '```',
      '<!-- file: a.yaml -->',
      'text between',
      '```yaml',
      'a: 1',
      '```',
    ].join('\n');
    expect(parsePage('a.md', text).blocks).toEqual([
      { page: 'a.md', line: 4, language: 'ts', code: 'const a = 1;\n\n  a;', notes: new Map() },
      {
        page: 'a.md',
        line: 12,
        language: 'typescript',
        code: '',
        notes: new Map([
          ['not run', 'there is no such service'],
          ['message', '{"a": 1}'],
        ]),
      },
      { page: 'a.md', line: 16, language: 'yaml', code: 'a: 1', notes: new Map() },
    ]);
    expect(parsePage('a.md', '<!-- examples: test/a.test.ts -->').runBy).toBe('test/a.test.ts');
  });

  it.each([
    ['```ts\nconst a = 1;', 'a.md:1: the block does not end'],
    ['text\n```ts no-run\n```', 'a.md:2: say it in a comment before the block, not behind the language'],
    ['<!-- not run: -->\n```ts\n```', 'a.md:1: "not run" says nothing'],
  ])('is refused where it cannot be understood: %j', (text, problem) => {
    expect(() => parsePage('a.md', text)).toThrow(problem);
  });
});

it.each([
  ["import { Stack } from 'aws-cdk-lib';\n\nnew Queue(this, 'Orders');", 'scope'],
  ['class A extends Stack {\n  a = this;\n}', 'module'],
  ["// this is a call\nconsole.log('x');", 'module'],
  [
    "import type { A } from 'a';\n\n/** Said. */\nexport interface B {\n  a: A;\n}\ntype C =\n  | 1\n  | 2;",
    'types',
  ],
  ["import {\n  a,\n} from 'a';\n// said\na(this);", 'scope'],
  ['interface A {}\nconst a: A = {};', 'module'],
])('tells what can be done with a block: %j', (code, kind) => {
  expect(kindOf(code)).toBe(kind);
});

describe('the compiler', () => {
  it('names page and line of what it does not accept, in a scope too', async () => {
    const scope =
      "import { Queue } from 'aws-cdk-lib/aws-sqs';\n\n// a queue\nnew Queue(this, 'Orders', { fifo: 'yes' });";
    const codes = [
      'const text: string = 1;\nconsole.log(text);',
      "import { resilient } from 'spillway/runtime';\nresilient();",
      'console.log(undeclared);',
      scope,
    ];
    const pages = codes.map((code, at) =>
      parsePage(`docs/${at}.md`, `# Page\n\n\`\`\`ts\n${code}\n\`\`\`\n`),
    );
    const folder = 'out/docs-harness/errors';
    const errors = await typeErrors(folder, await writeExamples(folder, pages));
    expect(errors.map((error) => error.split(' ')[0])).toEqual([
      'docs/0.md:4:',
      'docs/1.md:4:',
      'docs/2.md:4:',
      'docs/3.md:7:',
    ]);
    expect(errors[0]).toMatch(/: error TS2322: /);
  });

  it('accepts what is right, and blocks that declare the same names', async () => {
    const page = parsePage(
      'docs/page.md',
      '```ts\nconst a = 1;\n```\n```ts\nconst a = await fetch("x");\n```\n',
    );
    const examples = await writeExamples('out/docs-harness/same', [page]);
    expect(await typeErrors('out/docs-harness/same', examples)).toEqual([]);
  });
});

describe('an example', () => {
  it('is run, and says what it did', async () => {
    expect(await run("await fetch('https://a.example');")).toBe('fetched 1, asked 0, wrote 0 lines');
    expect(await run("console.log('x', 'y');", '<!-- prints: x y -->')).toContain('wrote 1 lines');
    expect(await run('export interface A {}')).toBe('described types');
    expect(await run(consumer('ctx.logger.info(order.id)'))).toBe('handled a message');
    const scope = "import { Queue } from 'aws-cdk-lib/aws-sqs';\n\nnew Queue(this, 'Orders');";
    expect(await run(scope)).toBe('synthesized 1 resources');
    const stack = `import { Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
export class Shop extends Stack {
  readonly queue = new Queue(this, 'Orders');
}`;
    expect(await run(stack)).toBe('synthesized 1 resources');
    const app = `import { App, Stack } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
// what cdk synth runs
new Queue(new Stack(new App(), 'Shop'), 'Orders');`;
    expect(await run(app)).toBe('synthesized 1 resources');
    const declares = "export const greet = (name: string) => [process.env.GREETING, name].join(' ');";
    const notes =
      "<!-- environment: GREETING=a=b -->\n<!-- call: greet('ann') -->\n<!-- call: greet('bob') -->";
    expect(await run(declares, `${notes}\n<!-- prints: a=b bob -->`)).toContain('wrote 2 lines');
    const producer = `import { createProducer } from 'spillway/runtime';
import * as z from 'zod';
const orders = createProducer({ schema: z.object({ id: z.string() }), queueUrl: process.env.QUEUE_URL ?? '' });
await orders.send({ id: '42' });`;
    expect(await run(producer)).toContain('asked 1');
  });

  it('that is called wrongly is found by the compiler', async () => {
    const page = '<!-- call: double("2") -->\n```ts\nconst double = (value: number) => 2 * value;\n```\n';
    const examples = await writeExamples('out/docs-harness/call', [parsePage('docs/page.md', page)]);
    const [error] = await typeErrors('out/docs-harness/call', examples);
    expect(error).toMatch(/^docs\/page.md:3: error TS2345: /);
  });

  it('that throws is named by page and line', async () => {
    await expect(run("const a = 1;\nif (a === 1) throw new Error('broken');")).rejects.toThrow(
      'docs/page.md:5: broken',
    );
    await expect(run('const a = 1;')).rejects.toThrow('docs/page.md:4: it does nothing');
    await expect(run('export const a = () => fetch("x");')).rejects.toThrow('it does nothing');
    await expect(run("console.log('x');", '<!-- prints: y -->')).rejects.toThrow('it does not print y');
  });

  it('of constructs fails on what synthesis refuses, and where nothing is made', async () => {
    const queue = "import { ResilientQueue } from 'spillway';\n\nnew ResilientQueue(this, 'Orders', ";
    await expect(run(`${queue}{ maxReceiveCount: 1 });`)).rejects.toThrow('maxReceiveCount');
    const empty = "import { App, Stack } from 'aws-cdk-lib';\nnew Stack(new App(), 'Shop');";
    await expect(run(empty)).rejects.toThrow('it does nothing');
    await expect(run('this.node.addMetadata("a", "b");')).rejects.toThrow('it does nothing');
  });

  it('of a consumer fails if the message has another outcome than is said', async () => {
    const fails = consumer("{\n    throw new Error('broken');\n  }");
    await expect(run(fails)).rejects.toThrow('was retried, not handled');
    expect(await run(fails, '<!-- outcome: retried -->')).toBe('retried a message');
    const message = '<!-- message: {"id": 42} -->';
    await expect(run(consumer('ctx.logger.info(order.id)'), message)).rejects.toThrow('was quarantined');
    await expect(run(consumer('ctx.circuit("a").call(() => order)'))).rejects.toThrow('docs/page.md:');
  });
});
