import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { MAX_RETENTION_SECONDS } from './queue-facts.ts';
import { allowRedriveFrom, arnFromName, createQueue, queueNames } from './queue-parts.ts';

/** Hints that are older are worth nothing: by then the schedule has looked 60 times. Seconds. */
const RETENTION_SECONDS = 3_600;
/** Throttles and API errors use up receives, too; whatever fails that often fails always. */
const MAX_RECEIVE_COUNT = 10;

/** The queue that tells a controller of changes, and its dead-letter queue. */
export interface ControlQueues {
  readonly queue: sqs.IQueue;
  readonly deadLetterQueue: sqs.IQueue;
}

/**
 * Create the control queue of a function with that time-out. Its visibility timeout is the time-out, the least that
 * Lambda takes: a hint that failed comes back soon, and one that comes twice does no harm. Both queues go with the
 * stack, since nothing of value is in them.
 */
export function createControlQueue(scope: Construct, timeout: Duration): ControlQueues {
  const common = {
    fifo: false,
    encryption: QueueEncryption.SQS_MANAGED,
    removalPolicy: RemovalPolicy.DESTROY,
  };
  const names = queueNames(scope, false);
  const control = createQueue(
    scope,
    'ControlQueue',
    { name: names.source, retentionSeconds: RETENTION_SECONDS },
    common,
  );
  const deadLetter = createQueue(
    scope,
    'ControlDeadLetterQueue',
    { name: names.deadLetter, retentionSeconds: MAX_RETENTION_SECONDS },
    common,
  );
  allowRedriveFrom(deadLetter, arnFromName(scope, names.source));
  const { resource } = control;
  resource.visibilityTimeout = timeout.toSeconds();
  resource.redrivePolicy = {
    deadLetterTargetArn: deadLetter.queue.queueArn,
    maxReceiveCount: MAX_RECEIVE_COUNT,
  };
  return { queue: control.queue, deadLetterQueue: deadLetter.queue };
}
