import { Annotations, type Duration, Lazy } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { createQueues } from './private/create-queues.ts';
import { format, Problems, secondsOf } from './private/problems.ts';
import { cfnQueueOf, DEFAULT_VISIBILITY_SECONDS, literal, type QueueFacts } from './private/queue-facts.ts';
import type { QueueParts } from './private/queue-parts.ts';
import { uncheckedParts, wrapQueue } from './private/wrap-queue.ts';
import type { ResilientQueueProps, WrappedQueueProps } from './resilient-queue-props.ts';

/**
 * A queue with what resilient processing needs beside it: a dead-letter queue for what failed and a quarantine queue
 * for what is poison. It is an `IQueue`: SNS subscriptions, S3 notifications and EventBridge rules take it as target.
 *
 * All queues accept TLS only and are encrypted. The names are known at synthesis, so that the dead-letter queue can
 * allow its source by ARN.
 *
 * @example
 * const queue = new ResilientQueue(this, 'Orders', { retentionPeriod: Duration.days(7) });
 * topic.addSubscription(new SqsSubscription(queue));
 */
export class ResilientQueue extends sqs.QueueBase {
  /**
   * Put a dead-letter queue and a quarantine queue beside a queue that exists already; the queue is not replaced.
   * The redrive policy of a queue construct is set; of an imported queue, what could not be checked or set is named
   * in a warning.
   *
   * @example
   * const orders = ResilientQueue.wrap(this, 'Orders', { queue: Queue.fromQueueArn(this, 'Existing', arn) });
   */
  static wrap(scope: Construct, id: string, props: WrappedQueueProps): ResilientQueue {
    return new ResilientQueue(scope, id, props);
  }

  /** Where messages go that failed for good. */
  readonly deadLetterQueue: sqs.IQueue;
  /** Where messages go that never reach the handler. */
  readonly quarantineQueue: sqs.IQueue;
  /** What is known of the queues at synthesis. @internal */
  readonly facts: QueueFacts;
  readonly queueArn: string;
  readonly queueUrl: string;
  readonly queueName: string;
  readonly fifo: boolean;
  readonly encryptionMasterKey?: kms.IKey;
  readonly encryptionType?: sqs.QueueEncryption;
  protected readonly autoCreatePolicy = false;
  private readonly source: sqs.IQueue;
  private derivedVisibilitySeconds = DEFAULT_VISIBILITY_SECONDS;

  constructor(scope: Construct, id: string, props: ResilientQueueProps | WrappedQueueProps = {}) {
    super(scope, id);
    const problems = Problems.at(this, (late) => {
      this.checkVisibility(late);
      this.checkRetention(late);
    });
    const parts: QueueParts =
      'queue' in props ? wrapQueue(this, props, problems) : createQueues(this, props, problems);
    const { queue } = parts;
    this.source = queue;
    this.deadLetterQueue = parts.deadLetterQueue;
    this.quarantineQueue = parts.quarantineQueue;
    this.facts = parts.facts;
    this.queueArn = queue.queueArn;
    this.queueUrl = queue.queueUrl;
    this.queueName = queue.queueName;
    this.fifo = queue.fifo;
    if (queue.encryptionMasterKey !== undefined) this.encryptionMasterKey = queue.encryptionMasterKey;
    if (queue.encryptionType !== undefined) this.encryptionType = queue.encryptionType;
    this.setVisibility();
    const unchecked = uncheckedParts(parts);
    if (unchecked.length > 0) {
      const message = `imported, so not checked: ${unchecked.join('; ')}`;
      Annotations.of(this).addWarningV2('spillway:unchecked', message);
    }
  }

  /** Visibility timeout so far: what was given, or what consumers have asked for. Seconds. @internal */
  visibilitySeconds(): number | undefined {
    const { visibility } = this.facts;
    return visibility === 'derived' ? this.derivedVisibilitySeconds : literal(visibility);
  }

  /** The policy is the source queue's: a queue has but one. */
  override addToResourcePolicy(statement: iam.PolicyStatement): iam.AddToResourcePolicyResult {
    return this.source.addToResourcePolicy(statement);
  }

  /**
   * Let the visibility timeout be at least this long, unless one was given or the queue is imported. The consumer calls
   * it with 6 times its time-out plus its batching window.
   */
  raiseVisibilityTimeout(atLeast: Duration): void {
    this.derivedVisibilitySeconds = Math.max(
      this.derivedVisibilitySeconds,
      Math.ceil(secondsOf(atLeast) ?? DEFAULT_VISIBILITY_SECONDS),
    );
  }

  private setVisibility(): void {
    const resource = cfnQueueOf(this.source);
    const { visibility, wrapped } = this.facts;
    if (resource === undefined || (wrapped && visibility !== 'derived')) return;
    resource.visibilityTimeout =
      visibility === 'derived'
        ? Lazy.number({ produce: () => this.derivedVisibilitySeconds })
        : visibility.value;
  }

  private checkVisibility(problems: Problems): void {
    const retention = literal(this.facts.retention);
    const visibility = this.visibilitySeconds();
    if (retention === undefined || visibility === undefined || visibility < retention) return;
    const derived = "visibilityTimeout, 6 times the consumer's time-out plus its batching window,";
    problems.add(
      this.facts.visibility === 'derived' ? derived : 'visibilityTimeout',
      `must be shorter than the retention of ${format(retention)} seconds`,
      visibility,
      'SQS would delete a message that a crash has hidden before it comes back',
    );
  }

  private checkRetention(problems: Problems): void {
    const source = literal(this.facts.retention);
    const deadLetter = literal(this.facts.deadLetterRetention);
    if (source === undefined || deadLetter === undefined) return;
    if (deadLetter > source || (this.fifo && deadLetter === source)) return;
    const length = `${format(source)} seconds`;
    problems.add(
      'deadLetterRetentionPeriod',
      this.fifo ? `must be at least the source's ${length}` : `must be longer than the source's ${length}`,
      deadLetter,
      'a message that SQS moves to a standard dead-letter queue keeps the time at which it entered the source, so it would be deleted on arrival',
    );
  }
}
