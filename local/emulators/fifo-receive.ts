import { isObject, numberAt, parseJson, stringAt } from '../json.ts';
import type { FauxqsMessage, FauxqsQueue, FauxqsQueueByArn, FauxqsReceived } from './fauxqs-types.ts';

const MAX_MESSAGES_PER_RECEIVE = 10;

/**
 * Make a FIFO queue of the emulator receive as SQS does: as many messages of one group as possible before the next
 * group, each group in its order, a group with a message in flight not at all. The emulator by itself gives one message
 * per group and puts messages whose visibility ended back in reverse order.
 *
 * A message that reaches the dead-letter queue this way gets a new enqueue time and sequence number, as in SQS.
 */
export function receiveWholeGroups(queue: FauxqsQueue): FauxqsQueue {
  queue.dequeue = (max, visibilityTimeout, byArn) => {
    queue.processTimers();
    const policy = redrivePolicy(queue);
    const seconds = visibilityTimeout ?? Number(queue.attributes.VisibilityTimeout);
    const wanted = Math.min(max, MAX_MESSAGES_PER_RECEIVE);
    const received: FauxqsReceived[] = [];
    for (const [groupId, messages] of queue.fifoMessages) {
      if (received.length >= wanted) break;
      if (queue.fifoLockedGroups.has(groupId)) continue;
      messages.sort((a, b) => ((a.sequenceNumber ?? '') < (b.sequenceNumber ?? '') ? -1 : 1));
      while (received.length < wanted) {
        const message = messages.shift();
        if (message === undefined) break;
        message.approximateReceiveCount += 1;
        message.approximateFirstReceiveTimestamp ??= Date.now();
        if (
          message.approximateReceiveCount > policy.maxReceiveCount &&
          redrive(message, policy.dlqArn, byArn)
        ) {
          continue;
        }
        received.push(take(queue, message, seconds));
        queue.fifoLockedGroups.set(groupId, (queue.fifoLockedGroups.get(groupId) ?? 0) + 1);
      }
      if (messages.length === 0) queue.fifoMessages.delete(groupId);
    }
    return received;
  };
  return queue;
}

function redrivePolicy(queue: FauxqsQueue): { maxReceiveCount: number; dlqArn?: string } {
  const text = queue.attributes.RedrivePolicy;
  const policy = text === undefined || text === '' ? undefined : parseJson(text);
  const dlqArn = stringAt(policy, 'deadLetterTargetArn');
  if (!isObject(policy) || dlqArn === undefined) return { maxReceiveCount: Number.POSITIVE_INFINITY };
  return { maxReceiveCount: numberAt(policy, 'maxReceiveCount') ?? Number.POSITIVE_INFINITY, dlqArn };
}

function redrive(message: FauxqsMessage, dlqArn: string | undefined, byArn?: FauxqsQueueByArn): boolean {
  const dlq = dlqArn === undefined ? undefined : byArn?.(dlqArn);
  if (dlq === undefined) return false;
  message.approximateReceiveCount -= 1;
  message.sentTimestamp = Date.now();
  message.sequenceNumber = dlq.nextSequenceNumber();
  dlq.enqueue(message);
  return true;
}

function take(queue: FauxqsQueue, message: FauxqsMessage, visibilitySeconds: number): FauxqsReceived {
  const receiptHandle = crypto.randomUUID();
  queue.inflightMessages.set(receiptHandle, {
    message,
    receiptHandle,
    visibilityDeadline: Date.now() + visibilitySeconds * 1000,
  });
  return {
    MessageId: message.messageId,
    ReceiptHandle: receiptHandle,
    MD5OfBody: message.md5OfBody,
    Body: message.body,
    ...(message.md5OfMessageAttributes === ''
      ? {}
      : { MD5OfMessageAttributes: message.md5OfMessageAttributes }),
    ...(Object.keys(message.messageAttributes).length === 0
      ? {}
      : { MessageAttributes: message.messageAttributes }),
  };
}
