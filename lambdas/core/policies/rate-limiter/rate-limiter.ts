import { storeGuard } from '../../circuit/guarded-store.ts';
import type { Clock, MaybePromise, Random } from '../../clock.ts';
import { RateLimitedError } from '../../errors.ts';
import type { EventSink } from '../../events.ts';
import { summarizeError } from '../../failure.ts';
import { KEY_PREFIX } from '../../table-keys.ts';
import type { InnerCallOptions, Operation, PolicyCallOptions } from '../policy.ts';
import { quiet } from '../quiet-sink.ts';
import type { RateLimitSettings } from '../settings.ts';
import { NEVER, promptly } from '../signals.ts';
import type { Span } from './gcra.ts';
import type { LimitStore } from './limit-store.ts';
import { permitPool } from './permit-pool.ts';
import { localPermits, type PermitAnswer } from './permit-source.ts';
import type { RateLimitedCallOptions, RateLimiter, RatePermit, RateRefusal } from './rate-limiter-types.ts';
import { sharedPermits } from './shared-permits.ts';
import { type Waiter, waitingLine } from './waiting-line.ts';

/** What becomes of calls while the store does not answer. */
export const ON_STORE_FAILURE = ['refuse', 'local'] as const;

/** `refuse`: they are refused, and told to come back soon. `local`: each environment admits the whole rate by itself. */
export type OnStoreFailure = (typeof ON_STORE_FAILURE)[number];

/**
 * Default of `skewMs`: Amazon's hosts are within a millisecond of each other, and this leaves room for a time server that
 * is late. Milliseconds.
 */
export const DEFAULT_SKEW_MS = 50;

/** Options of {@link rateLimiterOn}. */
export interface LimiterOptions {
  /** Name, for metrics and errors. */
  readonly name: string;
  /** All who give the same key and store share the limit. @default - made of the name */
  readonly key?: string;
  /** Looked at in every call: what changes in it takes effect at once. */
  readonly settings: RateLimitSettings;
  /** Where the timeline is kept. Absent: in this process, for it alone. */
  readonly store?: LimitStore | undefined;
  /** What becomes of calls while the store does not answer. */
  readonly onStoreFailure: OnStoreFailure;
  /** How far any two environments' clocks are apart, at most. Milliseconds. */
  readonly skewMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EventSink;
}

/** Whose deadline comes before the store's reply comes back after this time. Microseconds. */
const UNKNOWN_US = 100_000;

/** After a failure of the store, calls come back after this time to twice as much. Microseconds. */
const STORE_PAUSE_US = 1_000_000;

/**
 * Make a rate limiter: at most `limit × t / perMs + burst` calls within any time t. See gcra.ts for how, and
 * docs/patterns/rate-limiter.md for what it takes.
 */
export function rateLimiterOn(options: LimiterOptions): RateLimiter {
  const {
    name,
    key = `${KEY_PREFIX.limit}${name}`,
    settings,
    store,
    onStoreFailure,
    skewMs,
    clock,
    random,
  } = options;
  const emit = quiet(options.emit);
  const counts = { admitted: 0, refused: 0, waited: 0, wasted: 0, storeCalls: 0 };
  const issued = new WeakMap<RatePermit, Span>();
  const pool = permitPool((permits) => {
    counts.wasted += permits;
  });
  const nowUs = (): number => Math.round(clock.now() * 1_000);
  const local = localPermits(settings);
  const source = store === undefined ? local : shared(store);
  const line = waitingLine({
    pool,
    clock,
    nowUs,
    advance,
    tooLate,
    onWait: () => {
      counts.waited += 1;
    },
  });
  let asking = false;
  /** Place in the line of those who were told when to come back. */
  let promisedUs = 0;

  function shared(given: LimitStore): ReturnType<typeof sharedPermits> {
    const onStoreError = (operation: string, error: unknown): void =>
      emit({ kind: 'store-error', operation, error: summarizeError(error) });
    return sharedPermits({
      key,
      settings,
      store: given,
      guard: storeGuard({ clock, random, onStoreError }),
      skewUs: Math.ceil(skewMs * 1_000),
      nowUs,
      random,
      onStoreCall: () => {
        counts.storeCalls += 1;
      },
      onWaste: (permits) => {
        counts.wasted += permits;
      },
      onStoreError,
    });
  }

  /** Give everybody in the line what can be had now. */
  function advance(): void {
    const now = nowUs();
    for (;;) {
      for (const waiter of line.first()) {
        if (waiter.deadlineUs < now) {
          tooLate(waiter);
          continue;
        }
        const permit = pool.take(now);
        if (permit === undefined) break;
        line.settle(waiter, admit(permit));
      }
      const uncovered = line.uncovered();
      if (uncovered.length === 0 || asking) break;
      const latestUs = uncovered.reduce((most, waiter) => Math.max(most, waiter.latestUs), now);
      const answer = source.take({ nowUs: now, needed: uncovered.length, latestUs });
      if (answer instanceof Promise) {
        asking = true;
        const goOn = (later: PermitAnswer): void => {
          asking = false;
          absorb(later, latestUs);
          advance();
        };
        // Whatever goes wrong must not leave everybody waiting.
        answer.then(goOn, () => goOn({ kind: 'failed' }));
        break;
      }
      absorb(answer, latestUs);
    }
    line.wake();
  }

  function absorb(answer: PermitAnswer, latestUs: number): void {
    if (answer.kind === 'granted') {
      pool.add(answer.permits);
      for (const { waiter, permit } of line.late()) line.settle(waiter, refuse(permit.fromUs));
      return;
    }
    const uncovered = line.uncovered();
    if (answer.kind === 'failed' && onStoreFailure === 'local' && uncovered.length > 0) {
      const now = nowUs();
      absorb(
        local.take({ nowUs: now, needed: uncovered.length, latestUs: Math.max(latestUs, now) }),
        latestUs,
      );
      return;
    }
    for (const waiter of uncovered) {
      if (waiter.latestUs > Math.max(latestUs, nowUs())) continue;
      line.settle(waiter, answer.kind === 'denied' ? refuse(answer.availableUs) : unanswered());
    }
  }

  function admit(span: Span): RatePermit {
    const permit: RatePermit = { kind: 'permit', untilEpochMs: span.untilUs / 1_000 };
    issued.set(permit, span);
    counts.admitted += 1;
    return permit;
  }

  /** Those who are refused one after the other come back one after the other, within one period. */
  function refuse(availableUs: number): RateRefusal {
    const { limit, perMs } = settings;
    const now = nowUs();
    const firstUs = Math.max(availableUs, now);
    const intervalUs = (perMs * 1_000) / limit;
    const lastUs = firstUs + perMs * 1_000;
    // What lies further ahead was promised under another limit.
    const retryUs =
      promisedUs > lastUs + intervalUs ? firstUs : Math.min(Math.max(promisedUs, firstUs), lastUs);
    promisedUs = retryUs + intervalUs;
    counts.refused += 1;
    const retryAtEpochMs = Math.ceil(retryUs / 1_000);
    return { kind: 'refused', retryAtEpochMs };
  }

  /** Told by who has asked, not by whoever settled it: what knows whom a call is for knows it there. */
  function told(outcome: RatePermit | RateRefusal): RatePermit | RateRefusal {
    if (outcome.kind === 'refused' && outcome.unanswered !== true) {
      emit({
        kind: 'call-rate-limited',
        policy: name,
        retryAfterMs: outcome.retryAtEpochMs - clock.now(),
      });
    }
    return outcome;
  }

  /** It says nothing about the limit, and is told of as an error of the store. */
  function unanswered(): RateRefusal {
    counts.refused += 1;
    const retryUs = nowUs() + STORE_PAUSE_US * (1 + random());
    return { kind: 'refused', retryAtEpochMs: Math.ceil(retryUs / 1_000), unanswered: true };
  }

  function acquire({
    signal,
    deadlineEpochMs,
  }: PolicyCallOptions = {}): MaybePromise<RatePermit | RateRefusal> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const now = nowUs();
    source.note(now);
    if (line.size === 0) {
      const permit = pool.take(now);
      if (permit !== undefined) return admit(permit);
    }
    // Who need not wait is not refused, however late it is.
    const deadlineUs = Math.max(now, (deadlineEpochMs ?? Number.POSITIVE_INFINITY) * 1_000);
    const latestUs = Math.floor(Math.min(now + settings.maxWaitMs * 1_000, deadlineUs));
    const outcome = line.join({ latestUs, deadlineUs, signal });
    return 'kind' in outcome ? told(outcome) : outcome.then(told);
  }

  function tooLate(waiter: Waiter, availableUs = nowUs() + UNKNOWN_US): void {
    line.settle(waiter, refuse(availableUs));
  }

  function giveBack(permit: RatePermit): void {
    const span = issued.get(permit);
    if (span === undefined) return;
    issued.delete(permit);
    counts.admitted -= 1;
    pool.add([span]);
    advance();
  }

  /** Whether a permit that was acquired before can be used now. */
  function redeem(permit: RatePermit): boolean {
    const span = issued.get(permit);
    if (span === undefined) return false;
    issued.delete(permit);
    if (span.untilUs >= nowUs()) return true;
    counts.admitted -= 1;
    counts.wasted += 1;
    return false;
  }

  async function call<T>(
    operation: Operation<T>,
    callOptions: RateLimitedCallOptions & InnerCallOptions = {},
  ): Promise<T> {
    const { signal = NEVER, deadlineEpochMs = Number.POSITIVE_INFINITY, permit, heedsSignal } = callOptions;
    if (permit === undefined || !redeem(permit)) {
      const asked = acquire(callOptions);
      const answer = 'kind' in asked ? asked : await asked;
      if (answer.kind === 'refused') {
        const retryAfterMs = Math.max(0, answer.retryAtEpochMs - clock.now());
        throw new RateLimitedError({ policy: name, retryAfterMs, unanswered: answer.unanswered === true });
      }
      if (signal.aborted) {
        giveBack(answer);
        throw signal.reason;
      }
      issued.delete(answer);
    }
    return promptly(operation, signal, deadlineEpochMs, heedsSignal);
  }

  return { kind: 'rate-limiter', name, call, acquire, giveBack, statistics: () => ({ ...counts }) };
}
