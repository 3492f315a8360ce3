import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { parsePolicy, readRateLimit } from '../core/policies/parse-settings.ts';
import { guardedBy } from '../core/policies/policy.ts';
import {
  DEFAULT_SKEW_MS,
  ON_STORE_FAILURE,
  type OnStoreFailure,
  rateLimiterOn,
} from '../core/policies/rate-limiter/rate-limiter.ts';
import type { RateLimiter } from '../core/policies/rate-limiter/rate-limiter-types.ts';
import type { RateLimitSettings } from '../core/policies/settings.ts';
import { runtimeClients } from './clients.ts';
import { dynamoLimits } from './dynamo-limits.ts';
import { type PolicyOptions, policyParts, sharedTable } from './policy-parts.ts';

/** Options of {@link rateLimiter}. */
export interface RateLimiterOptions extends PolicyOptions {
  /** Calls in each period. 1 or more, at most 100 in a millisecond. */
  readonly limit: number;
  /** The period. Milliseconds, 1 to a day. */
  readonly perMs: number;
  /**
   * In any time t, at most `limit × t / perMs + burst` calls are made. 1 to 1,000,000. With a table, less than 1 plus the
   * limit of a quarter of a second costs part of the limit (of 0.15 s, where callers wait).
   *
   * @default - `limit`
   */
  readonly burst?: number;
  /**
   * Items over which the limit is spread, for so many calls that one would be too busy. 1 to 100, and not more than
   * `burst`. Without a table it has no effect.
   *
   * @default 1
   */
  readonly shards?: number;
  /**
   * Longest time that a call waits for its turn before it is refused. Milliseconds, 0 to 900,000.
   *
   * @default 0 - it is refused at once
   */
  readonly maxWaitMs?: number;
  /**
   * Name of the state table, through which all who give the same `name` and the same limit share it. It takes
   * `dynamodb:GetItem` and `dynamodb:UpdateItem` on it (`StateTable.grantLimits`).
   *
   * @default - left out: the limit is this process's own
   */
  readonly table?: string | undefined;
  /** Client for the table. It should try once: what is taken twice is wasted once. @default - such a client */
  readonly client?: DynamoDBClient;
  /**
   * What becomes of calls while the table does not answer: `refuse`, and come back soon; or `local`, and let each
   * process admit the whole limit by itself.
   *
   * @default 'refuse'
   */
  readonly onStoreFailure?: OnStoreFailure;
  /**
   * How far the clocks of any two processes may be apart. Clocks that are further apart break the bound, by as many
   * calls as are admitted in the difference. Milliseconds, 0 to 60,000.
   *
   * @default 50
   */
  readonly skewMs?: number;
}

const MOST_SKEW_MS = 60_000;

/**
 * Make a rate limiter, with or without a table to share it through. It needs nothing else of Spillway: any Lambda
 * function or service can use it. Make one for each dependency, when the process starts.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const limit = rateLimiter({ name: 'tracker', limit: 100, perMs: 1_000, table: process.env.STATE_TABLE });
 * const issue = await limit.call((signal) => fetch(url, { signal }).then(expectOk));
 */
export function rateLimiter(options: RateLimiterOptions): RateLimiter {
  const [{ name, emit, clock, random }, own] = policyParts('rateLimiter', options);
  const { table: _table, client, ...input } = own;
  const table = sharedTable('rateLimiter', own);
  const { onStoreFailure, skewMs, ...settings } = parsePolicy(input, `rate limit "${name}"`, (reader) => ({
    ...readRateLimit(reader),
    onStoreFailure: reader.oneOf('onStoreFailure', ON_STORE_FAILURE, 'refuse'),
    skewMs: reader.number('skewMs', 0, MOST_SKEW_MS, DEFAULT_SKEW_MS),
  }));
  return rateLimiterOn({
    name,
    settings: settings satisfies RateLimitSettings,
    store: table === undefined ? undefined : dynamoLimits(client ?? runtimeClients().circuits, table),
    onStoreFailure,
    skewMs,
    clock,
    random,
    emit,
  });
}

/**
 * Put a rate limiter around a function; all functions that one `withRateLimit(options)` is given share it.
 *
 * @throws {ConfigurationError} naming every option that breaks its rule
 * @example
 * const findIssue = withRateLimit({ name: 'tracker', limit: 10, perMs: 1_000 })((signal, id: string) =>
 *   fetch(`${url}/${id}`, { signal }),
 * );
 * const issue = await findIssue('42');
 */
export function withRateLimit(options: RateLimiterOptions) {
  return guardedBy(rateLimiter(options));
}
