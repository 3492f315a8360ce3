import type { FauxqsQueue } from './fauxqs-types.ts';

/**
 * Make a standard queue of the emulator keep the receive count of a message that it moves to the dead-letter queue: the
 * move is not a receive, though the emulator counts it as one.
 */
export function keepReceiveCount(queue: FauxqsQueue): FauxqsQueue {
  const dequeue = queue.dequeue.bind(queue);
  queue.dequeue = (max, visibilityTimeout, byArn) =>
    dequeue(max, visibilityTimeout, (arn) => {
      const dlq = byArn?.(arn);
      if (dlq === undefined) return undefined;
      return {
        nextSequenceNumber: () => dlq.nextSequenceNumber(),
        enqueue(message) {
          message.approximateReceiveCount -= 1;
          dlq.enqueue(message);
        },
      };
    });
  return queue;
}
