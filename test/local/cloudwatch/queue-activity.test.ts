import { describe, expect, it } from 'vitest';
import { createMetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { queueMetrics } from '../../../local/cloudwatch/queue-metrics.ts';
import { stackClock } from '../../../local/cloudwatch/stack-clock.ts';
import { statistic } from '../../../local/cloudwatch/statistics.ts';
import type { FauxqsMessage, FauxqsQueue } from '../../../local/emulators/fauxqs-types.ts';
import { watchQueue } from '../../../local/emulators/queue-activity.ts';

const START = 1_800_000_000_000;

function message(change: Partial<FauxqsMessage> = {}): FauxqsMessage {
  return {
    messageId: 'm',
    body: '',
    md5OfBody: '',
    md5OfMessageAttributes: '',
    messageAttributes: {},
    sentTimestamp: START,
    approximateReceiveCount: 0,
    ...change,
  };
}

function setup({ fifo = false } = {}) {
  let now = START;
  const ready: FauxqsMessage[] = [];
  const delayed: FauxqsMessage[] = [];
  const queue: FauxqsQueue = {
    name: 'q',
    arn: 'arn',
    attributes: {},
    inflightMessages: new Map(),
    fifoMessages: new Map(),
    fifoLockedGroups: new Map(),
    pollWaiters: [],
    isFifo: () => fifo,
    enqueue: (each) => void (each.delayUntil === undefined ? ready : delayed).push(each),
    dequeue: (max) =>
      ready
        .slice(0, max)
        .map(({ messageId }) => ({ MessageId: messageId, ReceiptHandle: 'r', MD5OfBody: '', Body: '' })),
    deleteMessage: (handle) => handle === 'r',
    processTimers: () => undefined,
    waitForMessages: async () => undefined,
    nextSequenceNumber: () => '1',
    purge: () => undefined,
    inspectMessages: () => ({ ready, delayed, inflight: [] }),
  };
  const activity = watchQueue(queue, () => now);
  return {
    queue,
    activity,
    advance: (ms: number) => {
      now += ms;
    },
    ageMs: () => activity.oldestAgeMs(now),
  };
}

describe('the activity of a queue', () => {
  it('counts what is sent, received and deleted, and no message that was moved here', () => {
    const { queue, activity } = setup();
    queue.enqueue(message());
    queue.enqueue(message());
    queue.enqueue(message({ approximateReceiveCount: 5 }));
    queue.dequeue(2);
    queue.dequeue(10);
    queue.deleteMessage('r');
    queue.deleteMessage('unknown');
    expect([activity.sent, activity.received, activity.deleted]).toEqual([2, 5, 1]);
  });

  it('is as old as its oldest message, one that was received three times left out', () => {
    const { queue, advance, ageMs } = setup();
    expect(ageMs()).toBe(0);
    const poison = message();
    queue.enqueue(poison);
    advance(5_000);
    queue.enqueue(message({ sentTimestamp: START + 5_000 }));
    advance(1_000);
    expect(ageMs()).toBe(6_000);
    poison.approximateReceiveCount = 2;
    expect(ageMs()).toBe(6_000);
    poison.approximateReceiveCount = 3;
    expect(ageMs()).toBe(1_000);
  });

  it('counts the age of a message however often it was received, on a FIFO queue', () => {
    const { queue, advance, ageMs } = setup({ fifo: true });
    const poison = message();
    queue.enqueue(poison);
    poison.approximateReceiveCount = 9;
    advance(5_000);
    expect(ageMs()).toBe(5_000);
  });

  it('counts the age of a message that was moved here from then on, and its receives too', () => {
    const { queue, advance, ageMs } = setup();
    advance(60_000);
    const moved = message({ approximateReceiveCount: 4 });
    queue.enqueue(moved);
    advance(2_000);
    expect(ageMs()).toBe(2_000);
    moved.approximateReceiveCount = 7;
    expect(ageMs()).toBe(0);
  });

  it('is no older for a message that is delayed', () => {
    const { queue, advance, ageMs } = setup();
    queue.enqueue(message({ delayUntil: START + 10_000 }));
    advance(9_999);
    expect(ageMs()).toBe(0);
    advance(1);
    expect(ageMs()).toBe(10_000);
  });

  it('is reported for each minute: counts as they are, and what happened since the minute before', () => {
    const { queue, activity, advance } = setup();
    const store = createMetricStore();
    const clock = stackClock(60, () => START + 4_000, START);
    const report = queueMetrics({ store, clock, machineNow: () => START + 4_000 });
    const watched = [{ name: 'q', activity, counts: () => ({ visible: 2, inFlight: 1, delayed: 0 }) }];
    queue.enqueue(message());
    queue.enqueue(message());
    advance(4_000);
    report(watched, START + 60_000);
    queue.enqueue(message());
    report(watched, START + 120_000);
    const values = (metricName: string) =>
      [
        ...(store
          .find({ namespace: 'AWS/SQS', metricName, dimensions: { QueueName: 'q' } })
          ?.periods(START, START + 120_000, 60_000)
          .values() ?? []),
      ].map((samples) => statistic('Sum')?.(samples));
    expect(values('NumberOfMessagesSent')).toEqual([2, 1]);
    expect(values('ApproximateNumberOfMessagesVisible')).toEqual([2, 2]);
    expect(values('ApproximateAgeOfOldestMessage')).toEqual([240, 240]);
  });
});
