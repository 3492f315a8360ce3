import { MESSAGE_ATTRIBUTE, PRIORITIES, type Priority } from './settings.ts';
import type { MessageTrace } from './trace.ts';

/** A message attribute, as SQS keeps it. */
export interface MessageAttribute {
  /** `String`, `Number` or `Binary`, possibly with a custom label such as `Number.float`. */
  readonly dataType: string;
  /** Value of a String or Number attribute. */
  readonly stringValue?: string;
  /** Value of a Binary attribute. */
  readonly binaryValue?: Uint8Array;
}

/** A message as it was received from SQS. */
export interface QueueMessage {
  /** Id that SQS gave the message in this queue; a redrive or a move gives it a new one. */
  readonly messageId: string;
  /** Handle of this receive. */
  readonly receiptHandle: string;
  /** Body, untouched. */
  readonly body: string;
  /** Message attributes, untouched. */
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  /** Receives so far, this one included. */
  readonly receiveCount: number;
  /** When the message entered this queue (a standard DLQ redrive keeps the original time). Epoch milliseconds. */
  readonly sentAtEpochMs: number;
  /** Message group of a FIFO or fair queue. */
  readonly groupId?: string;
  /** X-Ray's trace header, untouched: the system attribute `AWSTraceHeader`. */
  readonly traceHeader?: string;
}

/** What a producer says about its message. It describes; it grants nothing. */
export interface ProducerMetadata {
  /** The producer's id of the message. */
  readonly id: string;
  /** When the producer created it. Epoch milliseconds. */
  readonly createdAtEpochMs: number;
  /** Priority. */
  readonly priority: Priority;
  /** Id that ties together what belongs to one request. */
  readonly correlationId: string;
}

/** What a message is known by, in logs and to those who follow it from one queue to the next. */
export interface MessageIds {
  /** SQS message id in this queue. It changes with every redrive and replay: no idempotency key. */
  readonly messageId: string;
  /** The producer's id where one was given, else the SQS message id: the name of the message in logs and records. */
  readonly stableId: string;
  /** Correlation id: the producer's, else the stable id. */
  readonly correlationId: string;
  /** The trace that it belongs to, where its attributes tell a well-formed one. */
  readonly trace?: MessageTrace;
}

/** What handlers, key functions and schema selectors see of a message beside its payload. */
export interface ReceivedMessage extends MessageIds {
  /** Text of the payload after the envelope was taken off. */
  readonly text: string;
  /** String and number attributes of the message (for an SNS envelope: of the notification). Forgeable by whoever may send. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Receives so far, this one included. Not the attempts: those are in `ctx.attempt`. */
  readonly receiveCount: number;
  /** When the message entered the queue. Epoch milliseconds. */
  readonly sentAtEpochMs: number;
  /** Message group. */
  readonly groupId: string | undefined;
  /** What the producer said, where `createProducer` sent the message. */
  readonly producer: ProducerMetadata | undefined;
}

const IDENTIFIER = /^[\w.:/=+@-]{1,256}$/;

/** Whether a text can be a producer's id or a correlation id: 1 to 256 plain characters, safe in logs and keys. */
export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text);
}

/** Read the producer's metadata from a message's attributes; `undefined` where it is absent or malformed. */
export function readProducerMetadata(
  attributes: Readonly<Record<string, string>>,
): ProducerMetadata | undefined {
  const text = attributes[MESSAGE_ATTRIBUTE];
  if (text === undefined || text.length > 2_048) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined; // it only describes the message, so a malformed one is the same as none
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { id, createdAt, priority, correlationId } = parsed as Record<string, unknown>;
  if (typeof id !== 'string' || !isIdentifier(id)) return undefined;
  if (typeof createdAt !== 'number' || !Number.isSafeInteger(createdAt)) return undefined;
  const known = PRIORITIES.find((name) => name === priority);
  if (known === undefined) return undefined;
  const correlation = typeof correlationId === 'string' && isIdentifier(correlationId) ? correlationId : id;
  return { id, createdAtEpochMs: createdAt, priority: known, correlationId: correlation };
}

/** Write a producer's metadata as the value of its message attribute. */
export function writeProducerMetadata(metadata: ProducerMetadata): string {
  const { id, createdAtEpochMs, priority, correlationId } = metadata;
  return JSON.stringify({ id, createdAt: createdAtEpochMs, priority, correlationId });
}

/** String and number attributes as plain text. */
export function textAttributes(
  attributes: Readonly<Record<string, MessageAttribute>>,
): Readonly<Record<string, string>> {
  const texts: Record<string, string> = Object.create(null);
  for (const [name, { stringValue }] of Object.entries(attributes)) {
    if (stringValue !== undefined) texts[name] = stringValue;
  }
  return texts;
}

/** Bytes that SQS counts against its message size: body, and name, type and value of each attribute. */
export function messageBytes(body: string, attributes: Readonly<Record<string, MessageAttribute>>): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, attribute] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + attributeBytes(attribute);
  }
  return bytes;
}

function attributeBytes({ dataType, stringValue, binaryValue }: MessageAttribute): number {
  return Buffer.byteLength(dataType) + Buffer.byteLength(stringValue ?? '') + (binaryValue?.byteLength ?? 0);
}
