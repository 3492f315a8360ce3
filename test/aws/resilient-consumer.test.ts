import { describe, expect, it } from 'vitest';
import { createProducer } from '../../lambdas/aws/producer.ts';
import { PermanentError } from '../../lambdas/core/errors.ts';
import { consoleLines } from './console-lines.ts';
import { deployConsumer, envelopeOf, orderSchema } from './consumer-harness.ts';
import { itemOf, lambdaEvent, receive, send, useEmulators, useFixedDate } from './emulators.ts';

const emulators = useEmulators();
const date = useFixedDate();
const outage = Object.assign(new Error('canary-error'), { code: 'ECONNREFUSED' });
const body = (order: string): string => JSON.stringify({ order });

describe('a resilient consumer', () => {
  it('handles a message with two writes, reads its circuits once in their cache time, and asks for nothing else', async () => {
    const { url, poll, handled } = await deployConsumer(emulators);
    consoleLines();
    const handleThree = async (...orders: string[]) => {
      for (const order of orders) await send(emulators, url, body(order));
      emulators.requests.reset();
      const { failed } = await poll();
      expect(failed).toEqual([]);
      expect(
        handled
          .splice(0)
          .map(({ order }) => order)
          .sort(),
      ).toEqual(orders);
      // Receiving and deleting is what the event source does.
      expect(emulators.requests.counts('sqs')).toEqual({ ReceiveMessage: 1, DeleteMessageBatch: 1 });
      return emulators.requests.counts('dynamodb');
    };
    expect(await handleThree('1', '2', '3')).toEqual({ BatchGetItem: 1, PutItem: 3, UpdateItem: 3 });
    date.advance(4_999);
    expect(await handleThree('4', '5', '6')).toEqual({ PutItem: 3, UpdateItem: 3 });
    date.advance(1);
    expect(await handleThree('7', '8', '9')).toEqual({ BatchGetItem: 1, PutItem: 3, UpdateItem: 3 });
  });

  it('asks for nothing but its circuits when the handler needs no guard', async () => {
    const natural = { idempotency: 'natural', idempotencyKey: undefined } as const;
    const { url, poll, handled } = await deployConsumer(emulators, natural);
    await send(emulators, url, body('1'));
    consoleLines();
    emulators.requests.reset();
    await poll();
    expect(handled).toHaveLength(1);
    expect(emulators.requests.counts('dynamodb')).toEqual({ BatchGetItem: 1 });
  });

  it('acknowledges duplicates without handling them, within a batch and later', async () => {
    const { url, poll, handled } = await deployConsumer(emulators);
    await send(emulators, url, body('1'));
    await send(emulators, url, body('1'));
    const lines = consoleLines();
    expect((await poll()).failed).toEqual([]);
    await send(emulators, url, body('1'));
    expect((await poll()).failed).toEqual([]);
    expect(handled).toEqual([{ order: '1' }]);
    const totals = lines.emf().filter(({ metrics }) => 'NeedsPerson' in metrics);
    const counts = totals.map(({ metrics }) => [metrics.Handled?.[0], metrics.Duplicates?.[0]]);
    expect(counts).toEqual([
      [1, 1],
      [undefined, 1],
    ]);
  });

  it('retries with a delay, remembers the attempts, and handles in the end', async () => {
    const attempts: number[] = [];
    const { url, poll, name } = await deployConsumer(emulators, {
      handle: (_order, { attempt }) => {
        attempts.push(attempt);
        if (attempt < 3) throw new TypeError('a bug');
      },
    });
    await send(emulators, url, body('1'));
    consoleLines();
    const { received, failed } = await poll();
    expect(failed).toEqual([received[0]?.MessageId]);
    expect((await poll()).received).toEqual([]);
    const record = await itemOf(emulators, `message#${name}#${failed[0]}`);
    expect(record).toMatchObject({ attempts: { N: '1' } });
    for (let round = 0; round < 2; round += 1) {
      date.advance(5_001);
      await poll();
    }
    expect(attempts).toEqual([1, 2, 3]);
    date.advance(86_400_000);
    expect((await poll()).received).toEqual([]);
  });

  it('reads the records of messages that come again with one request, beside that for its circuits', async () => {
    const { url, poll } = await deployConsumer(emulators, {
      handle: () => Promise.reject(new TypeError('a bug')),
    });
    for (const order of ['1', '2']) await send(emulators, url, body(order));
    consoleLines();
    await poll();
    date.advance(5_001);
    emulators.requests.reset();
    await poll();
    expect(emulators.requests.counts('dynamodb')).toMatchObject({ BatchGetItem: 2 });
  });

  it('dead-letters what no retry can mend, with body, attributes and the reason', async () => {
    const { url, poll, deadLetters, name } = await deployConsumer(emulators, {
      handle: () => Promise.reject(new PermanentError('no such customer', { reason: 'INVALID_DATA' })),
    });
    const MessageAttributes = {
      colour: { DataType: 'String', StringValue: 'blue' },
      blob: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) },
    };
    await send(emulators, url, body('1'), { MessageAttributes });
    consoleLines();
    const { received, failed } = await poll();
    expect(failed).toEqual([]);
    const [letter] = await deadLetters();
    expect(letter).toMatchObject({ Body: body('1'), MessageAttributes });
    const originalMessageId = received[0]?.MessageId;
    expect(envelopeOf(letter)).toMatchObject({
      reason: 'INVALID_DATA',
      originalMessageId,
      originalQueue: name,
      attempts: 1,
      error: { name: 'PermanentError', message: 'no such customer' },
    });
    expect(await itemOf(emulators, `message#${name}#${originalMessageId}`)).toMatchObject({
      movedTo: { M: { queue: { S: `${name}-dlq` }, messageId: { S: letter?.MessageId } } },
    });
  });

  it('only acknowledges a message that was moved before, when that did not come through', async () => {
    const handle = () => Promise.reject(new PermanentError('no'));
    const { url, handler, deadLetters, handled } = await deployConsumer(emulators, { handle });
    await send(emulators, url, body('1'));
    consoleLines();
    const [message] = await receive(emulators, url);
    const again = { ...message, Attributes: { ...message?.Attributes, ApproximateReceiveCount: '2' } };
    const context = { getRemainingTimeInMillis: () => 30_000 };
    await handler(lambdaEvent([message ?? {}]), context);
    expect(await handler(lambdaEvent([again]), context)).toEqual({ batchItemFailures: [] });
    expect([handled.length, (await deadLetters()).length]).toEqual([1, 1]);
  });

  it('quarantines poison with the reason and the details, and does not handle it', async () => {
    const { url, poll, quarantined, handled } = await deployConsumer(emulators);
    for (const poison of ['{"order":', '{"order":42}', '{"__proto__":{"order":"1"}}'])
      await send(emulators, url, poison);
    consoleLines();
    expect((await poll()).failed).toEqual([]);
    const held = (await quarantined()).map((message) => [message.Body, envelopeOf(message)] as const);
    const reasons = Object.fromEntries(
      held.map(([text, { reason, findings }]) => [text, [reason, findings?.[0]?.pointer]]),
    );
    expect(reasons).toEqual({
      '{"order":': ['INVALID_FORMAT', ''],
      '{"order":42}': ['SCHEMA_VALIDATION_FAILED', '/order'],
      '{"__proto__":{"order":"1"}}': ['INVALID_FORMAT', ''],
    });
    expect(handled).toEqual([]);
  });

  it('defers while the dependency is down: no attempt is lost, nothing is dead-lettered, all is handled afterwards', async () => {
    let down = true;
    let calls = 0;
    const { url, poll, deadLetters, handled } = await deployConsumer(emulators, {
      settings: { circuits: { default: { failureThreshold: 2, openForMs: 30_000 } }, concurrency: 1 },
      handle: () => {
        calls += 1;
        if (down) throw outage;
      },
    });
    const lines = consoleLines();
    for (let order = 0; order < 6; order += 1) await send(emulators, url, body(`${order}`));
    for (let round = 0; round < 30; round += 1) {
      await poll();
      date.advance(20_000);
    }
    const during = calls;
    expect(during).toBeLessThan(15);
    down = false;
    for (let round = 0; round < 30; round += 1) {
      await poll();
      date.advance(20_000);
    }
    expect(new Set(handled.slice(during).map(({ order }) => order)).size).toBe(6);
    expect([calls - during, (await deadLetters()).length]).toEqual([6, 0]);
    expect(lines.text()).not.toContain('canary-error');
  });

  it('takes over the producer’s id, correlation id and key', async () => {
    let seen: unknown;
    const { url, poll, handled } = await deployConsumer(emulators, {
      idempotencyKey: 'producer-id',
      handle: (_order, { message }) => {
        seen = message;
      },
    });
    const producer = createProducer({ schema: orderSchema, queueUrl: url, client: emulators.sqs });
    await producer.send({ order: '1' }, { id: 'order-1', correlationId: 'request-7', priority: 'HIGH' });
    await producer.send({ order: '1' }, { id: 'order-1' });
    await producer.send({ order: 'other' }, { id: 'order-1' });
    consoleLines();
    expect((await poll()).failed).toEqual([]);
    expect(handled.map(({ order }) => order).sort()).toEqual(['1', 'other']);
    expect(seen).toMatchObject({ stableId: 'order-1', producer: { priority: expect.any(String) } });
  });
});

describe('a resilient consumer of a FIFO queue', () => {
  it('keeps the order of a group through a retry, and dead-letters without stopping it', async () => {
    let failures = 1;
    const { url, poll, handled, deadLetters } = await deployConsumer(
      emulators,
      {
        handle: ({ order }) => {
          if (order === 'a2' && failures-- > 0) throw new TypeError('a bug');
          if (order === 'a3') throw new PermanentError('no');
        },
      },
      true,
    );
    for (const order of ['a1', 'a2', 'a3', 'a4', 'b1']) {
      await send(emulators, url, body(order), {
        MessageGroupId: order.slice(0, 1),
        MessageDeduplicationId: order,
      });
    }
    consoleLines();
    const { failed } = await poll();
    expect(failed).toHaveLength(3);
    expect(handled.map(({ order }) => order).sort()).toEqual(['a1', 'a2', 'b1']);
    expect((await poll()).received).toEqual([]);
    date.advance(5_001);
    handled.length = 0;
    expect((await poll()).failed).toEqual([]);
    expect(handled.map(({ order }) => order)).toEqual(['a2', 'a3', 'a4']);
    expect(await deadLetters()).toMatchObject([{ Body: body('a3'), Attributes: { MessageGroupId: 'a' } }]);
  });
});
