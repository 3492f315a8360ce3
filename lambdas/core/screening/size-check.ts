import { type Check, rejection } from './check.ts';

/** Refuse bodies over a number of bytes. */
export function sizeCheck(maxBytes: number): Check {
  return {
    name: 'size',
    inspect({ source }) {
      const bytes = Buffer.byteLength(source.body);
      if (bytes <= maxBytes) return undefined;
      return rejection('SIZE_LIMIT_EXCEEDED', `the body has ${bytes} bytes, at most ${maxBytes} are allowed`);
    },
  };
}
