import type { Clock, Random } from '../clock.ts';
import type { CircuitSettings } from '../settings.ts';
import type {
  Admission,
  CallOutcome,
  Circuit,
  CircuitSnapshot,
  CircuitTransition,
  Permit,
} from './circuit.ts';
import { openTimeMs } from './open-time.ts';

/** Options of {@link localCircuit}. */
export interface LocalCircuitOptions {
  readonly name: string;
  readonly settings: CircuitSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of every change of state. */
  readonly onTransition?: (transition: CircuitTransition) => void;
}

/** A circuit that answers at once, and can be told what others have found out. */
export interface LocalCircuit extends Circuit {
  admit(forMs?: number): Admission;
  report(permit: Permit, outcome: CallOutcome): void;
  /** Be open until then, or closed, without a word to anybody: others decided it, then or just now. */
  adopt(openUntilEpochMs: number | 'closed', sinceEpochMs?: number): void;
}

/** Who finds the probe taken comes back after this share of the open time: the probe will have ended by then. */
export const LOSER_SHARE = 0.25;

type State =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly since: number; readonly until: number; readonly reopened: number }
  | {
      readonly kind: 'half-open';
      readonly since: number;
      readonly reopened: number;
      readonly successes: number;
      readonly probe: { readonly permit: Permit; readonly leaseUntil: number } | undefined;
    };

/**
 * The local layer of the breaker: one Lambda environment's own view of a dependency.
 *
 * `localThreshold` consecutive failures open it for `openForMs` (± 10 %); then one probe at a time is let through, and
 * `successThreshold` good ones in a row close it. A bad one opens it again for twice as long, up to `maxOpenForMs`. A
 * longer `Retry-After` from the dependency extends the open time, up to the same cap; it is never cut short by the
 * jitter. No timers: everything happens inside the calls.
 *
 * @example
 * const admission = circuit.admit();
 * if (admission.kind === 'admitted') circuit.report(admission.permit, { kind: 'success' });
 */
export function localCircuit(options: LocalCircuitOptions): LocalCircuit {
  const { name, settings, clock, random, onTransition } = options;
  let state: State = { kind: 'closed' };
  let epoch = 0;
  let failures = 0;
  let lastFailureAt = 0;
  let lastError: string | undefined;
  let clean = admitted(epoch, true);
  let dirty = admitted(epoch, false);

  function enter(next: State): void {
    state = next;
    epoch += 1;
    clean = admitted(epoch, true);
    dirty = admitted(epoch, false);
  }

  function move(next: State): void {
    const before = state;
    const from = before.kind;
    enter(next);
    if (next.kind === from) return;
    const retryAtEpochMs = next.kind === 'open' ? next.until : undefined;
    onTransition?.({
      circuit: name,
      decidedBy: 'environment',
      from,
      to: next.kind,
      lastError,
      retryAtEpochMs,
      ...(next.kind === 'closed' && before.kind !== 'closed'
        ? { wasOpenForMs: Math.max(0, clock.now() - before.since) }
        : {}),
    });
  }

  function open(reopened: number, retryAfterMs: number | undefined): void {
    const now = clock.now();
    const since = state.kind === 'closed' ? now : state.since;
    const until = now + openTimeMs(settings, reopened, retryAfterMs, random);
    move({ kind: 'open', since, until, reopened });
  }

  function refuse(retryAtEpochMs: number): Admission {
    return { kind: 'refused', retryAtEpochMs, lastError };
  }

  function probe(halfOpen: Extract<State, { kind: 'half-open' }>, forMs: number): Admission {
    epoch += 1;
    const endsBy = clock.now() + forMs;
    const permit: Permit = { epoch, probe: true, clean: false, endsBy };
    state = { ...halfOpen, probe: { permit, leaseUntil: endsBy } };
    return { kind: 'admitted', permit };
  }

  function onRecord(): boolean {
    return failures > 0 && clock.now() - lastFailureAt < settings.windowMs;
  }

  function admit(forMs = settings.probeTimeoutMs): Admission {
    if (state.kind === 'closed') return onRecord() ? dirty : clean;
    const now = clock.now();
    if (state.kind === 'open') {
      if (now < state.until) return refuse(state.until);
      const { since, reopened } = state;
      move({ kind: 'half-open', since, reopened, successes: 0, probe: undefined });
    }
    if (state.kind !== 'half-open') return refuse(now);
    if (state.probe !== undefined && now < state.probe.leaseUntil) {
      return refuse(Math.min(state.probe.leaseUntil, now + settings.openForMs * LOSER_SHARE));
    }
    return probe(state, forMs);
  }

  function report(permit: Permit, outcome: CallOutcome): void {
    if (permit.probe) reportProbe(permit, outcome);
    else if (state.kind === 'closed' && permit.epoch === epoch) reportClosed(outcome);
  }

  function reportClosed(outcome: CallOutcome): void {
    if (outcome.kind === 'success') failures = 0;
    if (outcome.kind !== 'failure') return;
    failures += 1;
    lastFailureAt = clock.now();
    lastError = outcome.summary;
    if (failures >= settings.localThreshold) open(0, outcome.retryAfterMs);
  }

  function reportProbe(permit: Permit, outcome: CallOutcome): void {
    if (state.kind !== 'half-open' || state.probe?.permit !== permit) return;
    const { reopened } = state;
    if (outcome.kind === 'failure') {
      lastError = outcome.summary;
      lastFailureAt = clock.now();
      open(reopened + 1, outcome.retryAfterMs);
      return;
    }
    const successes = state.successes + (outcome.kind === 'success' ? 1 : 0);
    if (successes >= settings.successThreshold) {
      forget();
      move({ kind: 'closed' });
    } else {
      state = { ...state, successes, probe: undefined };
    }
  }

  function forget(): void {
    failures = 0;
    lastError = undefined;
  }

  function adopt(openUntil: number | 'closed', since = clock.now()): void {
    if (openUntil === 'closed') {
      forget();
      enter({ kind: 'closed' });
    } else {
      enter({ kind: 'open', since, until: openUntil, reopened: 0 });
    }
  }

  return {
    name,
    get slowCallMs() {
      return settings.slowCallMs;
    },
    admit,
    report,
    adopt,
    snapshot: (): CircuitSnapshot => ({
      state: state.kind,
      retryAtEpochMs: state.kind === 'open' ? state.until : undefined,
      clean: state.kind === 'closed' && !onRecord(),
      cleanAtEpochMs: state.kind === 'closed' && onRecord() ? lastFailureAt + settings.windowMs : undefined,
      forced: false,
    }),
  };
}

function admitted(epoch: number, clean: boolean): Admission {
  return { kind: 'admitted', permit: { epoch, probe: false, clean } };
}
