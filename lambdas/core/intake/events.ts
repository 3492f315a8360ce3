import type { CircuitState } from '../circuit/circuit.ts';
import type { ErrorSummary } from '../failure.ts';

/** What a consumer's intake is, as a look at it found it. */
export interface IntakeStatus {
  readonly consumerId: string;
  /** Whether nothing comes in: the event source is switched off. */
  readonly paused: boolean;
  /** How long the pause lasts so far; gentle openings do not end it. Seconds, 0 if there is none. */
  readonly pausedForSeconds: number;
  /** Whether it is switched off though nothing in the tables asks for it. */
  readonly withoutCause: boolean;
  /** Whether somebody holds it: an operator, or a FIFO queue that halted. */
  readonly held: boolean;
  /** Fault for which the kill switch holds it. */
  readonly killSwitch: string | undefined;
  /** State of each circuit that it needs. */
  readonly circuits: ReadonlyMap<string, CircuitState>;
  /** How long each of those that are half-open has been so. Seconds. */
  readonly halfOpenForSeconds: ReadonlyMap<string, number>;
}

/** What the intake controller did, or could not do. */
export type IntakeEvent =
  | { readonly kind: 'intake-status'; readonly status: IntakeStatus }
  | {
      readonly kind: 'intake-paused';
      readonly consumerId: string;
      readonly causes: readonly string[];
    }
  | {
      readonly kind: 'intake-opened';
      readonly consumerId: string;
      /** `probe`, `sweep`: a little; `ramp`: on the way back; `full`: all of it. */
      readonly why: 'probe' | 'sweep' | 'ramp' | 'full';
      /** Invocations at a time; absent: no limit. */
      readonly concurrency: number | undefined;
    }
  | {
      readonly kind: 'intake-error';
      readonly consumerId: string | undefined;
      readonly operation: string;
      readonly error: ErrorSummary;
    };
