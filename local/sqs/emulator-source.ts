import type { FauxqsAttribute, FauxqsQueue, FauxqsReceived, FauxqsStore } from '../emulators/fauxqs-types.ts';
import type { RequestLog } from '../emulators/request-log.ts';
import { traceHeaderOf } from '../emulators/trace-header.ts';
import type { EventMessageAttribute, QueueSource, SourceMessage } from './queue-source.ts';

const SENDER_ID = '000000000000';

/**
 * Read a queue of the emulator in process: no HTTP, and a wait that can be ended at any time without a message being
 * received by nobody. The requests that SQS would have been asked are counted all the same.
 */
export function emulatorSource(store: FauxqsStore, queue: FauxqsQueue, requests: RequestLog): QueueSource {
  const take = (max: number): readonly SourceMessage[] =>
    queue
      .dequeue(max, undefined, (arn) => store.getQueueByArn(arn))
      .map((received) => toMessage(queue, received));
  return {
    async receive(max, waitMs, signal) {
      requests.add('sqs', 'ReceiveMessage');
      const messages = take(max);
      if (messages.length > 0 || waitMs <= 0 || signal.aborted) return messages;
      await waitForMessages(queue, waitMs, signal);
      return signal.aborted ? [] : take(max);
    },
    async delete(receiptHandles) {
      requests.add('sqs', 'DeleteMessageBatch');
      for (const handle of receiptHandles) queue.deleteMessage(handle);
      return [];
    },
  };
}

async function waitForMessages(queue: FauxqsQueue, waitMs: number, signal: AbortSignal): Promise<void> {
  const waiting = queue.waitForMessages(waitMs / 1000);
  const waiter = queue.pollWaiters.at(-1);
  const stop = (): void => {
    if (waiter === undefined) return;
    const index = queue.pollWaiters.indexOf(waiter);
    if (index < 0) return;
    queue.pollWaiters.splice(index, 1);
    clearTimeout(waiter.timer);
    waiter.resolve();
  };
  signal.addEventListener('abort', stop, { once: true });
  await waiting;
  signal.removeEventListener('abort', stop);
}

function toMessage(queue: FauxqsQueue, received: FauxqsReceived): SourceMessage {
  const stored = queue.inflightMessages.get(received.ReceiptHandle)?.message;
  const attributes: Record<string, string> = { SenderId: SENDER_ID };
  if (stored !== undefined) {
    attributes.ApproximateReceiveCount = String(stored.approximateReceiveCount);
    attributes.SentTimestamp = String(stored.sentTimestamp);
    attributes.ApproximateFirstReceiveTimestamp = String(
      stored.approximateFirstReceiveTimestamp ?? Date.now(),
    );
    if (stored.messageGroupId !== undefined) attributes.MessageGroupId = stored.messageGroupId;
    if (stored.messageDeduplicationId !== undefined) {
      attributes.MessageDeduplicationId = stored.messageDeduplicationId;
    }
    if (stored.sequenceNumber !== undefined) attributes.SequenceNumber = stored.sequenceNumber;
    const traceHeader = traceHeaderOf(stored);
    if (traceHeader !== undefined) attributes.AWSTraceHeader = traceHeader;
  }
  return {
    messageId: received.MessageId,
    receiptHandle: received.ReceiptHandle,
    body: received.Body,
    md5OfBody: received.MD5OfBody,
    attributes,
    messageAttributes: toEventAttributes(received.MessageAttributes ?? {}),
    ...(received.MD5OfMessageAttributes === undefined
      ? {}
      : { md5OfMessageAttributes: received.MD5OfMessageAttributes }),
  };
}

/** Message attributes in the spelling of Lambda events. */
export function toEventAttributes(
  attributes: Readonly<Record<string, FauxqsAttribute>>,
): Record<string, EventMessageAttribute> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      {
        ...(StringValue === undefined ? {} : { stringValue: StringValue }),
        ...(BinaryValue === undefined ? {} : { binaryValue: BinaryValue }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ]),
  );
}
