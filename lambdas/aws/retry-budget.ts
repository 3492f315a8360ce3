import type { Clock } from '../core/clock.ts';
import { parsePolicy, readRetryBudget } from '../core/policies/parse-settings.ts';
import { type RetryBudget, retryBudget as retryBudgetOf } from '../core/policies/retry-budget.ts';
import type { RetryBudgetSettings } from '../core/policies/settings.ts';
import { systemClock } from './system-clock.ts';

/** Options of {@link retryBudget}. What is left out has its default: 10 tokens, 1 a second, 0.1 a call. */
export interface RetryBudgetOptions extends Partial<RetryBudgetSettings> {
  /** Where time comes from. @default - the machine */
  readonly clock?: Clock;
}

/**
 * Make a budget that several retry policies share: what all their calls together may spend on being repeated. A policy
 * that is given none has one of its own.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const budget = retryBudget({ capacity: 20 });
 * const orders = retry({ name: 'orders', budget });
 * const stock = retry({ name: 'stock', budget });
 */
export function retryBudget({ clock = systemClock, ...input }: RetryBudgetOptions = {}): RetryBudget {
  return retryBudgetOf(parsePolicy(input, 'retry budget', readRetryBudget), clock);
}
