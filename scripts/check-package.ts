import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/**
 * What the packed package does for its users: publint, then a stock `cdk init` app (CommonJS) and the same as an ES
 * module project. Each installs the tarball, compiles, synthesizes and runs its jest.
 */
const STACK = `import * as cdk from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { ResilientConsumer, ResilientQueue } from 'spillway';

export class ShopStack extends cdk.Stack {
  constructor(scope: Construct, id: string, props?: cdk.StackProps) {
    super(scope, id, props);
    const queue = new ResilientQueue(this, 'Orders');
    new ResilientConsumer(this, 'OrderHandler', { queue, entry: 'lib/orders.ts' });
  }
}
`;
const HANDLER = `import { resilientConsumer } from 'spillway/runtime';
import * as z from 'zod';

export const handler = resilientConsumer({
  schema: z.object({ id: z.string(), total: z.number() }),
  idempotencyKey: (order) => order.id,
  handle: async (order, ctx) => {
    const total: number = order.total;
    // @ts-expect-error the payload's type comes from the schema, which knows no such field
    ctx.logger.info('handled', { total, missing: order.missing });
  },
});
`;
const TEST = (extension: string): string => `import * as cdk from 'aws-cdk-lib/core';
import { Template } from 'aws-cdk-lib/assertions';
import { ShopStack } from '../lib/shop-stack${extension}';

test('queues, functions and event sources are there', () => {
  const template = Template.fromStack(new ShopStack(new cdk.App(), 'Shop'));
  template.resourceCountIs('AWS::SQS::Queue', 5);
  // The intake controller's function is bundled from what the package ships.
  template.resourcePropertiesCountIs('AWS::Lambda::Function', { RecursiveLoop: 'Allow' }, 1);
  template.hasResourceProperties('AWS::Lambda::Function', { Runtime: 'nodejs24.x' });
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
});
`;

/** What jest has to be told to run ES modules (https://jestjs.io/docs/ecmascript-modules). */
const JEST_MODULES = `extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\\\.{1,2}/.*)\\\\.js$': '$1' },`;

const root = resolve(import.meta.dirname, '..');
const work = mkdtempSync(join(tmpdir(), 'spillway-package-'));
const require = createRequire(import.meta.url);
const cdk = join(dirname(require.resolve('aws-cdk/package.json')), 'bin', 'cdk');

say('packing');
run('npm', ['pack', '--silent', '--pack-destination', work], root);
run('npx', ['publint', '--strict'], root);
const tarball = join(work, `spillway-${versionOf(join(root, 'package.json'))}.tgz`);

const commonJs = join(work, 'shop');
say('cdk init app');
execFileSync('mkdir', ['-p', commonJs]);
run(process.execPath, [cdk, 'init', 'app', '--language', 'typescript'], commonJs);
run('npm', ['install', '--no-audit', '--no-fund', tarball, 'zod'], commonJs);
writeFileSync(join(commonJs, 'lib/shop-stack.ts'), STACK);
writeFileSync(join(commonJs, 'lib/orders.ts'), HANDLER);
writeFileSync(join(commonJs, 'test/shop.test.ts'), TEST(''));
check(commonJs, {});

const modules = join(work, 'shop-esm');
say('the same as ES modules');
cpSync(commonJs, modules, { recursive: true });
rmSync(join(modules, 'cdk.out'), { recursive: true, force: true });
edit(join(modules, 'package.json'), (text) =>
  JSON.stringify({ ...JSON.parse(text), type: 'module' }, null, 2),
);
edit(join(modules, 'bin/shop.ts'), (text) => text.replace("'../lib/shop-stack'", "'../lib/shop-stack.js'"));
renameSync(join(modules, 'jest.config.js'), join(modules, 'jest.config.cjs'));
edit(join(modules, 'jest.config.cjs'), (text) =>
  text.replace('transform: {', () => `${JEST_MODULES}\n  transform: {`),
);
writeFileSync(join(modules, 'test/shop.test.ts'), TEST('.js'));
check(modules, { NODE_OPTIONS: '--experimental-vm-modules' });

say('the page of the local stack');
run(process.execPath, [join(root, 'scripts/check-page.ts'), join(modules, 'node_modules/spillway')], root);

rmSync(work, { recursive: true });
say('the package works in both');

function check(project: string, jestEnvironment: Record<string, string>): void {
  say('tsc');
  run('npx', ['tsc'], project);
  say('cdk synth');
  run('npx', ['cdk', 'synth', '--quiet'], project);
  say('jest');
  run('npx', ['jest'], project, jestEnvironment);
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  environment: Record<string, string> = {},
): void {
  try {
    execFileSync(command, args, { cwd, env: { ...process.env, ...environment }, stdio: 'pipe' });
  } catch (error) {
    const { stdout, stderr }: { stdout?: unknown; stderr?: unknown } = Object(error);
    console.error(`${command} ${args.join(' ')} in ${cwd} failed:\n${String(stdout)}\n${String(stderr)}`);
    process.exit(1);
  }
}

function edit(file: string, change: (text: string) => string): void {
  const before = readFileSync(file, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`${file} is not what cdk init used to write`);
  writeFileSync(file, after);
}

function versionOf(manifest: string): string {
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

function say(text: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
}
