import { memoryCircuits } from '../../../lambdas/core/circuit/memory-circuits.ts';
import {
  type OperatorState,
  type SharedCircuit,
  sharedCircuit,
} from '../../../lambdas/core/circuit/shared-circuit.ts';
import type {
  CircuitItem,
  CircuitStep,
  CircuitStore,
  StepResult,
} from '../../../lambdas/core/circuit/shared-item.ts';
import type { Clock } from '../../../lambdas/core/clock.ts';
import type { CircuitSettings } from '../../../lambdas/core/settings.ts';

/** A store that a simulation can also have deletions in, as by time to live. */
export interface SimulatedStore extends CircuitStore {
  forget(key: string): Promise<void>;
}

/** The reference: circuits in memory. */
export function memoryStore(): SimulatedStore {
  let store = memoryCircuits();
  return {
    read: (key, consistent) => store.read(key, consistent),
    apply: (key, step) => store.apply(key, step),
    forget: async () => {
      store = memoryCircuits();
    },
  };
}

/** What happens in one simulated life of a circuit. Times in milliseconds since its begin. */
export interface Scenario {
  readonly seed: number;
  readonly settings: CircuitSettings;
  /** Error of each environment's clock. */
  readonly skews: readonly number[];
  /** Mean time between calls of one environment. */
  readonly callEveryMs: number;
  /** Time that a call may take. */
  readonly callLimitMs: number;
  readonly downs: readonly Span[];
  readonly outages: readonly Span[];
  /** An environment stands still. */
  readonly stalls: readonly (Span & { readonly environment: number })[];
  /** An environment ends, and another one takes its place. */
  readonly crashes: readonly { readonly environment: number; readonly at: number }[];
  /** An environment finds a fault, and opens the circuit for it. */
  readonly faults: readonly { readonly environment: number; readonly at: number }[];
  readonly operator: readonly { readonly at: number; readonly state: OperatorState }[];
  /** A day passes in an instant; what has expired is deleted, or not yet. */
  readonly days: readonly { readonly at: number; readonly deleted: boolean }[];
  /** Share of store calls whose answer is lost, that hang for long, and of reads that are stale. */
  readonly lost: number;
  readonly hung: number;
  readonly stale: number;
  /** Seconds that the dependency asks to be left alone for when it fails. */
  readonly retryAfterMs: number | undefined;
}

export interface Span {
  readonly from: number;
  readonly forMs: number;
}

/** What came of it. */
export interface Life {
  readonly violations: readonly string[];
  readonly final: CircuitItem | undefined;
  readonly opened: number;
  readonly closed: number;
  readonly probes: number;
  readonly writes: number;
}

/** Trouble is over by then; afterwards everything works. */
export const TROUBLE_MS = 90_000;

const START = 1_700_000_000_000;
const KEY = 'circuit#dependency';
const DAY_MS = 90_000_000;
const HANG_MS = 20_000;
const CALM_CALL_EVERY_MS = 400;
const REACHABLE_LIMIT_MS = 1_300;
const STORE_COOLDOWN_MS = 5_500;
const LEGAL = new Set(['closed>open', 'open>half-open', 'half-open>open', 'half-open>closed']);

interface Environment {
  readonly circuit: SharedCircuit;
  readonly tokens: Set<string>;
  /** When the calls were admitted whose failures it has heard of. */
  readonly failures: number[];
  /** How many it has told the store of since the circuit closed. */
  told: { readonly since: number; readonly failures: number };
  alive: boolean;
  stalledUntil: number;
  resumedAt: number;
}

interface Due {
  at: number;
  readonly environment: Environment | undefined;
  readonly action: () => unknown;
  cancelled: boolean;
}

/** Live through a scenario. */
export async function simulate(scenario: Scenario, inner: SimulatedStore, key = KEY): Promise<Life> {
  const { settings } = scenario;
  const random = randomFrom(scenario.seed);
  const violations: string[] = [];
  const due: Due[] = [];
  const history: { readonly at: number; readonly item: CircuitItem | undefined }[] = [
    { at: 0, item: undefined },
  ];
  const probes: { from: number; until: number; readonly environment: Environment }[] = [];
  let now = 0;
  let base = START;
  let tokens = 0;
  let highest = 0;
  let failed = false;
  let operated = false;
  let opened = 0;
  let closed = 0;
  let writes = 0;
  let reachableSince = 0;

  const within = (spans: readonly Span[], at: number): boolean =>
    spans.some(({ from, forMs }) => at >= from && at < from + forMs);
  const current = (): CircuitItem | undefined => history.at(-1)?.item;
  /** Leases are as long as a probe and the difference that clocks are allowed. */
  const clocksAreRight = scenario.skews.every((skew) => Math.abs(skew) <= 1_000);
  const stateOf = (item: CircuitItem | undefined) => item?.state ?? 'closed';
  const blame = (what: string): void => void violations.push(`${now} ms: ${what}`);

  function schedule(delayMs: number, environment: Environment | undefined, action: () => unknown): Due {
    return insert({ at: now + Math.max(0, delayMs), environment, action, cancelled: false });
  }

  function insert(entry: Due): Due {
    const later = due.findLastIndex(({ at }) => at <= entry.at) + 1;
    due.splice(later, 0, entry);
    return entry;
  }

  /** A store as one environment sees it. */
  function storeOf(environment: () => Environment): CircuitStore {
    async function ask<T>(work: () => Promise<T>): Promise<T> {
      const answer = Promise.withResolvers<T>();
      const hangs = now < TROUBLE_MS && random() < scenario.hung;
      const loses = now < TROUBLE_MS && random() < scenario.lost;
      const signedOn = base;
      schedule(hangs ? HANG_MS * random() : 1 + 20 * random(), undefined, async () => {
        // AWS refuses a request that is older than a quarter of an hour.
        if (signedOn !== base) return;
        const unreachable = within(scenario.outages, now);
        const outcome = unreachable ? undefined : await work();
        if (loses) return;
        schedule(1 + 20 * random(), environment(), () => {
          if (outcome === undefined) answer.reject(new Error('the store is down'));
          else answer.resolve(outcome);
        });
      });
      return answer.promise;
    }
    return {
      read: async (_key, consistent) => {
        const { item } = await ask(async () => {
          const late = !consistent && random() < scenario.stale ? now - 1_000 * random() : now;
          return { item: history.findLast(({ at }) => at <= late)?.item };
        });
        return item;
      },
      apply: (_key, step) => ask(() => take(step, environment())),
    };
  }

  async function take(step: CircuitStep, by: Environment | undefined): Promise<StepResult> {
    const before = current();
    const result = await inner.apply(key, step);
    writes += 1;
    if (!failed && !operated) blame(`"${step.name}" was written before anything failed`);
    if (result.applied) {
      history.push({ at: now, item: result.item });
      checkStep(step, before, result.item, by);
    }
    return result;
  }

  function checkStep(
    step: CircuitStep,
    before: CircuitItem | undefined,
    after: CircuitItem | undefined,
    by: Environment | undefined,
  ): void {
    const [from, to] = [stateOf(before), stateOf(after)];
    const { version = 0 } = after ?? {};
    if (from !== to || before === undefined) {
      if (version <= highest) blame(`"${step.name}" left the version at ${version}, after ${highest}`);
    } else if (version !== before.version && by !== undefined) {
      blame(`"${step.name}" changed the version without changing the state`);
    }
    highest = Math.max(highest, version);
    if (from !== to && by !== undefined && !LEGAL.has(`${from}>${to}`))
      blame(`"${step.name}" went from ${from} to ${to}`);
    if (from === 'half-open' && to !== 'half-open' && by !== undefined) {
      if (before?.leaseOwner === undefined || !by.tokens.has(before.leaseOwner)) {
        blame(`"${step.name}" was taken by somebody who does not hold the lease`);
      }
    }
    if (from === 'open' && to === 'half-open' && clocksAreRight) {
      const early = (before?.openUntil ?? 0) - base - now;
      if (early > 2_000) blame(`it was probed ${early} ms before its open time ended`);
    }
    if (from === to && by !== undefined && after !== undefined) checkReport(step, before, after, by);
    if (step.name === 'open' && from !== 'closed') blame(`"${step.name}" was taken from ${from}`);
    checkFingerprint(before, after);
    if (from === 'closed' && to === 'open') {
      opened += 1;
      if (step.name === 'open') return;
      const failures = (before?.failures ?? 0) + (before?.previousFailures ?? 0);
      if (failures < settings.failureThreshold) blame(`it opened at ${failures} failures`);
    }
    if (from === 'half-open' && to === 'closed' && by !== undefined) {
      closed += 1;
      const successes = (before?.probeSuccesses ?? 0) + 1;
      if (successes < settings.successThreshold) blame(`it closed after ${successes} good probes`);
    }
    if (to === 'open' && from !== 'open') {
      const openFor = (after?.openUntil ?? 0) - base - now;
      const most = settings.maxOpenForMs * 1.1 + 1_000;
      if (clocksAreRight && openFor > most) blame(`it opened for ${openFor} ms`);
    }
  }

  /** What it was opened for is known until it closes. */
  function checkFingerprint(before: CircuitItem | undefined, after: CircuitItem | undefined): void {
    const stands = after?.state === 'open' || after?.state === 'half-open';
    if (!stands && after?.fingerprint !== undefined) blame(`it is ${after?.state} for a fault`);
    if (!stands || before?.state === undefined || before.state === 'closed') return;
    if (before.fingerprint !== after.fingerprint) blame('it forgot what it was opened for');
  }

  /** What is reported of a circuit was seen since it closed. */
  function checkReport(
    step: CircuitStep,
    before: CircuitItem | undefined,
    after: CircuitItem,
    by: Environment,
  ): void {
    if (after.state !== 'closed') return;
    const since = history.findLast(({ item }) => stateOf(item) !== 'closed')?.at ?? -1;
    const news = (after.failures ?? 0) - (step.name === 'roll' ? 0 : (before?.failures ?? 0));
    const failures = news + (by.told.since === since ? by.told.failures : 0);
    by.told = { since, failures };
    const seen = by.failures.filter((at) => at >= since).length;
    if (failures > seen)
      blame(`"${step.name}" told of ${failures} failures, of which ${seen} were since it closed`);
  }

  function begin(index: number): Environment {
    const skew = scenario.skews[index] ?? 0;
    const clock: Clock = {
      now: () => base + now + skew,
      after(delayMs, action) {
        const entry = schedule(delayMs, environment, action);
        return () => {
          entry.cancelled = true;
        };
      },
    };
    const environment: Environment = {
      tokens: new Set(),
      failures: [],
      told: { since: 0, failures: 0 },
      alive: true,
      stalledUntil: 0,
      resumedAt: now,
      circuit: sharedCircuit({
        name: 'dependency',
        key,
        settings,
        clock,
        random,
        store: storeOf(() => environment),
        newToken() {
          tokens += 1;
          const token = `token ${tokens} of environment ${index}`;
          environment.tokens.add(token);
          return token;
        },
      }),
    };
    const next = (): void => {
      const mean = now < TROUBLE_MS ? scenario.callEveryMs : CALM_CALL_EVERY_MS;
      schedule(mean * 2 * random(), environment, () => {
        next();
        call(environment, skew).catch((error: unknown) => blame(`a caller was shown ${String(error)}`));
      });
    };
    next();
    return environment;
  }

  async function call(environment: Environment, skew: number): Promise<void> {
    const { circuit } = environment;
    if (random() < 0.1) overhear(circuit, skew);
    const admission = await circuit.admit(scenario.callLimitMs);
    const probes = admission.kind === 'admitted' && admission.permit.probe;
    checkAdmission(environment, admission.kind, probes);
    if (admission.kind === 'refused') return;
    const admittedAt = now;
    const day = base;
    const { permit } = admission;
    const down = within(scenario.downs, now);
    const hangs = down && random() < 0.5;
    let lasts = hangs ? scenario.callLimitMs : Math.min(scenario.callLimitMs, 10 + 200 * random());
    if (permit.endsBy !== undefined) lasts = Math.max(0, Math.min(lasts, permit.endsBy - base - now - skew));
    if ('lease' in permit && permit.lease !== undefined) noteProbe(environment, lasts);
    await new Promise<void>((resolve) => schedule(lasts, environment, resolve));
    if (day !== base) return; // no call takes a day
    if (down) failed = true;
    const aborted = random() < 0.05;
    if (down && !aborted) environment.failures.push(admittedAt);
    await circuit.report(
      permit,
      aborted
        ? { kind: 'ignored' }
        : down
          ? { kind: 'failure', summary: 'down', retryAfterMs: scenario.retryAfterMs }
          : { kind: 'success' },
    );
  }

  /** Another circuit of the environment was read, and this one's item came with it. */
  function overhear(circuit: SharedCircuit, skew: number): void {
    if (within(scenario.outages, now)) return;
    const late = random() < scenario.stale ? now - 1_000 * random() : now;
    circuit.learn(history.findLast(({ at }) => at <= late)?.item, base + now + skew - 20 * random());
  }

  function noteProbe(environment: Environment, lasts: number): void {
    const probe = { from: now, until: now + lasts, environment };
    const other = probes.find(({ until }) => until > now);
    if (other !== undefined && clocksAreRight)
      blame(`two probes at a time, the other one until ${other.until} ms`);
    probes.push(probe);
  }

  /** What the shared state says holds for everybody who can read it. */
  function checkAdmission(environment: Environment, kind: 'admitted' | 'refused', probes: boolean): void {
    const latest = history.at(-1);
    if (latest?.item === undefined || within(scenario.outages, now)) return;
    const since = Math.max(stateSince(latest.item), reachableSince, environment.resumedAt);
    const patience = settings.cacheForMs * 1.2 + REACHABLE_LIMIT_MS + STORE_COOLDOWN_MS;
    if (scenario.lost > 0 || scenario.hung > 0 || now - since < patience + 1_000) return;
    const { state } = latest.item;
    if (state === 'forced-closed' && kind === 'refused')
      blame('a call was refused though it is forced closed');
    if (state !== 'closed' && state !== 'forced-closed' && kind === 'admitted' && !probes) {
      blame(`a call was admitted though the circuit is ${state}`);
    }
  }

  /** Since when the state has been what it is. */
  function stateSince({ version }: CircuitItem): number {
    return history.find(({ item }) => item?.version === version)?.at ?? 0;
  }

  const environments = scenario.skews.map((_skew, index) => begin(index));
  for (const { from, forMs, environment: index } of scenario.stalls) {
    schedule(from, undefined, () => {
      const environment = environments[index % environments.length] as Environment;
      environment.stalledUntil = environment.resumedAt = Math.max(environment.stalledUntil, now + forMs);
    });
  }
  for (const { at, environment: index } of scenario.crashes) {
    schedule(at, undefined, () => {
      const place = index % environments.length;
      (environments[place] as Environment).alive = false;
      for (const probe of probes)
        if (probe.environment === environments[place]) probe.until = Math.min(probe.until, now);
      environments[place] = begin(place);
    });
  }
  for (const { from, forMs } of scenario.outages) {
    schedule(from + forMs, undefined, () => {
      reachableSince = now;
    });
  }
  for (const { at, environment: index } of scenario.faults) {
    schedule(at, undefined, () => {
      failed = true;
      void environments[index % environments.length]?.circuit.open({
        fingerprint: `fault ${at}`,
        lastError: 'TypeError: a bug',
      });
    });
  }
  for (const { at, state } of scenario.operator) {
    schedule(at, undefined, async () => {
      operated = true;
      // Who resets a circuit does not wait for its probe.
      for (const probe of probes) probe.until = Math.min(probe.until, now);
      const hand = sharedCircuit({
        name: 'dependency',
        key,
        settings,
        clock: { now: () => base + now, after: () => () => {} },
        random,
        store: { read: inner.read, apply: (_key, step) => take(step, undefined) },
        newToken: () => 'operator',
      });
      await hand.set(state);
    });
  }
  for (const { at, deleted } of scenario.days) {
    schedule(at, undefined, async () => {
      base += DAY_MS;
      for (const probe of probes) probe.until = Math.min(probe.until, now);
      const { expiresAt = Number.POSITIVE_INFINITY } = current() ?? {};
      if (!deleted || expiresAt > base + now) return;
      await inner.forget(key);
      history.push({ at: now, item: undefined });
    });
  }

  async function runUntil(end: number): Promise<void> {
    for (let next = due[0]; next !== undefined && next.at <= end; next = due[0]) {
      due.shift();
      if (next.cancelled || next.environment?.alive === false) continue;
      const stalledUntil = next.environment?.stalledUntil ?? 0;
      if (stalledUntil > next.at) {
        next.at = stalledUntil;
        insert(next);
        continue;
      }
      now = Math.max(now, next.at);
      await next.action();
      await new Promise(setImmediate);
    }
    now = end;
  }

  await runUntil(TROUBLE_MS);
  const item = current();
  if (!stateOf(item).startsWith('forced')) {
    const clampedOpen = Math.max(0, Math.min((item?.openUntil ?? 0) - base - now, item?.openForMs ?? 0));
    const lease = Math.max(0, (item?.leaseUntil ?? 0) - base - now);
    const probe =
      scenario.callLimitMs + CALM_CALL_EVERY_MS * 2 + settings.cacheForMs * 1.2 + REACHABLE_LIMIT_MS;
    const skews = Math.max(...scenario.skews.map(Math.abs));
    // Calls that were under way may still fail, and requests that hung may still arrive.
    const tail = HANG_MS + scenario.callLimitMs + settings.maxOpenForMs * 1.1 + scenario.callLimitMs + 2_000;
    const bound =
      clampedOpen +
      lease +
      settings.successThreshold * probe * 2 +
      STORE_COOLDOWN_MS +
      Math.min(skews, 1_000) * 2;
    await runUntil(now + bound + tail);
    if (stateOf(current()) !== 'closed')
      blame(`it is still ${stateOf(current())}, ${Math.round(bound)} ms after all is well`);
  }
  return { violations, final: current(), opened, closed, probes: probes.length, writes };
}

/** The generator "mulberry32": small, seeded, good enough to draw delays from. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
