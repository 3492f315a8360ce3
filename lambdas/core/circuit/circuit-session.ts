import type { Classification } from '../classifier.ts';
import { CircuitOpenError, ConfigurationError } from '../errors.ts';
import { summarizeError } from '../failure.ts';
import { reasonOfAbort } from '../invocation.ts';
import { type CallOutcome, type Circuit, outcomeOfSuccess, type Permit, type Refused } from './circuit.ts';

/** A failure of the dependency's health that happened while a message was being handled. */
export interface CircuitFailure {
  readonly circuit: string;
  /** Whether the call was the probe of a half-open circuit. */
  readonly probe: boolean;
  /** Whether the circuit had no failures on record, neither before the call nor since. */
  readonly clean: boolean;
}

/** Why a message cannot be started now. */
export interface Refusal extends Omit<Refused, 'kind' | 'lastError'> {
  readonly circuit: string;
}

/** Options of {@link circuitSession}. */
export interface CircuitSessionOptions {
  readonly circuits: ReadonlyMap<string, Circuit>;
  /** Decides which errors speak of the dependency's health. */
  readonly classify: (error: unknown) => Classification;
  readonly signal: AbortSignal;
  /** Told when a call is refused. */
  readonly onRejected: (circuit: string) => void;
  readonly now: () => number;
  /** Time until everything has to have ended: a probe that was taken is nobody else's for so long. Milliseconds. */
  readonly remainingMs: () => number;
}

/** One message's dealings with the circuits of its consumer. */
export interface CircuitSession {
  /** Ask every circuit for leave; where one refuses, what the others gave is handed back. */
  admit(): Promise<Refusal | undefined>;
  /** Make a call through a circuit. */
  call<T>(circuit: string, operation: (signal: AbortSignal) => T | Promise<T>): Promise<T>;
  /** Tell a circuit how the message as a whole went: the way of a consumer that names no circuits. */
  reportWhole(circuit: string, whole: Whole): Promise<void>;
  /** Report the calls that are under way as failed: nobody waits for them any longer. */
  abandon(thrown: unknown): Promise<void>;
  /** Hand back the permits that were not used. */
  close(): Promise<void>;
  /** Failures of the dependencies' health so far. */
  readonly failures: readonly CircuitFailure[];
}

/** How the handling of a message went. */
export type Whole = { readonly tookMs: number } | { readonly thrown: unknown };

interface Running {
  readonly circuit: Circuit;
  readonly permit: Permit;
}

/** Start a message's dealings with its circuits. */
export function circuitSession(options: CircuitSessionOptions): CircuitSession {
  const { circuits, classify, signal, onRejected, now, remainingMs } = options;
  const held = new Map<string, Permit>();
  const underWay = new Set<Running>();
  const failures: CircuitFailure[] = [];

  async function admit(): Promise<Refusal | undefined> {
    for (const circuit of circuits.values()) {
      const admission = await circuit.admit(remainingMs());
      if (admission.kind === 'refused') {
        onRejected(circuit.name);
        await close();
        const { retryAtEpochMs, forced, sinceEpochMs } = admission;
        return { circuit: circuit.name, retryAtEpochMs, forced, sinceEpochMs };
      }
      held.set(circuit.name, admission.permit);
    }
    return undefined;
  }

  /** A probe's permit is used by the first call; in a closed circuit every call asks anew, since it may have opened. */
  async function permitFor(circuit: Circuit): Promise<Permit> {
    const permit = held.get(circuit.name);
    held.delete(circuit.name);
    if (permit?.probe) return permit;
    const admission = await circuit.admit(remainingMs());
    if (admission.kind === 'admitted') return admission.permit;
    onRejected(circuit.name);
    const { retryAtEpochMs, lastError } = admission;
    const retryAfterMs = Math.max(0, retryAtEpochMs - now());
    throw new CircuitOpenError({ circuit: circuit.name, retryAfterMs, lastError });
  }

  async function call<T>(name: string, operation: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    const circuit = circuits.get(name);
    if (circuit === undefined) throw unknownCircuit(name, circuits);
    const running: Running = { circuit, permit: await permitFor(circuit) };
    underWay.add(running);
    const startedAt = now();
    let result: T;
    try {
      result = await operation(signal);
    } catch (error) {
      await end(running, outcomeOf(reasonOfAbort(error, signal)));
      throw error;
    }
    await end(running, outcomeOfSuccess(circuit, now() - startedAt));
    return result;
  }

  async function end(running: Running, outcome: CallOutcome): Promise<void> {
    if (underWay.delete(running)) await report(running.circuit, running.permit, outcome);
  }

  async function abandon(thrown: unknown): Promise<void> {
    for (const running of [...underWay]) await end(running, outcomeOf(thrown));
  }

  function outcomeOf(error: unknown): CallOutcome {
    const { dependency, retryAfterMs } = classify(error);
    if (!dependency) return { kind: 'ignored' };
    const { name, message } = summarizeError(error);
    return { kind: 'failure', summary: `${name}: ${message}`.slice(0, 200), retryAfterMs };
  }

  async function report(circuit: Circuit, permit: Permit, outcome: CallOutcome): Promise<void> {
    if (outcome.kind === 'failure') {
      const clean = permit.clean && circuit.snapshot().clean;
      failures.push({ circuit: circuit.name, probe: permit.probe, clean });
    }
    await circuit.report(permit, outcome);
  }

  async function reportWhole(name: string, whole: Whole): Promise<void> {
    const circuit = circuits.get(name);
    const permit = held.get(name);
    if (circuit === undefined || permit === undefined) return;
    held.delete(name);
    const outcome = 'thrown' in whole ? outcomeOf(whole.thrown) : outcomeOfSuccess(circuit, whole.tookMs);
    await report(circuit, permit, outcome);
  }

  async function close(): Promise<void> {
    for (const [name, permit] of held) await circuits.get(name)?.report(permit, { kind: 'ignored' });
    held.clear();
  }

  return { admit, call, reportWhole, abandon, close, failures };
}

function unknownCircuit(name: string, circuits: ReadonlyMap<string, Circuit>): ConfigurationError {
  const known = [...circuits.keys()].map((each) => `"${each}"`).join(', ');
  return new ConfigurationError('ctx.circuit', [
    { option: 'name', rule: `must be a circuit of this consumer (${known})`, value: name },
  ]);
}
