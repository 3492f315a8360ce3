import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { secretKeys } from '../../lambdas/aws/signature-keys.ts';
import { fakeClock } from '../core/fixtures.ts';

const settings = {
  secretId: 'webhook-key',
  attribute: 'signature',
  prefix: '',
  algorithm: 'sha256',
  acceptPrevious: true,
} as const;

const missing = Object.assign(new Error('wrapped'), {
  cause: Object.assign(new Error('no such version'), { name: 'ResourceNotFoundException' }),
});

/** Secrets by version stage; an error is thrown. */
function setup(versions: Record<string, unknown>, acceptPrevious = true) {
  const asked: string[] = [];
  vi.spyOn(SecretsProvider.prototype, 'get').mockImplementation((async (
    _name: string,
    { sdkOptions }: { sdkOptions: { VersionStage: string } },
  ) => {
    asked.push(sdkOptions.VersionStage);
    const value = versions[sdkOptions.VersionStage];
    if (value instanceof Error) throw value;
    return value;
  }) as never);
  const clock = fakeClock();
  return { keys: secretKeys({ ...settings, acceptPrevious }, clock), clock, asked, versions };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('signature keys', () => {
  it('are the current and the previous version of the secret', async () => {
    const { keys, asked } = setup({ AWSCURRENT: 'new', AWSPREVIOUS: 'old' });
    expect(await keys(false)).toEqual(['new', 'old']);
    expect(asked).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
  });

  it('are the current one alone while there is no previous one, or where none is wanted', async () => {
    expect(await setup({ AWSCURRENT: 'new', AWSPREVIOUS: missing }).keys(false)).toEqual(['new']);
    const { keys, asked } = setup({ AWSCURRENT: 'new', AWSPREVIOUS: 'old' }, false);
    expect([await keys(false), asked]).toEqual([['new'], ['AWSCURRENT']]);
  });

  it('are read once for five minutes', async () => {
    const { keys, clock, asked } = setup({ AWSCURRENT: 'new' }, false);
    await Promise.all([keys(false), keys(false)]);
    clock.advance(299_999);
    await keys(false);
    expect(asked).toHaveLength(1);
    clock.advance(1);
    await keys(false);
    expect(asked).toHaveLength(2);
  });

  it('are read anew for a signature that does not fit, but not more often than every ten seconds', async () => {
    const { keys, clock, asked, versions } = setup({ AWSCURRENT: 'new' }, false);
    await keys(false);
    await keys(true);
    expect(asked).toHaveLength(1);
    versions.AWSCURRENT = 'newer';
    clock.advance(10_000);
    expect(await Promise.all([keys(true), keys(true)])).toEqual([['newer'], ['newer']]);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['cannot be read', new Error('unreachable'), 'unreachable'],
    ['is empty', '', 'holds no text'],
    ['is binary', new Uint8Array([1]), 'holds no text'],
  ])('cannot be had when the secret %s, and are asked for again at once', async (_what, value, message) => {
    const { keys, versions } = setup({ AWSCURRENT: value }, false);
    await expect(keys(false)).rejects.toThrow(message);
    versions.AWSCURRENT = 'new';
    expect(await keys(false)).toEqual(['new']);
  });

  it('survive a refresh that fails, as often as it does', async () => {
    const { keys, clock, versions } = setup({ AWSCURRENT: 'new' }, false);
    await keys(false);
    versions.AWSCURRENT = new Error('unreachable');
    for (let times = 0; times < 3; times += 1) {
      clock.advance(10_000);
      await expect(Promise.all([keys(true), keys(true)])).rejects.toThrow('unreachable');
      expect(await keys(false)).toEqual(['new']);
    }
  });
});
