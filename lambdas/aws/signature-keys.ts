import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../core/clock.ts';
import { textField } from '../core/error-shape.ts';
import { SpillwayError } from '../core/errors.ts';
import type { SignatureKeys } from '../core/screening/signature-check.ts';
import type { SignatureSettings } from '../core/settings.ts';

/** Options of {@link secretKeys}. */
export interface SecretKeysOptions {
  readonly client: SecretsManagerClient;
  readonly settings: SignatureSettings;
  /** For how long after a rotation the previous key is good: messages that it signed may still wait. Milliseconds. */
  readonly previousGoodForMs: number;
  readonly clock: Clock;
}

/** How long keys are kept in memory. Milliseconds. */
const KEEP_MS = 300_000;

/** Keys are not read more often than this, however many forged signatures ask for it. Milliseconds. */
const LEAST_AGE_MS = 5_000;

interface Version {
  readonly key: string;
  readonly createdAt: number;
}

interface Reading {
  readonly keys: Promise<readonly string[]>;
  readonly readAt: number;
}

/**
 * Signature keys out of Secrets Manager: the current version and, for a time after a rotation, the previous one. They
 * are kept for five minutes, and read anew for a signature that fits none of them if the message is younger than they are: so
 * neither is the first message after a rotation taken for a forged one, nor do forgeries cost a read each.
 */
export function secretKeys({ client, settings, previousGoodForMs, clock }: SecretKeysOptions): SignatureKeys {
  const { secretId, acceptPrevious } = settings;
  let kept: Reading | undefined;
  let lastTriedAt = Number.NEGATIVE_INFINITY;

  async function read(): Promise<readonly string[]> {
    const current = await version('AWSCURRENT');
    if (current === undefined) throw new SpillwayError(`the secret ${secretId} holds no text`);
    const previousIsGood = acceptPrevious && clock.now() - current.createdAt < previousGoodForMs;
    const previous = previousIsGood ? await version('AWSPREVIOUS') : undefined;
    return previous === undefined ? [current.key] : [current.key, previous.key];
  }

  async function version(stage: 'AWSCURRENT' | 'AWSPREVIOUS'): Promise<Version | undefined> {
    try {
      const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: stage });
      const { SecretString: key, CreatedDate: created } = await client.send(command);
      return key === undefined || key === ''
        ? undefined
        : { key, createdAt: created?.getTime() ?? clock.now() };
    } catch (error) {
      const missing = error instanceof Error && textField(error, 'name') === 'ResourceNotFoundException';
      if (missing && stage === 'AWSPREVIOUS') return undefined;
      throw error;
    }
  }

  return (notBefore) => {
    const now = clock.now();
    if (kept !== undefined && kept.readAt >= notBefore && now - kept.readAt < KEEP_MS) return kept.keys;
    if (now - lastTriedAt < LEAST_AGE_MS) {
      return Promise.reject(new SpillwayError(`the secret ${secretId} was read a moment ago`));
    }
    lastTriedAt = now;
    const earlier = kept;
    const reading: Reading = { keys: read(), readAt: now };
    kept = reading;
    reading.keys.catch(() => {
      // A forged signature asks for a reading: that it fails must not cost the keys that are still good.
      if (kept === reading) kept = earlier;
    });
    return reading.keys;
  };
}
