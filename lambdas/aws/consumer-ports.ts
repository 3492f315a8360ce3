import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Circuit } from '../core/circuit/circuit.ts';
import { sharedCircuit } from '../core/circuit/shared-circuit.ts';
import type { CircuitStore } from '../core/circuit/shared-item.ts';
import type { Clock, Random } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import { summarizeError } from '../core/failure.ts';
import type { IdempotencyGuard } from '../core/idempotency.ts';
import type { SourceQueue, TargetQueue } from '../core/queues.ts';
import type { MessageRecords } from '../core/records.ts';
import type { DeniedSources } from '../core/screening/denied-source-check.ts';
import type { Reputation } from '../core/screening/reputation-check.ts';
import type { SignatureKeys } from '../core/screening/signature-check.ts';
import type { ConsumerSettings, SignatureSettings } from '../core/settings.ts';
import { runtimeClients } from './clients.ts';
import { circuitKey, dynamoCircuits } from './dynamo-circuits.ts';
import { dynamoRecords } from './dynamo-records.ts';
import { powertoolsGuard } from './powertools-guard.ts';
import type { ResilientConsumerOptions, SqsHandler } from './resilient-consumer.ts';
import { secretKeys } from './signature-keys.ts';
import { dynamoDeniedSources, dynamoReputation } from './source-lists.ts';
import { sourceQueue, targetQueue } from './sqs-queues.ts';
import { systemClock } from './system-clock.ts';
import { powertoolsTelemetry, type Telemetry } from './telemetry.ts';

/** Everything through which a consumer reaches the world. */
export interface ConsumerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly records: MessageRecords;
  readonly source: SourceQueue;
  readonly deadLetterQueue: TargetQueue;
  readonly quarantineQueue: TargetQueue;
  readonly circuits: ReadonlyMap<string, Circuit>;
  /** Asked only of consumers that are not idempotent by nature. */
  readonly guard: () => IdempotencyGuard;
  /** Asked only of consumers that check signatures. */
  readonly signatureKeys: (settings: SignatureSettings) => SignatureKeys;
  /** Asked only of consumers that deny sources. */
  readonly deniedSources: () => DeniedSources;
  /** Asked only of consumers that look at reputations, and bring none of their own. */
  readonly reputation: () => Reputation;
  /** Called when everything is settled, and a handler that did not stop was left behind. */
  readonly exit: () => void | Promise<void>;
}

/** The ports of a deployed consumer. */
export function awsPorts<Payload, CircuitName extends string>(
  options: ResilientConsumerOptions<Payload, CircuitName>,
  settings: ConsumerSettings,
): ConsumerPorts {
  const { clock = systemClock, random = Math.random, exit = exitProcess } = options;
  const { sqs, dynamodb, circuits, secretsManager } = runtimeClients(options.clients);
  const telemetry = powertoolsTelemetry(settings.consumerId, options.logger);
  const { emit } = telemetry;
  const { queue, deadLetterQueue, quarantineQueue } = settings;
  return {
    clock,
    random,
    telemetry,
    records: dynamoRecords({ client: dynamodb, table: settings.stateTable, queue: queue.name, clock }),
    source: sourceQueue(sqs, queue.url),
    deadLetterQueue: targetQueue(sqs, deadLetterQueue.url, deadLetterQueue.name),
    quarantineQueue: targetQueue(sqs, quarantineQueue.url, quarantineQueue.name),
    circuits: circuitsOf(settings, dynamoCircuits(circuits, settings.stateTable), { clock, random, emit }),
    guard: () => powertoolsGuard(dynamodb, settings, clock, emit),
    signatureKeys: keysFrom(secretsManager, settings, clock),
    deniedSources: () => dynamoDeniedSources({ client: dynamodb, settings, clock }),
    reputation: () => dynamoReputation({ client: dynamodb, settings, clock }),
    exit,
  };
}

/** End the process once what was written to standard output is out. Lambda starts a new environment then. */
async function exitProcess(): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(1);
}

function keysFrom(
  client: SecretsManagerClient,
  { queue }: ConsumerSettings,
  clock: Clock,
): ConsumerPorts['signatureKeys'] {
  const previousGoodForMs = queue.retentionSeconds * 1_000;
  return (settings) => secretKeys({ client, settings, previousGoodForMs, clock });
}

function circuitsOf(
  { circuits, consumerId }: ConsumerSettings,
  store: CircuitStore,
  { clock, random, emit }: { clock: Clock; random: Random; emit: EventSink },
): ReadonlyMap<string, Circuit> {
  return new Map(
    Object.entries(circuits).map(([name, settings]) => {
      const circuit = sharedCircuit({
        name,
        key: circuitKey(name, consumerId),
        settings,
        store,
        clock,
        random,
        newToken: () => crypto.randomUUID(),
        onTransition: (transition) => emit({ kind: 'circuit-transition', transition }),
        onStoreError: (operation, error) =>
          emit({ kind: 'store-error', operation, error: summarizeError(error) }),
      });
      return [name, circuit];
    }),
  );
}

/** Makes a consumer once more, on other ports. */
export type Rebuild = (portsFor: (settings: ConsumerSettings) => ConsumerPorts) => SqsHandler;

/** Where a handler keeps its {@link Rebuild}. Registered, since CommonJS and ES modules have a copy of this file each. */
export const REBUILD = Symbol.for('spillway.rebuild');

/**
 * The same consumer on other ports.
 *
 * @throws {ConfigurationError} if the handler was not made by `resilientConsumer`
 */
export function rebuilt(handler: SqsHandler, portsFor: Parameters<Rebuild>[0]): SqsHandler {
  if (!isRebuildable(handler)) {
    const rule = 'must be what resilientConsumer() returned, not a wrapper around it';
    throw new ConfigurationError('runBatch', [{ option: 'handler', rule, value: handler }]);
  }
  return handler[REBUILD](portsFor);
}

function isRebuildable(handler: SqsHandler): handler is SqsHandler & { readonly [REBUILD]: Rebuild } {
  return typeof handler === 'function' && REBUILD in handler;
}
