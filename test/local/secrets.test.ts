import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { expect, it, onTestFinished } from 'vitest';
import type { LocalStackOptions } from '../../local/index.ts';
import { functionResource, run } from './fixture.ts';

const READS = `
const { SecretsManagerClient, GetSecretValueCommand } = require('@aws-sdk/client-secrets-manager');
const client = new SecretsManagerClient({});
exports.handler = async () =>
  (await client.send(new GetSecretValueCommand({ SecretId: process.env.SECRET }))).SecretString;`;

async function start(properties: Record<string, unknown>, options: Partial<LocalStackOptions> = {}) {
  const resources = {
    Secret: {
      Type: 'AWS::SecretsManager::Secret',
      Metadata: { 'aws:cdk:path': 'App/Webhook/Secret/Resource' },
      Properties: properties,
    },
    Fn: functionResource('main', { Environment: { Variables: { SECRET: { Ref: 'Secret' } } } }),
  };
  const { stack } = await run({ App: { resources } }, { main: { 'index.js': READS } }, options);
  const client = new SecretsManagerClient(stack.clientConfig('secretsManager'));
  onTestFinished(() => client.destroy());
  const SecretId = stack.resource('Secret');
  const get = async (VersionStage?: string, id = SecretId) =>
    (await client.send(new GetSecretValueCommand({ SecretId: id, VersionStage }))).SecretString;
  return { stack, client, get, SecretId };
}

it.each(['Secret', 'App/Webhook/Secret', 'hook'])('has the value given in the options by %s', async (key) => {
  const { stack, get } = await start(
    { Name: 'hook' },
    { secrets: { [key]: { current: 'new', previous: 'old' } } },
  );
  expect(await get()).toBe('new');
  expect(await get('AWSCURRENT', 'hook')).toBe('new');
  expect(await get('AWSPREVIOUS')).toBe('old');
  expect((await stack.function('Fn').invoke({})).payload).toBe('new');
});

it('has the value of the template', async () => {
  const { get } = await start({ SecretString: 'fixed' });
  expect(await get()).toBe('fixed');
});

it('has a value such as the template asks for', async () => {
  const { get } = await start({
    GenerateSecretString: {
      SecretStringTemplate: '{"user":"me"}',
      GenerateStringKey: 'password',
      PasswordLength: 20,
      ExcludePunctuation: true,
      ExcludeUppercase: true,
      ExcludeCharacters: 'abc',
    },
  });
  expect(JSON.parse((await get()) ?? '')).toEqual({
    user: 'me',
    password: expect.stringMatching(/^[d-z0-9]{20}$/),
  });
});

it('has a random value otherwise, and no previous one', async () => {
  const { get } = await start({});
  expect(await get()).toHaveLength(32);
  await expect(get('AWSPREVIOUS')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS",
  });
  await expect(get(undefined, 'none')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

it('rotates: the value before becomes the previous one', async () => {
  const { stack, client, get, SecretId } = await start({ SecretString: 'one' });
  await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'two' }));
  expect([await get(), await get('AWSPREVIOUS')]).toEqual(['two', 'one']);
  stack.rotateSecret(SecretId, 'three');
  expect([await get(), await get('AWSPREVIOUS')]).toEqual(['three', 'two']);
});
