import { createHmac } from 'node:crypto';
import { DEFAULTS } from '../core/settings.ts';

/** A key that payloads are signed with. */
export interface SigningKey {
  /** The secret. */
  readonly key: string;
  /** Message attribute that carries the signature. */
  readonly attribute: string;
  /** Text in front of the hexadecimal digits, such as `sha256=`. @default - none */
  readonly prefix?: string;
  /** Digest of the HMAC. @default 'sha256' */
  readonly algorithm?: 'sha256' | 'sha512';
}

/**
 * Value of the attribute that signs a payload: the prefix and the HMAC over the text, in hexadecimal.
 *
 * @example
 * const value = hmacSignature('{"id":"42"}', { key: 'test-key', attribute: 'signature' });
 */
export function hmacSignature(text: string, signing: Omit<SigningKey, 'attribute'>): string {
  const { key, prefix = DEFAULTS.signature.prefix, algorithm = DEFAULTS.signature.algorithm } = signing;
  return `${prefix}${createHmac(algorithm, key).update(text).digest('hex')}`;
}
