import type { Duration } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { HealthKind } from '../lambdas/core/health/settings.ts';
import type { ResilientConsumer } from './resilient-consumer.ts';
import type { ConsumerFunctionProps } from './resilient-consumer-props.ts';

/** Two limits of an age. */
export interface AgeLimits {
  /** Older than this is DEGRADED. 0 to 14 days. @default Duration.minutes(5) */
  readonly degraded?: Duration;
  /** Older than this is UNHEALTHY. `degraded` to 14 days. @default - Duration.hours(1), or `degraded` if that is longer */
  readonly unhealthy?: Duration;
}

/** Two limits of what a queue grows by within a minute. Messages. */
export interface GrowthLimits {
  /** More than this, in any of the last five minutes, is DEGRADED. 0 to 1,000,000. @default 10 */
  readonly degraded?: number;
  /** More than this is UNHEALTHY. `degraded` to 1,000,000. @default - 100, or `degraded` if that is more */
  readonly unhealthy?: number;
}

/** Properties of a {@link HealthCheck}. */
export interface HealthCheckProps {
  /**
   * Consumers to look at, one or more, which share a state table. Those of `PriorityLanes` are its `consumers`. Some 12 of
   * them fit the 4 KB of a function's environment.
   */
  readonly consumers: readonly ResilientConsumer[];
  /**
   * Age of the oldest message in a queue. While its consumer is paused for an open circuit or by an operator, it is at most
   * DEGRADED; from 80 % of `retryUntil` on it is UNHEALTHY whatever the cause.
   *
   * @default - 5 minutes and an hour
   */
  readonly queueAge?: AgeLimits;
  /**
   * Growth of a dead-letter queue.
   *
   * @default - 10 and 100 messages within a minute
   */
  readonly deadLetterGrowth?: GrowthLimits;
  /**
   * Growth of a quarantine queue.
   *
   * @default - 10 and 100 messages within a minute
   */
  readonly quarantineGrowth?: GrowthLimits;
  /**
   * How long a circuit may be half-open before it is UNHEALTHY. 1 millisecond to 1 day.
   *
   * @default Duration.minutes(5)
   */
  readonly halfOpenFor?: Duration;
  /**
   * Which kinds of components are critical: the whole is not ready while one of them is UNHEALTHY.
   *
   * @default { stateTable: true, queueAge: true, eventSource: true, intake: true }
   */
  readonly critical?: Partial<Record<HealthKind, boolean>>;
  /**
   * How long an environment goes by what the state table and checks of your own say. 0 to 1 minute.
   *
   * @default Duration.seconds(5)
   */
  readonly cacheFor?: Duration;
  /**
   * How long it goes by what CloudWatch and Lambda say: three metrics of a consumer cost money each time, and all of an
   * account's functions share few calls to Lambda. 0 to 1 minute.
   *
   * @default Duration.minutes(1)
   */
  readonly apiCacheFor?: Duration;
  /**
   * Longest time until an answer; who has not answered by then could not be checked. 50 milliseconds to 25 seconds, and
   * less than the time-out of the function.
   *
   * @default Duration.seconds(2)
   */
  readonly timeout?: Duration;
  /**
   * File that exports the handler (`handler`), made by `healthCheckHandler` with checks of your own.
   *
   * @default - the library's own handler, without such checks
   */
  readonly entry?: string;
  /**
   * Anything that `NodejsFunction` takes, such as a VPC that checks of your own need.
   *
   * @default - nodejs24.x on arm64, 30 s, 1,024 MB, a log group that keeps a month, a role of its own
   */
  readonly functionProps?: ConsumerFunctionProps;
  /**
   * Whether the function has a URL. Without, put it behind an API of your own.
   *
   * @default true
   */
  readonly url?: boolean;
  /**
   * Who may call the URL. `NONE` lets everybody; each request is paid for.
   *
   * @default lambda.FunctionUrlAuthType.AWS_IAM
   */
  readonly authType?: lambda.FunctionUrlAuthType;
  /**
   * Whether answers tell of components, their names and reasons; without, they have the status alone.
   *
   * @default - true, but false where everybody may call the URL
   */
  readonly details?: boolean;
}
