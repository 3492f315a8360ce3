import type { LogLine } from '../deploy/context.ts';
import type { InvocationRecord } from '../lambda/function.ts';
import { type AlarmBook, createAlarmBook } from './alarms/alarm-book.ts';
import { notifier, type Publish } from './alarms/notify.ts';
import type { LocalCloudWatch, LocalDashboard } from './cloudwatch.ts';
import { createEmfReader } from './emf.ts';
import { functionMetrics } from './function-metrics.ts';
import { createLocalCloudWatch } from './local-cloudwatch.ts';
import { createMetricStore, type MetricStore } from './metric-store.ts';
import { queueMetrics, type WatchedQueue } from './queue-metrics.ts';
import type { StackClock } from './stack-clock.ts';
import { startTicker } from './ticker.ts';

/** What a CloudWatch is started with. */
export interface CloudWatchOptions {
  readonly clock: StackClock;
  readonly warn: (warning: string) => void;
  readonly publish: Publish;
}

/** The CloudWatch of a stack that is being started. */
export interface StartedCloudWatch {
  readonly cloudwatch: LocalCloudWatch;
  readonly store: MetricStore;
  readonly alarms: AlarmBook;
  readonly dashboards: LocalDashboard[];
  readonly queues: WatchedQueue[];
  /** Take the metrics of a line that a function wrote. */
  read(line: LogLine): void;
  /** Take the metrics of an invocation. */
  invoked(functionName: string, record: InvocationRecord): void;
  /** Report queues and evaluate alarms from now on, until what comes back is called. */
  start(): () => void;
}

const MINUTE_MS = 60_000;
const FINE_MS = 10_000;
/** What a function wrote takes a moment to arrive here. */
const MAX_SETTLE_MS = 200;

/** Make the CloudWatch of a local stack. */
export function createCloudWatch({ clock, warn, publish }: CloudWatchOptions): StartedCloudWatch {
  const store = createMetricStore();
  const dashboards: LocalDashboard[] = [];
  const queues: WatchedQueue[] = [];
  const alarms = createAlarmBook({
    store,
    clock,
    onError: ({ constructPath }, error) => warn(`${constructPath}: its alarm failed: ${String(error)}`),
  });
  alarms.onAlarm(notifier(publish, warn));
  let functionId = '';
  const readEmf = createEmfReader({
    store,
    clock,
    onInvalid: (fault) => warn(`${functionId}: a line in the embedded metric format is not valid: ${fault}`),
  });
  const reportQueues = queueMetrics({ store, clock });
  const { onAlarm } = alarms;
  return {
    store,
    alarms,
    dashboards,
    queues,
    cloudwatch: createLocalCloudWatch({ clock, store, alarms: alarms.alarms, dashboards, onAlarm }),
    read(line) {
      if (line.stream !== 'stdout') return;
      functionId = line.functionId;
      readEmf(line.text);
    },
    invoked: functionMetrics(store, clock),
    start: () =>
      startTicker({
        clock,
        intervalMs: alarms.fine ? FINE_MS : MINUTE_MS,
        settleMs: Math.min(MAX_SETTLE_MS, clock.machineMs(MINUTE_MS) / 5),
        run(atEpochMs) {
          if (atEpochMs % MINUTE_MS === 0) reportQueues(queues, atEpochMs);
          alarms.evaluate(atEpochMs);
        },
      }),
  };
}
