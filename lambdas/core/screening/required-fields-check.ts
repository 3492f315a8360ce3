import type { Check } from './check.ts';
import { valueAt } from './json-pointer.ts';

/** Findings that are kept of one message. */
const MOST_FINDINGS = 20;

/** Refuse payloads that lack a field, named by its JSON pointer. `null` is as good as nothing; empty text is not. */
export function requiredFieldsCheck(pointers: readonly string[]): Check {
  return {
    name: 'required fields',
    inspect({ document }) {
      const missing = pointers.filter((pointer) => (valueAt(document, pointer) ?? undefined) === undefined);
      if (missing.length === 0) return undefined;
      const findings = missing.slice(0, MOST_FINDINGS).map((pointer) => ({ pointer, message: 'is missing' }));
      return { reason: 'MISSING_REQUIRED_FIELDS', findings };
    },
  };
}
