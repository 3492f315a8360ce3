/** Kind of a policy. */
export type PolicyKind =
  | 'fallback'
  | 'timeout'
  | 'retry'
  | 'circuit-breaker'
  | 'rate-limiter'
  | 'bulkhead'
  | 'adaptive-concurrency'
  | 'composed';

/**
 * What a policy runs. It is given the signal that aborts it and the time at which it has to have ended (epoch
 * milliseconds; `Infinity` if there is none).
 */
export type Operation<T> = (signal: AbortSignal, deadlineEpochMs: number) => T | Promise<T>;

/** Options of one call through a policy. */
export interface PolicyCallOptions {
  /**
   * Aborts the call: what waits stops waiting at once, and no attempt begins any more.
   *
   * @default - none
   */
  readonly signal?: AbortSignal;
  /**
   * When the call has to have ended: nobody waits for a moment after it. Epoch milliseconds.
   *
   * @default - none
   */
  readonly deadlineEpochMs?: number;
}

/** The same of a call that `compose` makes. Not for others: what says that it ends and does not keeps its caller. */
export interface InnerCallOptions extends PolicyCallOptions {
  /**
   * Whether the operation itself ends at once when its signal aborts, so that the policy need not see to it. Policies within
   * policies do.
   *
   * @default false
   */
  readonly heedsSignal?: boolean;
}

/** Stands between a caller and a dependency. `F` is what it may answer by itself, in place of the operation. */
export interface Policy<F = never> {
  /** What it does. */
  readonly kind: PolicyKind;
  /** Dimension of its metrics, and its name in errors and log lines. */
  readonly name: string;
  /** Make a call under the policy. An abort by the caller ends it at once, also where the operation ignores its signal. */
  call<T>(operation: Operation<T>, options?: PolicyCallOptions): Promise<T | F>;
  /** Never set: it tells the type of the answer to {@link AnswerOf}. */
  readonly answer?: F;
}

/** What a policy may answer by itself. */
export type AnswerOf<P> = P extends { readonly answer?: infer F } ? F : never;

/** A function whose calls go through a policy. */
export type Guarded<Args extends readonly unknown[], Result, P> = ((...args: Args) => Promise<Result>) & {
  /** The policy, with its statistics. */
  readonly policy: P;
  /** The same function, for calls that a signal can abort. */
  under(signal: AbortSignal): (...args: Args) => Promise<Result>;
};

/**
 * Put a policy around a function. The function takes the signal that aborts it first, then its own parameters, which are
 * those of the function that comes back.
 *
 * @example
 * const findIssue = guardedBy(policy)((signal, id: string) => fetch(`${url}/${id}`, { signal }));
 * await findIssue('42');
 * await findIssue.under(context.signal)('42');
 */
export function guardedBy<P extends Policy<unknown>>(policy: Policy<AnswerOf<P>> & P) {
  type Answer<Result> = Promise<Result | AnswerOf<P>>;
  return <Args extends readonly unknown[], Result>(
    operation: (signal: AbortSignal, ...args: Args) => Result | Promise<Result>,
  ): Guarded<Args, Result | AnswerOf<P>, P> => {
    const run = (...args: Args): Answer<Result> => policy.call((signal) => operation(signal, ...args));
    const under =
      (signal: AbortSignal) =>
      (...args: Args): Answer<Result> =>
        policy.call((inner) => operation(inner, ...args), { signal });
    return Object.assign(run, { policy, under });
  };
}
