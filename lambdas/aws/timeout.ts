import { parsePolicy } from '../core/policies/parse-settings.ts';
import { guardedBy } from '../core/policies/policy.ts';
import { LONGEST_WAIT_MS } from '../core/policies/settings.ts';
import { type TimeoutPolicy, timeoutOn } from '../core/policies/timeout.ts';
import { type PolicyOptions, policyParts } from './policy-parts.ts';

/** Options of {@link timeout}. */
export interface TimeoutOptions extends PolicyOptions {
  /** Longest time that a call may take. Milliseconds, 1 to 900,000. */
  readonly timeoutMs: number;
}

/**
 * Limit the time of calls. A call that takes longer rejects at that moment, and its signal aborts. Make one when the
 * process starts: all its calls share one timer.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const twoSeconds = timeout({ name: 'tracker', timeoutMs: 2_000 });
 * const response = await twoSeconds.call((signal) => fetch(url, { signal }));
 */
export function timeout(options: TimeoutOptions): TimeoutPolicy {
  const [parts, input] = policyParts('timeout', options);
  const settings = parsePolicy(input, `timeout "${parts.name}"`, (reader) => ({
    timeoutMs: reader.number('timeoutMs', 1, LONGEST_WAIT_MS, Number.NaN),
  }));
  return timeoutOn({ ...parts, settings });
}

/**
 * Limit the time that a function takes; its first parameter is the signal that aborts it.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const findIssue = withTimeout({ name: 'tracker', timeoutMs: 2_000 })((signal, id: string) => client.get(id, { signal }));
 * const issue = await findIssue('42');
 */
export function withTimeout(options: TimeoutOptions) {
  return guardedBy(timeout(options));
}
