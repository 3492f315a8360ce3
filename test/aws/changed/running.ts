import { resilientConsumer } from 'spillway/runtime';
import { createTestStores, rawMessage, redelivered, testSettings } from 'spillway/testing';
import * as z from 'zod';
import { rebuilt } from '../../../lambdas/aws/consumer-ports.ts';
import type { SqsEventRecord } from '../../../lambdas/aws/lambda-event.ts';
import { NO_TRACER } from '../../../lambdas/aws/message-tracer.ts';
import type { SqsHandler } from '../../../lambdas/aws/resilient-consumer.ts';
import { jointReads } from '../../../lambdas/core/circuit/joint-reads.ts';
import { memoryCircuits } from '../../../lambdas/core/circuit/memory-circuits.ts';
import { type SharedCircuit, sharedCircuit } from '../../../lambdas/core/circuit/shared-circuit.ts';
import type { Classification } from '../../../lambdas/core/classifier.ts';
import type { PipelineEvent } from '../../../lambdas/core/events.ts';
import type { SettingsInput } from '../../../lambdas/core/parse-settings.ts';
import type { ConsumerSettings } from '../../../lambdas/core/settings.ts';
import { circuitKey } from '../../../lambdas/core/table-keys.ts';
import { interiorOf } from '../../../lambdas/testing/stores.ts';
import { idle, silent } from '../../core/fixtures.ts';

/** How long an environment goes by what it has read of the configuration. */
const REFRESH_MS = 60_000;
const DAY_MS = 86_400_000;

/** What is sent. */
export interface Order {
  readonly id?: string;
  readonly from?: string;
  readonly note?: string;
}

/** An error that says itself how it is to be classified. */
export class PlannedError extends Error {
  readonly classification: Classification;

  constructor(classification: Partial<Classification> = {}) {
    super('planned');
    this.classification = { retryable: true, reason: 'UNKNOWN', dependency: false, ...classification };
  }
}

/** The dependency is down, as its circuit sees it. */
export const down = (): never => {
  throw new PlannedError({ dependency: true, reason: 'EXTERNAL_SERVICE_ERROR' });
};

/** Answers when the handler's call arrives; the time stands still meanwhile, unless it waits for the clock. */
export type Dependency = (signal: AbortSignal) => unknown;

/** A consumer that is made once in each of its environments, and goes on running while its configuration changes. */
export type Running = Awaited<ReturnType<typeof running>>;

/** Deploy a consumer, and start its environments. They share circuits, rate limits and tables. */
export async function running(deployed: SettingsInput<ConsumerSettings>, environments = 1) {
  const stores = createTestStores();
  const interior = interiorOf(stores);
  const { clock } = stores;
  const items = memoryCircuits();
  const events: PipelineEvent[] = [];
  const answers: { dependency: Dependency } = { dependency: () => undefined };
  const counts = { calls: 0, underWay: 0, most: 0, reads: 0 };
  const callTimes: number[] = [];

  const made = resilientConsumer({
    schema: z.object({ id: z.string(), from: z.string().optional(), note: z.string().optional() }),
    idempotencyKey: ({ id }) => id,
    circuits: ['tracker'],
    classify: (error) => (error instanceof PlannedError ? error.classification : undefined),
    async handle(_order, { circuit }) {
      await circuit('tracker').call(async (signal) => {
        counts.calls += 1;
        callTimes.push(clock.now());
        counts.underWay += 1;
        counts.most = Math.max(counts.most, counts.underWay);
        try {
          await answers.dependency(signal);
        } finally {
          counts.underWay -= 1;
        }
      });
    },
    settings: testSettings({
      ...deployed,
      circuits: { tracker: {}, ...deployed.circuits },
      runTimeConfiguration: { kind: 'parameter', parameter: '/tuning', queue: 'orders' },
    }),
  });

  /** The circuits of one environment, as `consumerCircuits` makes them. */
  function circuitsOf({ circuits, consumerId }: ConsumerSettings): Map<string, SharedCircuit> {
    const counted: typeof items = {
      ...items,
      readAll(keys) {
        counts.reads += 1;
        return items.readAll(keys);
      },
    };
    const reads = jointReads(counted, clock);
    return new Map(
      Object.entries(circuits).map(([name, settings]) => {
        const key = circuitKey(name, consumerId);
        const { random } = interior;
        const newToken = () => crypto.randomUUID();
        const circuit = sharedCircuit({ name, key, settings, store: reads.store, clock, random, newToken });
        reads.add(key, circuit);
        return [name, circuit];
      }),
    );
  }

  function start(): { readonly handler: SqsHandler; readonly tracker: SharedCircuit } {
    let tracker: SharedCircuit | undefined;
    const handler = rebuilt(made, (settings) => {
      const circuits = circuitsOf(settings);
      tracker = circuits.get('tracker');
      return {
        clock,
        random: interior.random,
        telemetry: { emit: (event) => void events.push(event), loggerFor: () => silent, flush() {} },
        records: interior.records.of(settings.queue.name, () => undefined),
        source: { acknowledge: async () => [], changeVisibility: async () => [] },
        deadLetterQueue: interior.deadLetters.named(settings.deadLetterQueue.name),
        quarantineQueue: interior.quarantined.named(settings.quarantineQueue.name),
        circuits,
        intake: interior.intakes.of(settings),
        deadLetterCounts: interior.deadLetterCounts.of(settings.consumerId),
        limits: interior.limits,
        notices: { circuitChanged() {}, async settle() {} },
        linger: async () => {},
        guard: () => interior.guards.of(settings),
        signatureKeys: (signature) => interior.signatureKeys(signature),
        deniedSources: () => interior.deniedSources,
        reputation: () => interior.reputation,
        configuration: () => interior.configuration,
        tracer: () => NO_TRACER,
        exit() {},
      };
    });
    if (tracker === undefined) throw new Error('the consumer has no circuit "tracker"');
    return { handler, tracker };
  }

  const fleet = Array.from({ length: environments }, start);
  const environment = (at: number) => {
    const found = fleet[at];
    if (found === undefined) throw new Error(`there is no environment ${at}`);
    return found;
  };

  let sent = 0;
  function message(order: Order = {}, attributes: Readonly<Record<string, string>> = {}): SqsEventRecord {
    sent += 1;
    return rawMessage({ id: `order-${sent}`, ...order }, { sentAtEpochMs: clock.now(), attributes });
  }

  /** Invoke an environment. Nothing takes time, but what waits for the clock: it moves on in steps then. */
  async function invoke(records: readonly SqsEventRecord[], at = 0, stepMs = 50): Promise<PipelineEvent[]> {
    events.length = 0;
    let over = false;
    const work = environment(at)
      .handler({ Records: records }, { getRemainingTimeInMillis: () => 30_000 })
      .finally(() => {
        over = true;
      });
    for (await idle(); !over; await idle()) clock.advance(stepMs);
    await work;
    return events.filter(({ kind }) => OUTCOMES.has(kind));
  }

  const r = {
    stores,
    clock,
    answers,
    counts,
    callTimes,
    message,
    invoke,
    /** Invoke an environment with new messages. */
    send: (count = 1, at = 0) =>
      invoke(
        Array.from({ length: count }, () => message()),
        at,
      ),
    stateAt: (at = 0) => environment(at).tracker.snapshot().state,
    /** State of the circuit for all environments. */
    async sharedState(): Promise<string> {
      return (await items.read(circuitKey('tracker', 'test-consumer'), true))?.state ?? 'closed';
    },
    /** Deliver a message again and again, each time when it is due, until it is done with. What became of it each time. */
    async live(first = message()): Promise<readonly PipelineEvent[]> {
      const seen: PipelineEvent[] = [];
      for (let next = first; seen.length < 100; next = redelivered(next)) {
        const [event] = await invoke([next]);
        if (event === undefined) throw new Error('nothing became of the message');
        seen.push(event);
        if (event.kind !== 'retried' && event.kind !== 'deferred') return seen;
        clock.advance(event.delaySeconds * 1_000);
      }
      throw new Error('the message comes back for ever');
    },
    /** Let the dependency recover, and every environment see that it has; what was counted is long ago then. */
    async recover(): Promise<void> {
      answers.dependency = () => undefined;
      for (let round = 0; round < 8; round += 1) {
        clock.advance(DAY_MS);
        for (const at of fleet.keys()) await r.send(1, at);
      }
      counts.most = 0;
    },
    /** Change the configuration, and let the refresh time pass. */
    change(text: string): void {
      stores.configure(text);
      clock.advance(REFRESH_MS);
    },
  };
  // The first invocation loads code, which takes real time.
  for (const { handler } of fleet) {
    await handler({ Records: [message()] }, { getRemainingTimeInMillis: () => 30_000 });
  }
  return r;
}

/** What becomes of messages. */
const OUTCOMES: ReadonlySet<PipelineEvent['kind']> = new Set([
  'handled',
  'duplicate',
  'retried',
  'deferred',
  'dead-lettered',
  'quarantined',
]);
