import type { Candidate, Check, Rejection } from '../../../lambdas/core/screening/check.ts';
import { queueMessage, receivedMessage } from '../fixtures.ts';

/** A message on its way through the checks. */
export function candidate(
  text: string,
  document: unknown = text,
  attributes: Record<string, string> = {},
): Candidate {
  const message = receivedMessage({ text, attributes });
  return {
    source: queueMessage({ body: text }),
    message,
    payload: document,
    document,
    parsed: document !== text,
  };
}

/** What a check that answers at once finds. */
export function findingsOf(check: Check, given: Candidate): Rejection['findings'] {
  const refused = check.inspect(given);
  if (refused instanceof Promise) throw new Error(`the check "${check.name}" does not answer at once`);
  return refused?.findings ?? [];
}
