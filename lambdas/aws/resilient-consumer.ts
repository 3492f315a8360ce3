import { createHash } from 'node:crypto';
import type { Logger } from '@aws-lambda-powertools/logger';
import { attemptNotes } from '../core/attempt-notes.ts';
import { type BatchResult, processBatch } from '../core/batch.ts';
import { type Classifier, classifyError } from '../core/classifier.ts';
import { classifyWith } from '../core/classify-with.ts';
import type { Clock, Random } from '../core/clock.ts';
import type { RunTimeConfiguration } from '../core/configuration/refresh.ts';
import type { HandlerContext } from '../core/context.ts';
import { ConfigurationError, type ConfigurationProblem } from '../core/errors.ts';
import { summarizeError } from '../core/failure.ts';
import { type IdempotencyKeySource, idempotencyKeyOf, naturallyIdempotent } from '../core/idempotency.ts';
import { intakeGate } from '../core/intake-gate.ts';
import { liveSettings } from '../core/live-settings.ts';
import type { ReceivedMessage } from '../core/message.ts';
import { parseConsumerSettings, type SettingsInput } from '../core/parse-settings.ts';
import { createPipeline, type Pipeline } from '../core/pipeline.ts';
import { consumerPolicies } from '../core/policies/consumer-policies.ts';
import type { Check } from '../core/screening/check.ts';
import { type DeniedSources, deniedSourceCheck } from '../core/screening/denied-source-check.ts';
import { formatCheck } from '../core/screening/format-check.ts';
import { type Reputation, reputationCheck } from '../core/screening/reputation-check.ts';
import { requiredFieldsCheck } from '../core/screening/required-fields-check.ts';
import { type SchemaSource, schemaCheck } from '../core/screening/schema-check.ts';
import { type ScreenOptions, wrappedMessage } from '../core/screening/screen.ts';
import { signatureCheck } from '../core/screening/signature-check.ts';
import { sizeCheck } from '../core/screening/size-check.ts';
import { suspiciousPatternCheck } from '../core/screening/suspicious-pattern-check.ts';
import type { ConsumerSettings, ScreeningSettings } from '../core/settings.ts';
import { createSettlement } from '../core/settlement.ts';
import type { RuntimeClients } from './clients.ts';
import { awsPorts, type ConsumerPorts, REBUILD, type Rebuild } from './consumer-ports.ts';
import { settingsFromEnvironment } from './environment-settings.ts';
import { type InvocationContext, messageOf, type SqsBatchResponse, type SqsEvent } from './lambda-event.ts';
import { tracingOf } from './lazy-tracer.ts';
import { loadRunTimeConfiguration } from './load-run-time-configuration.ts';
import { aboutMessage, recognize } from './message-context.ts';

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
  /**
   * What is thought of sources, for the check that `screening.reputation` switches on.
   *
   * @default - the scores in the state table
   */
  readonly reputation?: Reputation;
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
  const deployed = checkedSettings(options);
  const make: Rebuild = (portsFor) => {
    const settings = liveSettings(deployed);
    return consumerOn(portsFor(settings), options, settings, deployed);
  };
  const handler = make((settings) => awsPorts(options, settings));
  return Object.assign(handler, { [REBUILD]: make });
}

function consumerOn<Payload, CircuitName extends string>(
  ports: ConsumerPorts,
  options: ResilientConsumerOptions<Payload, CircuitName>,
  settings: ConsumerSettings,
  deployed: ConsumerSettings,
): SqsHandler {
  const { clock, random, telemetry, records, circuits, intake, deadLetterCounts, notices, linger } = ports;
  const { emit, loggerFor } = telemetry;
  const classify = classifyWith(options.classify, clock, emit);
  const starts = attemptNotes({ settings, records, emit, clock });
  const tracing = tracingOf(ports, deployed);
  const take = createPipeline({
    settings,
    screening: liveScreening(options, settings, ports),
    circuits,
    policies: consumerPolicies({ settings, limits: ports.limits, classify, clock, random, emit }),
    gate: intakeGate({ settings, intake, counts: deadLetterCounts, starts, emit, clock, random }),
    guard: options.idempotency === 'natural' ? naturallyIdempotent : ports.guard(),
    classify,
    keyOf: keyOf(options),
    // The schema check made the payload what the handler's type says it is.
    handle: (payload, context) => options.handle(payload as Payload, context),
    starts,
    loggerFor,
    watchCall: (circuit, call) => tracing.tracer.call(circuit, call),
    emit,
    clock,
    random,
  });
  const pipeline: Pipeline = (message, record, ...rest) => {
    const ids = wrappedMessage(message);
    const attempt = record === 'unavailable' ? undefined : record.attempts + 1;
    return aboutMessage(ids, () =>
      tracing.tracer.message({ ids, attempt }, () => take(message, record, ...rest)),
    );
  };
  const { source, deadLetterQueue, quarantineQueue, exit } = ports;
  const settlement = createSettlement({
    settings,
    source,
    deadLetterQueue,
    quarantineQueue,
    records,
    emit,
    clock,
  });
  const configuration = configurationOf(ports, settings, deployed);
  const parts = { settings, pipeline, settlement, records, emit, clock, random, linger };

  return async (event, context) => {
    let given: BatchResult;
    try {
      await Promise.all([configuration?.refresh(), tracing.load()]);
      given = await processBatch(parts, event.Records.map(messageOf), context.getRemainingTimeInMillis());
      if (given.abandoned) emit({ kind: 'environment-given-up' });
    } finally {
      await notices.settle();
      telemetry.flush();
    }
    if (given.abandoned) await exit();
    return { batchItemFailures: given.putBack.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

/**
 * What may change at run time of a consumer's settings, if anything may. Its code is loaded when it is first needed, so
 * that other consumers start without it.
 */
function configurationOf(
  { configuration, telemetry, clock }: ConsumerPorts,
  live: ConsumerSettings,
  deployed: ConsumerSettings,
): RunTimeConfiguration | undefined {
  const where = deployed.runTimeConfiguration;
  if (where === undefined) return undefined;
  const { emit } = telemetry;
  let loaded: Promise<RunTimeConfiguration> | undefined;
  const load = async (): Promise<RunTimeConfiguration> => {
    const { runTimeConfiguration } = await loadRunTimeConfiguration();
    return runTimeConfiguration({
      deployed,
      live,
      source: await configuration(where),
      queue: where.queue,
      refreshMs: where.refreshSeconds * 1_000,
      versionOf: (text) => createHash('sha256').update(text).digest('hex').slice(0, 12),
      emit,
      clock,
    });
  };
  return {
    async refresh() {
      loaded ??= load();
      try {
        await (await loaded).refresh();
      } catch (error) {
        const source = where.kind === 'parameter' ? where.parameter : where.profile;
        emit({ kind: 'configuration-unavailable', source, error: summarizeError(error) });
      }
    },
  };
}

/** Refuses nothing: it is the first to see a message without its envelope, and so what its log lines are to bear. */
const recognition: Check = {
  name: 'recognition',
  inspect({ message }) {
    recognize(message);
    return undefined;
  },
};

/** The checks of the settings as they are; what keeps something in memory is made once. */
function liveScreening<Payload>(
  options: ConsumerOptionsBase<Payload, string>,
  settings: ConsumerSettings,
  ports: ConsumerPorts,
): ScreenOptions {
  const { schema } = options;
  const { signature } = settings.screening;
  const parts: CheckParts = {
    schema: schemaCheck(schema),
    signature: signature && signatureCheck(signature, ports.signatureKeys(signature)),
    denied: memoized(ports.deniedSources),
    reputation: memoized(() => options.reputation ?? ports.reputation()),
  };
  let made: { readonly of: ScreeningSettings; readonly chain: Chain } | undefined;
  const chain = (): Chain => {
    const { screening } = settings;
    if (made?.of !== screening) made = { of: screening, chain: checksOf(screening, parts) };
    return made.chain;
  };
  return {
    envelope: settings.envelope,
    get before() {
      return chain().before;
    },
    get checks() {
      return chain().checks;
    },
  };
}

type Chain = Pick<ScreenOptions, 'before' | 'checks'>;

interface CheckParts {
  readonly schema: Check;
  readonly signature: Check | undefined;
  readonly denied: () => DeniedSources;
  readonly reputation: () => Reputation;
}

function memoized<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function checksOf(screening: ScreeningSettings, parts: CheckParts): Chain {
  const { maxBytes, json, requiredFields, suspiciousPatterns } = screening;
  return {
    before: maxBytes === false ? [] : [sizeCheck(maxBytes)],
    checks: [
      recognition,
      ...(parts.signature === undefined ? [] : [parts.signature]),
      ...(json ? [formatCheck()] : []),
      ...(requiredFields === undefined ? [] : [requiredFieldsCheck(requiredFields)]),
      ...(screening.deniedSources === undefined
        ? []
        : [deniedSourceCheck(screening.deniedSources, parts.denied())]),
      parts.schema,
      ...(suspiciousPatterns === undefined ? [] : [suspiciousPatternCheck(suspiciousPatterns)]),
      ...(screening.reputation === undefined
        ? []
        : [reputationCheck(screening.reputation, parts.reputation())]),
    ],
  };
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
