import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { ControlQueue } from '../core/control-notices.ts';
import type { ControlMessage } from '../core/intake/settings.ts';

/** The queue of the intake controller in SQS. */
export function sqsControlQueue(client: SQSClient, url: string): ControlQueue {
  return {
    async tell(key) {
      const message: ControlMessage = { kind: 'circuit-changed', key };
      await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(message) }));
    },
  };
}
