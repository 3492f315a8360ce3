import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { rawMessage, runBatch, stubSettings } from 'spillway/testing';
import type { Emulators } from '../aws/emulators.ts';
import { type Example, pageLine } from './example.ts';
import { PageError } from './page.ts';
import { sampleOf } from './sample.ts';
import { createNamed, type Effects, removeStandIns, standIns, takeConsumer } from './stand-ins.ts';

/** Where examples run. */
export interface World {
  readonly emulators: Emulators;
  /** All examples, for those that need another one. */
  readonly examples: readonly Example[];
}

/**
 * Run an example as its reader would: constructs in a stack that is synthesized, stacks in an app, a consumer on a
 * message, anything else by loading it. What comes back says what it did.
 *
 * @throws {PageError} naming page and line, if it fails or does nothing
 */
export async function runExample(example: Example, { emulators, examples }: World): Promise<string> {
  const { block, project } = example;
  const home = process.cwd();
  await createNamed(emulators, block);
  const effects = await standIns(emulators, block);
  const restore = stubSettings({ circuits: circuitsOf(block.code) });
  try {
    await synthesizeFor(example, examples);
    process.chdir(project);
    const did = await didWhat(example, effects, emulators);
    if (did === undefined) throw new Error('it does nothing: let it call what it shows');
    return did;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new PageError(block.page, lineOf(example, error), problem, { cause: error });
  } finally {
    process.chdir(home);
    restore();
    removeStandIns();
  }
}

async function didWhat(
  { file, kind, block }: Example,
  effects: Effects,
  emulators: Emulators,
): Promise<string | undefined> {
  emulators.requests.reset();
  const loaded: Record<string, unknown> = await import(/* @vite-ignore */ file);
  if (kind === 'types') return 'described types';
  if (kind === 'scope') return synthesized(await built(loaded.default));
  for (const exported of Object.values(loaded)) {
    if (isStackClass(exported)) return synthesized(new exported(new App(), 'Example'));
  }
  const consumer = takeConsumer();
  if (consumer !== undefined && isHandler(loaded.handler)) {
    const payload = block.notes.get('message') ?? sampleOf(consumer.schema);
    return handled(loaded.handler, payload, block.notes.get('outcome') ?? 'handled');
  }
  if (effects.atExit.length > 0) {
    for (const finish of effects.atExit) finish();
    return resourcesOf('cdk.out');
  }
  const { fetched, written } = effects;
  const asked = requestsIn(emulators);
  const wanted = block.notes.get('prints') ?? '';
  if (!written.includes(wanted)) throw new Error(`it does not print ${wanted}, but: ${written}`);
  const lines = written.split('\n').length - 1;
  return fetched + asked + lines === 0
    ? undefined
    : `fetched ${fetched}, asked ${asked}, wrote ${lines} lines`;
}

function requestsIn({ requests }: Emulators): number {
  const counts = ['sqs', 'dynamodb'].flatMap((service) => Object.values(requests.counts(service)));
  return counts.reduce((sum, each) => sum + each, 0);
}

const BUNDLED = { 'aws:cdk:bundling-stacks': ['**'] };

type Handler = Parameters<typeof runBatch>[0];

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

function isStackClass(value: unknown): value is new (scope: App, id: string) => Stack {
  return typeof value === 'function' && value.prototype instanceof Stack;
}

/** What `npx cdk synth` would have left there, had the reader gone through the other page first. */
async function synthesizeFor({ block, project }: Example, examples: readonly Example[]): Promise<void> {
  const wanted = block.notes.get('assembly');
  if (wanted === undefined) return;
  const [name = '', page] = wanted.split(' of ');
  const other = examples.find(
    ({ block: each }) => each.page === page && each.code.includes(`class ${name} `),
  );
  if (other === undefined) throw new Error(`there is no ${wanted}`);
  process.chdir(other.project);
  const loaded: Record<string, unknown> = await import(/* @vite-ignore */ other.file);
  const exported = loaded[name];
  if (!isStackClass(exported)) throw new Error(`${wanted} is no stack`);
  const app = new App({ outdir: join(project, 'cdk.out'), postCliContext: BUNDLED });
  new exported(app, name);
  app.synth();
}

async function built(build: unknown): Promise<Stack> {
  if (typeof build !== 'function') throw new Error('there is nothing to build');
  const stack = new Stack(new App(), 'Example');
  await build.call(stack);
  return stack;
}

function synthesized(stack: Stack): string | undefined {
  const resources = Object.keys(Template.fromStack(stack).toJSON().Resources ?? {}).length;
  return resources === 0 ? undefined : `synthesized ${resources} resources`;
}

function resourcesOf(assembly: string): string | undefined {
  const templates = globSync(`${assembly}/**/*.template.json`).map((path) =>
    JSON.parse(readFileSync(path, 'utf8')),
  );
  const resources = templates.flatMap(({ Resources = {} }) => Object.keys(Resources)).length;
  return resources === 0 ? undefined : `synthesized ${resources} resources`;
}

async function handled(handler: Handler, payload: unknown, wanted: string): Promise<string> {
  const message = typeof payload === 'string' ? payload : JSON.stringify(payload ?? {});
  const { outcomes, troubles } = await runBatch(handler, [rawMessage(message)]);
  const [outcome] = outcomes;
  if (outcome?.kind === wanted) return `${wanted} a message`;
  throw new Error(
    `the message ${message} was ${outcome?.kind}, not ${wanted}: ${JSON.stringify([outcome, troubles])}`,
  );
}

/** The circuits that a consumer names have to be in its settings. */
function circuitsOf(code: string): Record<string, object> {
  const listed = [...code.matchAll(/\bcircuits: \[([^\]]*)\]/g)].flatMap(([, list = '']) => [
    ...list.matchAll(/'([^']+)'/g),
  ]);
  const called = [...code.matchAll(/\.circuit\('([^']+)'\)/g)];
  return Object.fromEntries([...listed, ...called].map(([, name = '']) => [name, {}]));
}

function lineOf(example: Example, error: unknown): number {
  const trace = error instanceof Error ? (error.stack ?? '') : '';
  const at = trace.indexOf(`${example.file}:`);
  const line = at < 0 ? Number.NaN : Number.parseInt(trace.slice(at + example.file.length + 1), 10);
  return Number.isNaN(line) ? example.block.line : pageLine(example, line);
}
