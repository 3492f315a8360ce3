import { classifyError, isOverload } from '../core/classifier.ts';
import { type AdaptiveConcurrency, adaptiveConcurrencyOn } from '../core/policies/adaptive-concurrency.ts';
import { parsePolicy, readAdaptiveConcurrency } from '../core/policies/parse-settings.ts';
import { guardedBy } from '../core/policies/policy.ts';
import { type PolicyOptions, policyParts } from './policy-parts.ts';

/** Options of {@link adaptiveConcurrency}. */
export interface AdaptiveConcurrencyOptions extends PolicyOptions {
  /** Calls under way at first. From `min` to `max`. @default 4 */
  readonly initial?: number;
  /** Least calls under way. 1 to 1,000,000. @default 1 */
  readonly min?: number;
  /** Most calls under way. `min` to 1,000,000. @default 100 */
  readonly max?: number;
  /** A call that takes longer speaks for fewer. Milliseconds, 1 to 15 minutes. @default 1000 */
  readonly latencyMs?: number;
  /** What is left of the limit after such a call. 0.1 to 0.99. @default 0.7 */
  readonly decrease?: number;
  /** Calls that wait for their turn; more are refused at once. 0 to 1,000,000. @default 0 */
  readonly maxQueued?: number;
  /**
   * Longest time that a call waits before it is refused; the caller's deadline may make it shorter. Milliseconds, 0 to
   * 15 minutes.
   *
   * @default 1000
   */
  readonly maxWaitMs?: number;
  /**
   * Whether an error says that the dependency is asked for too much.
   *
   * @default - HTTP 429, throttling, an error with a time to come back, a time-out
   */
  readonly isOverload?: (error: unknown) => boolean;
}

/**
 * Make a bulkhead that finds its size: as many calls to a dependency are under way at a time in this process as it
 * answers in time. Make one for each dependency, when the process starts.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const tracker = adaptiveConcurrency({ name: 'tracker', latencyMs: 300, maxQueued: 20 });
 * const issue = await tracker.call((signal) => fetch(url, { signal }).then(expectOk));
 */
export function adaptiveConcurrency(options: AdaptiveConcurrencyOptions): AdaptiveConcurrency {
  const [{ name, emit, clock }, own] = policyParts('adaptiveConcurrency', options);
  const { isOverload: asked, ...input } = own;
  const settings = parsePolicy(input, `adaptive concurrency "${name}"`, readAdaptiveConcurrency);
  const byClassifier = (error: unknown): boolean => isOverload(error, classifyError(error, clock.now()));
  return adaptiveConcurrencyOn({ name, settings, isOverload: asked ?? byClassifier, clock, emit });
}

/**
 * Put such a bulkhead around a function; all functions that one `withAdaptiveConcurrency(options)` is given share it.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const guard = withAdaptiveConcurrency({ name: 'tracker', latencyMs: 300 });
 * const findIssue = guard((signal, id: string) => client.issues.get(id, { signal }));
 * const issue = await findIssue('42');
 */
export function withAdaptiveConcurrency(options: AdaptiveConcurrencyOptions) {
  return guardedBy(adaptiveConcurrency(options));
}
