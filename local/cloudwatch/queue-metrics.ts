import type { QueueActivity } from '../emulators/queue-activity.ts';
import type { QueueCounts } from '../queue.ts';
import type { MetricStore } from './metric-store.ts';
import type { StackClock } from './stack-clock.ts';

/** A queue whose metrics are reported. */
export interface WatchedQueue {
  readonly name: string;
  readonly activity: QueueActivity;
  counts(): QueueCounts;
}

/** What metrics of queues are made with. */
export interface QueueMetricsOptions {
  readonly store: MetricStore;
  readonly clock: StackClock;
  readonly machineNow?: () => number;
}

const MINUTE_MS = 60_000;

/**
 * Make a reporter of AWS/SQS metrics, to be called at the end of each minute of the stack's time: message counts and the
 * age of the oldest message (in the stack's time) as they are then, and what was sent, received and deleted since the call
 * before.
 */
export function queueMetrics({
  store,
  clock,
  machineNow = Date.now,
}: QueueMetricsOptions): (queues: readonly WatchedQueue[], minuteEndEpochMs: number) => void {
  const before = new Map<string, { sent: number; received: number; deleted: number }>();
  return (queues, minuteEndEpochMs) => {
    for (const { name, activity, counts } of queues) {
      const { sent, received, deleted } = activity;
      const last = before.get(name) ?? { sent: 0, received: 0, deleted: 0 };
      before.set(name, { sent, received, deleted });
      const { visible, inFlight, delayed } = counts();
      const values: Readonly<Record<string, number>> = {
        ApproximateNumberOfMessagesVisible: visible,
        ApproximateNumberOfMessagesNotVisible: inFlight,
        ApproximateNumberOfMessagesDelayed: delayed,
        ApproximateAgeOfOldestMessage: Math.floor((activity.oldestAgeMs(machineNow()) * clock.scale) / 1_000),
        NumberOfMessagesSent: sent - last.sent,
        NumberOfMessagesReceived: received - last.received,
        NumberOfMessagesDeleted: deleted - last.deleted,
      };
      for (const [metricName, value] of Object.entries(values)) {
        const id = { namespace: 'AWS/SQS', metricName, dimensions: { QueueName: name } };
        store.metric(id)?.add(minuteEndEpochMs - MINUTE_MS, value);
      }
    }
  };
}
