import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Circuit } from '../core/circuit/circuit.ts';
import { jointReads } from '../core/circuit/joint-reads.ts';
import {
  type SharedCircuit,
  type SharedCircuitOptions,
  sharedCircuit,
} from '../core/circuit/shared-circuit.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { ControlNotices } from '../core/control-notices.ts';
import type { EventSink } from '../core/events.ts';
import { summarizeError } from '../core/failure.ts';
import { intakeCircuitSettings } from '../core/intake-gate.ts';
import { type CircuitSettings, type ConsumerSettings, INTAKE_CIRCUIT } from '../core/settings.ts';
import { circuitKey } from '../core/table-keys.ts';
import { dynamoCircuits } from './dynamo-circuits.ts';

/** What the circuits of a consumer are made of. */
export interface ConsumerCircuitsOptions {
  readonly settings: ConsumerSettings;
  /** Client for the state table. It should try once: what is reported twice counts twice. */
  readonly client: DynamoDBClient;
  readonly notices: ControlNotices;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly random: Random;
}

/** Circuits of a consumer: those that its handler calls through, and that of its intake. */
export interface ConsumerCircuits {
  readonly circuits: ReadonlyMap<string, Circuit>;
  readonly intake: SharedCircuit;
}

/** The circuits of a consumer in the state table. They are read together, and the intake controller is told of changes. */
export function consumerCircuits(options: ConsumerCircuitsOptions): ConsumerCircuits {
  const { settings: consumer, client, notices, emit, clock, random } = options;
  const reads = jointReads(dynamoCircuits(client, consumer.stateTable), clock);

  function make(
    name: string,
    settings: CircuitSettings,
    listeners: Pick<SharedCircuitOptions, 'onCall'> = {},
  ): SharedCircuit {
    const key = circuitKey(name, consumer.consumerId);
    const circuit = sharedCircuit({
      name,
      key,
      settings,
      store: reads.store,
      clock,
      random,
      newToken: () => crypto.randomUUID(),
      ...listeners,
      onTransition(transition) {
        emit({ kind: 'circuit-transition', transition });
        // What an environment decides for itself is nothing that the table knows.
        if (transition.decidedBy !== 'environment') notices.circuitChanged(key);
      },
      onStoreError: (operation, error) =>
        emit({ kind: 'store-error', operation, error: summarizeError(error) }),
    });
    reads.add(key, circuit);
    return circuit;
  }

  const circuits = Object.entries(consumer.circuits).map(
    ([name, each]) => [name, make(name, each, { onCall: callsOf(name, emit) })] as const,
  );
  return { circuits: new Map(circuits), intake: make(INTAKE_CIRCUIT, intakeCircuitSettings(consumer)) };
}

/** Tells of calls; every healthy call comes by here, so the events are made once. */
function callsOf(circuit: string, emit: EventSink): (failed: boolean) => void {
  const good = { kind: 'circuit-call', circuit, failed: false } as const;
  const bad = { kind: 'circuit-call', circuit, failed: true } as const;
  return (failed) => emit(failed ? bad : good);
}
