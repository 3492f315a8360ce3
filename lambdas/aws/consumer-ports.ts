import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Circuit } from '../core/circuit/circuit.ts';
import { type Clock, type MaybePromise, pause, type Random } from '../core/clock.ts';
import type { ConfigurationSource } from '../core/configuration/refresh.ts';
import { type ControlNotices, controlNotices } from '../core/control-notices.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { IdempotencyGuard } from '../core/idempotency.ts';
import type { IntakeCircuit } from '../core/intake-gate.ts';
import type { DeadLetterCounts } from '../core/kill-switch.ts';
import type { LimitStore } from '../core/policies/rate-limiter/limit-store.ts';
import type { SourceQueue, TargetQueue } from '../core/queues.ts';
import type { MessageRecords } from '../core/records.ts';
import type { DeniedSources } from '../core/screening/denied-source-check.ts';
import type { Reputation } from '../core/screening/reputation-check.ts';
import type { SignatureKeys } from '../core/screening/signature-check.ts';
import type { ConsumerSettings, RunTimeConfigurationSettings, SignatureSettings } from '../core/settings.ts';
import { runtimeClients } from './clients.ts';
import { consumerCircuits } from './consumer-circuits.ts';
import { sqsControlQueue } from './control-queue.ts';
import { dynamoDeadLetterCounts } from './dynamo-dead-letter-counts.ts';
import { dynamoLimits } from './dynamo-limits.ts';
import { dynamoRecords } from './dynamo-records.ts';
import { loadRunTimeConfiguration } from './load-run-time-configuration.ts';
import { loadTracer } from './load-tracer.ts';
import { currentMessage } from './message-context.ts';
import type { MessageTracer } from './message-tracer.ts';
import { powertoolsGuard } from './powertools-guard.ts';
import type { ResilientConsumerOptions, SqsHandler } from './resilient-consumer.ts';
import { secretKeys } from './signature-keys.ts';
import { dynamoDeniedSources, dynamoReputation } from './source-lists.ts';
import { sourceQueue, targetQueue } from './sqs-queues.ts';
import { systemClock } from './system-clock.ts';
import { powertoolsTelemetry, type Telemetry } from './telemetry.ts';
import { powertoolsMetrics } from './telemetry-metrics.ts';

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
  /** Where rate limits are kept. */
  readonly limits: LimitStore;
  /** Circuit of the consumer's intake. */
  readonly intake: IntakeCircuit;
  /** What the kill switch counts by. */
  readonly deadLetterCounts: DeadLetterCounts;
  /** Notices to the intake controller, which are awaited before an invocation ends. */
  readonly notices: ControlNotices;
  /** Wait before an invocation that could do nothing returns. Milliseconds. */
  readonly linger: (forMs: number) => Promise<void>;
  /** Asked only of consumers that are not idempotent by nature. */
  readonly guard: () => IdempotencyGuard;
  /** Asked only of consumers that check signatures. */
  readonly signatureKeys: (settings: SignatureSettings) => SignatureKeys;
  /** Asked only of consumers that deny sources. */
  readonly deniedSources: () => DeniedSources;
  /** Asked only of consumers that look at reputations, and bring none of their own. */
  readonly reputation: () => Reputation;
  /** Asked only of consumers whose configuration may change at run time. */
  readonly configuration: (settings: RunTimeConfigurationSettings) => MaybePromise<ConfigurationSource>;
  /** Asked only of consumers that are traced. */
  readonly tracer: () => MaybePromise<MessageTracer>;
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
  const metrics = powertoolsMetrics(settings.consumerId, settings.observability);
  const telemetry = powertoolsTelemetry(settings.consumerId, metrics, options.logger);
  const { emit } = telemetry;
  const {
    queue,
    deadLetterQueue,
    quarantineQueue,
    controlQueueUrl,
    stateTable: table,
    consumerId,
  } = settings;
  const notices = controlNotices({
    queue: controlQueueUrl === undefined ? undefined : sqsControlQueue(sqs, controlQueueUrl),
    correlationId: () => currentMessage()?.correlationId,
    emit,
    clock,
  });
  return {
    clock,
    random,
    telemetry,
    records: dynamoRecords({ client: dynamodb, table, queue: queue.name, clock }),
    source: sourceQueue(sqs, queue.url),
    deadLetterQueue: targetQueue(sqs, deadLetterQueue.url, deadLetterQueue.name),
    quarantineQueue: targetQueue(sqs, quarantineQueue.url, quarantineQueue.name),
    ...consumerCircuits({ settings, client: circuits, notices, clock, random, emit }),
    limits: dynamoLimits(circuits, table),
    deadLetterCounts: dynamoDeadLetterCounts({ client: circuits, table, consumerId }),
    notices,
    linger: (forMs) => pause(clock, forMs),
    guard: () => powertoolsGuard(dynamodb, settings, clock, emit),
    signatureKeys: keysFrom(secretsManager, settings, clock),
    deniedSources: () => dynamoDeniedSources({ client: dynamodb, settings, clock }),
    reputation: () => dynamoReputation({ client: dynamodb, settings, clock }),
    configuration: async (where) => {
      const { configurationSource } = await loadRunTimeConfiguration();
      return configurationSource(where, options.clients);
    },
    tracer: async () => (await loadTracer()).xrayTracer(consumerId),
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
