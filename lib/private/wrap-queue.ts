import { Annotations, Stack, Token } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { DEFAULTS } from '../../lambdas/core/settings.ts';
import type { WrappedQueueProps } from '../resilient-queue-props.ts';
import { MAX_RECEIVE_COUNT_RULE } from './create-queues.ts';
import type { Problems } from './problems.ts';
import {
  cfnQueueOf,
  DEFAULT_RETENTION_SECONDS,
  known,
  MAX_RETENTION_SECONDS,
  nameOf,
  type QueueFacts,
  type Reading,
  retentionOf,
  said,
} from './queue-facts.ts';
import {
  acknowledgeEndStation,
  allowRedriveFrom,
  arnFromName,
  type CommonQueueProps,
  createKey,
  createQuarantine,
  createQueue,
  type QueueParts,
  queueNames,
} from './queue-parts.ts';

/** What to do instead of giving a queue two consumers. */
export const FAN_OUT =
  'to have messages handled twice, fan out by SNS or EventBridge to a queue for each consumer';

/** Path of the construct that wraps a queue. */
const wrapperOf = new WeakMap<sqs.IQueue, string>();

/** Put a dead-letter queue and a quarantine queue beside a queue that exists already. */
export function wrapQueue(scope: Construct, props: WrappedQueueProps, problems: Problems): QueueParts {
  const { queue } = props;
  problems.integer('maxReceiveCount', props.maxReceiveCount, { min: 2, max: 1_000 }, MAX_RECEIVE_COUNT_RULE);
  const other = wrapperOf.get(queue);
  if (other !== undefined) {
    const because = `a queue has one dead-letter queue, and one consumer: ${FAN_OUT}`;
    problems.add('queue', 'must be wrapped only once', other, because);
  }
  wrapperOf.set(queue, scope.node.path);
  const common = commonProps(scope, props);
  const names = queueNames(scope, queue.fifo);
  const deadLetterQueue = props.deadLetterQueue ?? namedDeadLetterQueue(queue) ?? createDeadLetterQueue();
  const quarantineQueue =
    props.quarantineQueue ??
    createQuarantine(
      scope,
      { name: names.quarantine, retentionSeconds: seconds(props.quarantineRetentionPeriod) },
      common,
    ).queue;
  for (const [property, companion] of Object.entries({ deadLetterQueue, quarantineQueue })) {
    if (companion.fifo === queue.fifo || isOpaque(companion) || isOpaque(queue)) continue;
    problems.add(property, fifoRule(queue.fifo), companion.fifo ? 'FIFO' : 'standard', FIFO_REASON);
  }
  return { queue, deadLetterQueue, quarantineQueue, facts: facts() };

  function createDeadLetterQueue(): sqs.IQueue {
    const retentionSeconds = seconds(props.deadLetterRetentionPeriod);
    const created = createQueue(
      scope,
      'DeadLetterQueue',
      { name: names.deadLetter, retentionSeconds },
      common,
    );
    const sourceArn = literalArn(scope, queue);
    if (sourceArn !== undefined) allowRedriveFrom(created, sourceArn);
    else warnOfOpenRedrive(scope, queue, created.queue);
    acknowledgeEndStation(created.queue, `the dead-letter queue of ${queue.node.path}`);
    return created.queue;
  }

  function facts(): QueueFacts {
    return {
      name: nameOf(queue),
      deadLetterName: nameOf(deadLetterQueue),
      quarantineName: nameOf(quarantineQueue),
      retention: retentionOf(queue, props.retentionPeriod, DEFAULT_RETENTION_SECONDS),
      deadLetterRetention: retentionOf(
        deadLetterQueue,
        props.deadLetterRetentionPeriod,
        MAX_RETENTION_SECONDS,
      ),
      quarantineRetention: retentionOf(
        quarantineQueue,
        props.quarantineRetentionPeriod,
        MAX_RETENTION_SECONDS,
      ),
      maxReceiveCount: redrive(scope, queue, deadLetterQueue, props.maxReceiveCount),
      visibility: visibility(queue, props),
      wrapped: true,
    };
  }
}

/** What could not be looked into since a queue is imported. */
export function uncheckedParts({ queue, deadLetterQueue, quarantineQueue, facts }: QueueParts): string[] {
  const unchecked: string[] = [];
  if (facts.retention.assumed || facts.deadLetterRetention.assumed) {
    unchecked.push("the dead-letter queue's retention against the source's");
  }
  const keyUnknown = [queue, deadLetterQueue, quarantineQueue].filter(
    (part) => cfnQueueOf(part) === undefined && part.encryptionMasterKey === undefined,
  );
  if (keyUnknown.length > 0) {
    unchecked.push(
      `the encryption key of ${pathsOf(keyUnknown)} (if it is one of KMS, import the queue by ` +
        'fromQueueAttributes({ keyArn }): the function would lack kms:Decrypt and kms:GenerateDataKey)',
    );
  }
  const targets = keyUnknown.filter((part) => part !== queue);
  if (targets.length > 0) {
    unchecked.push(`the MaximumMessageSize of ${pathsOf(targets)} against the source's`);
  }
  return unchecked;
}

function pathsOf(queues: readonly sqs.IQueue[]): string {
  return queues.map(({ node }) => node.path).join(', ');
}

function warnOfOpenRedrive(scope: Construct, queue: sqs.IQueue, deadLetterQueue: sqs.IQueue): void {
  Annotations.of(scope).addWarningV2(
    'spillway:redriveAllowNotSet',
    `${deadLetterQueue.node.path} takes redrives from every queue of the account: the name of ${queue.node.path} is ` +
      'not known at synthesis, and its ARN would close a circle with its redrive policy. Giving it a name would ' +
      'replace it',
  );
}

const FIFO_REASON = "SQS moves a FIFO queue's messages to FIFO queues only, and standard to standard";
const fifoRule = (fifo: boolean): string =>
  fifo ? 'must be a FIFO queue like its source' : 'must be a standard queue like its source';

/** Whether the queue is imported by a token, so that not even its kind is known. */
function isOpaque(queue: sqs.IQueue): boolean {
  return cfnQueueOf(queue) === undefined && Token.isUnresolved(queue.queueArn);
}

function seconds(value: WrappedQueueProps['retentionPeriod']): number {
  return said(value, MAX_RETENTION_SECONDS).value;
}

function namedDeadLetterQueue(queue: sqs.IQueue): sqs.IQueue | undefined {
  return queue instanceof sqs.Queue ? queue.deadLetterQueue?.queue : undefined;
}

/** ARN of the source if using it makes no reference, which would close a circle with its redrive policy. */
function literalArn(scope: Construct, queue: sqs.IQueue): string | undefined {
  const resource = cfnQueueOf(queue);
  if (resource === undefined) return queue.queueArn;
  const name = nameOf(queue);
  return name === resource.queueName ? arnFromName(scope, name) : undefined;
}

/** Point the source's redrive policy to the dead-letter queue, if that can be done from here. */
function redrive(
  scope: Construct,
  queue: sqs.IQueue,
  deadLetterQueue: sqs.IQueue,
  maxReceiveCount: number | undefined,
): Reading {
  const wanted = maxReceiveCount ?? DEFAULTS.maxReceiveCount;
  const resource = cfnQueueOf(queue);
  if (resource !== undefined && Stack.of(resource) === Stack.of(scope)) {
    resource.redrivePolicy = { deadLetterTargetArn: deadLetterQueue.queueArn, maxReceiveCount: wanted };
    return known(wanted);
  }
  Annotations.of(scope).addWarningV2(
    'spillway:redriveNotSet',
    `the redrive policy of ${queue.node.path} is not this stack's to set: let it name ${deadLetterQueue.node.path} ` +
      `with a maxReceiveCount of ${wanted}`,
  );
  return maxReceiveCount === undefined ? { value: wanted, assumed: true } : known(maxReceiveCount);
}

function visibility(queue: sqs.IQueue, props: WrappedQueueProps): QueueFacts['visibility'] {
  const resource = cfnQueueOf(queue);
  if (resource === undefined) return said(props.visibilityTimeout, 0);
  return resource.visibilityTimeout === undefined ? 'derived' : known(resource.visibilityTimeout);
}

function commonProps(scope: Construct, props: WrappedQueueProps): CommonQueueProps {
  const { dataKeyReuse, removalPolicy } = props;
  const given = props.encryptionMasterKey ?? props.queue.encryptionMasterKey;
  const createsQueues = props.deadLetterQueue === undefined || props.quarantineQueue === undefined;
  const encryption =
    given === undefined ? (props.encryption ?? QueueEncryption.SQS_MANAGED) : QueueEncryption.KMS;
  const key =
    given ??
    (createsQueues && encryption === QueueEncryption.KMS ? createKey(scope, removalPolicy) : undefined);
  return {
    fifo: props.queue.fifo,
    encryption,
    ...(key !== undefined && { encryptionMasterKey: key }),
    ...(dataKeyReuse !== undefined && { dataKeyReuse }),
    ...(removalPolicy !== undefined && { removalPolicy }),
  };
}
