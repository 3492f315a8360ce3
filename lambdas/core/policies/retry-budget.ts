import type { Clock } from '../clock.ts';
import type { RetryBudgetSettings } from './settings.ts';

/** What all calls together may spend on being repeated: retry policies that are given the same budget share it. */
export interface RetryBudget {
  /** Note that a call is made for the first time. */
  called(): void;
  /** Take a token for one repetition; `false` if there is none. */
  take(): boolean;
  /** Tokens that are there now. */
  tokens(): number;
}

/** Tenths do not add up to one exactly. */
const ROUNDING = 1e-9;

/**
 * Make a token bucket, full at first. In any time t in which n calls are made, at most
 * `capacity + perSecond × t + perCall × n` of them are repeated, so that an outage cannot multiply what is sent to a
 * dependency, however many attempts each call may make. The settings are read at each call, so they may change.
 *
 * The share of calls is that of Finagle's retry budget, https://twitter.github.io/finagle/guide/Clients.html#retries.
 */
export function retryBudget(settings: RetryBudgetSettings, clock: Clock): RetryBudget {
  let { capacity } = settings;
  let tokens = capacity;
  let filledAt = clock.now();

  /** What a bucket grows by is full at first, too: one of which time and calls add nothing would never have it. */
  function add(more: number): void {
    const grown = Math.max(0, settings.capacity - capacity);
    ({ capacity } = settings);
    tokens = Math.min(capacity, tokens + grown + more);
  }

  function fill(): void {
    const now = clock.now();
    add((Math.max(0, now - filledAt) / 1_000) * settings.perSecond);
    filledAt = now;
  }

  return {
    called: () => add(settings.perCall),
    take() {
      fill();
      if (tokens < 1 - ROUNDING) return false;
      tokens = Math.max(0, tokens - 1);
      return true;
    },
    tokens() {
      fill();
      return tokens;
    },
  };
}
