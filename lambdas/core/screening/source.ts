import type { SourceSettings } from '../settings.ts';
import type { Candidate } from './check.ts';
import { valueAt } from './json-pointer.ts';

/** Longest name of a source. Characters. */
export const LONGEST_SOURCE = 256;

/**
 * Who a message says it comes from: a text of 1 to 256 characters, or a whole number, which is written out. `undefined`
 * if it does not say, or says something else.
 */
export function sourceOf({ message, document }: Candidate, where: SourceSettings): string | undefined {
  const said = 'attribute' in where ? message.attributes[where.attribute] : valueAt(document, where.pointer);
  const text = typeof said === 'number' && Number.isSafeInteger(said) ? String(said) : said;
  return typeof text === 'string' && text !== '' && text.length <= LONGEST_SOURCE ? text : undefined;
}
