import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SignatureSettings } from '../settings.ts';
import { type Check, rejection } from './check.ts';

/**
 * Gives the keys that are valid now, the current one first; rejects when they cannot be read. `refresh` asks for more
 * recent ones, since a signature did not fit.
 */
export type SignatureKeys = (refresh: boolean) => Promise<readonly string[]>;

const HEX = /^[\da-f]+$/i;

/**
 * Refuse payloads whose HMAC does not fit. It is computed over the raw bytes of the payload text and compared in
 * constant time, with every key that is valid during a rotation.
 */
export function signatureCheck(settings: SignatureSettings, keys: SignatureKeys): Check {
  const { attribute, prefix, algorithm } = settings;

  function fits(text: string, signature: Buffer, valid: readonly string[]): boolean {
    return valid.some((key) => {
      const expected = createHmac(algorithm, key).update(text).digest();
      return expected.byteLength === signature.byteLength && timingSafeEqual(expected, signature);
    });
  }

  return {
    name: 'signature',
    async inspect({ message }) {
      const given = message.attributes[attribute];
      if (given === undefined)
        return rejection('SIGNATURE_INVALID', `the attribute "${attribute}" is missing`);
      const digits = given.startsWith(prefix) ? given.slice(prefix.length) : '';
      if (!HEX.test(digits))
        return rejection('SIGNATURE_INVALID', `the attribute "${attribute}" is malformed`);
      const signature = Buffer.from(digits, 'hex');
      if (fits(message.text, signature, await keys(false))) return undefined;
      if (fits(message.text, signature, await keys(true))) return undefined;
      return rejection('SIGNATURE_INVALID', 'the signature does not fit the payload');
    },
  };
}
