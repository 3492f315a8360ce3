import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { isObject } from '../../local/json.ts';
import { functionResource, mappingResource, queueResource, type RunningStack, run, take } from './fixture.ts';

const HANDLER = `
exports.handler = async ({ Records }) => {
  console.log(JSON.stringify({ batch: Records.map(({ body }) => body) }));
  const first = Records.findIndex(({ body, attributes }) => body.endsWith('!') && attributes.ApproximateReceiveCount === '1');
  const failed = first < 0 ? [] : Records.slice(first);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};`;

function start(enabled: boolean, visibilitySeconds = 1): Promise<RunningStack> {
  const resources = {
    Queue: queueResource({
      FifoQueue: true,
      VisibilityTimeout: visibilitySeconds,
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dlq', 'Arn'] }, maxReceiveCount: 2 },
    }),
    Dlq: queueResource({ FifoQueue: true }),
    Fn: functionResource('main'),
    Mapping: mappingResource('Queue', 'Fn', { Enabled: enabled }),
  };
  return run({ App: { resources } }, { main: { 'index.js': HANDLER } });
}

async function fill({ send }: RunningStack, ...bodies: string[]): Promise<void> {
  for (const body of bodies) await send('Queue', body, { groupId: body.slice(0, 1) });
}

async function receive({ sqs, stack }: RunningStack, max = 10) {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: stack.queue('Queue').url,
      MaxNumberOfMessages: max,
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages;
}

const bodies = (messages: readonly Message[]): (string | undefined)[] => messages.map(({ Body }) => Body);

it('hands out as many messages of one group as possible, in order, and then of the next', async () => {
  const running = await start(false);
  expect(running.stack.queue('Queue').url).toMatch(/App-Queue\.fifo$/);
  await fill(running, 'a1', 'b1', 'a2', 'b2', 'a3');
  expect(bodies(await receive(running, 4))).toEqual(['a1', 'a2', 'a3', 'b1']);
});

it('holds a group back while one of its messages is in flight', async () => {
  const running = await start(false, 30);
  await fill(running, 'a1', 'a2', 'a3', 'b1');
  const [first, second] = await receive(running, 2);
  expect(bodies(await receive(running))).toEqual(['b1']);
  const QueueUrl = running.stack.queue('Queue').url;
  await running.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
  expect(await receive(running)).toEqual([]);
  await running.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: second?.ReceiptHandle }));
  expect(bodies(await receive(running))).toEqual(['a3']);
});

it('gives messages back in their order, whatever the order in which they were given up', async () => {
  const running = await start(false, 30);
  await fill(running, 'a1', 'a2', 'a3');
  for (const { ReceiptHandle } of await receive(running)) {
    const QueueUrl = running.stack.queue('Queue').url;
    await running.sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
    );
  }
  const again = await receive(running);
  expect(bodies(again)).toEqual(['a1', 'a2', 'a3']);
  expect(again.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(['2', '2', '2']);
});

it('moves a message to the dead-letter queue and goes on with its group', async () => {
  const running = await start(false, 0);
  await fill(running, 'a1', 'a2');
  await receive(running, 1);
  await receive(running, 1);
  expect(bodies(await receive(running, 1))).toEqual(['a2']);
  const dead = await take(running.sqs, running.stack.queue('Dlq').url);
  expect(dead).toMatchObject({
    Body: 'a1',
    Attributes: { MessageGroupId: 'a', ApproximateReceiveCount: '3' },
  });
});

it('gives a function batches of a group, in order, also after a failure', async () => {
  const running = await start(false);
  await fill(running, 'a1', 'a2!', 'a3', 'b1', 'a4');
  running.stack.mappings[0]?.update({ enabled: true });
  await running.stack.whenIdle({ timeoutMs: 8000 });
  const batches = running.events().map((event) => (isObject(event) ? event.batch : undefined));
  // everything from the failed message on comes again, the other group included, since it followed in the batch
  expect(batches).toEqual([
    ['a1', 'a2!', 'a3', 'a4', 'b1'],
    ['a2!', 'a3', 'a4', 'b1'],
  ]);
});
