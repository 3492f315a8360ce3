import { type FallbackHandling, type FallbackPolicy, fallbackOn } from '../core/policies/fallback.ts';
import { parsePolicy } from '../core/policies/parse-settings.ts';
import { guardedBy } from '../core/policies/policy.ts';
import { type PolicyOptions, policyParts } from './policy-parts.ts';

/** Options of {@link fallback}. */
export interface FallbackOptions<F> extends PolicyOptions, FallbackHandling<F> {}

/**
 * Answer in place of calls that fail.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const cached = fallback({ name: 'prices', handle: () => lastKnownPrices });
 * const prices = await cached.call((signal) => fetchPrices(signal));
 */
export function fallback<F>(options: FallbackOptions<F>): FallbackPolicy<F> {
  const [parts, { handle, shouldHandle, ...rest }] = policyParts('fallback', options);
  parsePolicy(rest, `fallback "${parts.name}"`, () => undefined);
  return fallbackOn({ ...parts, handle, ...(shouldHandle === undefined ? {} : { shouldHandle }) });
}

/**
 * Answer in place of a function that fails; its first parameter is the signal that aborts it.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const findPrice = withFallback({ name: 'prices', handle: () => undefined })((signal, id: string) => ask(id, signal));
 * const price = await findPrice('42');
 */
export function withFallback<F>(options: FallbackOptions<F>) {
  return guardedBy(fallback(options));
}
