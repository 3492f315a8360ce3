import { type Classifier, classifyError } from '../core/classifier.ts';
import { classifyWith } from '../core/classify-with.ts';
import { parsePolicy, readRetry } from '../core/policies/parse-settings.ts';
import { guardedBy } from '../core/policies/policy.ts';
import { type RetryPolicy, retryOn } from '../core/policies/retry.ts';
import type { RetryBudget } from '../core/policies/retry-budget.ts';
import type { RetryBudgetSettings, RetrySettings } from '../core/policies/settings.ts';
import { type PolicyOptions, policyParts } from './policy-parts.ts';

/**
 * Options of {@link retry}. What is left out has its default: 3 attempts, full jitter from 1 s to 60 s, base 2, a budget of
 * its own.
 */
export interface RetryOptions extends PolicyOptions, Partial<Omit<RetrySettings, 'budget'>> {
  /**
   * What all calls together may spend on being repeated: settings of a budget of its own, one that others share, or `false`
   * for as much as they like.
   *
   * @default - 10 tokens, 1 a second, 0.1 a call
   */
  readonly budget?: RetryBudget | Partial<RetryBudgetSettings> | false;
  /** Decides what an error means, where the default classifier does not fit. If it throws, that one decides. */
  readonly classify?: Classifier;
  /**
   * Whether an error is retried, whatever the classifier says. Our own refusals and aborts never are.
   *
   * @default - what the classifier says
   */
  readonly retryIf?: (error: unknown) => boolean;
}

/**
 * Repeat calls whose failure can heal. Make one for each dependency, when the process starts.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const tracker = retry({ name: 'tracker', attempts: 4, firstDelayMs: 200, capMs: 2_000 });
 * const issue = await tracker.call(async (signal) => expectOk(await fetch(url, { signal })));
 */
export function retry(options: RetryOptions): RetryPolicy {
  const [parts, own] = policyParts('retry', options);
  const { classify: custom, retryIf, budget, ...input } = own;
  const shared = budget !== undefined && isBudget(budget) ? budget : undefined;
  const settings = parsePolicy(
    { ...input, budget: shared === undefined ? budget : false },
    `retry "${parts.name}"`,
    readRetry,
  );
  const classify = classifyWith(
    (error, now) => {
      const classification = custom?.(error, now);
      if (retryIf === undefined) return classification;
      return { ...(classification ?? classifyError(error, now)), retryable: retryIf(error) };
    },
    parts.clock,
    parts.emit,
  );
  return retryOn({ ...parts, settings, classify, ...(shared === undefined ? {} : { budget: shared }) });
}

function isBudget(budget: RetryBudget | Partial<RetryBudgetSettings> | false): budget is RetryBudget {
  return budget !== false && 'take' in budget;
}

/**
 * Repeat a function whose failure can heal; its first parameter is the signal that aborts it.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const findIssue = withRetry({ name: 'tracker' })((signal, id: string) => client.get(id, { signal }));
 * const issue = await findIssue('42');
 */
export function withRetry(options: RetryOptions) {
  return guardedBy(retry(options));
}
