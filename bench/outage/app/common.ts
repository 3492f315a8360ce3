import { CfnOutput, Duration, type Stack } from 'aws-cdk-lib';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { COMMON, callTimeoutMs } from '../contenders.ts';

/** What every contender's stack is told. */
export interface BenchProps {
  /** How many times faster than in production everything goes. */
  readonly scale: number;
  /** Address of the dependency. */
  readonly trackerUrl: string;
}

/** Function properties that are the same for all. */
export function functionProps({ scale, trackerUrl }: BenchProps): {
  readonly timeout: Duration;
  readonly memorySize: number;
  readonly environment: Record<string, string>;
} {
  return {
    timeout: Duration.seconds(COMMON.functionTimeoutSeconds),
    memorySize: COMMON.memoryMb,
    environment: {
      TRACKER_URL: trackerUrl,
      SCALE: String(scale),
      CALL_TIMEOUT_MS: String(callTimeoutMs(scale)),
    },
  };
}

/** Tell the benchmark where things are. */
export function outputs(
  stack: Stack,
  parts: {
    readonly queue: sqs.IQueue;
    readonly deadLetters: sqs.IQueue;
    readonly consumer: { readonly functionName: string };
  },
): void {
  new CfnOutput(stack, 'QueueUrl', { value: parts.queue.queueUrl });
  new CfnOutput(stack, 'DeadLetterQueueUrl', { value: parts.deadLetters.queueUrl });
  new CfnOutput(stack, 'ConsumerName', { value: parts.consumer.functionName });
}
