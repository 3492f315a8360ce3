import { type GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it, vi } from 'vitest';
import { secretKeys } from '../../lambdas/aws/signature-keys.ts';
import { fakeClock, START } from '../core/fixtures.ts';

const settings = {
  secretId: 'webhook-key',
  attribute: 'signature',
  prefix: '',
  algorithm: 'sha256',
  acceptPrevious: true,
} as const;

const HOUR = 3_600_000;
const EVER = Number.NEGATIVE_INFINITY;
const missing = Object.assign(new Error('no such version'), { name: 'ResourceNotFoundException' });

/** Secrets by version stage; an error is thrown. They were rotated when the test starts. */
function setup(versions: Record<string, unknown>, acceptPrevious = true) {
  const asked: (string | undefined)[] = [];
  const client = new SecretsManagerClient({ region: 'us-east-1' });
  vi.spyOn(client, 'send').mockImplementation((async ({ input }: GetSecretValueCommand) => {
    asked.push(input.VersionStage);
    const value = versions[input.VersionStage ?? ''];
    if (value instanceof Error) throw value;
    return typeof value === 'string'
      ? { SecretString: value, CreatedDate: new Date(START) }
      : { SecretBinary: value };
  }) as never);
  const clock = fakeClock();
  const keys = secretKeys({
    client,
    settings: { ...settings, acceptPrevious },
    previousGoodForMs: HOUR,
    clock,
  });
  return { keys, clock, asked, versions };
}

describe('signature keys', () => {
  it('are the current and the previous version of the secret', async () => {
    const { keys, asked } = setup({ AWSCURRENT: 'new', AWSPREVIOUS: 'old' });
    expect(await keys(EVER)).toEqual(['new', 'old']);
    expect(asked).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
  });

  it('are the current one alone while there is no previous one, or where none is wanted', async () => {
    expect(await setup({ AWSCURRENT: 'new', AWSPREVIOUS: missing }).keys(EVER)).toEqual(['new']);
    const { keys, asked } = setup({ AWSCURRENT: 'new', AWSPREVIOUS: 'old' }, false);
    expect([await keys(EVER), asked]).toEqual([['new'], ['AWSCURRENT']]);
  });

  it('are the current one alone once the messages that the previous one signed are gone', async () => {
    const { keys, clock } = setup({ AWSCURRENT: 'new', AWSPREVIOUS: 'old' });
    clock.advance(HOUR - 1);
    expect(await keys(EVER)).toEqual(['new', 'old']);
    clock.advance(300_000);
    expect(await keys(EVER)).toEqual(['new']);
  });

  it('are read once for five minutes', async () => {
    const { keys, clock, asked } = setup({ AWSCURRENT: 'new' }, false);
    await Promise.all([keys(EVER), keys(EVER)]);
    clock.advance(299_999);
    await keys(EVER);
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await keys(EVER);
    expect(asked).toHaveLength(2);
  });

  it('are read anew for a message that is younger than they are', async () => {
    const { keys, clock, asked, versions } = setup({ AWSCURRENT: 'new' }, false);
    await keys(EVER);
    versions.AWSCURRENT = 'newer';
    clock.advance(5_000);
    expect(await keys(START)).toEqual(['new']);
    expect(await Promise.all([keys(START + 1), keys(START + 1)])).toEqual([['newer'], ['newer']]);
    expect(asked).toHaveLength(2);
  });

  it('cannot be had for such a message within five seconds of the last reading', async () => {
    const { keys, clock, asked } = setup({ AWSCURRENT: 'new' }, false);
    await keys(EVER);
    clock.advance(4_999);
    await expect(keys(START + 1)).rejects.toThrow('a moment ago');
    expect(await keys(EVER)).toEqual(['new']);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['cannot be read', new Error('unreachable'), 'unreachable'],
    ['is empty', '', 'holds no text'],
    ['is binary', new Uint8Array([1]), 'holds no text'],
  ])('cannot be had when the secret %s, and are asked for again', async (_what, value, message) => {
    const { keys, versions, clock } = setup({ AWSCURRENT: value }, false);
    await expect(keys(EVER)).rejects.toThrow(message);
    versions.AWSCURRENT = 'new';
    clock.advance(5_000);
    expect(await keys(EVER)).toEqual(['new']);
  });

  it('survive a reading that fails, as often as it does', async () => {
    const { keys, clock, versions } = setup({ AWSCURRENT: 'new' }, false);
    await keys(EVER);
    versions.AWSCURRENT = new Error('unreachable');
    for (let times = 0; times < 3; times += 1) {
      clock.advance(10_000);
      await expect(keys(clock.now())).rejects.toThrow('unreachable');
      expect(await keys(EVER)).toEqual(['new']);
    }
  });
});
