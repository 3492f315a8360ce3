import { Duration, Lazy, Names, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct, type IConstruct } from 'constructs';
import {
  type ControlledConsumer,
  INTAKE_DEFAULTS,
  INTAKE_SETTINGS_VARIABLE,
  type IntakeControllerSettings,
} from '../lambdas/core/intake/settings.ts';
import { createFunction } from './private/consumer-function.ts';
import { createControlQueue } from './private/control-queue.ts';
import { jsonBytes, MAX_ENVIRONMENT_BYTES, variablesBytes } from './private/environment-size.ts';
import { handlerEntry } from './private/handler-entry.ts';
import { millisOf, Problems } from './private/problems.ts';
import { StateTable } from './state-table.ts';

/** Properties of an {@link IntakeController}. */
export interface IntakeControllerProps {
  /**
   * Time between two steps of the way back to full concurrency, once a circuit has closed. 1 second to 15 minutes.
   *
   * @default Duration.seconds(10)
   */
  readonly rampStep?: Duration;
  /**
   * Table in which the circuits of its consumers stand; theirs, too.
   *
   * @default StateTable.of(this) - one for the stack
   */
  readonly stateTable?: StateTable;
  /**
   * Where its function logs.
   *
   * @default - a log group that keeps a month
   */
  readonly logGroup?: logs.ILogGroup;
  /**
   * Time for which the log group that is made for its function keeps its lines. A `logGroup` of yours has its own.
   *
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: logs.RetentionDays;
}

/** A consumer and its event source. */
export interface ControlledEventSource extends ControlledConsumer {
  /** ARN of the event source mapping. */
  readonly mappingArn: string;
}

const SHARED_ID = 'SpillwayIntakeController';
const TIMEOUT = Duration.seconds(60);
const MEMORY_MB = 256;
const MINUTE = Duration.minutes(1);
/** A wake-up is a delayed message, which SQS holds back for at most 15 minutes. */
const RAMP_STEP = { min: 1_000, max: 900_000, unit: 'milliseconds' };
/** Length of the id of an event source mapping, a UUID. */
const MAPPING_ID_LENGTH = 36;

/**
 * A function that pauses the event sources of consumers whose circuits are open or whose intake is held, and opens them
 * gently for probes and after them. Consumers tell it of changes by its control queue; every minute it looks by
 * itself, so that a lost message only delays.
 *
 * Its function is granted: to read and update its consumers' event source mappings, to read circuits and keep its own
 * items in the state table, to send itself wake-ups by the control queue, and to write its logs. It runs every minute,
 * which costs money.
 *
 * A `ResilientConsumer` has one without asking for it. It has to be in the stack of the consumer's function. A stack's
 * consumers share one for as long as their descriptions fit the 4 KB of its function's environment, some 15 of them;
 * give the others one of their own.
 *
 * @example
 * const intake = new IntakeController(this, 'Intake', { rampStep: Duration.seconds(30) });
 * new ResilientConsumer(this, 'Orders', { queue, entry: 'src/orders.ts', intake });
 */
export class IntakeController extends Construct {
  /**
   * The controller that the stack of `scope` shares for consumers of a state table, by default the stack's own; it is
   * created when it is first asked for.
   */
  static of(scope: IConstruct, stateTable?: StateTable): IntakeController {
    const stack = Stack.of(scope);
    const shared = stateTable === undefined || stateTable.isSharedIn(stack);
    const id = shared ? SHARED_ID : `${SHARED_ID}For${Names.nodeUniqueId(stateTable.node)}`;
    const existing = stack.node.tryFindChild(id);
    if (existing instanceof IntakeController) return existing;
    return new IntakeController(stack, id, stateTable === undefined ? {} : { stateTable });
  }

  /** Queue by which it is told of changes. What it carries are hints: losing one only delays. */
  readonly controlQueue: sqs.IQueue;
  /** Queue of the hints that could not be worked on. */
  readonly deadLetterQueue: sqs.IQueue;
  /** The function that pauses and opens. */
  readonly function: lambda.Function;
  /** Table in which the circuits of its consumers stand. */
  readonly stateTable: StateTable;
  private readonly rampStepMs: number;
  private readonly consumers: ControlledConsumer[] = [];
  private readonly consumerIds: string[] = [];
  private readonly mappingArns: string[] = [];

  constructor(scope: Construct, id: string, props: IntakeControllerProps = {}) {
    super(scope, id);
    const problems = Problems.at(this, (late) => this.checkSize(late));
    const { rampStep, logGroup, logRetention } = props;
    this.rampStepMs = millisOf(rampStep) ?? rampStep?.toMilliseconds() ?? INTAKE_DEFAULTS.rampStepMs;
    problems.integer('rampStep', this.rampStepMs, RAMP_STEP, 'SQS wakes it up after 15 minutes at most');
    if (logGroup !== undefined && logRetention !== undefined) {
      const because = 'the log group that is given has a retention of its own';
      problems.add('logRetention', 'must be left out with logGroup', 'both', because);
    }
    this.stateTable = props.stateTable ?? StateTable.of(this);
    const { queue, deadLetterQueue } = createControlQueue(this, TIMEOUT);
    this.controlQueue = queue;
    this.deadLetterQueue = deadLetterQueue;
    this.function = createFunction(
      this,
      handlerEntry('intake-controller'),
      {
        description: 'Pauses and opens the event sources of consumers, as their circuits ask for it',
        timeout: TIMEOUT,
        memorySize: MEMORY_MB,
        // It sends its wake-ups to the queue that invokes it; Lambda would take that for a loop after 16 rounds.
        recursiveLoop: lambda.RecursiveLoop.ALLOW,
        ...(logGroup !== undefined && { logGroup }),
        ...(logRetention !== undefined && { logRetention }),
      },
      {},
    );
    const settings = Lazy.string({ produce: () => Stack.of(this).toJsonString(this.settings()) });
    this.function.addEnvironment(INTAKE_SETTINGS_VARIABLE, settings);
    this.function.addEventSource(
      new SqsEventSource(queue, { batchSize: 10, maxConcurrency: 2, reportBatchItemFailures: true }),
    );
    queue.grant(this.function, 'sqs:SendMessage');
    new events.Rule(this, 'Schedule', {
      description: 'Has the intake controller look after all its consumers',
      schedule: events.Schedule.rate(MINUTE),
      // A minute later the next one comes, and looks at everything there is.
      targets: [new targets.LambdaFunction(this.function, { retryAttempts: 0, maxEventAge: MINUTE })],
    });
  }

  /** Look after one more consumer. @internal */
  control({ mappingArn, ...consumer }: ControlledEventSource): void {
    this.consumers.push(consumer);
    this.consumerIds.push(consumer.consumerId);
    this.mappingArns.push(mappingArn);
    // IAM takes no statement without a resource, so there is none before the first consumer.
    if (this.consumers.length === 1) this.grantPermissions();
  }

  private grantPermissions(): void {
    this.function.addToRolePolicy(
      new iam.PolicyStatement({
        actions: ['lambda:GetEventSourceMapping', 'lambda:UpdateEventSourceMapping'],
        resources: Lazy.list({ produce: () => this.mappingArns }),
      }),
    );
    this.stateTable.grantIntakeController(this.function, this.consumerIds);
  }

  private settings(): IntakeControllerSettings {
    return {
      stateTable: this.stateTable.tableName,
      controlQueueUrl: this.controlQueue.queueUrl,
      rampStepMs: this.rampStepMs,
      consumers: this.consumers,
    };
  }

  private checkSize(problems: Problems): void {
    const consumers = this.consumers.map((consumer) => ({
      ...consumer,
      mappingId: 'x'.repeat(MAPPING_ID_LENGTH),
    }));
    const bytes =
      jsonBytes({ ...this.settings(), consumers }) + variablesBytes({ [INTAKE_SETTINGS_VARIABLE]: '' });
    if (bytes <= MAX_ENVIRONMENT_BYTES) return;
    problems.add(
      'consumers',
      `must fit ${MAX_ENVIRONMENT_BYTES} bytes, all descriptions together`,
      bytes,
      "Lambda's limit for a function's environment is 4 KB: give some of the " +
        `${consumers.length} consumers a controller of their own, by their property intake`,
    );
  }
}
