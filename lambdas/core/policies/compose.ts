import type { CallOptions, CircuitBreaker } from '../circuit/circuit-breaker.ts';
import { ConfigurationError, type ConfigurationProblem } from '../errors.ts';
import type { FallbackPolicy } from './fallback.ts';
import {
  guardedBy,
  type InnerCallOptions,
  type Operation,
  type Policy,
  type PolicyCallOptions,
  type PolicyKind,
} from './policy.ts';
import type { RetryPolicy } from './retry.ts';
import { NEVER, promptly } from './signals.ts';
import type { TimeoutPolicy } from './timeout.ts';

/**
 * What stands around a call. Each place takes policies of its own kind only, so there is one order, from the caller to
 * the call: fallback, total time-out, retry, circuit breaker, rate limiter, bulkhead, time-out of the attempt. What is
 * left out is not there.
 */
export interface Composition<F = never> {
  /** Name of the composed policy. @default - that of its outermost part */
  readonly name?: string;
  /** Answers when everything else has failed. */
  readonly fallback?: FallbackPolicy<F>;
  /** Limits the whole: attempts, waits between them, waits for a turn. */
  readonly totalTimeout?: TimeoutPolicy;
  readonly retry?: RetryPolicy;
  readonly breaker?: CircuitBreaker;
  /**
   * What the breaker counts. `attempts`: it stands inside the retry, sees each attempt, and a circuit that opens ends the
   * repetitions. `calls`: it stands around the retry and sees how calls end, after all their attempts; what a repetition
   * mended is a success.
   *
   * @default 'attempts'
   */
  readonly breakerCounts?: 'attempts' | 'calls';
  /** Asked for each attempt. */
  readonly rateLimiter?: Policy & { readonly kind: 'rate-limiter' };
  /** Takes a place for each attempt, and gives it back while a repetition waits. */
  readonly bulkhead?: Policy & { readonly kind: 'bulkhead' | 'adaptive-concurrency' };
  /** Limits each attempt, from when it has its turn. */
  readonly timeout?: TimeoutPolicy;
}

/** Several policies that are one. */
export interface ComposedPolicy<F = never> extends Policy<F> {
  readonly kind: 'composed';
}

type Place = Exclude<keyof Composition, 'name' | 'breakerCounts'>;

/** What fits each place. */
const PLACES: readonly (readonly [Place, readonly PolicyKind[]])[] = [
  ['fallback', ['fallback']],
  ['totalTimeout', ['timeout']],
  ['retry', ['retry']],
  ['breaker', ['circuit-breaker']],
  ['rateLimiter', ['rate-limiter']],
  ['bulkhead', ['bulkhead', 'adaptive-concurrency']],
  ['timeout', ['timeout']],
];

type Call = <T>(operation: Operation<T>, options?: PolicyCallOptions) => Promise<T>;

/**
 * Put policies around each other, in the order of {@link Composition}. Signals and deadlines go through all of them, and
 * every call ends exactly once: with the operation's own result or error, or with a typed error of the policy that
 * ended it.
 *
 * @throws {ConfigurationError} if a policy is of another kind than its place
 * @example
 * const tracker = compose({
 *   retry: retry({ name: 'tracker' }),
 *   breaker: circuitBreaker({ name: 'tracker' }),
 *   timeout: timeout({ name: 'tracker', timeoutMs: 2_000 }),
 * });
 * const issue = await tracker.call(async (signal) => expectOk(await fetch(url, { signal })));
 */
export function compose<F = never>(composition: Composition<F>): ComposedPolicy<F> {
  check(composition);
  const { fallback, totalTimeout, retry, breaker, rateLimiter, bulkhead, timeout } = composition;
  const around = composition.breakerCounts === 'calls' ? [breaker, retry] : [retry, breaker];
  const layers = [totalTimeout, ...around, rateLimiter, bulkhead, timeout].filter(
    (layer) => layer !== undefined,
  );
  const mayWait = rateLimiter !== undefined || bulkhead !== undefined;
  const inner = layers.reduceRight<Call | undefined>((call, layer) => {
    if (call === undefined) return only(layer);
    return layer === breaker && mayWait ? counting(breaker, call) : under(layer, call);
  }, undefined);
  const call = inner ?? bare;
  return {
    kind: 'composed',
    name: composition.name ?? (fallback ?? layers[0])?.name ?? 'composed',
    call:
      fallback === undefined
        ? call
        : (operation, options) =>
            fallback.call(
              (signal, deadlineEpochMs) => call(operation, { signal, deadlineEpochMs }),
              heeding(options),
            ),
  };
}

/**
 * Put policies around a function: {@link compose} and {@link guardedBy}. All functions that one `withPolicies` is given
 * share the policies.
 *
 * @throws {ConfigurationError} if a policy is of another kind than its place
 * @example
 * const findIssue = withPolicies({ retry, breaker, timeout })((signal, id: string) => client.get(id, { signal }));
 * const issue = await findIssue('42');
 */
export function withPolicies<F = never>(composition: Composition<F>) {
  return guardedBy(compose(composition));
}

/** Calls under the innermost policy, which sees to it that an abort ends what it calls. */
function only(policy: Policy): Call {
  return (operation, options) => policy.call(operation, options);
}

/** Calls under a policy, with others inside of it. */
function under(policy: Policy, inner: Call): Call {
  return (operation, options) =>
    policy.call((signal, deadlineEpochMs) => inner(operation, { signal, deadlineEpochMs }), heeding(options));
}

const HEEDING: InnerCallOptions = { heedsSignal: true };

/** The options of a layer with others inside of it, which need not listen to the caller themselves. */
function heeding(options: PolicyCallOptions | undefined): InnerCallOptions {
  if (options === undefined) return HEEDING;
  return options.signal === NEVER ? options : { ...options, heedsSignal: true };
}

/**
 * The same under a breaker with limits inside of it: what ends while it waits for its turn there has not reached the
 * dependency, and does not count; nor is the wait a slow answer.
 */
function counting(breaker: CircuitBreaker, inner: Call): Call {
  return (operation, options) => {
    let reachedAt: number | undefined;
    const noting: typeof operation = (signal, deadlineEpochMs) => {
      reachedAt ??= breaker.clock.now();
      return operation(signal, deadlineEpochMs);
    };
    const counted: CallOptions<never> & InnerCallOptions = {
      ...options,
      heedsSignal: true,
      reachedAtEpochMs: () => reachedAt,
    };
    return breaker.call((signal, deadlineEpochMs) => inner(noting, { signal, deadlineEpochMs }), counted);
  };
}

/** No layer at all: a call that a signal can abort. */
async function bare<T>(operation: Operation<T>, options?: PolicyCallOptions): Promise<T> {
  return promptly(operation, options?.signal ?? NEVER, options?.deadlineEpochMs ?? Number.POSITIVE_INFINITY);
}

/** The types say it too; this is for those who write JavaScript. */
function check(composition: Composition<unknown>): void {
  const problems: ConfigurationProblem[] = [];
  for (const [place, kinds] of PLACES) {
    const policy = composition[place];
    if (policy !== undefined && !kinds.includes(policy.kind)) {
      problems.push({
        option: place,
        rule: `must be a policy of kind ${kinds.join(' or ')}`,
        value: policy.kind,
      });
    }
  }
  const { breakerCounts = 'attempts' } = composition;
  if (breakerCounts !== 'attempts' && breakerCounts !== 'calls') {
    problems.push({ option: 'breakerCounts', rule: 'must be attempts or calls', value: breakerCounts });
  }
  if (problems.length > 0) throw new ConfigurationError('compose', problems);
}
