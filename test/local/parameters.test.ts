import {
  GetParameterCommand,
  GetParametersCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { expect, it, onTestFinished } from 'vitest';
import { functionResource, run } from './fixture.ts';

const READS = `
const { SSMClient, GetParameterCommand } = require('@aws-sdk/client-ssm');
const client = new SSMClient({});
exports.handler = async () =>
  (await client.send(new GetParameterCommand({ Name: process.env.PARAMETER, WithDecryption: true }))).Parameter;`;

async function start(properties: Record<string, unknown>) {
  const resources = {
    Tuning: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', ...properties } },
    Fn: functionResource('main', { Environment: { Variables: { PARAMETER: { Ref: 'Tuning' } } } }),
  };
  const { stack } = await run({ App: { resources } }, { main: { 'index.js': READS } });
  const client = new SSMClient(stack.clientConfig('ssm'));
  onTestFinished(() => client.destroy());
  const get = async (Name = stack.resource('Tuning')) =>
    (await client.send(new GetParameterCommand({ Name }))).Parameter;
  const put = (Value: string, more: object = {}) =>
    client.send(new PutParameterCommand({ Name: stack.resource('Tuning'), Value, Overwrite: true, ...more }));
  return { stack, client, get, put };
}

it('has the value of the template, by name and ARN', async () => {
  const { stack, get } = await start({ Name: '/shop/tuning', Value: 'one' });
  const arn = 'arn:aws:ssm:us-east-1:000000000000:parameter/shop/tuning';
  expect(await get()).toMatchObject({
    ARN: arn,
    Name: '/shop/tuning',
    Type: 'String',
    Value: 'one',
    Version: 1,
  });
  expect(await get(arn)).toMatchObject({ Value: 'one' });
  expect((await stack.function('Fn').invoke({})).payload).toMatchObject({ Value: 'one' });
  expect(stack.requestCounts('ssm')).toMatchObject({ GetParameter: 3 });
});

it('is overwritten only where that is said, and counts its versions', async () => {
  const { get, put } = await start({ Value: 'one' });
  await expect(put('two', { Overwrite: false })).rejects.toMatchObject({ name: 'ParameterAlreadyExists' });
  expect(await put('two')).toMatchObject({ Version: 2, Tier: 'Standard' });
  expect(await get()).toMatchObject({ Value: 'two', Version: 2 });
});

it('holds what the tier holds', async () => {
  const { put } = await start({ Value: 'one' });
  await expect(put('x'.repeat(4_097))).rejects.toMatchObject({ name: 'ValidationException' });
  await put('x'.repeat(4_096));
});

it('tells of parameters that are not there, and takes new ones', async () => {
  const { client, get } = await start({ Value: 'one' });
  await expect(get('none')).rejects.toMatchObject({ name: 'ParameterNotFound' });
  await client.send(new PutParameterCommand({ Name: 'none', Value: 'some', Type: 'String' }));
  const { Parameters, InvalidParameters } = await client.send(
    new GetParametersCommand({ Names: ['none', 'other'] }),
  );
  expect(Parameters).toMatchObject([{ Name: 'none', Value: 'some' }]);
  expect(InvalidParameters).toEqual(['other']);
});
