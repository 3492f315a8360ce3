import type { FauxqsMessage, FauxqsQueue } from './fauxqs-types.ts';

/** What happened to messages of a queue so far, and how old the oldest is. */
export interface QueueActivity {
  /** Messages that somebody sent. What SQS moved here by itself is not. */
  readonly sent: number;
  readonly received: number;
  readonly deleted: number;
  /**
   * How long the oldest message that was neither deleted nor is delayed has been here. On a standard queue, what was
   * received three times or more does not count.
   *
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
   */
  oldestAgeMs(nowEpochMs: number): number;
}

/** Receives after which a standard queue puts a message last. */
const POISON_RECEIVES = 3;

interface Arrival {
  readonly atEpochMs: number;
  /** Receives that it came with. */
  readonly receives: number;
}

/** Count what happens to the messages of a queue of the emulator, from now on. */
export function watchQueue(queue: FauxqsQueue, now: () => number = Date.now): QueueActivity {
  let sent = 0;
  let received = 0;
  let deleted = 0;
  const moved = new WeakMap<FauxqsMessage, Arrival>();
  const enqueue = queue.enqueue.bind(queue);
  const dequeue = queue.dequeue.bind(queue);
  const deleteMessage = queue.deleteMessage.bind(queue);
  queue.enqueue = (message) => {
    // Whatever is sent has never been received; a redrive moves what has been.
    if (message.approximateReceiveCount === 0) sent += 1;
    else moved.set(message, { atEpochMs: now(), receives: message.approximateReceiveCount });
    enqueue(message);
  };
  queue.dequeue = (...args) => {
    const messages = dequeue(...args);
    received += messages.length;
    return messages;
  };
  queue.deleteMessage = (receiptHandle) => {
    const found = deleteMessage(receiptHandle);
    if (found) deleted += 1;
    return found;
  };
  const since = (message: FauxqsMessage): number | undefined => {
    const arrival = moved.get(message);
    const receives = message.approximateReceiveCount - (arrival?.receives ?? 0);
    if (receives >= POISON_RECEIVES && !queue.isFifo()) return undefined;
    return arrival?.atEpochMs ?? message.sentTimestamp;
  };
  return {
    get sent() {
      return sent;
    },
    get received() {
      return received;
    },
    get deleted() {
      return deleted;
    },
    oldestAgeMs(nowEpochMs) {
      let oldest = nowEpochMs;
      const look = (message: FauxqsMessage): void => {
        oldest = Math.min(oldest, since(message) ?? oldest);
      };
      const { ready, inflight, delayed } = queue.inspectMessages();
      for (const message of ready) look(message);
      for (const { message } of inflight) look(message);
      for (const message of delayed) if ((message.delayUntil ?? 0) <= nowEpochMs) look(message);
      return nowEpochMs - oldest;
    },
  };
}
