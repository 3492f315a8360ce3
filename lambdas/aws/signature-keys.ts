import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import type { Clock } from '../core/clock.ts';
import { causes, textField } from '../core/error-shape.ts';
import { SpillwayError } from '../core/errors.ts';
import type { SignatureKeys } from '../core/screening/signature-check.ts';
import type { SignatureSettings } from '../core/settings.ts';

/** How long keys are kept in memory. Milliseconds. */
const KEEP_MS = 300_000;

/** Signatures that do not fit make the keys be read anew, but no more often than this. Milliseconds. */
const LEAST_AGE_MS = 10_000;

/**
 * Signature keys out of Secrets Manager: the current version, and the previous one while there is one. They are kept
 * for five minutes; a signature that fits none of them has them read anew (at most every ten seconds), so that the first
 * message after a rotation is not taken for a forged one.
 */
export function secretKeys({ secretId, acceptPrevious }: SignatureSettings, clock: Clock): SignatureKeys {
  // One provider each: the cache of Powertools does not tell the versions of a secret apart.
  const current = new SecretsProvider();
  const former = new SecretsProvider();
  type Reading = { readonly keys: Promise<readonly string[]>; readonly readAt: number };
  let kept: Reading | undefined;
  let lastGood: Reading | undefined;

  async function read(): Promise<readonly string[]> {
    const [key, formerKey] = await Promise.all([
      text(current, 'AWSCURRENT'),
      acceptPrevious ? text(former, 'AWSPREVIOUS').catch(noneIfMissing) : undefined,
    ]);
    if (key === undefined) throw new SpillwayError(`the secret ${secretId} holds no text`);
    return formerKey === undefined ? [key] : [key, formerKey];
  }

  async function text(provider: SecretsProvider, VersionStage: string): Promise<string | undefined> {
    const value = await provider.get(secretId, { forceFetch: true, sdkOptions: { VersionStage } });
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  return (refresh) => {
    const now = clock.now();
    if (kept !== undefined && now - kept.readAt < (refresh ? LEAST_AGE_MS : KEEP_MS)) return kept.keys;
    const reading = { keys: read(), readAt: now };
    kept = reading;
    reading.keys.then(
      () => {
        lastGood = reading;
      },
      () => {
        // A forged signature asks for a refresh: that this fails must not cost the keys that are still good.
        if (kept === reading) kept = lastGood;
      },
    );
    return reading.keys;
  };
}

function noneIfMissing(error: unknown): undefined {
  for (const cause of causes(error)) {
    if (textField(cause, 'name') === 'ResourceNotFoundException') return undefined;
  }
  throw error;
}
