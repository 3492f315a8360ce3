import { createHash } from 'node:crypto';
import type { SqsEvent, SqsEventRecord } from '../aws/lambda-event.ts';
import { writeProducerMetadata } from '../core/message.ts';
import { MESSAGE_ATTRIBUTE, type Priority } from '../core/settings.ts';
import { TEST_START } from './fake-clock.ts';
import { hmacSignature, type SigningKey } from './signature.ts';

/** A message attribute as Lambda delivers it. */
export interface TestAttribute {
  readonly dataType: string;
  readonly stringValue?: string;
  /** Base64. */
  readonly binaryValue?: string;
}

/** Value of an attribute: a text becomes a String, a number a Number, bytes a Binary; or the whole attribute. */
export type AttributeValue = string | number | Uint8Array | TestAttribute;

/** What `createProducer` says about a message. */
export interface TestProducer {
  readonly id: string;
  /** @default 'NORMAL' */
  readonly priority?: Priority;
  /** @default - the id */
  readonly correlationId?: string;
  /** @default - when the message was sent */
  readonly createdAtEpochMs?: number;
}

/** Options that messages of every envelope have. */
export interface MessageOptions {
  /** SQS message id. @default - a new one for each message */
  readonly messageId?: string;
  /** Receives so far, this one included. 1 or more. @default 1 */
  readonly receiveCount?: number;
  /** When it entered the queue. Epoch milliseconds. @default TEST_START */
  readonly sentAtEpochMs?: number;
  /** Message attributes. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Message group, of a FIFO queue or a fair one. */
  readonly groupId?: string;
  /** Deduplication id of a FIFO message. */
  readonly deduplicationId?: string;
}

/** Options of messages whose payload a producer may have signed and described. */
export interface PayloadOptions extends MessageOptions {
  /** Send it as `createProducer` does. */
  readonly producer?: TestProducer;
  /** Sign the payload's text. */
  readonly signature?: SigningKey;
}

/** A record as Lambda hands it to the function, in full. */
export interface TestMessage extends SqsEventRecord {
  readonly attributes: SqsEventRecord['attributes'] & {
    readonly SenderId: string;
    readonly ApproximateFirstReceiveTimestamp: string;
    readonly MessageDeduplicationId?: string;
  };
  readonly messageAttributes: Readonly<Record<string, TestAttribute>>;
  readonly md5OfBody: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

let messages = 0;

/**
 * A message whose body is the payload itself.
 *
 * @param payload a text is the body as it is, anything else is written as JSON
 * @example
 * const message = rawMessage({ id: '42', total: 12 }, { groupId: 'customer-7' });
 */
export function rawMessage(payload: unknown, options: PayloadOptions = {}): TestMessage {
  const body = textOf(payload);
  return messageOf(body, { ...options, attributes: attributesOf(body, options) });
}

/** The event that Lambda invokes a function with. */
export function sqsEvent(records: readonly TestMessage[]): SqsEvent & { readonly Records: TestMessage[] } {
  return { Records: [...records] };
}

/**
 * The message as SQS delivers it the next time: one more receive, and a new receipt handle.
 *
 * @param times receives that are added
 */
export function redelivered<Message extends SqsEventRecord>(message: Message, times = 1): Message {
  const receiveCount = Number(message.attributes.ApproximateReceiveCount) + times;
  return {
    ...message,
    receiptHandle: handleOf(message.messageId, receiveCount),
    attributes: { ...message.attributes, ApproximateReceiveCount: String(receiveCount) },
  };
}

/** A message with a body that an envelope made. */
export function messageOf(body: string, options: MessageOptions): TestMessage {
  messages += 1;
  const {
    messageId = `00000000-0000-4000-8000-${String(messages).padStart(12, '0')}`,
    receiveCount = 1,
    sentAtEpochMs = TEST_START,
    attributes = {},
    groupId,
    deduplicationId,
  } = options;
  return {
    messageId,
    receiptHandle: handleOf(messageId, receiveCount),
    body,
    attributes: {
      ApproximateReceiveCount: String(receiveCount),
      SentTimestamp: String(sentAtEpochMs),
      SenderId: 'AIDAEXAMPLE',
      ApproximateFirstReceiveTimestamp: String(sentAtEpochMs),
      ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
      ...(deduplicationId === undefined ? {} : { MessageDeduplicationId: deduplicationId }),
    },
    messageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)]),
    ),
    md5OfBody: createHash('md5').update(body).digest('hex'),
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-central-1:123456789012:orders',
    awsRegion: 'eu-central-1',
  };
}

/** The attributes of a payload: its own, the producer's description, the signature. */
export function attributesOf(
  text: string,
  options: PayloadOptions,
): Readonly<Record<string, AttributeValue>> {
  const { producer, signature, sentAtEpochMs = TEST_START } = options;
  const attributes: Record<string, AttributeValue> = { ...options.attributes };
  if (producer !== undefined) {
    const { id, priority = 'NORMAL', correlationId = id, createdAtEpochMs = sentAtEpochMs } = producer;
    attributes[MESSAGE_ATTRIBUTE] = writeProducerMetadata({ id, createdAtEpochMs, priority, correlationId });
  }
  if (signature !== undefined) attributes[signature.attribute] = hmacSignature(text, signature);
  return attributes;
}

/** A payload as text. */
export function textOf(payload: unknown): string {
  return typeof payload === 'string' ? payload : (JSON.stringify(payload) ?? '');
}

/** An attribute as Lambda delivers it. */
export function attributeOf(value: AttributeValue): TestAttribute {
  if (typeof value === 'string') return { dataType: 'String', stringValue: value };
  if (typeof value === 'number') return { dataType: 'Number', stringValue: String(value) };
  if (!(value instanceof Uint8Array)) return value;
  return { dataType: 'Binary', binaryValue: Buffer.from(value).toString('base64') };
}

function handleOf(messageId: string, receiveCount: number): string {
  return `receipt-${messageId}-${receiveCount}`;
}
