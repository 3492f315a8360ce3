import { type ConsumerPorts, rebuilt } from '../aws/consumer-ports.ts';
import type { SqsEventRecord } from '../aws/lambda-event.ts';
import { NO_TRACER } from '../aws/message-tracer.ts';
import type { SqsHandler } from '../aws/resilient-consumer.ts';
import { ConfigurationFileError } from '../core/configuration/file-error.ts';
import type { Logger } from '../core/context.ts';
import { ConfigurationError, SpillwayError } from '../core/errors.ts';
import type { PipelineEvent } from '../core/events.ts';
import { type ErrorSummary, summarizeError } from '../core/failure.ts';
import type { FailureEnvelope } from '../core/failure-envelope.ts';
import type { ConsumerSettings } from '../core/settings.ts';
import { redelivered } from './messages.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import { createTestStores, interiorOf, type TestStores } from './stores.ts';

/** Options of {@link runBatch}. */
export interface RunBatchOptions {
  /** Stores to work on; the same ones again to go on where the last batch ended. @default - new ones */
  readonly stores?: TestStores;
  /** Time that the function has. Milliseconds. @default 30000 */
  readonly remainingMs?: number;
}

/** A line that the handler logged through `ctx.logger`. */
export interface LogLine {
  readonly messageId: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Something that went wrong beside the messages: a store, a queue, a classifier, a handler that did not stop. */
export interface Trouble {
  /** What was tried, such as `charge an attempt`. */
  readonly operation: string;
  readonly error: ErrorSummary;
}

/** What became of a batch. */
export interface BatchResult<Message extends SqsEventRecord = SqsEventRecord> {
  /** Outcomes in the order of the messages. */
  readonly outcomes: readonly Outcome[];
  /** Outcome of one message of the batch. @throws {SpillwayError} if it was not in the batch */
  outcomeOf(message: SqsEventRecord): Outcome;
  /** The messages that were not acknowledged, in their order, as SQS delivers them the next time. */
  readonly returned: readonly Message[];
  /** What went wrong beside the messages. */
  readonly troubles: readonly Trouble[];
  /** What the handler logged. */
  readonly logs: readonly LogLine[];
  /** The stores it ran on. */
  readonly stores: TestStores;
}

/**
 * Run a handler that `resilientConsumer` made on a batch of messages, with stores in memory and a clock that stands
 * still: no AWS, no network. The handler is what is deployed, its own clients, clock and logger apart; nothing sleeps
 * but what `handle` does itself.
 *
 * @throws {ConfigurationError} if the handler was not made by `resilientConsumer`, two messages have one id, the
 * signing key is not in the stores, or a circuit was forced that the consumer does not have
 * @example
 * const { outcomes } = await runBatch(handler, [rawMessage({ id: '42', total: 12 })]);
 * expect(outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
 */
export async function runBatch<Message extends SqsEventRecord>(
  handler: SqsHandler,
  messages: readonly Message[],
  options: RunBatchOptions = {},
): Promise<BatchResult<Message>> {
  const { stores = createTestStores(), remainingMs = 30_000 } = options;
  checkIds(messages);
  const journal = newJournal();
  const onTestPorts = rebuilt(handler, (settings) => testPorts(stores, settings, journal));
  const { batchItemFailures } = await onTestPorts(
    { Records: messages },
    { getRemainingTimeInMillis: () => remainingMs },
  );
  const outcomes = messages.map(({ messageId }) => found(journal.outcomes, messageId));
  const back = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  return {
    outcomes,
    outcomeOf: ({ messageId }) => found(journal.outcomes, messageId),
    returned: messages.filter(({ messageId }) => back.has(messageId)).map((each) => redelivered(each)),
    troubles: journal.troubles,
    logs: journal.logs,
    stores,
  };
}

interface Journal {
  readonly outcomes: Map<string, Outcome>;
  readonly envelopes: Map<string, FailureEnvelope>;
  readonly troubles: Trouble[];
  readonly logs: LogLine[];
  note(event: PipelineEvent): void;
  loggerFor(messageId: string): Logger;
}

function newJournal(): Journal {
  const journal: Journal = {
    outcomes: new Map(),
    envelopes: new Map(),
    troubles: [],
    logs: [],
    note(event) {
      const outcome = outcomeOf(event, (messageId) => journal.envelopes.get(messageId));
      if (outcome !== undefined) journal.outcomes.set(outcome.messageId, outcome);
      const trouble = troubleOf(event);
      if (trouble !== undefined) journal.troubles.push(trouble);
    },
    loggerFor(messageId) {
      const at =
        (level: LogLine['level']) =>
        (message: string, details: Record<string, unknown> = {}): void => {
          journal.logs.push({ messageId, level, message, details });
        };
      return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    },
  };
  return journal;
}

function troubleOf(event: PipelineEvent): Trouble | undefined {
  switch (event.kind) {
    case 'store-error':
    case 'settlement-error':
      return { operation: event.operation, error: event.error };
    case 'completion-not-recorded':
      return { operation: 'record the completion', error: event.error };
    case 'classifier-error':
      return { operation: 'classify an error', error: event.error };
    case 'configuration-refused': {
      const error = new ConfigurationFileError(event.source, event.problems);
      return { operation: 'change the configuration', error: summarizeError(error) };
    }
    case 'configuration-unavailable':
      return { operation: 'read the configuration', error: event.error };
    case 'environment-given-up':
      return { operation: 'stop a handler', error: summarizeError(new LeftBehindError()) };
    default:
      return undefined;
  }
}

/** What a handler that did not stop is told as. */
class LeftBehindError extends SpillwayError {
  constructor() {
    super('a handler did not stop when its signal aborted: deployed, its environment would be given up');
  }
}

function testPorts(stores: TestStores, settings: ConsumerSettings, journal: Journal): ConsumerPorts {
  const interior = interiorOf(stores);
  const { faults, records, guards, deadLetters, quarantined, circuits, random, signatureKeys } = interior;
  return {
    clock: stores.clock,
    random,
    telemetry: {
      emit: journal.note,
      loggerFor: ({ messageId }) => journal.loggerFor(messageId),
      flush() {},
    },
    records: records.of(settings.queue.name, (id, envelope) => void journal.envelopes.set(id, envelope)),
    source: {
      acknowledge: async () => [],
      changeVisibility: async (changes) =>
        changes.flatMap((_change, at) => {
          const error = faults.next('visibility');
          return error === undefined ? [] : [{ at, error }];
        }),
    },
    deadLetterQueue: deadLetters.named(settings.deadLetterQueue.name),
    quarantineQueue: quarantined.named(settings.quarantineQueue.name),
    circuits: circuits.of(settings),
    intake: interior.intakes.of(settings),
    limits: interior.limits,
    deadLetterCounts: interior.deadLetterCounts.of(settings.consumerId),
    notices: { circuitChanged() {}, async settle() {} },
    // The clock of the test stands still.
    linger: async () => {},
    guard: () => guards.of(settings),
    signatureKeys,
    deniedSources: () => interior.deniedSources,
    reputation: () => interior.reputation,
    tracer: () => NO_TRACER,
    configuration: () => interior.configuration,
    exit() {},
  };
}

function found(outcomes: ReadonlyMap<string, Outcome>, messageId: string): Outcome {
  const outcome = outcomes.get(messageId);
  if (outcome === undefined) throw new SpillwayError(`nothing is known of the message "${messageId}"`);
  return outcome;
}

function checkIds(messages: readonly SqsEventRecord[]): void {
  const seen = new Set<string>();
  for (const { messageId } of messages) {
    if (seen.has(messageId)) {
      const rule =
        'must have an id each: deliver a duplicate in a batch of its own, or give it another messageId';
      throw new ConfigurationError('runBatch', [{ option: 'messages', rule, value: messageId }]);
    }
    seen.add(messageId);
  }
}
