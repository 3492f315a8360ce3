import type { Classification } from '../classifier.ts';
import { isInstance } from '../error-shape.ts';
import { CallTimeoutError, CircuitOpenError, ConfigurationError, RefusedError } from '../errors.ts';
import { summarizeError } from '../failure.ts';
import { reasonOfAbort } from '../invocation.ts';
import type { CallPolicies, Turn, TurnAnswer } from '../policies/call-policies.ts';
import type { Operation } from '../policies/policy.ts';
import { type CallOutcome, type Circuit, outcomeOfSuccess, type Permit, type Refused } from './circuit.ts';

/** A failure of the dependency's health that happened while a message was being handled. */
export interface CircuitFailure {
  readonly circuit: string;
  /** Whether the call was the probe of a half-open circuit. */
  readonly probe: boolean;
  /** Whether the circuit had no failures on record, neither before the call nor since. */
  readonly clean: boolean;
}

/** Why a message cannot be started now: a circuit refuses it, or its turn at a rate limit has not come, as far as that is known. */
export type Refusal =
  | (Omit<Refused, 'lastError'> & { readonly circuit: string })
  | {
      readonly kind: 'not-its-turn';
      readonly circuit: string;
      /** When it should come back. Epoch milliseconds. */
      readonly placeEpochMs: number;
    }
  /** Nobody knows whether its turn has come: the table did not answer. */
  | { readonly kind: 'unanswered'; readonly circuit: string };

/** Options of {@link circuitSession}. */
export interface CircuitSessionOptions {
  readonly circuits: ReadonlyMap<string, Circuit>;
  /** What else stands around the calls through them. */
  readonly policies: ReadonlyMap<string, CallPolicies>;
  /** Decides which errors speak of the dependency's health. */
  readonly classify: (error: unknown) => Classification;
  readonly signal: AbortSignal;
  /** Told when a call is refused. */
  readonly onRejected: (circuit: string) => void;
  readonly now: () => number;
  /** Time until everything has to have ended: a probe that was taken is nobody else's for so long. Milliseconds. */
  readonly remainingMs: () => number;
  /** Time until {@link signal} aborts. Milliseconds. */
  readonly handlerMs: () => number;
}

/** One message's dealings with the circuits of its consumer. */
export interface CircuitSession {
  /** Ask every circuit for leave, then every rate limit for a turn; where one refuses, what the others gave is handed back. */
  admit(): Promise<Refusal | undefined>;
  /** Make a call through a circuit, under the policies that stand around it. */
  call<T>(circuit: string, operation: Operation<T>): Promise<T>;
  /** Tell a circuit how the message as a whole went: the way of a consumer that names no circuits. */
  reportWhole(circuit: string, whole: Whole): Promise<void>;
  /** Resolves when no operation is under way any more, those included that a policy did not wait for. */
  settled(): Promise<void>;
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
  /** When the dependency was called: what ends while it waits for a turn or a place says nothing about it. Epoch milliseconds. */
  reachedAt: number | undefined;
}

const IGNORED: CallOutcome = { kind: 'ignored' };
const NO_POLICIES: CallPolicies = { around: undefined, inside: undefined, limit: undefined };

/** Start a message's dealings with its circuits. */
export function circuitSession(options: CircuitSessionOptions): CircuitSession {
  const { circuits, policies, classify, signal, onRejected, now, remainingMs, handlerMs } = options;
  const held = new Map<string, Permit>();
  const turns = new Map<string, Turn>();
  const underWay = new Set<Running>();
  /** Operations that have not ended, whoever waits for them. */
  const pending = new Set<Promise<unknown>>();
  const failures: CircuitFailure[] = [];

  async function admit(): Promise<Refusal | undefined> {
    for (const circuit of circuits.values()) {
      const admission = await circuit.admit(remainingMs());
      if (admission.kind === 'refused') {
        onRejected(circuit.name);
        await close();
        const { kind, retryAtEpochMs, forced, sinceEpochMs } = admission;
        return { kind, circuit: circuit.name, retryAtEpochMs, forced, sinceEpochMs };
      }
      held.set(circuit.name, admission.permit);
    }
    return takeTurns();
  }

  async function takeTurns(): Promise<Refusal | undefined> {
    for (const [name, { limit }] of policies) {
      if (limit === undefined) continue;
      let answer: TurnAnswer;
      try {
        answer = await limit.take({ signal, deadlineEpochMs: now() + handlerMs() });
      } catch (error) {
        await close();
        // Whoever asked sees that the time is over, as after any other wait.
        if (signal.aborted) return undefined;
        throw error;
      }
      if (answer.kind === 'turn') {
        turns.set(name, answer);
        continue;
      }
      await close();
      if (answer.kind === 'unanswered') return { kind: 'unanswered', circuit: name };
      return { kind: 'not-its-turn', circuit: name, placeEpochMs: answer.placeEpochMs };
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

  async function call<T>(name: string, operation: Operation<T>): Promise<T> {
    const circuit = circuits.get(name);
    if (circuit === undefined) throw unknownCircuit(name, circuits);
    const own = policies.get(name) ?? NO_POLICIES;
    const { around } = own;
    const deadlineEpochMs = now() + handlerMs();
    if (around === undefined)
      return throughCircuit(circuit, own, tracked(operation), signal, deadlineEpochMs);
    let earlier: Promise<unknown> | undefined;
    const alone = tracked(operation, (attempt) => {
      earlier = attempt;
    });
    return around.call(
      async (within, deadline) => {
        // Whatever an attempt does that was given up, no other one does it at the same time.
        await earlier;
        within.throwIfAborted();
        return throughCircuit(circuit, own, alone, within, deadline);
      },
      { signal, deadlineEpochMs },
    );
  }

  /** The operation, with a note of it until it has ended. */
  function tracked<T>(operation: Operation<T>, note?: (attempt: Promise<unknown>) => void): Operation<T> {
    return (...given) => {
      const result = (async () => operation(...given))();
      const ended: Promise<unknown> = result.then(
        () => pending.delete(ended),
        () => pending.delete(ended),
      );
      pending.add(ended);
      note?.(ended);
      return result;
    };
  }

  async function settled(): Promise<void> {
    while (pending.size > 0) await Promise.all(pending);
  }

  async function throughCircuit<T>(
    circuit: Circuit,
    own: CallPolicies,
    operation: Operation<T>,
    within: AbortSignal,
    deadlineEpochMs: number,
  ): Promise<T> {
    const direct = own.limit === undefined && own.inside === undefined;
    const permit = await permitFor(circuit);
    const running: Running = { circuit, permit, reachedAt: direct ? now() : undefined };
    underWay.add(running);
    // A time-out around the circuit does not wait for a call that ignores its signal, and the circuit has to hear of it.
    const timedOut = (): void => {
      if (isInstance(within.reason, CallTimeoutError)) void end(running, outcomeOf(within.reason));
    };
    if (within !== signal) within.addEventListener('abort', timedOut, { once: true });
    let result: T;
    try {
      result = await (direct
        ? operation(within, deadlineEpochMs)
        : insideOf(own, running, operation, within, deadlineEpochMs));
    } catch (error) {
      await end(running, outcomeOf(reasonOfAbort(error, within)));
      throw error;
    } finally {
      if (within !== signal) within.removeEventListener('abort', timedOut);
    }
    await end(running, outcomeOfSuccess(circuit, now() - (running.reachedAt ?? now())));
    return result;
  }

  function insideOf<T>(
    { limit, inside }: CallPolicies,
    running: Running,
    operation: Operation<T>,
    within: AbortSignal,
    deadlineEpochMs: number,
  ): T | Promise<T> {
    const reaching: Operation<T> = (...given) => {
      running.reachedAt = now();
      return operation(...given);
    };
    const inner: Operation<T> =
      inside === undefined
        ? reaching
        : (signal, deadlineEpochMs) => inside.call(reaching, { signal, deadlineEpochMs });
    const { name } = running.circuit;
    const turn = turns.get(name);
    turns.delete(name);
    const limited = turn ?? limit;
    if (limited === undefined) return inner(within, deadlineEpochMs);
    return limited.call(inner, { signal: within, deadlineEpochMs });
  }

  async function end(running: Running, outcome: CallOutcome): Promise<void> {
    if (!underWay.delete(running)) return;
    await report(running.circuit, running.permit, running.reachedAt === undefined ? IGNORED : outcome);
  }

  async function abandon(thrown: unknown): Promise<void> {
    for (const running of [...underWay]) await end(running, outcomeOf(thrown));
  }

  function outcomeOf(error: unknown): CallOutcome {
    if (isInstance(error, RefusedError)) return IGNORED;
    const { dependency, retryAfterMs } = classify(error);
    if (!dependency) return IGNORED;
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
    for (const [name, permit] of held) await circuits.get(name)?.report(permit, IGNORED);
    held.clear();
    for (const turn of turns.values()) turn.giveBack();
    turns.clear();
  }

  return { admit, call, reportWhole, settled, abandon, close, failures };
}

function unknownCircuit(name: string, circuits: ReadonlyMap<string, Circuit>): ConfigurationError {
  const known = [...circuits.keys()].map((each) => `"${each}"`).join(', ');
  return new ConfigurationError('ctx.circuit', [
    { option: 'name', rule: `must be a circuit of this consumer (${known})`, value: name },
  ]);
}
