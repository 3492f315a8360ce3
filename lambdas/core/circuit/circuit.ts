import type { MaybePromise } from '../clock.ts';

/** State of a circuit. */
export type CircuitState = 'closed' | 'open' | 'half-open';

/** Leave to make a call. Whoever is admitted reports exactly once how it went. */
export interface Permit {
  /** Epoch of the circuit's state; a report from an earlier epoch changes nothing. */
  readonly epoch: number;
  /** Whether the call is the probe of a half-open circuit. */
  readonly probe: boolean;
  /** Whether the circuit had no failures on record when the permit was given. */
  readonly clean: boolean;
  /** When a probe has to have ended: somebody else may probe soon after. Epoch milliseconds. */
  readonly endsBy?: number;
}

/** Answer of a circuit to who wants to call. */
export type Admission = { readonly kind: 'admitted'; readonly permit: Permit } | Refused;

/** Answer to who may not call now. */
export interface Refused {
  readonly kind: 'refused';
  /** When the circuit may let a call through again. Epoch milliseconds. */
  readonly retryAtEpochMs: number;
  /** Summary of the last failure on record. */
  readonly lastError: string | undefined;
  /** Whether somebody holds it open. */
  readonly forced?: boolean | undefined;
  /** Since when all environments find it in the state that refuses, where they do. Epoch milliseconds. */
  readonly sinceEpochMs?: number | undefined;
}

/** How a call went, as far as the dependency's health is concerned. */
export type CallOutcome =
  | { readonly kind: 'success' }
  | {
      readonly kind: 'failure';
      readonly summary: string;
      readonly retryAfterMs?: number | undefined;
      /** Tells one fault from another, where somebody wants to know for which one the circuit is open. */
      readonly fingerprint?: string | undefined;
    }
  /** It says nothing about the dependency: not called, aborted by the caller, or the caller's own fault. */
  | { readonly kind: 'ignored' };

/** Who changed the state: one environment for itself, the environments together, or a person. */
export type CircuitDecision = 'environment' | 'fleet' | 'operator';

/** A change of state. */
export interface CircuitTransition {
  readonly circuit: string;
  readonly decidedBy: CircuitDecision;
  readonly from: CircuitState;
  readonly to: CircuitState;
  /** Summary of the failure that opened it. */
  readonly lastError: string | undefined;
  /** When an open circuit may let a probe through. Epoch milliseconds. */
  readonly retryAtEpochMs: number | undefined;
  /** Of one that closes, where it is known: for how long it had not been closed. Milliseconds. */
  readonly wasOpenForMs?: number | undefined;
}

/** What is known of a circuit. */
export interface CircuitSnapshot {
  readonly state: CircuitState;
  /** When an open circuit may let a probe through. Epoch milliseconds. */
  readonly retryAtEpochMs: number | undefined;
  /** Whether it is closed without failures on record. */
  readonly clean: boolean;
  /** When the failures on record will have left the window, if none follow. Epoch milliseconds; absent: none are. */
  readonly cleanAtEpochMs?: number | undefined;
  /** Whether an operator holds it in this state. */
  readonly forced: boolean;
  /** Fingerprint of the fault that it is open or half-open for, where one was named. */
  readonly fingerprint?: string | undefined;
  /** Since when all environments find it open or half-open, where they do. Epoch milliseconds. */
  readonly sinceEpochMs?: number | undefined;
}

/**
 * A circuit breaker, as the pipeline sees it. One stands for one dependency. Implementations answer at once where
 * they can and never reject: a store that cannot be reached is theirs to bear.
 */
export interface Circuit {
  readonly name: string;
  /** A call that takes longer counts as a failure. Milliseconds. */
  readonly slowCallMs?: number | undefined;
  /**
   * Ask to make a call.
   *
   * @param forMs longest time that the call can take: if it becomes a probe, nobody else probes for so long
   */
  admit(forMs?: number): MaybePromise<Admission>;
  /** Tell how the call went. */
  report(permit: Permit, outcome: CallOutcome): MaybePromise<void>;
  /** The state as far as it is known here, without asking anybody. */
  snapshot(): CircuitSnapshot;
}

/** How a call went that did not fail: too slow, if it took longer than it may. */
export function outcomeOfSuccess({ slowCallMs }: Circuit, tookMs: number): CallOutcome {
  if (slowCallMs === undefined || tookMs <= slowCallMs) return SUCCESS;
  return { kind: 'failure', summary: `slow: ${Math.round(tookMs)} ms, of ${slowCallMs} ms` };
}

const SUCCESS: CallOutcome = { kind: 'success' };
