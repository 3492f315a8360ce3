import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { INTAKE_SETTINGS_VARIABLE } from '../../lambdas/core/intake/settings.ts';
import { type ConsumerSettings, SETTINGS_VARIABLE } from '../../lambdas/core/settings.ts';
import { type ResilientConsumer, ResilientQueue, RuntimeConfig } from '../../lib/index.ts';
import { withoutDefaults } from '../../lib/private/without-defaults.ts';
import { consumerIn } from './synth.ts';

/** Characters that a shell or a bundler might take for its own. */
const SERVICE_VERSION = 'a`b$c\'d"e\\f é*%PATH% $(echo)';
/** Two bundles take their time on a busy machine. */
const PATIENCE_MS = 60_000;
const circuits = Object.fromEntries(
  Array.from({ length: 80 }, (_, i) => [`circuit-${i}`, { failureThreshold: 7 }]),
);

describe('a bundled entry, with settings beyond what the environment holds', () => {
  let outdir: string;
  let consumer: ResilientConsumer;
  let template: Template;

  beforeAll(() => {
    outdir = mkdtempSync(join(tmpdir(), 'bundling-'));
    const stack = new Stack(new App({ outdir }), 'Shop');
    consumer = consumerIn(stack, {
      queue: new ResilientQueue(stack, 'Orders'),
      entry: 'test/lib/fixtures/settings-reader.ts',
      serviceVersion: SERVICE_VERSION,
      circuits,
    });
    template = Template.fromStack(stack);
  }, PATIENCE_MS);
  afterAll(() => rmSync(outdir, { recursive: true }));

  /** The function that has the variable in its environment, and the directory of its code. */
  function functionWith(variable: string): { environment: Record<string, unknown>; directory: string } {
    const all = Object.values(template.findResources('AWS::Lambda::Function'));
    const fn = all.find(({ Properties }) => variable in Properties.Environment.Variables);
    const hash = String(fn?.Properties.Code.S3Key).replace('.zip', '');
    return { environment: fn?.Properties.Environment.Variables, directory: join(outdir, `asset.${hash}`) };
  }

  it.each([SETTINGS_VARIABLE, INTAKE_SETTINGS_VARIABLE])(
    'is an ES module with its source map, and so is the controller of its intake (%s)',
    (variable) => {
      const { directory } = functionWith(variable);
      expect(readdirSync(directory).sort()).toEqual(['index.mjs', 'index.mjs.map']);
    },
  );

  it('carries what is known at synthesis, and the environment what only the deployment knows', async () => {
    const { directory, environment } = functionWith(SETTINGS_VARIABLE);
    const { handler } = await import(pathToFileURL(join(directory, 'index.mjs')).href);
    const bundled: Partial<ConsumerSettings> = await handler();
    const variable = JSON.stringify(environment[SETTINGS_VARIABLE]);

    expect(bundled.serviceVersion).toBe(SERVICE_VERSION);
    const told = withoutDefaults(consumer.settings);
    expect(bundled.circuits).toEqual(told.circuits);
    const inBundle = Object.keys(bundled).sort();
    const inEnvironment = Object.keys(consumer.settings)
      .filter((key) => variable.includes(`\\"${key}\\":`))
      .sort();
    expect(inEnvironment).toEqual([
      'controlQueueUrl',
      'deadLetterQueue',
      'quarantineQueue',
      'queue',
      'stateTable',
    ]);
    expect([...inBundle, ...inEnvironment].sort()).toEqual(Object.keys(told).sort());
    expect(variable.length).toBeLessThan(1_500);
  });
});

describe('a bundled consumer', () => {
  const bundle = (configured: boolean, tracing = false): string => {
    const outdir = mkdtempSync(join(tmpdir(), 'bundling-'));
    onTestFinished(() => rmSync(outdir, { recursive: true }));
    const stack = new Stack(new App({ outdir }), 'Shop');
    const parameter = new StringParameter(stack, 'Tuning', { stringValue: '{}' });
    const entry = 'test/e2e/fixtures/configuration/consumer.ts';
    const runtimeConfig = RuntimeConfig.parameter(parameter);
    const circuits = { dependency: {} };
    consumerIn(stack, { entry, circuits, tracing, intake: false, ...(configured && { runtimeConfig }) });
    Template.fromStack(stack);
    const [asset = ''] = readdirSync(outdir).filter((name) => name.startsWith('asset.'));
    return readFileSync(join(outdir, asset, 'index.mjs'), 'utf8');
  };

  it(
    'has what reads a configuration at run time if it is to read one, and is spared it otherwise',
    () => {
      const [without, withIt] = [bundle(false), bundle(true)];
      for (const name of ['SSMProvider', 'LineCounter', 'judgeConfiguration']) {
        expect(withIt).toContain(name);
        expect(without).not.toContain(name);
      }
      expect(withIt.length - without.length).toBeGreaterThan(300_000);
    },
    PATIENCE_MS,
  );

  it(
    'has the tracer if it is traced, and is spared it otherwise',
    () => {
      const [without, withIt] = [bundle(false), bundle(false, true)];
      for (const name of ['AWSXRay', 'undici:request:create']) {
        expect(withIt).toContain(name);
        expect(without).not.toContain(name);
      }
      expect(withIt.length - without.length).toBeGreaterThan(50_000);
    },
    PATIENCE_MS,
  );
});
