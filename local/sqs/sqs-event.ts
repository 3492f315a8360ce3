import type { SourceMessage } from './queue-source.ts';

/** One record of the event that Lambda hands to a function for an SQS message. */
export interface SqsEventRecord extends SourceMessage {
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

/** The event of an SQS batch, as Lambda shapes it. */
export function sqsEvent(
  messages: readonly SourceMessage[],
  queueArn: string,
  region: string,
): { Records: SqsEventRecord[] } {
  return {
    Records: messages.map((message) => ({
      ...message,
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion: region,
    })),
  };
}
