import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { ControlQueue } from '../core/intake/control-queue.ts';

/** The control queue in SQS. */
export function sqsControlQueue(client: SQSClient, url: string): ControlQueue {
  return {
    async send(message, delaySeconds = 0) {
      await client.send(
        new SendMessageCommand({
          QueueUrl: url,
          MessageBody: JSON.stringify(message),
          DelaySeconds: delaySeconds,
        }),
      );
    },
  };
}
