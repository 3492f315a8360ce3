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

/** Options of {@link localCircuit}. */
export interface LocalCircuitOptions {
  readonly name: string;
  readonly settings: CircuitSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of every change of state. */
  readonly onTransition?: (transition: CircuitTransition) => void;
}

/** A probe that did not report within this time is taken for dead, and the next caller probes. Milliseconds. */
const PROBE_LEASE_MS = 60_000;

/** Who finds the probe taken comes back after this share of the open time: the probe will have ended by then. */
const LOSER_SHARE = 0.25;

/** Spread of the open time, so that environments do not probe in step. */
const OPEN_JITTER = 0.1;

type State =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly until: number; readonly openForMs: number }
  | {
      readonly kind: 'half-open';
      readonly openForMs: number;
      readonly successes: number;
      readonly probe: { readonly permit: Permit; readonly leaseUntil: number } | undefined;
    };

/**
 * The local layer of the breaker: one Lambda environment's own view of a dependency.
 *
 * `failureThreshold` consecutive failures open it for `openForMs` (± 10 %); then one probe at a time is let through, and
 * `successThreshold` good ones in a row close it. A bad one opens it again for twice as long, up to `maxOpenForMs`. A
 * longer `Retry-After` from the dependency extends the open time, up to the same cap; it is never cut short by the
 * jitter. No timers: everything happens inside the calls.
 *
 * @example
 * const admission = circuit.admit();
 * if (admission.kind === 'admitted') circuit.report(admission.permit, { kind: 'success' });
 */
export function localCircuit(options: LocalCircuitOptions): Circuit {
  const { name, settings, clock, random, onTransition } = options;
  let state: State = { kind: 'closed' };
  let epoch = 0;
  let failures = 0;
  let lastFailureAt = 0;
  let lastError: string | undefined;
  const cleanPermit = { probe: false, clean: true };
  const dirtyPermit = { probe: false, clean: false };
  let clean: Permit = { epoch, ...cleanPermit };
  let dirty: Permit = { epoch, ...dirtyPermit };

  function move(next: State): void {
    const from = state.kind;
    state = next;
    epoch += 1;
    clean = { epoch, ...cleanPermit };
    dirty = { epoch, ...dirtyPermit };
    if (next.kind !== from) {
      const retryAtEpochMs = next.kind === 'open' ? next.until : undefined;
      onTransition?.({ circuit: name, from, to: next.kind, lastError, retryAtEpochMs });
    }
  }

  function open(openForMs: number, retryAfterMs: number | undefined): void {
    const draw = random();
    const own = openForMs * (1 + OPEN_JITTER * (2 * draw - 1));
    const asked = Math.min(settings.maxOpenForMs, retryAfterMs ?? 0) * (1 + OPEN_JITTER * draw);
    move({ kind: 'open', until: clock.now() + Math.max(own, asked), openForMs });
  }

  function refuse(retryAtEpochMs: number): Admission {
    return { kind: 'refused', retryAtEpochMs, lastError };
  }

  function probe(halfOpen: Extract<State, { kind: 'half-open' }>): Admission {
    const now = clock.now();
    epoch += 1;
    const permit: Permit = { epoch, probe: true, clean: false };
    state = { ...halfOpen, probe: { permit, leaseUntil: now + PROBE_LEASE_MS } };
    return { kind: 'admitted', permit };
  }

  function onRecord(): boolean {
    return failures > 0 && clock.now() - lastFailureAt < settings.windowMs;
  }

  function admit(): Admission {
    if (state.kind === 'closed') {
      return { kind: 'admitted', permit: onRecord() ? dirty : clean };
    }
    const now = clock.now();
    if (state.kind === 'open') {
      if (now < state.until) return refuse(state.until);
      move({ kind: 'half-open', openForMs: state.openForMs, successes: 0, probe: undefined });
    }
    if (state.kind !== 'half-open') return refuse(now);
    if (state.probe !== undefined && now < state.probe.leaseUntil) {
      return refuse(Math.min(state.probe.leaseUntil, now + settings.openForMs * LOSER_SHARE));
    }
    return probe(state);
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
    if (failures >= settings.failureThreshold) open(settings.openForMs, outcome.retryAfterMs);
  }

  function reportProbe(permit: Permit, outcome: CallOutcome): void {
    if (state.kind !== 'half-open' || state.probe?.permit !== permit) return;
    const { openForMs } = state;
    if (outcome.kind === 'failure') {
      lastError = outcome.summary;
      lastFailureAt = clock.now();
      open(Math.min(settings.maxOpenForMs, openForMs * 2), outcome.retryAfterMs);
      return;
    }
    const successes = state.successes + (outcome.kind === 'success' ? 1 : 0);
    if (successes >= settings.successThreshold) {
      failures = 0;
      lastError = undefined;
      move({ kind: 'closed' });
    } else {
      state = { ...state, successes, probe: undefined };
    }
  }

  return {
    name,
    admit,
    report,
    snapshot: (): CircuitSnapshot => ({
      state: state.kind,
      retryAtEpochMs: state.kind === 'open' ? state.until : undefined,
      clean: state.kind === 'closed' && !onRecord(),
    }),
  };
}
