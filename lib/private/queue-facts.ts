import { type Duration, Token } from 'aws-cdk-lib';
import { CfnQueue, type IQueue } from 'aws-cdk-lib/aws-sqs';

/** Retention of a queue that says nothing. Seconds; source: CreateQueue in the SQS API reference. */
export const DEFAULT_RETENTION_SECONDS = 345_600;
/** Longest retention. Seconds. */
export const MAX_RETENTION_SECONDS = 1_209_600;
/** Visibility timeout of a queue that says nothing. Seconds. */
export const DEFAULT_VISIBILITY_SECONDS = 30;

/** A number about a queue: a literal, a token, or an assumption about a queue that cannot be looked into. */
export interface Reading {
  readonly value: number;
  /** Whether the value was assumed, since the queue is imported and nobody said it. */
  readonly assumed: boolean;
}

/** The value if checks can be made against it. */
export function literal(reading: Reading): number | undefined {
  return reading.assumed || Token.isUnresolved(reading.value) ? undefined : reading.value;
}

/** A value that is known to the app. */
export function known(value: number): Reading {
  return { value, assumed: false };
}

/** What was said about an imported queue, or else an assumption. */
export function said(value: Duration | undefined, otherwise: number): Reading {
  if (value === undefined) return { value: otherwise, assumed: true };
  return known(
    value.isUnresolved() ? Token.asNumber(value.toSeconds()) : value.toSeconds({ integral: false }),
  );
}

/** The CloudFormation resource of a queue that is defined in this app; undefined for an imported one. */
export function cfnQueueOf(queue: IQueue): CfnQueue | undefined {
  const child = queue.node.defaultChild;
  return child instanceof CfnQueue ? child : undefined;
}

/** Message retention of any queue. Seconds. */
export function retentionOf(queue: IQueue, stated: Duration | undefined, assumption: number): Reading {
  const resource = cfnQueueOf(queue);
  if (resource === undefined) return said(stated, assumption);
  return known(resource.messageRetentionPeriod ?? DEFAULT_RETENTION_SECONDS);
}

/** Name of a queue: the literal where it is known at synthesis, otherwise a token. */
export function nameOf(queue: IQueue): string {
  const name = cfnQueueOf(queue)?.queueName;
  return name !== undefined && !Token.isUnresolved(name) ? name : queue.queueName;
}

/** What checks and settings need to know of a queue and its companions. */
export interface QueueFacts {
  readonly name: string;
  readonly deadLetterName: string;
  readonly quarantineName: string;
  readonly retention: Reading;
  readonly deadLetterRetention: Reading;
  readonly quarantineRetention: Reading;
  readonly maxReceiveCount: Reading;
  /** Visibility timeout that somebody set; `derived` if it follows the consumers. */
  readonly visibility: Reading | 'derived';
  /** Whether the source existed before: then a visibility timeout that is merely short is a warning. */
  readonly wrapped: boolean;
}
