import type { Duration } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as nodejs from 'aws-cdk-lib/aws-lambda-nodejs';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Observability } from '../lambdas/core/metric-names.ts';
import type { EnvelopeKind, FailureReason, OnExhausted } from '../lambdas/core/settings.ts';
import type { Backoff } from './backoff.ts';
import type { CircuitProps } from './circuits.ts';
import type { RuntimeConfig } from './config/runtime-config.ts';
import type { IntakeController } from './intake-controller.ts';
import type { KillSwitchProps } from './kill-switch.ts';
import type { ResilienceAlarmsOptions } from './monitoring/alarm-options.ts';
import type { ScreeningProps } from './screening.ts';
import type { StateTable } from './state-table.ts';

/** Attempts that a message may use before the dead-letter queue. */
export interface AttemptProps {
  /**
   * Attempts in all. 1 to 100.
   *
   * @default 5
   */
  readonly max?: number;
  /**
   * Fewer attempts that fail for one reason, counted among the last 20; `max` holds for all together. 1 to 100 each.
   *
   * @default { TIMEOUT: 3 }
   */
  readonly byReason?: Partial<Record<FailureReason, number>>;
}

/** A function construct, an alias or version of one, or an imported function. */
export type AnyFunction = lambda.IFunction | lambda.Alias | lambda.Version;

/** What the function of a consumer may be given: all that `NodejsFunction` takes, but for the code. */
export interface ConsumerFunctionProps
  extends Omit<
    nodejs.NodejsFunctionProps,
    'entry' | 'code' | 'logRetention' | 'logRetentionRole' | 'logRetentionRetryOptions' | 'logRemovalPolicy'
  > {
  /**
   * Time for which the log group that is made for the function keeps its lines. A `logGroup` of yours has its own.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;
}

/** Properties of a {@link ResilientConsumer}. */
export interface ResilientConsumerProps {
  /** Queue to consume; it has no other consumer. One that is not a `ResilientQueue` is wrapped, not replaced. */
  readonly queue: sqs.IQueue;
  /**
   * File that exports the handler (`handler`), bundled with everything it imports. Relative to the working directory.
   *
   * @default - `function` has to be given
   */
  readonly entry?: string;
  /**
   * Function that has the runtime in it already. Settings that do not fit the environment cannot travel in its
   * bundle.
   *
   * @default - a function is made of `entry`
   */
  readonly function?: AnyFunction;
  /**
   * Anything that `NodejsFunction` takes. `timeout` is at most 15 minutes. `bundling` and `environment` are merged with
   * what the consumer needs. The bundle comes with its source map; `NODE_OPTIONS: '--enable-source-maps'` in
   * `environment` has stack traces use it, for some 15 ms of each cold start. `tracing` lets the function write traces to any resource (`*`).
   *
   * Logs are JSON, Lambda's own lines too, down to INFO: `applicationLogLevelV2` or `POWERTOOLS_LOG_LEVEL` sets another
   * level. Lambda drops metrics where `applicationLogLevelV2` is above INFO.
   *
   * @default - nodejs24.x on arm64, 30 s, 256 MB, a log group that keeps a month, a role of its own
   */
  readonly functionProps?: ConsumerFunctionProps;
  /**
   * Messages of one invocation. 1 to 10,000; more than 10 need a `maxBatchingWindow`, and FIFO queues take no more.
   *
   * @default 10
   */
  readonly batchSize?: number;
  /**
   * Time to wait for a batch to fill. 0 to 300 seconds; standard queues only.
   *
   * @default - Lambda does not wait
   */
  readonly maxBatchingWindow?: Duration;
  /**
   * Invocations of this consumer at a time. 2 to 1,000, and with the function's other event sources within its
   * reserved concurrency.
   *
   * @default - as many as the account has left
   */
  readonly maxConcurrency?: number;
  /**
   * Messages of one batch that are worked on at a time; FIFO: message groups. 1 to 10,000.
   *
   * @default 10
   */
  readonly concurrency?: number;
  /**
   * Stable id of the consumer: prefix of its idempotency keys and dimension of its metrics. 1 to 64 letters, digits,
   * dots, hyphens and underscores. Changing it lets effects happen again, so give one before the construct moves; and
   * change it only while its intake is neither paused nor held, since the controller opens what it paused by this id.
   *
   * @default - derived from the stack's name and the construct's path
   */
  readonly consumerId?: string;
  /**
   * Scope of the idempotency keys: what one consumer of a scope has handled, the others of the same state table take for
   * a duplicate. For consumers that handle the same messages from several queues, which should keep them equally long;
   * the scope may be another consumer's id. 1 to 64 letters, digits, dots, hyphens and underscores. Changing it lets
   * effects happen again.
   *
   * @default - the consumer's id: what it has handled, it alone knows
   */
  readonly idempotencyScope?: string;
  /**
   * Deployment environment, such as `prod`; noted with each dead letter.
   *
   * @default - none
   */
  readonly environmentName?: string;
  /**
   * Version of the service; noted with each dead letter.
   *
   * @default - none
   */
  readonly serviceVersion?: string;
  /**
   * Attempt budget of a message.
   *
   * @default - 5 attempts, 3 for time-outs
   */
  readonly attempts?: AttemptProps;
  /**
   * Spacing of the attempts.
   *
   * @default Backoff.fullJitter()
   */
  readonly backoff?: Backoff;
  /**
   * Age at which a message expires to the dead-letter queue, counted from when it entered the queue: a redrive or a
   * replay starts anew. Longer than the back-off schedule; with the visibility timeout at most the queue's retention.
   *
   * @default - the queue's retention less 1 hour, or half of it if that is more, but less the visibility timeout if
   * that leaves less
   */
  readonly retryUntil?: Duration;
  /**
   * Attempts that the handler itself makes of each call, beside the `retry` of its circuits, for the warning where they
   * multiply with the message's.
   *
   * @default 1
   */
  readonly inProcessAttempts?: number;
  /**
   * What wraps the payload in the body of a message.
   *
   * @default 'raw'
   */
  readonly envelope?: EnvelopeKind;
  /**
   * Checks before the handler.
   *
   * @default - JSON of at most 1 MiB
   */
  readonly screening?: ScreeningProps;
  /**
   * Circuits by name, one for each dependency of the handler. Names are 1 to 64 letters, digits, dots, hyphens and
   * underscores, but not `intake`.
   *
   * @default - one circuit named `default`, fed by the handler's outcome
   */
  readonly circuits?: Readonly<Record<string, CircuitProps>>;
  /**
   * Whether messages wait rather than fail when one fault takes many of them; `false` switches it off.
   *
   * @default - a fault that takes 10 messages and 15 % within a minute holds the intake
   */
  readonly killSwitch?: KillSwitchProps | false;
  /**
   * What becomes of a message that failed for good. `'halt'`, for FIFO queues where order matters more than progress:
   * it stays at the head of its group, and the intake is held until an operator resumes it.
   *
   * @default 'dead-letter'
   */
  readonly onExhausted?: OnExhausted;
  /**
   * Controller that pauses the event source while a circuit is open or the intake is held, in the function's stack and
   * with the consumer's state table. It takes a function whose reserved concurrency is 2 or more, if there is one.
   * `false`: the event source is never paused, so that an open circuit costs receives and invocations.
   *
   * Taking the controller away in the middle of a pause enables the event source: the mapping then says `Enabled:
   * true`, which CloudFormation sets. A controller that has not been told yet may pause it once more, so better wait
   * until it is open.
   *
   * @default IntakeController.of(this) - one for the stack and state table
   */
  readonly intake?: IntakeController | false;
  /**
   * Table for idempotency, attempts and circuits. Change it only while the intake is neither paused nor held: what was
   * paused stands in the former one.
   *
   * @default StateTable.of(this) - one for the stack
   */
  readonly stateTable?: StateTable;
  /**
   * Where the function reads at run time what may change without a deployment: thresholds, times, rates, screening. It
   * may read that one parameter or configuration.
   *
   * @default - what is deployed holds until the next deployment
   */
  readonly runtimeConfig?: RuntimeConfig;
  /**
   * How much the consumer tells of itself, and so what that costs. `essential`: at most 10 custom metrics, alarms on
   * dead letters, on age, and on what needs a person. `full`: every metric and alarm, with its break-downs. `off`: neither
   * metrics nor alarms; logs stay.
   *
   * @default 'essential'
   */
  readonly observability?: Observability;
  /**
   * Trace with X-Ray: the function is traced (`Tracing.ACTIVE`, unless `functionProps.tracing` says otherwise), its role
   * may write trace segments, and each message and each call through a circuit becomes a subsegment. X-Ray is paid by the
   * trace. A function that is given as `function` has to be traced by itself. What carries a trace through queues is carried
   * in any case.
   *
   * @default false
   */
  readonly tracing?: boolean;
  /**
   * Alarms on the queues, on the intake and on the runtime, and one composite alarm that says when a person is needed;
   * `false` for none. They cost money; synthesis says how much.
   *
   * @default - those of the level `observability`, with default thresholds and no action
   */
  readonly alarms?: ResilienceAlarmsOptions | false;
}
