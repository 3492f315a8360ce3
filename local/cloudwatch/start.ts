import type { LogLine } from '../deploy/context.ts';
import type { LocalCloudWatch } from './cloudwatch.ts';
import { createEmfReader } from './emf.ts';
import { createLocalCloudWatch } from './local-cloudwatch.ts';
import { createMetricStore, type MetricStore } from './metric-store.ts';
import type { StackClock } from './stack-clock.ts';

/** What a CloudWatch is started with. */
export interface CloudWatchOptions {
  readonly clock: StackClock;
  readonly warn: (warning: string) => void;
}

/** The CloudWatch of a stack that is being started. */
export interface StartedCloudWatch {
  readonly cloudwatch: LocalCloudWatch;
  readonly store: MetricStore;
  /** Take the metrics of a line that a function wrote. */
  read(line: LogLine): void;
}

/** Start the CloudWatch of a local stack. */
export function startCloudWatch({ clock, warn }: CloudWatchOptions): StartedCloudWatch {
  const store = createMetricStore();
  let functionId = '';
  const readEmf = createEmfReader({
    store,
    clock,
    onInvalid: (fault) => warn(`${functionId}: a line in the embedded metric format is not valid: ${fault}`),
  });
  return {
    store,
    cloudwatch: createLocalCloudWatch({
      clock,
      store,
      alarms: [],
      dashboards: [],
      onAlarm: () => () => undefined,
    }),
    read(line) {
      if (line.stream !== 'stdout') return;
      functionId = line.functionId;
      readEmf(line.text);
    },
  };
}
