import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { toEventAttributes } from './emulator-source.ts';
import type { QueueSource, SourceMessage } from './queue-source.ts';

const MAX_WAIT_SECONDS = 20;

/**
 * Read a queue behind an endpoint of one's own through the SDK. Waits are whole seconds there, and a wait that is aborted
 * may leave a message received by nobody until its visibility ends: polls are kept to a second.
 */
export function clientSource(client: SQSClient, queueUrl: string): QueueSource {
  return {
    async receive(max, waitMs, signal) {
      if (signal.aborted) return [];
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: max,
          WaitTimeSeconds: Math.min(MAX_WAIT_SECONDS, Math.ceil(Math.min(waitMs, 1000) / 1000)),
          MessageSystemAttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
      );
      return Messages.map(toMessage);
    },
    async delete(receiptHandles) {
      const { Failed = [] } = await client.send(
        new DeleteMessageBatchCommand({
          QueueUrl: queueUrl,
          Entries: receiptHandles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle })),
        }),
      );
      return Failed.map(({ Id }) => receiptHandles[Number(Id)] ?? '');
    },
  };
}

function toMessage(message: Message): SourceMessage {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(
    ([name, { DataType = 'String', StringValue, BinaryValue }]) => [
      name,
      {
        DataType,
        ...(StringValue === undefined ? {} : { StringValue }),
        ...(BinaryValue === undefined ? {} : { BinaryValue: Buffer.from(BinaryValue).toString('base64') }),
      },
    ],
  );
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    md5OfBody: message.MD5OfBody ?? '',
    attributes: { ...message.Attributes },
    messageAttributes: toEventAttributes(Object.fromEntries(attributes)),
    ...(message.MD5OfMessageAttributes === undefined
      ? {}
      : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
  };
}
