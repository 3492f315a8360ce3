import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SignatureSettings } from '../settings.ts';
import { type Check, rejection } from './check.ts';

/**
 * Gives the keys that are valid now, the current one first, read at `notBefore` (epoch milliseconds) or later; rejects
 * when it cannot.
 */
export type SignatureKeys = (notBefore: number) => Promise<readonly string[]>;

/** Clocks may differ by this much, and a rotation takes a moment to be seen. Milliseconds. */
const ALLOWANCE_MS = 1_000;

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
      if (fits(message.text, signature, await keys(Number.NEGATIVE_INFINITY))) return undefined;
      // Only keys that are younger than the message can tell that nobody who knows one has signed it.
      const signedBefore = message.sentAtEpochMs + ALLOWANCE_MS;
      if (fits(message.text, signature, await keys(signedBefore))) return undefined;
      return rejection('SIGNATURE_INVALID', 'the signature does not fit the payload');
    },
  };
}
