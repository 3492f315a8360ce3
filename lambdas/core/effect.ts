import { SpillwayError } from './errors.ts';
import type { IdempotentOutcome } from './idempotency.ts';

/** The effect of one attempt. It knows how far it got, whatever becomes of the bookkeeping around it. */
export interface Effect {
  /** Run it, unless it is too late. */
  run(): Promise<void>;
  /** Whether it was started. */
  started(): boolean;
  /** How it went, as far as it is known, when the bookkeeping has not answered in time. */
  soFar(): IdempotentOutcome | 'running';
}

/**
 * Keep track of an effect.
 *
 * @param signal once it has aborted, the effect is not started any more: its lock came too late
 */
export function trackEffect(effect: () => Promise<void>, signal: AbortSignal): Effect {
  let state: IdempotentOutcome | 'waiting' | 'running' = 'waiting';
  const late = (): SpillwayError => new SpillwayError('the idempotency store did not answer in time');
  return {
    async run() {
      if (signal.aborted) throw new SpillwayError('no time was left to start the handler');
      state = 'running';
      try {
        await effect();
        state = { kind: 'completed' };
      } catch (error) {
        state = { kind: 'failed', error };
        throw error;
      }
    },
    started: () => state !== 'waiting',
    soFar() {
      if (state === 'waiting') return { kind: 'unavailable', error: late() };
      return state === 'running' ? state : { ...state, recordError: late() };
    },
  };
}
