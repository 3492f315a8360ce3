import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsumerSettings, SETTINGS_VARIABLE } from '../../lambdas/core/settings.ts';
import { type ResilientConsumer, ResilientQueue } from '../../lib/index.ts';
import { consumerIn } from './synth.ts';

/** Characters that a shell or a bundler might take for its own. */
const SERVICE_VERSION = 'a`b$c\'d"e\\f é*%PATH% $(echo)';
const circuits = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`circuit-${i}`, {}]));

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
  });
  afterAll(() => rmSync(outdir, { recursive: true }));

  it('is an ES module with its source map', () => {
    const asset = readdirSync(outdir).filter((name) => name.startsWith('asset.'));
    expect(asset).toHaveLength(1);
    expect(readdirSync(join(outdir, asset[0] ?? '')).sort()).toEqual(['index.mjs', 'index.mjs.map']);
  });

  it('carries what is known at synthesis, and the environment what only the deployment knows', async () => {
    const [asset = ''] = readdirSync(outdir).filter((name) => name.startsWith('asset.'));
    const { handler } = await import(pathToFileURL(join(outdir, asset, 'index.mjs')).href);
    const bundled: Partial<ConsumerSettings> = await handler();
    const [fn] = Object.values(template.findResources('AWS::Lambda::Function'));
    const variable = JSON.stringify(fn?.Properties.Environment.Variables[SETTINGS_VARIABLE]);

    expect(bundled.serviceVersion).toBe(SERVICE_VERSION);
    expect(bundled.circuits).toEqual(consumer.settings.circuits);
    const inBundle = Object.keys(bundled).sort();
    const inEnvironment = Object.keys(consumer.settings)
      .filter((key) => variable.includes(`\\"${key}\\":`))
      .sort();
    expect(inEnvironment).toEqual(['deadLetterQueue', 'quarantineQueue', 'queue', 'stateTable']);
    expect([...inBundle, ...inEnvironment].sort()).toEqual(Object.keys(consumer.settings).sort());
    expect(variable.length).toBeLessThan(1_500);
  });
});
