import type { Duration } from 'aws-cdk-lib';
import type { Priority } from '../lambdas/core/settings.ts';
import type { ConsumerFunctionProps, ResilientConsumerProps } from './resilient-consumer-props.ts';
import type { ResilientQueueProps } from './resilient-queue-props.ts';

/** What may be different in one lane. */
export interface LaneProps
  extends Pick<
    ResilientConsumerProps,
    'concurrency' | 'attempts' | 'backoff' | 'retryUntil' | 'killSwitch' | 'observability' | 'alarms'
  > {
  /**
   * Messages of one invocation. 1 to 10,000; more than 10 need a `maxBatchingWindow`, and FIFO queues take no more.
   *
   * @default - the lanes' `batchSize`, and 10 without one; CRITICAL: 5, since a message waits for its batch to be done
   */
  readonly batchSize?: number;
  /**
   * Time to wait for a batch to fill. 0 to 300 seconds; standard queues only.
   *
   * @default - the lanes' `maxBatchingWindow`, and none without one; CRITICAL: none
   */
  readonly maxBatchingWindow?: Duration;
  /**
   * What the lane's function is given beside the lanes' `functionProps`; of `environment`, variable by variable.
   *
   * @default - the lanes' alone
   */
  readonly functionProps?: ConsumerFunctionProps;
}

/** Properties of `PriorityLanes`: what the consumers of all lanes are given, and how the lanes share. */
export interface PriorityLanesProps
  extends Omit<
    ResilientConsumerProps,
    | 'queue'
    | 'function'
    | 'entry'
    | 'functionProps'
    | 'consumerId'
    | 'idempotencyScope'
    | 'maxConcurrency'
    | 'batchSize'
    | 'maxBatchingWindow'
  > {
  /**
   * File that exports the handler (`handler`), bundled with everything it imports into a function for each lane. Relative
   * to the working directory.
   */
  readonly entry: string;
  /**
   * Invocations at a time of all lanes together, which share it by their weights. 8 to 4,000, of which a lane gets 2 to
   * 1,000. Each invocation works on up to `concurrency` messages.
   */
  readonly maxConcurrency: number;
  /**
   * Shares of the lanes in `maxConcurrency`, whatever their sum. 1 to 1,000 each.
   *
   * @default { CRITICAL: 4, HIGH: 3, NORMAL: 2, LOW: 1 }
   */
  readonly weights?: Partial<Record<Priority, number>>;
  /**
   * What the queues of all lanes are given. They are alike, so that a record outlives its message in whichever lane that
   * ends; with `encryption: KMS` one key is created for all.
   *
   * @default - standard queues that keep messages for 4 days, dead letters for 14
   */
  readonly queues?: Omit<ResilientQueueProps, 'queueName'>;
  /**
   * What is different in single lanes.
   *
   * @default - CRITICAL takes batches of 5 and never waits for them to fill
   */
  readonly lanes?: Partial<Record<Priority, LaneProps>>;
  /**
   * Messages of one invocation in all lanes but CRITICAL, which has its own in `lanes`. 1 to 10,000; more than 10 need a
   * `maxBatchingWindow`, and FIFO queues take no more.
   *
   * @default 10
   */
  readonly batchSize?: number;
  /**
   * Time to wait for a batch to fill in all lanes but CRITICAL, which has its own in `lanes`. 0 to 300 seconds; standard
   * queues only.
   *
   * @default - Lambda does not wait
   */
  readonly maxBatchingWindow?: Duration;
  /**
   * Anything that `NodejsFunction` takes, for the function of each lane; a `functionName` belongs into `lanes`, since
   * there are four. `reservedConcurrentExecutions` is each function's, too.
   *
   * @default - nodejs24.x on arm64, 30 s, 256 MB, a log group that keeps a month, a role of its own
   */
  readonly functionProps?: Omit<ConsumerFunctionProps, 'functionName'>;
  /**
   * Stable id of the lanes together: scope of the idempotency keys, so that a message that is replayed into another lane
   * is recognised there. The consumers' ids are made of it: `<id>-critical` and so on. 1 to 55 letters, digits, dots,
   * hyphens and underscores. Changing it lets effects happen again.
   *
   * @default - derived from the stack's name and the construct's path
   */
  readonly consumerId?: string;
}

/** Options of `PriorityLanes.connectProducer`. */
export interface ConnectProducerOptions {
  /**
   * Name of the environment variable that holds the URLs. A function that sends to the lanes of several `PriorityLanes`
   * needs one for each, and reads it by `lanesFromEnvironment(name)`.
   *
   * @default 'SPILLWAY_LANES'
   */
  readonly variable?: string;
}
