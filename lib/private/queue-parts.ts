import { CfnDeletionPolicy, type Duration, type RemovalPolicy, Stack, Token, Validations } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { deterministicName, MAX_QUEUE_NAME } from './names.ts';
import type { QueueFacts } from './queue-facts.ts';

const DEAD_LETTER_SUFFIX = '-dlq';
const QUARANTINE_SUFFIX = '-quarantine';
const FIFO_SUFFIX = '.fifo';

/** The three queues of one construct, and what is known of them. */
export interface QueueParts {
  readonly queue: sqs.IQueue;
  readonly deadLetterQueue: sqs.IQueue;
  readonly quarantineQueue: sqs.IQueue;
  readonly facts: QueueFacts;
}

/** Names of a queue and its two companions; all three are known at synthesis. */
export interface QueueNames {
  readonly source: string;
  readonly deadLetter: string;
  readonly quarantine: string;
}

/** Names derived from the construct's path, or from the name that was given. */
export function queueNames(scope: Construct, fifo: boolean, given?: string): QueueNames {
  const fifoSuffix = fifo ? FIFO_SUFFIX : '';
  const room = MAX_QUEUE_NAME - QUARANTINE_SUFFIX.length - fifoSuffix.length;
  const base = given?.replace(/\.fifo$/, '') ?? deterministicName(scope, room);
  const stem = Token.isUnresolved(base) || base.length > room ? deterministicName(scope, room) : base;
  return {
    source: `${base}${fifoSuffix}`,
    deadLetter: `${stem}${DEAD_LETTER_SUFFIX}${fifoSuffix}`,
    quarantine: `${stem}${QUARANTINE_SUFFIX}${fifoSuffix}`,
  };
}

/** What the queues of one construct have in common. */
export interface CommonQueueProps {
  readonly fifo: boolean;
  readonly encryption: sqs.QueueEncryption;
  readonly encryptionMasterKey?: kms.IKey;
  readonly dataKeyReuse?: Duration;
  readonly deduplicationScope?: sqs.DeduplicationScope;
  readonly fifoThroughputLimit?: sqs.FifoThroughputLimit;
  readonly removalPolicy?: RemovalPolicy;
}

/** A queue with its resource, for what the L2 construct refuses one problem at a time. */
export interface CreatedQueue {
  readonly queue: sqs.Queue;
  readonly resource: sqs.CfnQueue;
}

/**
 * One queue: TLS only, encrypted, retention in seconds (or a token). Unless a removal policy says otherwise it goes
 * with its stack, but stays with its messages where an update would replace it.
 */
export function createQueue(
  scope: Construct,
  id: string,
  settings: { readonly name: string; readonly retentionSeconds: number },
  common: CommonQueueProps,
): CreatedQueue {
  const { fifo, encryption, encryptionMasterKey, dataKeyReuse, removalPolicy } = common;
  const queue = new sqs.Queue(scope, id, {
    queueName: settings.name,
    encryption,
    enforceSSL: true,
    ...(fifo && { fifo }),
    ...(encryptionMasterKey !== undefined && { encryptionMasterKey }),
    ...(dataKeyReuse !== undefined && { dataKeyReuse }),
    ...(removalPolicy !== undefined && { removalPolicy }),
  });
  const resource = queue.node.defaultChild;
  if (!(resource instanceof sqs.CfnQueue)) throw new Error(`${queue.node.path} has no AWS::SQS::Queue`);
  resource.messageRetentionPeriod = settings.retentionSeconds;
  if (common.deduplicationScope !== undefined) resource.deduplicationScope = common.deduplicationScope;
  if (common.fifoThroughputLimit !== undefined) resource.fifoThroughputLimit = common.fifoThroughputLimit;
  if (removalPolicy === undefined) resource.cfnOptions.updateReplacePolicy = CfnDeletionPolicy.RETAIN;
  return { queue, resource };
}

/** One key for all queues of the construct, where KMS is asked for without one. */
export function createKey(scope: Construct, removalPolicy: RemovalPolicy | undefined): kms.Key {
  return new kms.Key(scope, 'Key', {
    description: `Encrypts the queues of ${scope.node.path}`,
    enableKeyRotation: true,
    ...(removalPolicy !== undefined && { removalPolicy }),
  });
}

/** ARN of a queue of this stack's account and region, from its name: no reference, hence no circle. */
export function arnFromName(scope: Construct, name: string): string {
  return Stack.of(scope).formatArn({ service: 'sqs', resource: name });
}

/** Let only the source use its dead-letter queue. */
export function allowRedriveFrom(deadLetterQueue: CreatedQueue, sourceArn: string): void {
  deadLetterQueue.resource.redriveAllowPolicy = {
    redrivePermission: 'byQueue',
    sourceQueueArns: [sourceArn],
  };
}

/** Create the quarantine queue. Nothing redrives into it: only the runtime puts messages there. */
export function createQuarantine(
  scope: Construct,
  settings: { readonly name: string; readonly retentionSeconds: number },
  common: CommonQueueProps,
): CreatedQueue {
  const created = createQueue(scope, 'QuarantineQueue', settings, common);
  created.resource.redriveAllowPolicy = { redrivePermission: 'denyAll' };
  acknowledgeEndStation(
    created.queue,
    'the quarantine queue is an end station: people empty it, no consumer does',
  );
  return created;
}

/** Tell cdk-nag, where somebody uses it, that a queue needs no dead-letter queue of its own. */
export function acknowledgeEndStation(queue: sqs.Queue, reason: string): void {
  Validations.of(queue).acknowledge({ id: 'AwsSolutions-SQS3', reason });
}
