import type { Logger } from '@aws-lambda-powertools/logger';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { attemptNotes } from '../core/attempt-notes.ts';
import { type BatchResult, processBatch } from '../core/batch.ts';
import type { Circuit } from '../core/circuit/circuit.ts';
import { localCircuit } from '../core/circuit/local-circuit.ts';
import { type Classification, type Classifier, classifyError } from '../core/classifier.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { HandlerContext } from '../core/context.ts';
import { ConfigurationError, type ConfigurationProblem } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import { summarizeError } from '../core/failure.ts';
import { type IdempotencyKeySource, idempotencyKeyOf, naturallyIdempotent } from '../core/idempotency.ts';
import type { ReceivedMessage } from '../core/message.ts';
import { parseConsumerSettings, type SettingsInput } from '../core/parse-settings.ts';
import { createPipeline } from '../core/pipeline.ts';
import type { Check } from '../core/screening/check.ts';
import { formatCheck } from '../core/screening/format-check.ts';
import { type SchemaSource, schemaCheck } from '../core/screening/schema-check.ts';
import { type SignatureKeys, signatureCheck } from '../core/screening/signature-check.ts';
import { sizeCheck } from '../core/screening/size-check.ts';
import type { ConsumerSettings, SignatureSettings } from '../core/settings.ts';
import { createSettlement } from '../core/settlement.ts';
import { type RuntimeClients, runtimeClients } from './clients.ts';
import { dynamoRecords } from './dynamo-records.ts';
import { settingsFromEnvironment } from './environment-settings.ts';
import { type InvocationContext, messageOf, type SqsBatchResponse, type SqsEvent } from './lambda-event.ts';
import { powertoolsGuard } from './powertools-guard.ts';
import { secretKeys } from './signature-keys.ts';
import { sourceQueue, targetQueue } from './sqs-queues.ts';
import { systemClock } from './system-clock.ts';
import { powertoolsTelemetry } from './telemetry.ts';

/** Options of {@link resilientConsumer} that hold for every consumer. */
export interface ConsumerOptionsBase<Payload, CircuitName extends string> {
  /**
   * Schema of the payload: anything that speaks Standard Schema (zod, valibot, arktype, {@link ajvSchema}), or a
   * function that picks one for a message. What does not fit goes to quarantine as SCHEMA_VALIDATION_FAILED.
   */
  readonly schema: SchemaSource<Payload>;
  /**
   * Handle one message. Return to acknowledge it; throw to have the error classified. Errors that decide by themselves:
   * {@link PermanentError}, {@link RetryAfterError}, {@link DeferError}.
   */
  readonly handle: (payload: Payload, context: HandlerContext<NoInfer<CircuitName>>) => unknown;
  /**
   * Circuits that the handler calls through. Checked against the deployment's at cold start, and the names that
   * `ctx.circuit` takes.
   *
   * @default - any circuit of the deployment
   */
  readonly circuits?: readonly CircuitName[];
  /**
   * Decide what an error means; return `undefined` to leave it to {@link classifyError}.
   *
   * @default - classifyError
   */
  readonly classify?: Classifier;
  /**
   * Settings of the deployment, for those who do not deploy with the constructs.
   *
   * @default - what `ResilientConsumer` put into the environment
   */
  readonly settings?: SettingsInput<ConsumerSettings>;
  /** Logger to use. @default - a Powertools logger named after the consumer */
  readonly logger?: Logger;
  /** SDK clients. @default - clients of the environment's region */
  readonly clients?: RuntimeClients;
  /**
   * Give up the environment, after a handler did not stop when it had to and everything is settled.
   *
   * @default - ends the process, so that Lambda starts a new one
   */
  readonly exit?: () => void | Promise<void>;
  /** Where time comes from. @default - the machine */
  readonly clock?: Clock;
  /** Where chance comes from. @default Math.random */
  readonly random?: Random;
}

/** Options of a consumer whose effects are made idempotent. */
export interface IdempotentConsumerOptions<Payload, CircuitName extends string>
  extends ConsumerOptionsBase<Payload, CircuitName> {
  /**
   * Key of the effect: equal for messages that ask for the same one. It comes from the payload, or is
   * `'producer-id'` for messages of `createProducer`; the bare SQS message id is refused.
   */
  readonly idempotencyKey: IdempotencyKeySource<NoInfer<Payload>>;
  readonly idempotency?: undefined;
}

/** Options of a consumer whose handler may run any number of times for one message. */
export interface NaturalConsumerOptions<Payload, CircuitName extends string>
  extends ConsumerOptionsBase<Payload, CircuitName> {
  /** The handler is idempotent by nature: no records are kept. */
  readonly idempotency: 'natural';
  readonly idempotencyKey?: undefined;
}

/** Options of {@link resilientConsumer}. */
export type ResilientConsumerOptions<Payload, CircuitName extends string = string> =
  | IdempotentConsumerOptions<Payload, CircuitName>
  | NaturalConsumerOptions<Payload, CircuitName>;

/** A Lambda handler for an SQS event source with partial batch responses. */
export type SqsHandler = (event: SqsEvent, context: InvocationContext) => Promise<SqsBatchResponse>;

/**
 * Make the Lambda handler of a queue's consumer. Configuration is checked here, at cold start.
 *
 * @throws {ConfigurationError} naming every option and setting that breaks its rule
 * @example
 * export const handler = resilientConsumer({
 *   schema: z.object({ id: z.string(), total: z.number() }),
 *   idempotencyKey: (order) => order.id,
 *   handle: async (order, ctx) => {
 *     await ctx.circuit('tracker').call((signal) => fetch(url, { method: 'POST', body: order.id, signal }));
 *   },
 * });
 */
export function resilientConsumer<Payload, const CircuitName extends string = string>(
  options: ResilientConsumerOptions<Payload, CircuitName>,
): SqsHandler {
  const settings = checkedSettings(options);
  const { clock = systemClock, random = Math.random } = options;
  const { sqs, dynamodb, secretsManager } = runtimeClients(options.clients);
  const telemetry = powertoolsTelemetry(settings.consumerId, options.logger);
  const { emit, loggerFor } = telemetry;
  const { queue, deadLetterQueue, quarantineQueue } = settings;
  const records = dynamoRecords({ client: dynamodb, table: settings.stateTable, queue: queue.name, clock });

  const pipeline = createPipeline({
    settings,
    screening: { envelope: settings.envelope, ...checksOf(options.schema, settings, clock, secretsManager) },
    circuits: circuitsOf(settings, { clock, random, emit }),
    guard:
      options.idempotency === 'natural'
        ? naturallyIdempotent
        : powertoolsGuard(dynamodb, settings, clock, emit),
    classify: classifierOf(options.classify, emit, clock),
    keyOf: keyOf(options),
    // The schema check made the payload what the handler's type says it is.
    handle: (payload, context) => options.handle(payload as Payload, context),
    starts: attemptNotes({ settings, records, emit, clock }),
    loggerFor,
    emit,
    clock,
    random,
  });
  const settlement = createSettlement({
    settings,
    source: sourceQueue(sqs, queue.url),
    deadLetterQueue: targetQueue(sqs, deadLetterQueue.url, deadLetterQueue.name),
    quarantineQueue: targetQueue(sqs, quarantineQueue.url, quarantineQueue.name),
    records,
    emit,
    clock,
  });
  const parts = { settings, pipeline, settlement, records, emit, clock, random };
  const { exit = exitProcess } = options;

  return async (event, context) => {
    let given: BatchResult;
    try {
      given = await processBatch(parts, event.Records.map(messageOf), context.getRemainingTimeInMillis());
      if (given.abandoned) emit({ kind: 'environment-given-up' });
    } finally {
      telemetry.flush();
    }
    if (given.abandoned) await exit();
    return { batchItemFailures: given.putBack.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/** End the process once what was written to standard output is out. Lambda starts a new environment then. */
async function exitProcess(): Promise<void> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(1);
}

/** A classifier of one's own that throws must not replace the error that it was asked about. */
function classifierOf(
  own: Classifier | undefined,
  emit: EventSink,
  clock: Clock,
): (error: unknown) => Classification {
  return (error) => {
    const now = clock.now();
    try {
      return own?.(error, now) ?? classifyError(error, now);
    } catch (thrown) {
      emit({ kind: 'classifier-error', error: summarizeError(thrown) });
      return classifyError(error, now);
    }
  };
}

function checksOf<Payload>(
  schema: SchemaSource<Payload>,
  { screening, queue }: ConsumerSettings,
  clock: Clock,
  client: SecretsManagerClient,
): { readonly before: readonly Check[]; readonly checks: readonly Check[] } {
  const { maxBytes, json, signature } = screening;
  const previousGoodForMs = queue.retentionSeconds * 1_000;
  const keysOf = (settings: SignatureSettings): SignatureKeys =>
    secretKeys({ client, settings, previousGoodForMs, clock });
  return {
    before: maxBytes === false ? [] : [sizeCheck(maxBytes)],
    checks: [
      ...(signature === undefined ? [] : [signatureCheck(signature, keysOf(signature))]),
      ...(json ? [formatCheck()] : []),
      schemaCheck(schema),
    ],
  };
}

function circuitsOf(
  { circuits }: ConsumerSettings,
  { clock, random, emit }: { clock: Clock; random: Random; emit: EventSink },
): ReadonlyMap<string, Circuit> {
  return new Map(
    Object.entries(circuits).map(([name, settings]) => {
      const circuit = localCircuit({
        name,
        settings,
        clock,
        random,
        onTransition: (transition) => emit({ kind: 'circuit-transition', transition }),
      });
      return [name, circuit];
    }),
  );
}

function keyOf<Payload, CircuitName extends string>(
  options: ResilientConsumerOptions<Payload, CircuitName>,
): (payload: unknown, message: ReceivedMessage) => string {
  if (options.idempotency === 'natural') return (_payload, message) => message.text;
  const source = options.idempotencyKey;
  return (payload, message) => idempotencyKeyOf(source, payload as Payload, message);
}

/** Read the settings and check the options: what is wrong with either is told together. */
function checkedSettings<Payload, CircuitName extends string>(
  options: ResilientConsumerOptions<Payload, CircuitName>,
): ConsumerSettings {
  let settings: ConsumerSettings;
  try {
    settings =
      options.settings === undefined ? settingsFromEnvironment() : parseConsumerSettings(options.settings);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError('resilientConsumer', [...error.problems, ...problemsOf(options)]);
  }
  const problems = problemsOf(options, Object.keys(settings.circuits));
  if (problems.length > 0) throw new ConfigurationError('resilientConsumer', problems);
  return settings;
}

/** Types can be dodged, so what they promise is checked where the configuration is read. */
function problemsOf<Payload, CircuitName extends string>(
  options: ResilientConsumerOptions<Payload, CircuitName>,
  known?: readonly string[],
): readonly ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  const need = (option: string, holds: boolean, rule: string, value: unknown): void => {
    if (!holds) problems.push({ option, rule, value });
  };
  const { schema, handle, idempotency, idempotencyKey, circuits = [] }: Partial<typeof options> = options;
  need('handle', typeof handle === 'function', 'must be a function', handle);
  const isSchema =
    typeof schema === 'function' || (typeof schema === 'object' && schema !== null && '~standard' in schema);
  need('schema', isSchema, 'must be a Standard Schema or a function that picks one', schema);
  if (idempotency === undefined) {
    const usable = typeof idempotencyKey === 'function' || idempotencyKey === 'producer-id';
    need(
      'idempotencyKey',
      usable,
      "must be a function of the payload or 'producer-id' (or set idempotency: 'natural')",
      idempotencyKey,
    );
  } else {
    need('idempotency', idempotency === 'natural', "must be 'natural' where it is given", idempotency);
  }
  if (known !== undefined) {
    const rule = `must name circuits of the deployment (${known.join(', ')})`;
    for (const name of circuits) need('circuits', known.includes(name), rule, name);
  }
  return problems;
}
