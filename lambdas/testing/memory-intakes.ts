import type { CircuitState } from '../core/circuit/circuit.ts';
import { takeStep } from '../core/circuit/memory-circuits.ts';
import { type SharedCircuit, sharedCircuit } from '../core/circuit/shared-circuit.ts';
import type { CircuitItem, CircuitStep, StepResult } from '../core/circuit/shared-item.ts';
import { forceStep } from '../core/circuit/shared-steps.ts';
import type { Clock, Random } from '../core/clock.ts';
import { intakeCircuitSettings } from '../core/intake-gate.ts';
import { viewOf } from '../core/live-settings.ts';
import { type CircuitSettings, type ConsumerSettings, INTAKE_CIRCUIT } from '../core/settings.ts';

/** The intakes of consumers, kept from one batch to the next, that tests can hold. What is changed is seen at once. */
export class MemoryIntakes {
  readonly #items = new Map<string, CircuitItem>();
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #consumers = new Map<string, SharedCircuit>();
  readonly #views = new Map<string, (settings: ConsumerSettings) => void>();
  #reason: string | undefined;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The intake of a consumer; one that is met for the first time is held if all are. */
  of(settings: ConsumerSettings): SharedCircuit {
    const { consumerId } = settings;
    const known = this.#consumers.get(consumerId);
    // Each batch makes the consumer anew, with settings of its own that its configuration may change.
    this.#views.get(consumerId)?.(settings);
    if (known !== undefined) return known;
    const { view, lookAt } = viewOf(settings);
    this.#views.set(consumerId, lookAt);
    const circuit = sharedCircuit({
      name: INTAKE_CIRCUIT,
      key: consumerId,
      settings: uncached(intakeCircuitSettings(view)),
      store: {
        read: async (key) => this.#items.get(key),
        apply: async (key, step) => this.#take(key, step),
      },
      clock: this.#clock,
      random: this.#random,
      newToken: () => crypto.randomUUID(),
    });
    this.#consumers.set(consumerId, circuit);
    if (this.#reason !== undefined) this.#force(consumerId, 'forced-open', this.#reason);
    return circuit;
  }

  hold(reason: string): void {
    this.#reason = reason;
    for (const consumerId of this.#consumers.keys()) this.#force(consumerId, 'forced-open', reason);
  }

  resume(): void {
    this.#reason = undefined;
    for (const consumerId of this.#consumers.keys()) this.#force(consumerId, 'closed');
  }

  /** What the intakes are, as the last one knows it: `closed` lets messages in. */
  state(): CircuitState {
    const last = [...this.#consumers.values()].at(-1);
    return last?.snapshot().state ?? (this.#reason === undefined ? 'closed' : 'open');
  }

  #force(consumerId: string, state: 'forced-open' | 'closed', why?: string): void {
    const now = this.#clock.now();
    const { item } = this.#take(consumerId, forceStep(state, now, why));
    this.#consumers.get(consumerId)?.learn(item, now);
  }

  #take(consumerId: string, step: CircuitStep): StepResult {
    const result = takeStep(this.#items.get(consumerId), step);
    if (result.applied && result.item !== undefined) this.#items.set(consumerId, result.item);
    return result;
  }
}

/** The settings as they are at each moment, but read anew each time. */
function uncached(settings: CircuitSettings): CircuitSettings {
  return Object.defineProperty(settings, 'cacheForMs', { value: 0 });
}
