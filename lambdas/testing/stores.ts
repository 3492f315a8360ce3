import type { CircuitState } from '../core/circuit/circuit.ts';
import type { Random } from '../core/clock.ts';
import type { ConfigurationSource } from '../core/configuration/refresh.ts';
import { ConfigurationError } from '../core/errors.ts';
import { type LimitStore, memoryLimits } from '../core/policies/rate-limiter/limit-store.ts';
import type { DeniedSources } from '../core/screening/denied-source-check.ts';
import type { Reputation } from '../core/screening/reputation-check.ts';
import type { SignatureKeys } from '../core/screening/signature-check.ts';
import { DEFAULT_CIRCUIT, type SignatureSettings } from '../core/settings.ts';
import { type FakeClock, fakeClock, TEST_START } from './fake-clock.ts';
import { type FaultOptions, Faults, type FaultTarget } from './faults.ts';
import { ForcedCircuits, type ForcedState } from './forced-circuits.ts';
import { MemoryDeadLetterCounts } from './memory-dead-letter-counts.ts';
import { MemoryGuards } from './memory-guard.ts';
import { MemoryIntakes } from './memory-intakes.ts';
import { MemoryQueue, type StoredMessage } from './memory-queue.ts';
import { MemoryRecords } from './memory-records.ts';

/** Options of {@link createTestStores}. */
export interface TestStoresOptions {
  /** Where the clock starts. Epoch milliseconds. @default TEST_START */
  readonly startAtEpochMs?: number;
  /** Signing keys by the `secretId` of the settings; during a rotation the current one first. @default - none */
  readonly secrets?: Readonly<Record<string, string | readonly string[]>>;
  /** Where chance comes from, for jitter: a draw from 0 (included) to 1 (excluded). @default - always 0.5 */
  readonly random?: Random;
}

/** What a consumer works on in a test: a clock, a state table, queues and circuits, all in memory. */
export interface TestStores {
  /** The clock. It stands still until it is told to move. */
  readonly clock: FakeClock;
  /** What lies in the dead-letter queue, oldest first. */
  readonly deadLetterQueue: readonly StoredMessage[];
  /** What lies in the quarantine queue, oldest first. */
  readonly quarantine: readonly StoredMessage[];
  /**
   * Open a circuit as its last failure would, for the time that its settings say; or close it, with nothing on record.
   *
   * @param name the circuit. Default: every circuit
   */
  forceCircuit(state: ForcedState, name?: string): void;
  /** State of a circuit. @param name default: the circuit of a consumer that names none */
  circuitState(name?: string): CircuitState;
  /**
   * Hold the intake of every consumer, as an operator does: its messages are deferred. @param reason default: a test's
   */
  holdIntake(reason?: string): void;
  /** Resume it after a hold, a halt or the kill switch. */
  resumeIntake(): void;
  /** State of the intake: `closed` while messages are let in, `open` while they are not. */
  intakeState(): CircuitState;
  /** Put a source on the list of denied ones, or take it off. */
  denySource(source: string): void;
  allowSource(source: string): void;
  /** Say what is thought of a source. @param score 0 (bad) to 100 (good) */
  setReputation(source: string, score: number): void;
  /**
   * Change the configuration that is read at run time, for consumers that are deployed with one. `undefined`: there is
   * none, as at first.
   */
  configure(text: string | undefined): void;
  /**
   * Make operations fail. What the SDK and the runtime would repeat by themselves is one operation.
   *
   * @throws {ConfigurationError} if `times` is not an integer of 1 or more, or `after` not one of 0 or more
   */
  fail(target: FaultTarget, options?: FaultOptions): void;
  /** End a fault before it ran out. @param target default: every fault */
  restore(target?: FaultTarget): void;
}

/** What {@link runBatch} makes ports of. */
export interface StoreInterior {
  readonly faults: Faults;
  readonly records: MemoryRecords;
  readonly guards: MemoryGuards;
  readonly deadLetters: MemoryQueue;
  readonly quarantined: MemoryQueue;
  readonly circuits: ForcedCircuits;
  readonly intakes: MemoryIntakes;
  readonly deadLetterCounts: MemoryDeadLetterCounts;
  readonly limits: LimitStore;
  readonly random: Random;
  readonly deniedSources: DeniedSources;
  readonly reputation: Reputation;
  readonly configuration: ConfigurationSource;
  signatureKeys(settings: SignatureSettings): SignatureKeys;
}

const interiors = new WeakMap<TestStores, StoreInterior>();

/**
 * Make the stores of a test. Hand them to one `runBatch` after the other to play retries, redeliveries and duplicates.
 *
 * @example
 * const stores = createTestStores();
 * const first = await runBatch(handler, [rawMessage(order)], { stores });
 * stores.clock.advance(60_000);
 * await runBatch(handler, first.returned, { stores });
 */
export function createTestStores(options: TestStoresOptions = {}): TestStores {
  const { startAtEpochMs = TEST_START, secrets = {}, random = () => 0.5 } = options;
  const clock = fakeClock(startAtEpochMs);
  const faults = new Faults();
  const deadLetters = new MemoryQueue('dead-letter-queue', faults, clock);
  const quarantined = new MemoryQueue('quarantine', faults, clock);
  const circuits = new ForcedCircuits(clock, random);
  const intakes = new MemoryIntakes(clock, random);
  const denied = new Set<string>();
  const scores = new Map<string, number>();
  let configuration: string | undefined;
  const stores: TestStores = {
    clock,
    deadLetterQueue: deadLetters.messages,
    quarantine: quarantined.messages,
    forceCircuit: (state, name) => circuits.force(state, name),
    circuitState: (name = DEFAULT_CIRCUIT) => circuits.state(name),
    holdIntake: (reason = 'held by a test') => intakes.hold(reason),
    resumeIntake: () => intakes.resume(),
    intakeState: () => intakes.state(),
    denySource: (source) => void denied.add(source),
    allowSource: (source) => void denied.delete(source),
    setReputation: (source, score) => void scores.set(source, score),
    configure: (text) => {
      configuration = text;
    },
    fail(target, fault = {}) {
      checkFault(fault);
      faults.fail(target, fault);
    },
    restore: (target) => faults.restore(target),
  };
  interiors.set(stores, {
    faults,
    records: new MemoryRecords(faults),
    guards: new MemoryGuards(faults, clock),
    deadLetters,
    quarantined,
    circuits,
    intakes,
    deadLetterCounts: new MemoryDeadLetterCounts(faults),
    limits: faultyLimits(faults),
    random,
    deniedSources: {
      async has(source) {
        faults.operate('state-table');
        return denied.has(source);
      },
    },
    reputation: {
      async scoreOf(source) {
        faults.operate('state-table');
        return scores.get(source);
      },
    },
    configuration: {
      name: 'configuration',
      async read() {
        faults.operate('configuration');
        return configuration;
      },
    },
    signatureKeys({ secretId }) {
      const key = secrets[secretId];
      if (key === undefined) {
        const rule = `must hold the signing key "${secretId}", which the consumer's settings name`;
        const known = Object.keys(secrets);
        throw new ConfigurationError('createTestStores', [{ option: 'secrets', rule, value: known }]);
      }
      const keys = typeof key === 'string' ? [key] : key;
      return async () => {
        faults.operate('secret');
        return keys;
      };
    },
  });
  return stores;
}

function faultyLimits(faults: Faults): LimitStore {
  const limits = memoryLimits();
  return {
    async apply(...step) {
      faults.operate('state-table');
      return limits.apply(...step);
    },
  };
}

/** The inside of stores that {@link createTestStores} made. */
export function interiorOf(stores: TestStores): StoreInterior {
  const interior = interiors.get(stores);
  if (interior !== undefined) return interior;
  const rule = 'must be what createTestStores() returned';
  throw new ConfigurationError('runBatch', [{ option: 'stores', rule, value: stores }]);
}

function checkFault({ times, after }: FaultOptions): void {
  const problems = [
    { option: 'times', value: times, least: 1 },
    { option: 'after', value: after, least: 0 },
  ].filter(({ value, least }) => value !== undefined && !(Number.isInteger(value) && value >= least));
  if (problems.length === 0) return;
  throw new ConfigurationError(
    'fail',
    problems.map(({ option, value, least }) => {
      return { option, rule: `must be an integer of ${least} or more`, value };
    }),
  );
}
