import { type Bulkhead, bulkheadOn } from '../core/policies/bulkhead.ts';
import { parsePolicy, readBulkhead } from '../core/policies/parse-settings.ts';
import { guardedBy } from '../core/policies/policy.ts';
import type { BulkheadSettings } from '../core/policies/settings.ts';
import { type PolicyOptions, policyParts } from './policy-parts.ts';

/** Options of {@link bulkhead}. */
export interface BulkheadOptions extends PolicyOptions, Pick<BulkheadSettings, 'maxConcurrent'> {
  /** Calls that wait for their turn; more are refused at once. 0 to 1,000,000. @default 0 */
  readonly maxQueued?: number;
  /**
   * Longest time that a call waits before it is refused; the caller's deadline may make it shorter. Milliseconds, 0 to
   * 15 minutes.
   *
   * @default 1000
   */
  readonly maxWaitMs?: number;
}

/**
 * Make a bulkhead: at most `maxConcurrent` calls to a dependency are under way at a time in this process, so that one
 * that is slow cannot take all sockets, memory and time. Make one for each dependency, when the process starts.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const tracker = bulkhead({ name: 'tracker', maxConcurrent: 5, maxQueued: 20 });
 * const issue = await tracker.call((signal) => fetch(url, { signal }).then(expectOk));
 */
export function bulkhead(options: BulkheadOptions): Bulkhead {
  const [{ name, emit, clock }, own] = policyParts('bulkhead', options);
  const settings = parsePolicy(own, `bulkhead "${name}"`, readBulkhead);
  return bulkheadOn({ name, settings, clock, emit });
}

/**
 * Put a bulkhead around a function; all functions that one `withBulkhead(options)` is given share it.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const guard = withBulkhead({ name: 'tracker', maxConcurrent: 5 });
 * const findIssue = guard((signal, id: string) => client.issues.get(id, { signal }));
 * const issue = await findIssue('42');
 */
export function withBulkhead(options: BulkheadOptions) {
  return guardedBy(bulkhead(options));
}
