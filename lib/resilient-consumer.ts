import { existsSync } from 'node:fs';
import { Annotations, Duration, Names, Stack, Token } from 'aws-cdk-lib';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  type ConsumerSettings,
  DEFAULT_CIRCUIT,
  DEFAULTS,
  RUN_TIME_CONFIGURATION_EXPRESSION,
  SETTINGS_VARIABLE,
  TRACING_EXPRESSION,
} from '../lambdas/core/settings.ts';
import type { IntakeController } from './intake-controller.ts';
import { mostCustomMetrics } from './monitoring/custom-metrics.ts';
import { noteMonitoring } from './monitoring/monitoring-cost.ts';
import type { ResilienceAlarms } from './monitoring/resilience-alarms.ts';
import { type RuntimeMetric, runtimeMetric } from './monitoring/runtime-metrics.ts';
import {
  checkEnvironment,
  checkTimeout,
  judgeVisibility,
  neededVisibilitySeconds,
  retentionIsToken,
  uncheckedOf,
} from './private/check-deployment.ts';
import { checkEventSource, checkReservedConcurrency } from './private/check-event-source.ts';
import { checkPolicies, checkRetention } from './private/check-policies.ts';
import { consumerAlarms } from './private/consumer-alarms.ts';
import { createFunction, placeholderFunction } from './private/consumer-function.ts';
import { consumerSettings } from './private/consumer-settings.ts';
import { controllerOf } from './private/controller-of.ts';
import { jsonBytes } from './private/environment-size.ts';
import { checkLogLevel } from './private/function-logs.ts';
import { traceFunction } from './private/function-tracing.ts';
import {
  fitsEnvironment,
  type HandOver,
  MOST_SETTINGS_BYTES,
  splitWithBundle,
  wholeInEnvironment,
} from './private/hand-over.ts';
import { format, Problems, secondsOf } from './private/problems.ts';
import { ownFunction, reservedConcurrency, timeoutSeconds } from './private/target-function.ts';
import { withoutDefaults } from './private/without-defaults.ts';
import { FAN_OUT } from './private/wrap-queue.ts';
import type { AnyFunction, ResilientConsumerProps } from './resilient-consumer-props.ts';
import { ResilientQueue } from './resilient-queue.ts';
import { StateTable } from './state-table.ts';

const MAX_CONSUMER_ID = 64;
/** A pause ends this long before messages expire, so that the expired ones are moved and not deleted. Seconds. */
const SWEEP_SECONDS = 3_600;
const MOVE_KEY_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey'];
/** More attempts than this in all are a storm for a dependency that is down. */
const MANY_ATTEMPTS = 10;
/** Path of the consumer that has handed its settings to a function. */
const consumerOf = new WeakMap<lambda.Function, string>();
/** Path of the consumer of a queue. */
const consumerOfQueue = new WeakMap<ResilientQueue, string>();
/** Switches Powertools' idempotency off, for what it takes as true. */
const IDEMPOTENCY_OFF = { variable: 'POWERTOOLS_IDEMPOTENCY_DISABLED', on: /^(1|y|yes|t|true|on)$/i };

/**
 * A function that consumes a queue without losing messages: partial batch responses, attempts with back-off, a
 * dead-letter queue that says why, quarantine, idempotency and circuits. The handler is made by `resilientConsumer`
 * of `spillway/runtime`.
 *
 * It grants its function: to consume the queue, to send to the dead-letter and quarantine queues, to keep its records
 * in the state table, to tell the intake controller of changes, to read the secret of the signature check and its
 * run-time configuration, and to write its logs.
 *
 * @example
 * new ResilientConsumer(this, 'Orders', {
 *   queue: new ResilientQueue(this, 'OrdersQueue'),
 *   entry: 'src/orders.ts',
 *   circuits: { tracker: CircuitPreset.aggressive },
 * });
 */
export class ResilientConsumer extends Construct implements iam.IGrantable {
  /** Queue that is consumed. */
  readonly queue: ResilientQueue;
  /** Where messages go that failed for good. */
  readonly deadLetterQueue: sqs.IQueue;
  /** Where messages go that never reach the handler. */
  readonly quarantineQueue: sqs.IQueue;
  /** Function that handles the messages. */
  readonly function: AnyFunction;
  /** Table of idempotency records, attempts and circuits. */
  readonly stateTable: StateTable;
  /** Controller that pauses the event source; undefined if it is never paused. */
  readonly intake?: IntakeController;
  /** Id of the event source mapping. */
  readonly eventSourceMappingId: string;
  /** ARN of the event source mapping. */
  readonly eventSourceMappingArn: string;
  /** Stable id: prefix of the idempotency keys, unless there is a scope, and dimension of the metrics. */
  readonly consumerId: string;
  /** What the runtime is told, defaults filled in. It may hold tokens. */
  readonly settings: ConsumerSettings;
  /** Alarms on the queues, on the intake and on the runtime, at its level of observability; undefined if there are none. */
  readonly alarms?: ResilienceAlarms;
  /** Principal to grant what the handler needs. */
  readonly grantPrincipal: iam.IPrincipal;

  constructor(scope: Construct, id: string, props: ResilientConsumerProps) {
    super(scope, id);
    const problems = Problems.at(this, (late) => {
      const controlled = this.intake === undefined ? undefined : this.eventSourceMappingId;
      checkReservedConcurrency(this.function, controlled, late);
      checkEnvironment(this.function, late);
      this.checkLogs(props, late);
      checkRetention(this.settings, this.queue, late);
    });
    this.queue =
      props.queue instanceof ResilientQueue
        ? props.queue
        : ResilientQueue.wrap(this, 'Queue', { queue: props.queue });
    this.checkAlone(problems);
    this.deadLetterQueue = this.queue.deadLetterQueue;
    this.quarantineQueue = this.queue.quarantineQueue;
    this.stateTable = props.stateTable ?? StateTable.of(this);
    this.consumerId =
      props.consumerId ?? Names.uniqueResourceName(this, { maxLength: MAX_CONSUMER_ID, separator: '-' });
    const intake = controllerOf(this, props, this.stateTable, problems);
    if (intake !== undefined) this.intake = intake;
    const window = secondsOf(props.maxBatchingWindow) ?? 0;
    const timeout = timeoutSeconds(props);
    checkTimeout(
      props.function === undefined ? 'functionProps.timeout' : 'function.timeout',
      timeout,
      problems,
    );
    const needed = neededVisibilitySeconds(timeout, window);
    this.queue.raiseVisibilityTimeout(Duration.seconds(needed));
    this.settings = consumerSettings(props, {
      consumerId: this.consumerId,
      queue: this.queue,
      stateTableName: this.stateTable.tableName,
      visibilitySeconds: Math.max(this.queue.visibilitySeconds() ?? 0, needed),
      ...(intake !== undefined && { controlQueueUrl: intake.controlQueue.queueUrl }),
    });
    const handOver = this.handOver(props, problems);
    this.function = this.targetFunction(props, handOver, problems);
    this.grantPrincipal = this.function.grantPrincipal;
    this.passSettings(handOver, problems);

    const polled = { fifo: this.queue.fifo, controlled: intake !== undefined };
    const sourceProps = checkEventSource(props, polled, problems);
    const eventSource = new SqsEventSource(this.queue, sourceProps);
    this.function.addEventSource(eventSource);
    this.eventSourceMappingId = eventSource.eventSourceMappingId;
    this.eventSourceMappingArn = eventSource.eventSourceMappingArn;
    this.handToController(sourceProps.maxConcurrency);
    this.grantPermissions(props);
    this.stateTable.noteCircuits(this, this.settings);

    checkPolicies(this.settings, this.queue, { timeout, window }, problems);
    props.runtimeConfig?.check(this.settings, problems);
    this.checkVisibility(timeout, window, problems);
    this.checkRetryUntil(props, problems);
    this.warn(props);
    const { observability } = this.settings;
    const measured = {
      observability,
      intakeControlled: intake !== undefined,
      runTimeConfigured: props.runtimeConfig !== undefined,
    };
    const circuits = Object.keys(this.settings.circuits).length || 1;
    noteMonitoring(this, mostCustomMetrics({ ...measured, circuits }));
    if (props.alarms === false) return;
    const alarms = consumerAlarms(this, props.alarms ?? {}, measured.runTimeConfigured);
    if (alarms !== undefined) this.alarms = alarms;
  }

  /** A metric that the consumer's runtime emits: by default the sum of 1 minute. */
  metric(metric: RuntimeMetric, options: MetricOptions = {}): Metric {
    return runtimeMetric(this.consumerId, metric, options);
  }

  /**
   * Let somebody hold and resume this consumer's intake by `intakeSwitch` of the runtime: the item of its circuit in the
   * state table, and the controller's queue.
   *
   * @example
   * consumer.grantIntakeSwitch(runbookFunction);
   */
  grantIntakeSwitch(grantee: iam.IGrantable): void {
    this.stateTable.grantIntake(grantee, this.consumerId);
    this.intake?.controlQueue.grant(grantee, 'sqs:SendMessage');
  }

  private checkAlone(problems: Problems): void {
    const other = consumerOfQueue.get(this.queue);
    if (other !== undefined) {
      const because = `SQS hands each message to one of them at random, and both charge the same record; ${FAN_OUT}`;
      problems.add('queue', 'must have no other consumer', other, because);
    }
    consumerOfQueue.set(this.queue, this.node.path);
  }

  private handOver(props: ResilientConsumerProps, problems: Problems): HandOver {
    const told = withoutDefaults(this.settings);
    if (fitsEnvironment(told, props.functionProps?.environment)) return wholeInEnvironment(told);
    if (props.function === undefined) return splitWithBundle(told);
    const bytes = jsonBytes(told);
    if (bytes > MOST_SETTINGS_BYTES) {
      const rule = `must be given rather than function where the settings take more than ${MOST_SETTINGS_BYTES} bytes`;
      const because = "what does not fit Lambda's 4 KB of environment travels in the bundle";
      problems.add('entry', rule, bytes, because);
    }
    return wholeInEnvironment(told);
  }

  private targetFunction(props: ResilientConsumerProps, handOver: HandOver, problems: Problems): AnyFunction {
    const { entry, functionProps = {} } = props;
    const because = 'the consumer needs exactly one function';
    if (props.function !== undefined) {
      if (entry !== undefined) problems.add('entry', 'must be left out with function', entry, because);
      if (props.functionProps !== undefined) {
        problems.add('functionProps', 'must be left out with function', 'both', 'the function has its own');
      }
      return props.function;
    }
    if (entry !== undefined && existsSync(entry)) {
      const leftOut = JSON.stringify('left out');
      const define = {
        ...handOver.define,
        ...(props.runtimeConfig === undefined && { [RUN_TIME_CONFIGURATION_EXPRESSION]: leftOut }),
        ...(!props.tracing && { [TRACING_EXPRESSION]: leftOut }),
      };
      const created = createFunction(this, entry, functionProps, define);
      if (props.tracing && functionProps.tracing === undefined) traceFunction(this, created);
      return created;
    }
    if (entry === undefined) problems.add('entry', 'or function must be given', undefined, because);
    else problems.add('entry', 'must be a file that exists', entry, 'there is nothing to bundle');
    return placeholderFunction(this, functionProps);
  }

  private passSettings(handOver: HandOver, problems: Problems): void {
    const own = ownFunction(this.function);
    if (own !== undefined) {
      const other = consumerOf.get(own);
      if (other !== undefined) {
        const because = 'its environment holds the settings of one';
        problems.add('function', 'must serve no other consumer', other, because);
      }
      consumerOf.set(own, this.node.path);
      own.addEnvironment(SETTINGS_VARIABLE, Stack.of(own).toJsonString(handOver.environment));
      return;
    }
    this.annotate(
      'settingsNotPassed',
      `the function is imported, so its environment cannot be set: give it ${SETTINGS_VARIABLE} with the JSON of ` +
        "this consumer's `settings`",
    );
  }

  private handToController(maxConcurrency: number | undefined): void {
    const { circuits, retryUntilSeconds, queue, observability } = this.settings;
    const named = Object.keys(circuits);
    this.intake?.control({
      consumerId: this.consumerId,
      mappingId: this.eventSourceMappingId,
      mappingArn: this.eventSourceMappingArn,
      circuits: named.length === 0 ? [DEFAULT_CIRCUIT] : named,
      ...(maxConcurrency !== undefined && { maxConcurrency }),
      retryUntilSeconds,
      retentionSeconds: queue.retentionSeconds,
      ...(observability !== DEFAULTS.observability && { observability }),
    });
  }

  private grantPermissions(props: ResilientConsumerProps): void {
    const target = this.function;
    if (target.role === undefined) {
      this.annotate(
        'permissionsNotGranted',
        'the function was imported without its role, so nothing was granted to it',
      );
      return;
    }
    for (const queue of [this.deadLetterQueue, this.quarantineQueue]) {
      queue.grant(target, 'sqs:SendMessage');
      queue.encryptionMasterKey?.grant(target, ...MOVE_KEY_ACTIONS);
    }
    this.intake?.controlQueue.grant(target, 'sqs:SendMessage');
    const { facts } = this.queue;
    const { idempotencyScope } = this.settings;
    this.stateTable.grantConsumer(target, {
      consumerId: this.consumerId,
      ...(idempotencyScope !== undefined && { idempotencyScope }),
      queueNames: [facts.name, facts.deadLetterName, facts.quarantineName],
      circuits: Object.keys(this.settings.circuits),
      rateLimits: Object.entries(this.settings.circuits).flatMap(([name, { rateLimit }]) =>
        rateLimit === undefined ? [] : [name],
      ),
      readsDeniedSources: props.screening?.deniedSources !== undefined,
      readsReputation: props.screening?.reputation !== undefined,
    });
    props.screening?.signature?.secret.grantRead(target);
    props.runtimeConfig?.grantRead(target, this);
  }

  private checkLogs({ functionProps }: ResilientConsumerProps, problems: Problems): void {
    const whose = functionProps === undefined ? 'function' : 'functionProps';
    if (this.settings.observability !== 'off') {
      checkLogLevel(this.function, `${whose}.applicationLogLevelV2`, problems);
    }
    if (functionProps?.logGroup === undefined || functionProps.logRetention === undefined) return;
    const because = 'the log group that is given has a retention of its own';
    problems.add('functionProps.logRetention', 'must be left out with logGroup', 'both', because);
  }

  private checkVisibility(timeout: number | undefined, window: number, problems: Problems): void {
    const verdict = judgeVisibility(this.queue, timeout, window);
    if (verdict === undefined) return;
    const { severity, rule, got, because } = verdict;
    if (severity === 'error') problems.add('queue.visibilityTimeout', rule, got, because);
    else this.annotate('shortVisibility', `queue.visibilityTimeout ${rule}, got ${got} (${because})`);
  }

  private checkRetryUntil(props: ResilientConsumerProps, problems: Problems): void {
    if (props.retryUntil !== undefined || !retentionIsToken(this.queue)) return;
    const because = "its default is derived from the queue's retention, which is a token";
    problems.add('retryUntil', 'must be given', undefined, because);
  }

  private warn(props: ResilientConsumerProps): void {
    const unchecked = uncheckedOf(this.queue, this.function);
    if (unchecked.length > 0) {
      this.annotate('unchecked', `imported, so not checked: ${unchecked.join('; ')}`);
    }
    if (props.maxConcurrency === undefined && reservedConcurrency(this.function) !== undefined) {
      this.annotate(
        'unboundedSource',
        "maxConcurrency should be given where the function's concurrency is reserved, got undefined: Lambda polls on " +
          'and throttles, and a throttled message uses up a receive',
      );
    }
    if (props.tracing && props.function !== undefined) {
      this.annotate(
        'tracingNotSet',
        'function should be traced by itself (tracing: Tracing.ACTIVE), got one that this consumer did not make: without it ' +
          'X-Ray keeps no subsegment',
      );
    }
    const { variable, on } = IDEMPOTENCY_OFF;
    if (on.test(props.functionProps?.environment?.[variable] ?? '')) {
      this.annotate(
        'idempotencyDisabled',
        `${variable} is set: the effects of duplicates and retries repeat`,
      );
    }
    if (props.onExhausted === 'halt' && this.intake === undefined) {
      this.annotate(
        'haltUnwatched',
        "onExhausted 'halt' should have an intake controller, got none: nothing pauses the event source of a queue that has halted, and alarms tell of it only while messages are received",
      );
    }
    const { retryUntilSeconds } = this.settings;
    if (
      this.intake !== undefined &&
      !Token.isUnresolved(retryUntilSeconds) &&
      retryUntilSeconds <= SWEEP_SECONDS
    ) {
      this.annotate(
        'intakeNeverPaused',
        `retryUntil should be more than ${format(SWEEP_SECONDS)} seconds, got ${format(retryUntilSeconds)}: no pause ` +
          'outlasts it less an hour, so the event source is never paused, and an open circuit costs receives and ' +
          'invocations (intake: false says that this is meant)',
      );
    }
    const { attempts, circuits } = this.settings;
    const { max } = attempts;
    const declared = Object.values(circuits).map(({ retry }) => retry?.attempts ?? 1);
    const inProcess =
      Math.max(1, ...declared.filter((each) => !Token.isUnresolved(each))) * (props.inProcessAttempts ?? 1);
    if (inProcess > 1 && !Token.isUnresolved(max) && inProcess * max > MANY_ATTEMPTS) {
      this.annotate(
        'manyAttempts',
        `attempts within the function × attempts.max should be at most ${MANY_ATTEMPTS}, got ${inProcess} × ${max} = ${inProcess * max}: ` +
          'each message makes that many calls to a dependency that is down',
      );
    }
  }

  private annotate(id: string, message: string): void {
    Annotations.of(this).addWarningV2(`spillway:${id}`, message);
  }
}
