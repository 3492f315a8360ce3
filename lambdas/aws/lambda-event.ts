import type { MessageAttribute, QueueMessage } from '../core/message.ts';

/** The part of Lambda's SQS event that the runtime reads. */
export interface SqsEvent {
  readonly Records: readonly SqsEventRecord[];
}

/** One message of Lambda's SQS event. */
export interface SqsEventRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: {
    readonly ApproximateReceiveCount: string;
    readonly SentTimestamp: string;
    readonly MessageGroupId?: string;
    readonly AWSTraceHeader?: string;
  };
  readonly messageAttributes: Readonly<Record<string, SqsEventAttribute>>;
}

/** A message attribute in Lambda's SQS event. */
export interface SqsEventAttribute {
  readonly dataType: string;
  readonly stringValue?: string;
  /** Base64. */
  readonly binaryValue?: string;
}

/** The answer of a function that reports partial batch failures. */
export interface SqsBatchResponse {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** The part of Lambda's context that the runtime reads. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

/** A record of Lambda's event as a message. */
export function messageOf(record: SqsEventRecord): QueueMessage {
  const { messageId, receiptHandle, body, attributes, messageAttributes } = record;
  const { ApproximateReceiveCount, SentTimestamp, MessageGroupId, AWSTraceHeader } = attributes;
  const own: Record<string, MessageAttribute> = Object.create(null);
  for (const [name, attribute] of Object.entries(messageAttributes)) own[name] = attributeOf(attribute);
  return {
    messageId,
    receiptHandle,
    body,
    attributes: own,
    receiveCount: Number(ApproximateReceiveCount),
    sentAtEpochMs: Number(SentTimestamp),
    ...(MessageGroupId === undefined ? {} : { groupId: MessageGroupId }),
    ...(AWSTraceHeader === undefined ? {} : { traceHeader: AWSTraceHeader }),
  };
}

function attributeOf({ dataType, stringValue, binaryValue }: SqsEventAttribute): MessageAttribute {
  if (dataType.startsWith('Binary'))
    return { dataType, binaryValue: Buffer.from(binaryValue ?? '', 'base64') };
  return { dataType, stringValue: stringValue ?? '' };
}
