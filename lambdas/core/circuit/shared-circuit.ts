import type {
  Admission,
  CallOutcome,
  CircuitSnapshot,
  CircuitState,
  CircuitTransition,
  Permit,
} from './circuit.ts';
import {
  bucketOf,
  failureTally,
  isForeignBucket,
  onRecordUntil,
  opens,
  recordEnds,
} from './failure-window.ts';
import { guardedStore } from './guarded-store.ts';
import { LOSER_SHARE, localCircuit } from './local-circuit.ts';
import { openTimeMs } from './open-time.ts';
import type { OperatorState, Reason, SharedCircuit, SharedCircuitOptions } from './shared-circuit-options.ts';
import type { CircuitItem, CircuitStep, SharedState } from './shared-item.ts';
import {
  acquireStep,
  type CircuitFault,
  closeStep,
  forceStep,
  nextVersion,
  openStep,
  probeSucceededStep,
  releaseStep,
  reopenStep,
  reportStep,
  rollStep,
  takeOverStep,
  tripStep,
} from './shared-steps.ts';

export type { OperatorState, SharedCircuit, SharedCircuitOptions };

/** Leave of a shared circuit. */
interface SharedPermit extends Permit {
  /** Leave of the environment's own layer; none where the shared state alone decided. */
  readonly local: Permit | undefined;
  /** Token of the lease that the probe holds. */
  readonly lease: { readonly token: string; readonly successes: number } | undefined;
}

/** The lease outlives its probe by as much as the clocks of two machines may differ. Milliseconds. */
export const LEASE_MARGIN_MS = 2_000;

/** A probe that got its lease so late that less than this share of its time is left is not begun. */
const LEAST_SHARE = 0.5;

/** Who could not reach the store goes by the local layer for this long before trying again. Milliseconds. */
const UNREACHABLE_MS = 1_000;

/** Spread of the time for which a read is good. */
const CACHE_JITTER = 0.2;

/** Who loses this many races for a lease comes back later. */
const MOST_ROUNDS = 3;
const LOST_RACES_MS = 1_000;

/**
 * The circuit breaker that all environments share: one item in a store, and a local layer in each environment, which
 * opens on consecutive failures and is all there is while the store does not answer. See docs/patterns/circuit-breaker.md
 * for the protocol. Healthy calls cost one read for each `cacheForMs` and no write. Nothing here rejects but
 * {@link SharedCircuit.set}. No timers but for the limit on calls to the store: everything happens inside the calls.
 */
export function sharedCircuit(options: SharedCircuitOptions): SharedCircuit {
  const { name, settings, clock, random, newToken, onTransition, onCall } = options;
  const store = guardedStore({ onStoreError: () => {}, ...options });
  const heard: CircuitTransition[] = [];
  const local = localCircuit({
    name,
    settings,
    clock,
    random,
    onTransition: (transition) => void heard.push(transition),
  });
  const tally = failureTally(settings);
  /** What is known of the item; nothing: it is missing, which means closed. */
  let known: CircuitItem | undefined;
  /** Highest version seen, which outlives the item. */
  let version = 0;
  /** Version before this environment created the item: nothing had happened yet, so what was admitted then counts. */
  let versionBefore = 0;
  /** When it was read, and for which share of the cache time that is good, but no longer than so many milliseconds. */
  let readAt = Number.NEGATIVE_INFINITY;
  let goodShare = 1;
  let goodAtMostMs = Number.POSITIVE_INFINITY;
  /** When it was last unclear whether a step had been taken: what was read before does not tell. */
  let unclearSince = Number.NEGATIVE_INFINITY;
  let reachable = true;
  let openSeenAt = 0;
  let dirtyUntil = 0;
  let reportedIn = '';
  let turn: Promise<unknown> = Promise.resolve();
  let wrapped: { readonly inner: Admission; readonly outer: Admission } | undefined;

  const state = (): SharedState => known?.state ?? 'closed';
  /** The cache time may change: what was read under a longer one is not good for as long. */
  const freshUntil = (): number => readAt + Math.min(goodAtMostMs, settings.cacheForMs * goodShare);

  function admit(forMs = settings.probeTimeoutMs): Admission | Promise<Admission> {
    const now = clock.now();
    if (now >= freshUntil() || tally.due(now)) return inTurn(() => admitSlowly(forMs));
    const decision = decide(now);
    return decision === 'take a lease' ? inTurn(() => admitSlowly(forMs)) : given(decision, forMs);
  }

  /** One after the other: who comes second finds what the first one has learned. */
  function inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = turn.then(action);
    turn = result.catch(() => {});
    return result;
  }

  async function admitSlowly(forMs: number): Promise<Admission> {
    if (clock.now() >= freshUntil()) await refresh();
    if (state() === 'closed' && tally.due(clock.now())) await flush();
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const decision = decide(clock.now());
      if (decision !== 'take a lease') return given(decision, forMs);
      const admission = await takeLease(forMs);
      if (admission !== undefined) return admission;
    }
    return refused(clock.now() + LOST_RACES_MS);
  }

  type Decision = 'as the local layer says' | 'yes' | 'take a lease' | { readonly refusedUntil: number };

  function decide(now: number): Decision {
    const item = known;
    if (item === undefined || item.state === 'closed') return 'as the local layer says';
    if (item.state === 'forced-closed') return 'yes';
    if (item.state === 'forced-open') return { refusedUntil: now + settings.openForMs };
    if (!reachable) return 'as the local layer says';
    const until = item.state === 'open' ? openUntil(item) : leasedUntil(item);
    if (now >= until) return 'take a lease';
    if (item.state === 'open') return { refusedUntil: until };
    return { refusedUntil: Math.min(until, now + settings.openForMs * LOSER_SHARE) };
  }

  /** Somebody's clock may have been wrong: nobody waits longer than the open time from when the opening was seen. */
  function openUntil({ openUntil: until = 0, openForMs = 0 }: CircuitItem): number {
    return Math.min(until, openSeenAt + openForMs);
  }

  function leasedUntil({ leaseOwner, leaseUntil = 0 }: CircuitItem): number {
    return leaseOwner === undefined ? 0 : leaseUntil;
  }

  function given(decision: Exclude<Decision, 'take a lease'>, forMs: number): Admission {
    if (decision === 'yes') {
      return admitted({ epoch: version, probe: false, clean: true, local: undefined, lease: undefined });
    }
    if (typeof decision === 'object') return refused(decision.refusedUntil);
    const inner = local.admit(forMs);
    if (heard.length > 0) tell();
    if (inner.kind === 'refused') return inner;
    if (wrapped?.inner === inner && dirtyUntil === 0) return wrapped.outer;
    const { probe, clean } = inner.permit;
    const unmarked = dirtyUntil <= clock.now();
    const permit = { epoch: version, probe, clean: clean && unmarked, local: inner.permit, lease: undefined };
    const outer = admitted(permit);
    if (unmarked) {
      dirtyUntil = 0;
      wrapped = { inner, outer };
    }
    return outer;
  }

  function refused(retryAtEpochMs: number): Admission {
    return {
      kind: 'refused',
      retryAtEpochMs,
      lastError: known?.lastError,
      forced: known?.state === 'forced-open',
      sinceEpochMs: refusingSince(known),
    };
  }

  async function refresh(consistent = false): Promise<void> {
    let answer = await store.read(consistent);
    // A replica that has not heard of the item yet is not to be believed.
    const surprising = answer.kind === 'answer' && answer.value === undefined && known !== undefined;
    const expired = (known?.expiresAt ?? Number.POSITIVE_INFINITY) <= clock.now();
    if (surprising && !expired && !consistent) answer = await store.read(true);
    reachable = answer.kind === 'answer';
    if (answer.kind === 'answer') adopt(answer.value);
    goodShare = 1 + CACHE_JITTER * (2 * random() - 1);
    goodAtMostMs = reachable ? Number.POSITIVE_INFINITY : UNREACHABLE_MS;
    readAt = clock.now();
  }

  function learn(item: CircuitItem | undefined, askedAt: number): void {
    if (item === undefined && known !== undefined) return;
    reachable = true;
    adopt(item);
    if (askedAt < unclearSince) return;
    // Who asked comes back first: so all of them are read as often as one would be.
    if (askedAt + settings.cacheForMs * (1 + CACHE_JITTER) < freshUntil()) return;
    goodShare = 1 + CACHE_JITTER;
    goodAtMostMs = Number.POSITIVE_INFINITY;
    readAt = askedAt;
  }

  /** Go by what a store said; what is older than what is known is a stale read. */
  function adopt(item: CircuitItem | undefined, created = false): void {
    if (item !== undefined && item.version < version) return;
    const before = state();
    const changed = item === undefined ? before !== 'closed' : item.version > version;
    known = item;
    wrapped = undefined;
    dirtyUntil = item === undefined ? 0 : recordedUntil(item);
    if (item !== undefined && changed) {
      versionBefore = created ? version : item.version;
      version = item.version;
    }
    if (changed && !created) tally.clear();
    if (changed && state() === 'open') openSeenAt = clock.now();
    if (changed || state() === 'half-open') mirror(before);
  }

  /** Failures that were counted in another window count as if they had just happened. */
  function recordedUntil(item: CircuitItem): number {
    const now = clock.now();
    const foreign = item.bucket !== undefined && isForeignBucket(item.bucket, now, settings);
    return foreign ? now + settings.windowMs : onRecordUntil(item, settings.windowMs);
  }

  /** The local layer takes over from here if the store falls silent. */
  function mirror(before: SharedState): void {
    if (known?.state === 'open') local.adopt(openUntil(known), known.since);
    else if (known?.state === 'half-open') local.adopt(leasedUntil(known), known.since);
    else if (before !== 'closed') local.adopt('closed');
  }

  /** Take the lease of a probe; nothing if somebody else was faster. */
  async function takeLease(forMs: number): Promise<Admission | undefined> {
    const token = newToken();
    const now = clock.now();
    const halfOpens = state() === 'open';
    const lease = { version, now, token, leaseForMs: forMs + LEASE_MARGIN_MS };
    const answer = await store.apply(halfOpens ? acquireStep(lease) : takeOverStep(lease));
    if (answer.kind === 'answer') adopt(answer.value.item);
    else if (answer.asked)
      await refresh(true); // it may have been done all the same
    else reachable = false;
    if (!reachable) return given('as the local layer says', forMs);
    if (known?.state !== 'half-open' || known.leaseOwner !== token) return undefined;
    if (halfOpens) changed('open');
    const { probeSuccesses: successes = 0 } = known;
    const endsBy = now + forMs;
    const permit: SharedPermit = {
      epoch: version,
      probe: true,
      clean: false,
      endsBy,
      local: undefined,
      lease: { token, successes },
    };
    if (endsBy - clock.now() >= forMs * LEAST_SHARE) return admitted(permit);
    await report(permit, { kind: 'ignored' });
    return refused(clock.now() + LOST_RACES_MS);
  }

  function report(permit: Permit, outcome: CallOutcome): void | Promise<void> {
    const shared = permit as SharedPermit;
    if (outcome.kind !== 'ignored') onCall?.(outcome.kind === 'failure');
    if (shared.lease !== undefined) return reportProbe(shared.epoch, shared.lease, outcome);
    if (shared.local === undefined) return;
    local.report(shared.local, outcome);
    const counts = shared.epoch === version || shared.epoch === versionBefore;
    if (counts && state() === 'closed' && outcome.kind !== 'ignored') {
      if (outcome.kind === 'success') {
        tally.success();
      } else {
        const now = clock.now();
        tally.failure(outcome, now);
        // An environment that has opened sees no further failures: what it knows is told at once.
        if (heard.length > 0 || tally.due(now)) return flush().then(tell);
      }
    }
    if (heard.length > 0) tell();
  }

  /** Pass on what the local layer did by itself. Where the fleet has decided meanwhile, that is the news. */
  function tell(): void {
    const own = state() === 'closed' || !reachable;
    for (const transition of heard.splice(0)) if (own) onTransition?.(transition);
  }

  async function flush(): Promise<void> {
    const now = clock.now();
    const { retryAfterMs, ...counts } = tally.take(now);
    const from = version;
    for (let round = 0; round < MOST_ROUNDS && version === from && state() === 'closed'; round += 1) {
      const old = known?.bucket;
      const foreign = old !== undefined && isForeignBucket(old, now, settings);
      const bucket = foreign ? bucketOf(now, settings) : Math.max(bucketOf(now, settings), old ?? 0);
      const at = { version, bucket, now };
      const report = { ...counts, reporters: reportedIn === `${version} ${bucket}` ? 0 : 1 } as const;
      const rolls = old !== undefined && old !== bucket;
      const answer = await store.apply(
        rolls ? rollStep({ ...at, from: old }, report) : reportStep(at, report),
      );
      if (answer.kind === 'none') return;
      const { applied, item } = answer.value;
      adopt(item, applied && !rolls && item?.version === nextVersion(from, now));
      if (!applied) continue; // somebody else began the bucket, or the circuit is not what it was
      reportedIn = `${version} ${bucket}`;
      if (item?.version === version && opens(item, settings))
        await trip(bucket, counts.lastError, retryAfterMs);
      return;
    }
  }

  async function trip(bucket: number, lastError: string, retryAfterMs: number | undefined): Promise<void> {
    const openForMs = openTimeMs(settings, 0, retryAfterMs, random);
    await change(tripStep({ version, bucket, now: clock.now(), openForMs, lastError }), 'closed');
  }

  async function reportProbe(
    epoch: number,
    { token, successes }: NonNullable<SharedPermit['lease']>,
    outcome: CallOutcome,
  ): Promise<void> {
    const probe = { version: epoch, token, now: clock.now() };
    if (outcome.kind === 'failure') {
      const { summary: lastError, retryAfterMs, fingerprint } = outcome;
      const openForMs = openTimeMs(settings, (known?.reopened ?? 0) + 1, retryAfterMs, random);
      await change(reopenStep({ ...probe, openForMs, lastError, fingerprint }), 'half-open');
    } else if (outcome.kind === 'success' && successes + 1 >= settings.successThreshold) {
      await change(closeStep(probe), 'half-open');
    } else {
      await change(outcome.kind === 'success' ? probeSucceededStep(probe) : releaseStep(probe));
    }
  }

  /** Take a step; who took one that changes the state tells it. Comes back with whether it was taken, if that is known. */
  async function change(step: CircuitStep, from?: CircuitState): Promise<boolean | undefined> {
    const openSince = known?.since;
    const answer = await store.apply(step);
    if (answer.kind === 'none') {
      readAt = Number.NEGATIVE_INFINITY;
      unclearSince = clock.now();
      return undefined;
    }
    adopt(answer.value.item);
    if (answer.value.applied && from !== undefined) changed(from, openSince);
    return answer.value.applied;
  }

  async function openFor(fault: CircuitFault): Promise<boolean> {
    for (let round = 0; round < MOST_ROUNDS && state() === 'closed'; round += 1) {
      const openForMs = openTimeMs(settings, 0, undefined, random);
      const opened = await change(openStep({ version, now: clock.now(), openForMs, ...fault }), 'closed');
      if (opened !== false) return opened === true;
    }
    return false;
  }

  function changed(
    from: CircuitState,
    openSince?: number,
    decidedBy: CircuitTransition['decidedBy'] = 'fleet',
  ): void {
    const { state: to, retryAtEpochMs, forced } = snapshot();
    if (from === to) return;
    // Who is told to wait comes back to look, but nothing is tried while somebody holds the circuit open.
    const retryAt = forced ? undefined : retryAtEpochMs;
    onTransition?.({
      circuit: name,
      decidedBy,
      from,
      to,
      lastError: known?.lastError,
      retryAtEpochMs: retryAt,
      ...wasOpen(to, openSince),
    });
  }

  /** Somebody else's clock wrote when it was opened. */
  function wasOpen(to: CircuitState, since: number | undefined): Pick<CircuitTransition, 'wasOpenForMs'> {
    if (to !== 'closed' || since === undefined) return {};
    return { wasOpenForMs: Math.max(0, clock.now() - since) };
  }

  async function set(wanted: OperatorState, { summary, decidedBy = 'operator' }: Reason = {}): Promise<void> {
    const { state: from } = snapshot();
    const openSince = known?.since;
    const { item } = await options.store.apply(options.key, forceStep(wanted, clock.now(), summary));
    adopt(item);
    changed(from, openSince, decidedBy);
  }

  function snapshot(): CircuitSnapshot {
    const now = clock.now();
    const decision = decide(now);
    const fingerprint = known?.fingerprint;
    if (decision === 'as the local layer says') {
      const own = local.snapshot();
      const unreportedUntil = tally.pending ? recordEnds(bucketOf(now, settings), settings.windowMs) : 0;
      const cleanAt = Math.max(own.cleanAtEpochMs ?? 0, dirtyUntil, unreportedUntil);
      return {
        ...own,
        clean: own.clean && cleanAt <= now,
        cleanAtEpochMs: cleanAt > now ? cleanAt : undefined,
        fingerprint,
      };
    }
    const open = known?.state === 'open' || known?.state === 'forced-open';
    const forced = known?.state === 'forced-open' || known?.state === 'forced-closed';
    const retryAtEpochMs =
      typeof decision === 'object'
        ? decision.refusedUntil
        : known !== undefined && open
          ? openUntil(known)
          : undefined;
    return {
      state: open ? 'open' : known?.state === 'half-open' ? 'half-open' : 'closed',
      retryAtEpochMs,
      clean: decision === 'yes',
      forced,
      fingerprint,
      sinceEpochMs: refusingSince(known),
    };
  }

  return {
    name,
    get slowCallMs() {
      return settings.slowCallMs;
    },
    admit,
    report,
    snapshot,
    set,
    open: (fault) => inTurn(() => openFor(fault)),
    learn,
  };
}

/** When it came into the state that refuses. The version of a half-open one is the time at which it became that. */
function refusingSince(item: CircuitItem | undefined): number | undefined {
  switch (item?.state) {
    case 'forced-open':
      return item.since;
    case 'half-open':
      return item.version;
    case 'open':
      return item.openUntil === undefined ? undefined : item.openUntil - (item.openForMs ?? 0);
    default:
      return undefined;
  }
}

function admitted(permit: SharedPermit): Admission {
  return { kind: 'admitted', permit };
}
