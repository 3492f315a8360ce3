import { Names, Stack, Token } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { LANES_VARIABLE, type Priority } from '../lambdas/core/settings.ts';
import type { ConnectProducerOptions, PriorityLanesProps } from './priority-lanes-props.ts';
import { checkedShares, LANES, perLane } from './private/lane-budget.ts';
import { laneConsumerProps } from './private/lane-props.ts';
import { NAME } from './private/names.ts';
import { Problems } from './private/problems.ts';
import { createKey } from './private/queue-parts.ts';
import { ResilientConsumer } from './resilient-consumer.ts';
import { ResilientQueue } from './resilient-queue.ts';
import type { ResilientQueueProps } from './resilient-queue-props.ts';

/** Ids of consumers have at most 64 characters, of which the longest suffix, `-critical`, takes 9. */
const MAX_ID = 55;
const SEND_KEY_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey'];
/** Ids of children by lane. They are part of the contract: a queue whose id changes is replaced. */
const CHILD_ID = { CRITICAL: 'Critical', HIGH: 'High', NORMAL: 'Normal', LOW: 'Low' } as const;
/** Path of the lanes that a producer reads from a variable. */
const connected = new WeakMap<lambda.Function, Map<string, string>>();

/** One lane of {@link PriorityLanes}. */
export interface PriorityLane {
  /** Queue of the lane, with its dead-letter queue and its quarantine queue. */
  readonly queue: ResilientQueue;
  /** Consumer of the lane. */
  readonly consumer: ResilientConsumer;
}

/**
 * Four lanes for messages of one kind, CRITICAL, HIGH, NORMAL and LOW: a queue, a function and alarms each, and a share
 * of one concurrency budget. What floods one lane takes nothing from another, and no lane starves.
 *
 * Shares that are not used are not lent, since Lambda takes none back from a batch that runs: the lane that lent one
 * would wait for it. Rate limits of circuits are divided in the same way. The lanes share their idempotency keys, so that a message may be replayed into another lane.
 *
 * Each lane is granted what a `ResilientConsumer` is granted, and costs the same.
 *
 * @example
 * const orders = new PriorityLanes(this, 'Orders', { entry: 'src/orders.ts', maxConcurrency: 20 });
 * orders.connectProducer(apiFunction);
 */
export class PriorityLanes extends Construct {
  /** The lanes by priority. */
  readonly lanes: Readonly<Record<Priority, PriorityLane>>;
  /** Consumers of the lanes, most urgent first: for a `ResilienceDashboard`. */
  readonly consumers: readonly ResilientConsumer[];
  /** URLs of the lanes' queues by priority: what `createProducer` of the runtime takes as `lanes`. */
  readonly queueUrls: Readonly<Record<Priority, string>>;
  /** Queue of the HIGH lane, where dead letters of every lane are replayed into. */
  readonly replayQueue: ResilientQueue;
  /** Invocations at a time of each lane: its share of the budget. */
  readonly shares: Readonly<Record<Priority, number>>;
  /** Stable id of the lanes together: scope of their idempotency keys. */
  readonly consumerId: string;

  constructor(scope: Construct, id: string, props: PriorityLanesProps) {
    super(scope, id);
    const problems = Problems.at(this);
    this.shares = checkedShares(props.maxConcurrency, props.weights ?? {}, problems);
    this.consumerId = this.checkedId(props.consumerId, problems);
    checkNames(props, problems);
    const queueProps = this.withSharedKey(props.queues ?? {});
    const budget = LANES.reduce((sum, priority) => sum + this.shares[priority], 0);
    this.lanes = perLane((priority) => {
      const child = CHILD_ID[priority];
      const queue = new ResilientQueue(this, `${child}Queue`, queueProps);
      const consumer = new ResilientConsumer(this, child, {
        ...laneConsumerProps(props, priority, this.shares[priority] / budget),
        queue,
        maxConcurrency: this.shares[priority],
        consumerId: `${this.consumerId}-${priority.toLowerCase()}`,
        idempotencyScope: this.consumerId,
      });
      return { queue, consumer };
    });
    this.consumers = LANES.map((priority) => this.lanes[priority].consumer);
    this.queueUrls = perLane((priority) => this.lanes[priority].queue.queueUrl);
    this.replayQueue = this.lanes.HIGH.queue;
  }

  /** Let somebody send to all lanes: `sqs:SendMessage`, and the use of the queues' key where they have one. */
  grantSend(grantee: iam.IGrantable): iam.Grant {
    const queues = LANES.map((priority) => this.lanes[priority].queue);
    const keys = new Set(queues.flatMap(({ encryptionMasterKey }) => encryptionMasterKey ?? []));
    const grants = [
      ...queues.map((queue) => queue.grant(grantee, 'sqs:SendMessage')),
      ...[...keys].map((key) => key.grant(grantee, ...SEND_KEY_ACTIONS)),
    ];
    return grants.reduce((all, grant) => all.combine(grant));
  }

  /**
   * Let a function send to the lanes, and name them in its environment, where `lanesFromEnvironment` of the runtime reads
   * them.
   *
   * @example
   * orders.connectProducer(apiFunction);
   * // in the function: createProducer({ schema, lanes: lanesFromEnvironment() })
   */
  connectProducer(producer: lambda.Function, options: ConnectProducerOptions = {}): void {
    const { variable = LANES_VARIABLE } = options;
    const variables = connected.get(producer) ?? new Map<string, string>();
    connected.set(producer, variables);
    const other = variables.get(variable);
    if (other !== undefined && other !== this.node.path) {
      const because = 'it holds the lanes of one, and the producer would send to those alone';
      Problems.at(this).add('variable', `of ${producer.node.path} must name no other lanes`, other, because);
    }
    variables.set(variable, this.node.path);
    this.grantSend(producer);
    producer.addEnvironment(variable, Stack.of(producer).toJsonString(this.queueUrls));
  }

  private checkedId(given: string | undefined, problems: Problems): string {
    const derived = (): string => Names.uniqueResourceName(this, { maxLength: MAX_ID, separator: '-' });
    if (given === undefined) return derived();
    if (Token.isUnresolved(given) || (NAME.test(given) && given.length <= MAX_ID)) return given;
    const rule = `must be 1 to ${MAX_ID} letters, digits, dots, hyphens or underscores`;
    const because =
      "the lanes' ids, '-critical' and so on behind it, are part of keys, of IAM conditions and of metrics";
    problems.add('consumerId', rule, given, because);
    return derived();
  }

  /** One key for all lanes, where KMS is asked for without one: each key costs money. */
  private withSharedKey(queues: ResilientQueueProps): ResilientQueueProps {
    const { encryption, encryptionMasterKey, removalPolicy } = queues;
    if (encryptionMasterKey !== undefined || encryption !== QueueEncryption.KMS) return queues;
    return { ...queues, encryptionMasterKey: createKey(this, removalPolicy) };
  }
}

/** What types promise, where somebody has dodged them: a lane that is misspelt would be left out without a word. */
function checkNames(props: PriorityLanesProps, problems: Problems): void {
  const { weights = {}, lanes = {}, functionProps = {}, queues = {} } = props;
  const known: readonly string[] = LANES;
  for (const [property, value] of Object.entries({ weights, lanes })) {
    for (const name of Object.keys(value)) {
      if (known.includes(name)) continue;
      problems.add(property, `must be of the lanes ${LANES.join(', ')}`, name, 'there are no others');
    }
  }
  if ('functionName' in functionProps) {
    const because = 'each lane has a function of its own: name them by lanes.<lane>.functionProps';
    problems.add('functionProps.functionName', 'must be left out', functionProps.functionName, because);
  }
  if ('queueName' in queues) {
    const because = 'each lane has queues of its own, named by their paths';
    problems.add('queues.queueName', 'must be left out', queues.queueName, because);
  }
}
