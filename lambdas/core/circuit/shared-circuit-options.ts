import type { Clock, Random } from '../clock.ts';
import type { CircuitSettings } from '../settings.ts';
import type { Circuit, CircuitDecision, CircuitTransition } from './circuit.ts';
import type { CircuitItem, CircuitStore } from './shared-item.ts';
import type { CircuitFault } from './shared-steps.ts';

/** Options of `sharedCircuit`. */
export interface SharedCircuitOptions {
  readonly name: string;
  /** Key of the item in the store. */
  readonly key: string;
  readonly settings: CircuitSettings;
  readonly store: CircuitStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes a token that nobody else makes. */
  readonly newToken: () => string;
  /** Told of each change of state that this environment brought about. */
  readonly onTransition?: (transition: CircuitTransition) => void;
  /** Told of each call that was let through and spoke of the dependency's health. */
  readonly onCall?: (failed: boolean) => void;
  /** Told of each call to the store that failed. */
  readonly onStoreError?: (operation: string, error: unknown) => void;
}

/** Why a state is set, and by whom. */
export interface Reason {
  /** What is told to who meets the circuit. @default - nothing */
  readonly summary?: string;
  /** @default 'operator' */
  readonly decidedBy?: Exclude<CircuitDecision, 'environment'>;
}

/** State that an operator sets for everybody: held open, held closed, or closed and on its own again. */
export type OperatorState = 'forced-open' | 'forced-closed' | 'closed';

/** A circuit that all environments share. */
export interface SharedCircuit extends Circuit {
  /**
   * Set the state for everybody; others see it within the time that they go by what they read.
   *
   * @throws what the store throws: an operator has to know
   */
  set(state: OperatorState, why?: Reason): Promise<void>;
  /**
   * Open it for a fault that was found elsewhere, unless it is not closed. Never rejects.
   *
   * @returns whether it was this call that opened it
   */
  open(fault: CircuitFault): Promise<boolean>;
  /**
   * Learn what came along with somebody else's read. An absence that surprises is left to the circuit's own next read.
   *
   * @param askedAtEpochMs when the store was asked
   */
  learn(item: CircuitItem | undefined, askedAtEpochMs: number): void;
}
