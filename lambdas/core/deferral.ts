import { causes, isInstance } from './error-shape.ts';
import { DeferError, PermanentError, RefusedError, RetryAfterError } from './errors.ts';

/** The error that asks for a deferral, wherever it stands in the chain of causes; a typed error around it decides. */
export function deferralOf(error: unknown): DeferError | RefusedError | undefined {
  for (const cause of causes(error)) {
    if (isInstance(cause, DeferError) || isInstance(cause, RefusedError)) return cause;
    if (isInstance(cause, PermanentError) || isInstance(cause, RetryAfterError)) return undefined;
  }
  return undefined;
}
