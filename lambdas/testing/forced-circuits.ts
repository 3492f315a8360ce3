import type { Circuit, CircuitState } from '../core/circuit/circuit.ts';
import { localCircuit } from '../core/circuit/local-circuit.ts';
import type { Clock, Random } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import { viewOf } from '../core/live-settings.ts';
import { type CircuitSettings, type ConsumerSettings, DEFAULTS } from '../core/settings.ts';

/** State that a circuit can be forced into. */
export type ForcedState = 'open' | 'closed';

interface Forced {
  readonly state: ForcedState;
  readonly at: number;
}

interface Entry {
  readonly circuit: Circuit;
  readonly force: (forced: Forced) => void;
  readonly lookAt: (settings: CircuitSettings) => void;
}

/** What a new circuit admits with. */
const FIRST_PERMIT = { epoch: 0, probe: false, clean: true };

/** The circuits of one Lambda environment, kept from one batch to the next, that tests can force. */
export class ForcedCircuits {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #consumers = new Map<string, Map<string, Entry>>();
  #forcedAll: Forced | undefined;
  readonly #forced = new Map<string, Forced>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * The circuits of a consumer.
   *
   * @throws {ConfigurationError} if a circuit was forced that no consumer has
   */
  of({ consumerId, circuits }: ConsumerSettings): ReadonlyMap<string, Circuit> {
    let entries = this.#consumers.get(consumerId);
    if (entries === undefined) {
      entries = new Map(Object.entries(circuits).map(([name, each]) => [name, this.#make(name, each)]));
      this.#consumers.set(consumerId, entries);
    }
    // Each batch makes the consumer anew, with settings of its own that its configuration may change.
    for (const [name, entry] of entries) entry.lookAt(circuits[name] ?? DEFAULTS.circuit);
    const known = [...this.#consumers.values()].flatMap((each) => [...each.keys()]);
    const unknown = [...this.#forced.keys()].filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      const rule = `must be a circuit of the consumer (${[...entries.keys()].join(', ')})`;
      throw new ConfigurationError(
        'forceCircuit',
        unknown.map((value) => ({ option: 'name', rule, value })),
      );
    }
    return new Map([...entries].map(([name, { circuit }]) => [name, circuit]));
  }

  force(state: ForcedState, name: string | undefined): void {
    const forced = { state, at: this.#clock.now() };
    if (name === undefined) {
      this.#forcedAll = forced;
      this.#forced.clear();
    } else {
      this.#forced.set(name, forced);
    }
    for (const entry of this.#named(name)) entry.force(forced);
  }

  /** State of a circuit; one that nobody has asked yet is closed, or what it was forced into. */
  state(name: string): CircuitState {
    const [entry] = this.#named(name);
    return entry?.circuit.snapshot().state ?? (this.#forced.get(name) ?? this.#forcedAll)?.state ?? 'closed';
  }

  #named(name: string | undefined): readonly Entry[] {
    return [...this.#consumers.values()].flatMap((entries) =>
      [...entries].flatMap(([each, entry]) => (name === undefined || name === each ? [entry] : [])),
    );
  }

  #make(name: string, first: CircuitSettings): Entry {
    const { view: settings, lookAt } = viewOf(first);
    // A consumer that runs later than its circuit was forced open finds it open since then.
    let forcedAt: number | undefined;
    const clock: Clock = { ...this.#clock, now: () => forcedAt ?? this.#clock.now() };
    const fresh = (): Circuit => localCircuit({ name, settings, clock, random: this.#random });
    let inner = fresh();
    const force = ({ state, at }: Forced): void => {
      inner = fresh();
      if (state === 'closed') return;
      forcedAt = at;
      for (let failures = 0; failures < settings.localThreshold; failures += 1) {
        void inner.report(FIRST_PERMIT, { kind: 'failure', summary: 'forced open' });
      }
      forcedAt = undefined;
    };
    const forced = this.#forced.get(name) ?? this.#forcedAll;
    if (forced !== undefined) force(forced);
    return {
      force,
      lookAt,
      circuit: {
        name,
        get slowCallMs() {
          return inner.slowCallMs;
        },
        admit: (forMs) => inner.admit(forMs),
        report: (permit, outcome) => inner.report(permit, outcome),
        snapshot: () => inner.snapshot(),
      },
    };
  }
}
