import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startLocalStack } from '../../local/index.ts';
import { functionResource, run, writeAssembly } from './fixture.ts';

async function invoke(files: Record<string, string>, handler = 'index.handler') {
  const resources = { Fn: functionResource('main', { Handler: handler }) };
  const { stack } = await run({ App: { resources } }, { main: files });
  return stack.function('Fn').invoke({ a: 1 });
}

describe('the handler', () => {
  it.each([
    ['a CommonJS script', { 'index.js': 'exports.handler = async () => 1;' }, 'index.handler'],
    ['a CommonJS module', { 'index.cjs': 'exports.handler = async () => 1;' }, 'index.handler'],
    ['an ES module', { 'index.mjs': 'await null; export const handler = async () => 1;' }, 'index.handler'],
    [
      'a script of a package of type module',
      { 'index.js': 'export const handler = async () => 1;', 'package.json': '{"type":"module"}' },
      'index.handler',
    ],
    [
      'a file and export of another name',
      { 'orders.js': 'exports.run = { now: async () => 1 };' },
      'orders.run.now',
    ],
    ['a function that is not asynchronous', { 'index.js': 'exports.handler = () => 1;' }, 'index.handler'],
    [
      'a function with a callback',
      {
        'index.js':
          'exports.handler = (event, context, done) => { setTimeout(() => done(null, event.a), 1); };',
      },
      'index.handler',
    ],
  ])('can be %s', async (_what, files, handler) => {
    expect(await invoke(files, handler)).toMatchObject({ payload: 1 });
  });

  it('is CommonJS in a project of type module too, as it will be on Lambda', async () => {
    const files = {
      'index.js': 'const { value } = require("./other.js"); exports.handler = async () => value;',
      'other.js': 'exports.value = 1;',
    };
    const assembly = await writeAssembly(
      { App: { resources: { Fn: functionResource('main') } } },
      { main: files },
    );
    await writeFile(join(assembly, 'package.json'), '{"type":"module"}');
    const stack = await startLocalStack({ assembly });
    onTestFinished(() => stack.stop());
    expect(await stack.function('Fn').invoke({})).toMatchObject({ payload: 1 });
  });

  it('can use the AWS SDK without bringing it', async () => {
    const cjs =
      'const { SQSClient } = require("@aws-sdk/client-sqs"); exports.handler = async () => typeof SQSClient;';
    const esm =
      'import { SQSClient } from "@aws-sdk/client-sqs"; export const handler = async () => typeof SQSClient;';
    expect((await invoke({ 'index.js': cjs })).payload).toBe('function');
    expect((await invoke({ 'index.mjs': esm })).payload).toBe('function');
  });

  it('fails by a callback too', async () => {
    const code = 'exports.handler = (event, context, done) => done(new RangeError("no"));';
    expect((await invoke({ 'index.js': code })).error).toMatchObject({
      errorType: 'RangeError',
      errorMessage: 'no',
    });
  });
});

describe('a handler that cannot be loaded', () => {
  it.each([
    ['its file is missing', { 'other.js': '' }, 'Runtime.ImportModuleError', "Cannot find module 'index'"],
    [
      'a module it needs is missing',
      { 'index.js': 'require("not-there")' },
      'Runtime.ImportModuleError',
      'not-there',
    ],
    ['a syntax error', { 'index.js': 'exports.handler = (' }, 'Runtime.UserCodeSyntaxError', 'SyntaxError'],
    [
      'its export is missing',
      { 'index.js': 'exports.other = 1' },
      'Runtime.HandlerNotFound',
      'index.handler is undefined or not exported',
    ],
    ['an error while loading', { 'index.js': 'throw new RangeError("at load")' }, 'RangeError', 'at load'],
    ['an exit while loading', { 'index.js': 'process.exit(7)' }, 'Runtime.ExitError', 'exit status 7'],
  ])('is a function error: %s', async (_what, files, errorType, message) => {
    const { error } = await invoke(files);
    expect(error?.errorType).toBe(errorType);
    expect(error?.errorMessage).toContain(message);
  });
});
