import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { functionResource, mappingResource, queueResource, run, until } from './fixture.ts';

const HEADER = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';
const system = { AWSTraceHeader: { DataType: 'String', StringValue: HEADER } };
const HANDLER = `
exports.handler = async ({ Records }) => {
  for (const { body, attributes } of Records) console.log(JSON.stringify({ body, header: attributes.AWSTraceHeader }));
  if (Records.some(({ body }) => body === 'fails')) throw new Error('refused');
};`;

function start(queue: Record<string, unknown> = {}) {
  const redrive = { deadLetterTargetArn: { 'Fn::GetAtt': ['Dlq', 'Arn'] }, maxReceiveCount: 1 };
  const fifo = 'FifoQueue' in queue ? { FifoQueue: true } : {};
  const resources = {
    Queue: queueResource({ VisibilityTimeout: 1, RedrivePolicy: redrive, ...queue }),
    Dlq: queueResource(fifo),
    Bare: queueResource(),
    Fn: functionResource('main', { MemorySize: 256 }),
    Mapping: mappingResource('Queue', 'Fn'),
  };
  return run({ App: { resources } }, { main: { 'index.js': HANDLER } });
}

describe('the trace header of a message', () => {
  it.each([{}, { FifoQueue: true, ContentBasedDeduplication: true }])(
    'reaches the function and survives the redrive (%j)',
    async (queue) => {
      const running = await start(queue);
      const { stack, sqs, events } = running;
      const group = 'FifoQueue' in queue ? { MessageGroupId: 'g' } : {};
      await sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: stack.queue('Queue').url,
          Entries: [{ Id: '0', MessageBody: 'fails', MessageSystemAttributes: system, ...group }],
        }),
      );
      const dlq = stack.queue('Dlq');
      await until('the message is in the dead-letter queue', async () => (await dlq.counts()).visible === 1);
      expect(events()).toContainEqual({ body: 'fails', header: HEADER });
      expect(await dlq.messages()).toMatchObject([{ traceHeader: HEADER }]);
    },
  );

  it('is told to whoever asks for it, and to nobody else', async () => {
    const { stack, sqs } = await start();
    const QueueUrl = stack.queue('Bare').url;
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageSystemAttributes: system }));
    const receive = async (names: ('All' | 'AWSTraceHeader' | 'SentTimestamp')[]) => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0, MessageSystemAttributeNames: names }),
      );
      return Messages[0];
    };
    expect((await receive(['AWSTraceHeader']))?.Attributes).toEqual({ AWSTraceHeader: HEADER });
    expect((await receive(['All']))?.Attributes).toMatchObject({ AWSTraceHeader: HEADER });
    const last = await receive(['SentTimestamp']);
    expect(Object.keys(last?.Attributes ?? {})).toEqual(['SentTimestamp']);
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: last?.ReceiptHandle }));
  });

  it('is absent where nobody gave one', async () => {
    const { stack, sqs } = await start();
    const QueueUrl = stack.queue('Bare').url;
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MessageSystemAttributeNames: ['All'] }),
    );
    expect(Messages[0]?.Attributes).not.toHaveProperty('AWSTraceHeader');
  });
});
