import { idempotencyLifetimeSeconds } from '../aws/powertools-guard.ts';
import type { Clock } from '../core/clock.ts';
import type { IdempotencyGuard, IdempotentOutcome } from '../core/idempotency.ts';
import type { ConsumerSettings } from '../core/settings.ts';
import { idempotencyKeyPrefix } from '../core/table-keys.ts';
import type { Faults } from './faults.ts';

type Entry =
  | { readonly kind: 'running'; readonly endsAt: number }
  | { readonly kind: 'completed'; readonly endsAt: number };

/** Idempotency records in memory: two operations of the state table an effect, as deployed. */
export class MemoryGuards {
  readonly #entries = new Map<string, Entry>();
  readonly #faults: Faults;
  readonly #clock: Clock;

  constructor(faults: Faults, clock: Clock) {
    this.#faults = faults;
    this.#clock = clock;
  }

  /** The guard of one consumer; those of one scope share their records. */
  of(settings: ConsumerSettings): IdempotencyGuard {
    const lifetimeMs = idempotencyLifetimeSeconds(settings) * 1_000;
    return {
      run: (key, remainingMs, effect) =>
        this.#run(`${idempotencyKeyPrefix(settings)}\n${key}`, remainingMs, lifetimeMs, effect),
    };
  }

  async #run(
    key: string,
    remainingMs: number,
    lifetimeMs: number,
    effect: () => Promise<void>,
  ): Promise<IdempotentOutcome> {
    const unavailable = this.#faults.next('state-table');
    if (unavailable !== undefined) return { kind: 'unavailable', error: unavailable };
    const now = this.#clock.now();
    const found = this.#entries.get(key);
    if (found !== undefined && now < found.endsAt) {
      if (found.kind === 'completed') return { kind: 'duplicate' };
      return { kind: 'in-progress', untilEpochMs: found.endsAt };
    }
    const lock: Entry = { kind: 'running', endsAt: now + remainingMs };
    this.#entries.set(key, lock);
    try {
      await effect();
    } catch (error) {
      return { kind: 'failed', error, ...this.#conclude(key, lock) };
    }
    const done: Entry = { kind: 'completed', endsAt: this.#clock.now() + lifetimeMs };
    return { kind: 'completed', ...this.#conclude(key, lock, done) };
  }

  /** Fenced: whoever outlived its lock cannot touch the next one's. */
  #conclude(key: string, lock: Entry, next?: Entry): { readonly recordError?: unknown } {
    const fault = this.#faults.next('state-table');
    if (fault !== undefined) return { recordError: fault };
    if (this.#entries.get(key) !== lock) {
      return { recordError: new Error('the idempotency lock was lost before the effect was recorded') };
    }
    if (next === undefined) this.#entries.delete(key);
    else this.#entries.set(key, next);
    return {};
  }
}
