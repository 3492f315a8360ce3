import { SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { isObject } from '../../local/json.ts';
import {
  functionResource,
  mappingResource,
  queueResource,
  type RunningStack,
  run,
  take,
  until,
} from './fixture.ts';

/** Writes down each batch; a body is JSON that says what to do with the message or the batch. */
const HANDLER = `
exports.handler = async (event) => {
  const records = event.Records;
  const orders = records.map((record) => JSON.parse(record.body));
  console.log(JSON.stringify({ at: 'start', ids: orders.map((order) => order.id) }));
  const slow = Math.max(...orders.map((order) => order.ms ?? 0));
  if (slow > 0) await new Promise((resolve) => setTimeout(resolve, slow));
  console.log(JSON.stringify({ at: 'end', ids: orders.map((order) => order.id) }));
  if (orders.some((order) => order.dump)) console.log(JSON.stringify({ event }));
  if (orders.some((order) => order.throws)) throw new Error('refused');
  const answer = orders.find((order) => order.answer !== undefined);
  if (answer) return answer.answer;
  const failed = records.filter((_, index) => orders[index].fails);
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};`;

function start(
  mapping: Record<string, unknown> = {},
  queue: Record<string, unknown> = {},
): Promise<RunningStack> {
  const resources = {
    Queue: queueResource({
      VisibilityTimeout: 1,
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dlq', 'Arn'] }, maxReceiveCount: 1 },
      ...queue,
    }),
    Dlq: queueResource(),
    Fn: functionResource('main', { MemorySize: 256 }),
    Mapping: mappingResource('Queue', 'Fn', mapping),
  };
  return run({ App: { resources } }, { main: { 'index.js': HANDLER } });
}

/** Put several messages in at once, so that one receive finds them all. */
async function sendAll(
  { stack, sqs }: RunningStack,
  orders: readonly Record<string, unknown>[],
): Promise<void> {
  for (let index = 0; index < orders.length; index += 10) {
    const entries = orders.slice(index, index + 10);
    await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: stack.queue('Queue').url,
        Entries: entries.map((order, item) => ({ Id: String(item), MessageBody: JSON.stringify(order) })),
      }),
    );
  }
}

/** Send while the mapping is off, then switch it on: the batches are then known. */
async function preload(running: RunningStack, orders: readonly Record<string, unknown>[]): Promise<void> {
  await sendAll(running, orders);
  running.stack.mappings[0]?.update({ enabled: true });
}

function batches({ events }: RunningStack, at = 'start'): unknown[][] {
  return events().flatMap((event) =>
    isObject(event) && event.at === at && Array.isArray(event.ids) ? [event.ids] : [],
  );
}

async function deadIds({ stack }: RunningStack): Promise<unknown[]> {
  const bodies = (await stack.queue('Dlq').messages()).map(({ body }) => JSON.parse(body));
  return bodies.map(({ id }) => id).sort();
}

describe('the event', () => {
  it('has the shape that Lambda gives it', async () => {
    const running = await start();
    const { stack, sqs, events } = running;
    const { MessageId, MD5OfMessageBody, MD5OfMessageAttributes } = await sqs.send(
      new SendMessageCommand({
        QueueUrl: stack.queue('Queue').url,
        MessageBody: '{"dump":true}',
        MessageAttributes: {
          Text: { DataType: 'String', StringValue: 'ü' },
          Count: { DataType: 'Number.int', StringValue: '3' },
          Raw: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255]) },
        },
      }),
    );
    await stack.whenIdle({ timeoutMs: 5000 });
    const none = { stringListValues: [], binaryListValues: [] };
    expect(events()).toContainEqual({
      event: {
        Records: [
          {
            messageId: MessageId,
            receiptHandle: expect.any(String),
            body: '{"dump":true}',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: expect.stringMatching(/^\d{13}$/),
              SenderId: expect.any(String),
              ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
            },
            messageAttributes: {
              Text: { ...none, stringValue: 'ü', dataType: 'String' },
              Count: { ...none, stringValue: '3', dataType: 'Number.int' },
              Raw: { ...none, binaryValue: 'AP8=', dataType: 'Binary' },
            },
            md5OfBody: MD5OfMessageBody,
            md5OfMessageAttributes: MD5OfMessageAttributes,
            eventSource: 'aws:sqs',
            eventSourceARN: stack.queue('Queue').arn,
            awsRegion: 'us-east-1',
          },
        ],
      },
    });
  });
});

describe('settlement', () => {
  it('deletes what succeeded and leaves what failed to its visibility timeout and the redrive policy', async () => {
    const running = await start({ Enabled: false });
    await preload(running, [{ id: 1 }, { id: 2, fails: true }, { id: 3 }]);
    await until('the failed one is dead', async () => (await deadIds(running)).length === 1);
    expect(await deadIds(running)).toEqual([2]);
    expect(batches(running)).toEqual([[1, 2, 3]]);
    await running.stack.whenIdle({ timeoutMs: 1000 });
  });

  it.each([
    ['an unknown identifier', { answer: { batchItemFailures: [{ itemIdentifier: 'unknown' }] } }],
    ['a thrown error', { throws: true }],
  ])('leaves the whole batch for %s', async (_what, order) => {
    const running = await start({ Enabled: false });
    await preload(running, [{ id: 1 }, { id: 2, ...order }]);
    await until('both are dead', async () => (await deadIds(running)).length === 2);
  });

  it('deletes the whole batch if failures are not reported and nothing is thrown', async () => {
    const running = await start({ Enabled: false, FunctionResponseTypes: [] });
    await preload(running, [{ id: 1 }, { id: 2, fails: true }]);
    await running.stack.whenIdle({ timeoutMs: 5000 });
    expect(await deadIds(running)).toEqual([]);
  });

  it('keeps the receive count of a message that moved to the dead-letter queue', async () => {
    const running = await start({}, { VisibilityTimeout: 0 });
    await running.send('Queue', '{"id":1,"fails":true}');
    const message = await take(running.sqs, running.stack.queue('Dlq').url);
    expect(message?.Attributes?.ApproximateReceiveCount).toBe('2');
  });
});

describe('batches', () => {
  const orders = (count: number, extra = {}) => Array.from({ length: count }, (_, id) => ({ id, ...extra }));

  it('are no larger than the batch size', async () => {
    const running = await start({ Enabled: false, BatchSize: 4 });
    await preload(running, orders(10));
    await running.stack.whenIdle({ timeoutMs: 5000 });
    expect(
      batches(running)
        .map((ids) => ids.length)
        .sort(),
    ).toEqual([2, 4, 4]);
  });

  it('are gathered over the batching window, beyond one receive', async () => {
    const running = await start({ BatchSize: 100, MaximumBatchingWindowInSeconds: 1 });
    await sendAll(running, orders(15));
    await sendAll(running, orders(10));
    await running.stack.whenIdle({ timeoutMs: 5000 });
    expect(batches(running).map((ids) => ids.length)).toEqual([25]);
  });

  it('go at once when they are full, without waiting for the window to end', async () => {
    const running = await start({ Enabled: false, BatchSize: 20, MaximumBatchingWindowInSeconds: 300 });
    await preload(running, orders(40));
    await running.stack.whenIdle({ timeoutMs: 5000 });
    expect(batches(running).map((ids) => ids.length)).toEqual([20, 20]);
  });

  it.each([
    ['the maximum concurrency', { ScalingConfig: { MaximumConcurrency: 2 } }, 2],
    ['five, where Lambda starts too', {}, 5],
    ['the environments there can be', { ScalingConfig: { MaximumConcurrency: 50 } }, 10],
  ])('are handled at the same time up to %s', async (_what, mapping, expected) => {
    const running = await start({ Enabled: false, BatchSize: 1, ...mapping }, { VisibilityTimeout: 30 });
    await preload(running, orders(12, { ms: 60 }));
    let most = 0;
    await until('all are handled', async () => {
      most = Math.max(most, running.stack.function('Fn').stats().running);
      return batches(running, 'end').length === 12;
    });
    expect(most).toBe(expected);
  });
});

it('goes on after a batch of the handler was killed', async () => {
  const running = await start({}, { RedrivePolicy: undefined });
  await running.send('Queue', '{"id":1,"ms":60000}');
  await until('it runs', () => batches(running).length === 1);
  await running.stack.function('Fn').kill();
  await until('it runs again', () => batches(running).length === 2);
});
