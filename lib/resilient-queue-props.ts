import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as sqs from 'aws-cdk-lib/aws-sqs';

/** Properties of the queues that a {@link ResilientQueue} creates. */
export interface CompanionQueueProps {
  /**
   * Encryption at rest of all queues that are created. `UNENCRYPTED` is refused.
   *
   * @default - QueueEncryption.SQS_MANAGED, or KMS if `encryptionMasterKey` is given
   */
  readonly encryption?: sqs.QueueEncryption;
  /**
   * KMS key of all queues that are created.
   *
   * @default - with `encryption: KMS` one key is created, with rotation; it costs money each month
   */
  readonly encryptionMasterKey?: kms.IKey;
  /**
   * Time for which SQS reuses a data key before it asks KMS again. 1 minute to 24 hours.
   *
   * @default Duration.minutes(5)
   */
  readonly dataKeyReuse?: Duration;
  /**
   * Time for which the dead-letter queue keeps messages. 1 minute to 14 days, and longer than the source: a standard
   * dead-letter queue counts from when the message entered the source, if SQS itself moved it.
   *
   * @default Duration.days(14)
   */
  readonly deadLetterRetentionPeriod?: Duration;
  /**
   * Time for which the quarantine queue keeps messages. 1 minute to 14 days.
   *
   * @default Duration.days(14)
   */
  readonly quarantineRetentionPeriod?: Duration;
  /**
   * What becomes of the queues, and the key if one is created, when their stack is deleted.
   *
   * @default - deleted with the stack, kept where an update would replace them
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** Properties of a {@link ResilientQueue}. */
export interface ResilientQueueProps extends CompanionQueueProps {
  /**
   * Physical name. The dead-letter and quarantine queues get it with `-dlq` and `-quarantine`. At most 80 letters,
   * digits, hyphens and underscores; a FIFO queue's ends with `.fifo`.
   *
   * @default - stack name and construct path, with a hash: known at synthesis, and stable while the path is
   */
  readonly queueName?: string;
  /**
   * First in, first out within a message group.
   *
   * @default - whether `queueName` ends with `.fifo`
   */
  readonly fifo?: boolean;
  /**
   * Time for which a message waits to be handled. 1 minute to 14 days.
   *
   * @default Duration.days(4)
   */
  readonly retentionPeriod?: Duration;
  /**
   * Time for which a received message is hidden. 0 to 12 hours; at least 6 times the consumer's time-out plus its
   * batching window, and shorter than the retention.
   *
   * @default - what the consumer needs, 30 seconds without one
   */
  readonly visibilityTimeout?: Duration;
  /**
   * Delay of every new message. 0 to 15 minutes.
   *
   * @default Duration.seconds(0)
   */
  readonly deliveryDelay?: Duration;
  /**
   * Receives before SQS itself moves a message to the dead-letter queue. 2 to 1,000.
   *
   * @default 1000 - a backstop: the attempt budget is the consumer's
   */
  readonly maxReceiveCount?: number;
  /**
   * Let SQS deduplicate what producers send without an id by a hash of the body. FIFO only; nothing in this library
   * relies on it.
   *
   * @default false
   */
  readonly contentBasedDeduplication?: boolean;
  /**
   * Whether deduplication ids hold for the queue or for each message group. FIFO only.
   *
   * @default - for the queue
   */
  readonly deduplicationScope?: sqs.DeduplicationScope;
  /**
   * Whether the throughput quota holds for the queue or for each message group. High throughput takes
   * `PER_MESSAGE_GROUP_ID` with `DeduplicationScope.MESSAGE_GROUP`. FIFO only.
   *
   * @default - for the queue
   */
  readonly fifoThroughputLimit?: sqs.FifoThroughputLimit;
}

/** Properties of a {@link ResilientQueue} around a queue that exists already. */
export interface WrappedQueueProps extends CompanionQueueProps {
  /** The queue: a construct of this app, or an imported one. It is not replaced. */
  readonly queue: sqs.IQueue;
  /**
   * Its dead-letter queue.
   *
   * @default - the one its redrive policy names; a new one if there is none
   */
  readonly deadLetterQueue?: sqs.IQueue;
  /**
   * Its quarantine queue.
   *
   * @default - a new one
   */
  readonly quarantineQueue?: sqs.IQueue;
  /**
   * Receives before SQS itself moves a message to the dead-letter queue. 2 to 1,000. A queue construct's redrive
   * policy is set to it; of an imported queue it is taken as what holds.
   *
   * @default 1000
   */
  readonly maxReceiveCount?: number;
  /**
   * Retention of an imported queue. A queue construct's own is used.
   *
   * @default - 4 days are assumed, with a warning
   */
  readonly retentionPeriod?: Duration;
  /**
   * Visibility timeout of an imported queue. A queue construct's own is used, and raised if it has none.
   *
   * @default - not checked, with a warning
   */
  readonly visibilityTimeout?: Duration;
}
