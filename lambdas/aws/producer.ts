import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Clock } from '../core/clock.ts';
import { ConfigurationError, type ConfigurationProblem, SpillwayError } from '../core/errors.ts';
import type { Finding } from '../core/failure-envelope.ts';
import { isIdentifier, type MessageAttribute, messageBytes, writeProducerMetadata } from '../core/message.ts';
import type { OutgoingMessage, SendResult, TargetQueue } from '../core/queues.ts';
import { findingOf } from '../core/screening/schema-check.ts';
import { LIMITS, MESSAGE_ATTRIBUTE, PRIORITIES, type Priority } from '../core/settings.ts';
import type { TraceCarrier } from '../core/trace.ts';
import { runtimeClients } from './clients.ts';
import { currentMessage } from './message-context.ts';
import { type LaneUrls, type ProducerTarget, urlsByPriority } from './producer-lanes.ts';
import { outgoingTrace, type Propagate, sendTraced, withTraceAttributes } from './producer-trace.ts';
import { targetQueue } from './sqs-queues.ts';
import { systemClock } from './system-clock.ts';

/** The payload does not fit the producer's schema: nothing was sent. */
export class InvalidPayloadError extends SpillwayError {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(
      `the payload does not fit the schema: ${findings.map(({ pointer, message }) => `${pointer} ${message}`).join('; ')}`,
    );
    this.findings = findings;
  }
}

/** Options of {@link createProducer}: what is sent, and where to, a queue (`queueUrl`) or priority lanes (`lanes`). */
export type ProducerOptions<Payload> = ProducerOptionsBase<Payload> & ProducerTarget;

/** Options of {@link createProducer} that do not depend on where it sends to. */
export interface ProducerOptionsBase<Payload> {
  /** Schema of the payload; the consumer should use the same. */
  readonly schema: StandardSchemaV1<Payload>;
  /**
   * The trace that messages are sent in, where a message says nothing else: a carrier with `traceparent` and `tracestate`
   * (and `X-Amzn-Trace-Id`), such as OpenTelemetry's propagation API fills. Whatever else is in it is left out. If it
   * throws, messages go without, and a warning of the process says so once.
   *
   * @default - within a handler of `resilientConsumer` the trace of its message, else that of the Lambda invocation
   * @example
   * propagate: () => {
   *   const carrier = {};
   *   propagation.inject(context.active(), carrier);
   *   return carrier;
   * },
   */
  readonly propagate?: Propagate;
  /** @default - a client of the environment's region */
  readonly client?: SQSClient;
  /** Where time comes from. @default - the machine */
  readonly clock?: Clock;
  /** Makes message ids. @default - random UUIDs */
  readonly newId?: () => string;
}

/** What may be said about a message beside its payload. */
export interface SendOptions {
  /**
   * Stable id of the message; it survives dead-letter queue and replay. 1 to 100 of the characters `A-Z a-z 0-9 _ . : / = + @ -`.
   *
   * @default - a new UUID
   */
  readonly id?: string;
  /** With `lanes` it picks the queue; otherwise it only describes the message. @default 'NORMAL' */
  readonly priority?: Priority;
  /**
   * Ties together what belongs to one request.
   *
   * @default - within a handler of `resilientConsumer` the correlation id of its message, else the id
   */
  readonly correlationId?: string;
  /**
   * The trace that it belongs to, such as `ctx.trace` of a handler. What is malformed in it counts as absent.
   *
   * @default - what `propagate` of the producer says
   */
  readonly trace?: TraceCarrier | undefined;
  /** Message group: required on FIFO queues; on standard queues it keeps noisy neighbours apart. */
  readonly groupId?: string;
  /** Deduplication id on FIFO queues. @default - the id */
  readonly deduplicationId?: string;
  /** Seconds until the message becomes visible, 0 to 900; standard queues only. @default 0 */
  readonly delaySeconds?: number;
  /** Message attributes of one's own, 9 at the most. @default - none */
  readonly attributes?: Readonly<Record<string, MessageAttribute>>;
}

/** A message to send with others. */
export interface ProducerEntry<Payload> extends SendOptions {
  readonly payload: Payload;
}

/** What became of a message, in the order of the entries. */
export type ProducerResult =
  | { readonly ok: true; readonly id: string; readonly messageId: string }
  | { readonly ok: false; readonly id: string; readonly error: Error };

/** Sends messages that {@link resilientConsumer} understands. */
export interface Producer<Payload> {
  /**
   * Send one message.
   *
   * @throws {InvalidPayloadError} if the payload does not fit the schema
   * @throws {ConfigurationError} if an option breaks its rule
   * @throws what SQS answered, if it did not take the message
   */
  send(payload: Payload, options?: SendOptions): Promise<{ readonly id: string; readonly messageId: string }>;
  /** Send many, ten a call, each lane by itself. Never rejects: each entry tells what became of it. */
  sendAll(entries: readonly ProducerEntry<Payload>[]): Promise<readonly ProducerResult[]>;
}

/**
 * Make a producer for a queue, or for the lanes of `PriorityLanes`: validated payloads, a stable id, creation time,
 * priority and correlation id in one message attribute, batches with their `Failed` entries read.
 *
 * @throws {ConfigurationError} if there is not exactly one of `queueUrl` and `lanes`, or a URL is none
 * @example
 * const orders = createProducer({ schema: orderSchema, queueUrl: process.env.QUEUE_URL ?? '' });
 * const { id } = await orders.send({ orderId: '42', total: 12 }, { priority: 'HIGH' });
 */
export function createProducer<Payload>(options: ProducerOptions<Payload>): Producer<Payload> {
  const { schema, clock = systemClock, newId = randomUUID, propagate } = options;
  const urls = urlsByPriority(options);
  const fifo = urls.NORMAL.endsWith('.fifo');
  const sqs = options.client === undefined ? runtimeClients().sqs : options.client;
  const queues = queuesOf(sqs, urls);

  async function prepare(entry: ProducerEntry<Payload>, id: string): Promise<PreparedEntry> {
    const result = await schema['~standard'].validate(entry.payload);
    if (result.issues !== undefined) throw new InvalidPayloadError(result.issues.map(findingOf));
    const { priority = 'NORMAL', groupId, deduplicationId, delaySeconds } = entry;
    const correlationId = entry.correlationId ?? ofMessageInHand() ?? id;
    const metadata = { id, createdAtEpochMs: clock.now(), priority, correlationId };
    const own = {
      ...entry.attributes,
      [MESSAGE_ATTRIBUTE]: { dataType: 'String', stringValue: writeProducerMetadata(metadata) },
    };
    const body = sqsText(entry.payload);
    checkEntry(
      { ...entry, id, priority, correlationId },
      fifo,
      Object.keys(own).length,
      messageBytes(body, own),
    );
    const { attributes: ofTrace, traceHeader } = outgoingTrace(entry.trace, propagate);
    const attributes = withTraceAttributes(body, own, ofTrace);
    const ofFifo = fifo ? { deduplicationId: deduplicationId ?? id } : { delaySeconds };
    return { url: urls[priority], message: { body, attributes, groupId, traceHeader, ...ofFifo } };
  }

  /** Each queue by itself: what delays or refuses one lane is nothing to the others. */
  async function dispatch(
    entries: readonly PreparedEntry[],
  ): Promise<ReadonlyMap<PreparedEntry, SendResult>> {
    const sent = await Promise.all(
      [...queues].map(async ([url, queue]) => {
        const own = entries.filter((entry) => entry.url === url);
        const results = await sendTraced(
          queue,
          own.map(({ message }) => message),
          fifo,
        );
        return results.flatMap((result, at) => {
          const entry = own[at];
          return entry === undefined ? [] : [[entry, result] as const];
        });
      }),
    );
    return new Map(sent.flat());
  }

  async function sendAll(entries: readonly ProducerEntry<Payload>[]): Promise<readonly ProducerResult[]> {
    const ids = entries.map(({ id }) => id ?? newId());
    const prepared = await Promise.allSettled(entries.map((entry, at) => prepare(entry, ids[at] ?? '')));
    const sent = await dispatch(
      prepared.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])),
    );
    return prepared.map((each, at): ProducerResult => {
      const id = ids[at] ?? '';
      if (each.status === 'rejected') return { ok: false, id, error: asError(each.reason) };
      const result = sent.get(each.value);
      return result === undefined
        ? { ok: false, id, error: new SpillwayError('SQS did not mention the entry') }
        : { ...result, id };
    });
  }

  return {
    sendAll,
    async send(payload, sendOptions = {}) {
      const [result] = await sendAll([{ ...sendOptions, payload }]);
      if (result === undefined) throw new SpillwayError('SQS did not mention the entry');
      if (!result.ok) throw result.error;
      return { id: result.id, messageId: result.messageId };
    },
  };
}

/** A message that is about to be sent, and where to. */
interface PreparedEntry {
  readonly url: string;
  readonly message: OutgoingMessage;
}

/** The queues behind the URLs: one, or a few where priorities have lanes. */
function queuesOf(sqs: SQSClient, urls: LaneUrls): ReadonlyMap<string, TargetQueue> {
  return new Map(
    Object.values(urls).map((url) => [url, targetQueue(sqs, url, url.slice(url.lastIndexOf('/') + 1))]),
  );
}

/** JSON without the two characters that JSON allows unescaped and SQS refuses. */
function sqsText(payload: unknown): string {
  return JSON.stringify(payload).replace(/[\ufffe\uffff]/g, (character) =>
    character === '\ufffe' ? '\\ufffe' : '\\uffff',
  );
}

/** Correlation id of the message in whose handler this is sent: what it sets off belongs to the same request. */
function ofMessageInHand(): string | undefined {
  const correlationId = currentMessage()?.correlationId;
  return correlationId !== undefined && correlationId.length <= LONGEST_ID ? correlationId : undefined;
}

const LONGEST_ID = 100;
const LONGEST_DELAY_SECONDS = 900;

function checkEntry(
  entry: Required<Pick<SendOptions, 'id' | 'priority' | 'correlationId'>> & SendOptions,
  fifo: boolean,
  attributeCount: number,
  bytes: number,
): void {
  const problems: ConfigurationProblem[] = [];
  const need = (option: string, holds: boolean, rule: string, value: unknown): void => {
    if (!holds) problems.push({ option, rule, value });
  };
  const { id, priority, correlationId, groupId, deduplicationId, delaySeconds } = entry;
  const identifier = (text: string): boolean => text.length <= LONGEST_ID && isIdentifier(text);
  const rule = `must be 1 to ${LONGEST_ID} of the characters A-Z a-z 0-9 _ . : / = + @ -`;
  need('id', identifier(id), rule, id);
  need('correlationId', identifier(correlationId), rule, correlationId);
  need('priority', PRIORITIES.includes(priority), `must be one of ${PRIORITIES.join(', ')}`, priority);
  need('groupId', !fifo || groupId !== undefined, 'is required on a FIFO queue', groupId);
  need('deduplicationId', fifo || deduplicationId === undefined, 'is for FIFO queues', deduplicationId);
  if (delaySeconds !== undefined) {
    need('delaySeconds', !fifo, 'is for standard queues: FIFO queues delay as a whole', delaySeconds);
    const fits = Number.isInteger(delaySeconds) && delaySeconds >= 0 && delaySeconds <= LONGEST_DELAY_SECONDS;
    need('delaySeconds', fits, `must be an integer from 0 to ${LONGEST_DELAY_SECONDS}`, delaySeconds);
  }
  const most = LIMITS.maxMessageAttributes;
  need(
    'attributes',
    attributeCount <= most,
    `must leave room for one more: SQS takes ${most}`,
    attributeCount - 1,
  );
  need(
    'payload',
    bytes <= LIMITS.maxMessageBytes,
    `and attributes must take at most ${LIMITS.maxMessageBytes} bytes`,
    bytes,
  );
  if (problems.length > 0) throw new ConfigurationError('send', problems);
}

function asError(reason: unknown): Error {
  return reason instanceof Error
    ? reason
    : new SpillwayError('the message could not be prepared', { cause: reason });
}
