import type { Clock, Random } from '../clock.ts';
import { SpillwayError } from '../errors.ts';
import { DEFAULTS } from '../settings.ts';
import { localCircuit } from './local-circuit.ts';
import type { CircuitItem, CircuitStep, CircuitStore, StepResult } from './shared-item.ts';

/** Options of {@link storeGuard}. */
export interface StoreGuardOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Told of each call that failed or was not answered in time. */
  readonly onStoreError: (operation: string, error: unknown) => void;
}

/** Options of {@link guardedStore}. */
export interface GuardedStoreOptions extends StoreGuardOptions {
  readonly store: CircuitStore;
  readonly key: string;
}

/** What a store said, or that it said nothing. */
export type StoreAnswer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | {
      readonly kind: 'none';
      /** Whether it was asked at all, and may have done what was asked. */
      readonly asked: boolean;
    };

/** A store whose calls never reject and never take long. */
export interface GuardedStore {
  read(consistent: boolean): Promise<StoreAnswer<CircuitItem | undefined>>;
  apply(step: CircuitStep): Promise<StoreAnswer<StepResult>>;
}

/** Handlers wait for these calls. The first one has to connect. Milliseconds. */
const CALL_LIMIT_MS = 250;
const FIRST_CALL_LIMIT_MS = 1_000;

/** A store that failed twice in a row is left alone for a while. */
const STORE_CIRCUIT = {
  ...DEFAULTS.circuit,
  localThreshold: 2,
  successThreshold: 1,
  openForMs: 1_000,
  maxOpenForMs: 5_000,
};

/** Asks a store; never rejects, and never takes long. */
export type StoreGuard = <T>(operation: string, call: () => Promise<T>) => Promise<StoreAnswer<T>>;

/** A time limit and a circuit of its own for the calls to a store: one attempt, since what they change adds up. */
export function storeGuard({ clock, random, onStoreError }: StoreGuardOptions): StoreGuard {
  const health = localCircuit({ name: 'state table', settings: STORE_CIRCUIT, clock, random });
  let limitMs = FIRST_CALL_LIMIT_MS;

  return async function ask<T>(operation: string, call: () => Promise<T>): Promise<StoreAnswer<T>> {
    const admission = health.admit(limitMs);
    if (admission.kind === 'refused') return { kind: 'none', asked: false };
    try {
      const value = await withinLimit(clock, limitMs, call());
      limitMs = CALL_LIMIT_MS;
      health.report(admission.permit, { kind: 'success' });
      return { kind: 'answer', value };
    } catch (error) {
      health.report(admission.permit, { kind: 'failure', summary: operation });
      onStoreError(operation, error);
      return { kind: 'none', asked: true };
    }
  };
}

/** Put a guard around a store of circuits. */
export function guardedStore({ store, key, ...options }: GuardedStoreOptions): GuardedStore {
  const ask = storeGuard(options);
  return {
    read: (consistent) => ask('read a circuit', () => store.read(key, consistent)),
    apply: (step) => ask(`write a circuit: ${step.name}`, () => store.apply(key, step)),
  };
}

function withinLimit<T>(clock: Clock, limitMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new SpillwayError(`the store did not answer within ${limitMs} ms`));
    const cancel = clock.after(limitMs, late);
    answer.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}
