import { Token } from 'aws-cdk-lib';
import { QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { RANGES } from '../../lambdas/core/ranges.ts';
import { DEFAULTS } from '../../lambdas/core/settings.ts';
import type { ResilientQueueProps } from '../resilient-queue-props.ts';
import { MAX_QUEUE_NAME } from './names.ts';
import { millisOf, type Problems, secondsOf } from './problems.ts';
import { DEFAULT_RETENTION_SECONDS, known, MAX_RETENTION_SECONDS } from './queue-facts.ts';
import {
  allowRedriveFrom,
  arnFromName,
  type CommonQueueProps,
  createKey,
  createQuarantine,
  createQueue,
  type QueueParts,
  queueNames,
} from './queue-parts.ts';

const RETENTION = RANGES.retentionSeconds;
const RETENTION_RULE = 'SQS keeps messages from 60 seconds to 14 days';
const FIFO_ONLY = ['contentBasedDeduplication', 'deduplicationScope', 'fifoThroughputLimit'] as const;

/** Create a source queue with its dead-letter queue and its quarantine queue. */
export function createQueues(scope: Construct, props: ResilientQueueProps, problems: Problems): QueueParts {
  checkNumbers(props, problems);
  const fifo = checkFifo(props, problems);
  const common = commonProps(scope, props, fifo, problems);
  const names = queueNames(scope, fifo, usableName(props.queueName, fifo, problems));
  const retention = seconds(props.retentionPeriod, DEFAULT_RETENTION_SECONDS);
  const deadLetterRetention = seconds(props.deadLetterRetentionPeriod, MAX_RETENTION_SECONDS);
  const quarantineRetention = seconds(props.quarantineRetentionPeriod, MAX_RETENTION_SECONDS);
  const maxReceiveCount = props.maxReceiveCount ?? DEFAULTS.maxReceiveCount;

  const source = createQueue(scope, 'Queue', { name: names.source, retentionSeconds: retention }, common);
  const deadLetter = createQueue(
    scope,
    'DeadLetterQueue',
    { name: names.deadLetter, retentionSeconds: deadLetterRetention },
    common,
  );
  const quarantine = createQuarantine(
    scope,
    { name: names.quarantine, retentionSeconds: quarantineRetention },
    common,
  );
  allowRedriveFrom(deadLetter, arnFromName(scope, names.source));
  const { resource } = source;
  resource.redrivePolicy = { deadLetterTargetArn: deadLetter.queue.queueArn, maxReceiveCount };
  if (props.deliveryDelay !== undefined) resource.delaySeconds = seconds(props.deliveryDelay, 0);
  if (fifo && props.contentBasedDeduplication !== undefined) {
    resource.contentBasedDeduplication = props.contentBasedDeduplication;
  }
  return {
    queue: source.queue,
    deadLetterQueue: deadLetter.queue,
    quarantineQueue: quarantine.queue,
    facts: {
      name: names.source,
      deadLetterName: names.deadLetter,
      quarantineName: names.quarantine,
      retention: known(retention),
      deadLetterRetention: known(deadLetterRetention),
      quarantineRetention: known(quarantineRetention),
      maxReceiveCount: known(maxReceiveCount),
      visibility:
        props.visibilityTimeout === undefined ? 'derived' : known(seconds(props.visibilityTimeout, 0)),
      wrapped: false,
    },
  };
}

function seconds(value: ResilientQueueProps['retentionPeriod'], otherwise: number): number {
  if (value === undefined) return otherwise;
  return secondsOf(value) ?? value.toSeconds();
}

function checkNumbers(props: ResilientQueueProps, problems: Problems): void {
  problems.seconds('retentionPeriod', props.retentionPeriod, RETENTION, RETENTION_RULE);
  problems.seconds('deadLetterRetentionPeriod', props.deadLetterRetentionPeriod, RETENTION, RETENTION_RULE);
  problems.seconds('quarantineRetentionPeriod', props.quarantineRetentionPeriod, RETENTION, RETENTION_RULE);
  problems.seconds(
    'visibilityTimeout',
    props.visibilityTimeout,
    RANGES.visibilitySeconds,
    'SQS hides a message for at most 12 hours',
  );
  problems.seconds(
    'deliveryDelay',
    props.deliveryDelay,
    RANGES.deliveryDelaySeconds,
    'SQS delays a message by at most 15 minutes',
  );
  problems.integer('maxReceiveCount', props.maxReceiveCount, RANGES.maxReceiveCount, MAX_RECEIVE_COUNT_RULE);
  if (millisOf(props.dataKeyReuse) !== undefined) {
    const because = 'SQS reuses a data key for 1 minute to 24 hours';
    problems.seconds('dataKeyReuse', props.dataKeyReuse, { min: 60, max: 86_400 }, because);
  }
}

/** Why 1 is refused although SQS takes it. */
export const MAX_RECEIVE_COUNT_RULE =
  'SQS redrives after 1,000 receives at the latest, and a receive can be counted though nothing was delivered, so 1 loses healthy messages';

function checkFifo(props: ResilientQueueProps, problems: Problems): boolean {
  const { queueName } = props;
  const literalName = queueName !== undefined && !Token.isUnresolved(queueName) ? queueName : undefined;
  const fifo = props.fifo ?? literalName?.endsWith('.fifo') ?? false;
  if (literalName !== undefined && literalName.endsWith('.fifo') !== fifo) {
    const rule = fifo ? "must end with '.fifo'" : "must not end with '.fifo'";
    problems.add('queueName', rule, literalName, "SQS tells a FIFO queue by its name's ending");
  }
  for (const property of FIFO_ONLY) {
    if (fifo || props[property] === undefined || props[property] === false) continue;
    problems.add(property, 'must be left out', props[property], 'only FIFO queues have it');
  }
  const { deduplicationScope, fifoThroughputLimit } = props;
  if (fifo && fifoThroughputLimit === 'perMessageGroupId' && deduplicationScope !== 'messageGroup') {
    const because = 'SQS counts throughput by message group only where it deduplicates by message group';
    problems.add('deduplicationScope', "must be 'messageGroup'", deduplicationScope, because);
  }
  return fifo;
}

function usableName(name: string | undefined, fifo: boolean, problems: Problems): string | undefined {
  if (name === undefined) return undefined;
  if (Token.isUnresolved(name)) {
    if (!fifo) return name;
    problems.add(
      'queueName',
      'must be known at synthesis',
      name,
      "a FIFO queue's name has to end with '.fifo'",
    );
    return undefined;
  }
  const stem = name.replace(/\.fifo$/, '');
  if (/^[A-Za-z0-9_-]+$/.test(stem) && name.length <= MAX_QUEUE_NAME) return name;
  const rule = `must be 1 to ${MAX_QUEUE_NAME} letters, digits, hyphens or underscores`;
  problems.add('queueName', rule, name, 'SQS accepts no other names');
  return undefined;
}

function commonProps(
  scope: Construct,
  props: ResilientQueueProps,
  fifo: boolean,
  problems: Problems,
): CommonQueueProps {
  const { encryptionMasterKey, dataKeyReuse, removalPolicy, deduplicationScope, fifoThroughputLimit } = props;
  const asked =
    props.encryption ??
    (encryptionMasterKey === undefined ? QueueEncryption.SQS_MANAGED : QueueEncryption.KMS);
  let encryption = asked;
  if (asked === QueueEncryption.UNENCRYPTED) {
    problems.add(
      'encryption',
      'must not be switched off',
      asked,
      'SQS encrypts with its own keys free of charge',
    );
    encryption = QueueEncryption.SQS_MANAGED;
  }
  if (encryptionMasterKey !== undefined && asked !== QueueEncryption.KMS) {
    problems.add('encryption', "must be 'KMS' with encryptionMasterKey", asked, 'SQS uses a key of one kind');
    encryption = QueueEncryption.KMS;
  }
  const key =
    encryptionMasterKey ?? (encryption === QueueEncryption.KMS ? createKey(scope, removalPolicy) : undefined);
  return {
    fifo,
    encryption,
    ...(key !== undefined && { encryptionMasterKey: key }),
    ...(dataKeyReuse !== undefined && { dataKeyReuse }),
    ...(removalPolicy !== undefined && { removalPolicy }),
    ...(fifo && deduplicationScope !== undefined && { deduplicationScope }),
    ...(fifo && fifoThroughputLimit !== undefined && { fifoThroughputLimit }),
  };
}
