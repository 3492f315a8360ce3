import { afterEach, describe, expect, it, vi } from 'vitest';
import { resilientConsumer } from '../../lambdas/aws/resilient-consumer.ts';
import { PermanentError } from '../../lambdas/core/errors.ts';
import { fakeClock } from '../core/fixtures.ts';
import { consoleLines } from './console-lines.ts';
import { deployConsumer, orderSchema } from './consumer-harness.ts';
import { createQueue, itemOf, receive, send, TABLE, useEmulators, useFixedDate } from './emulators.ts';

const emulators = useEmulators();
afterEach(() => void vi.restoreAllMocks());

describe('what healthy traffic costs', () => {
  useFixedDate();

  it('for two circuits: two writes a message, one read in the cache time, and nothing else', async () => {
    const clock = fakeClock();
    const handler = resilientConsumer({
      schema: orderSchema,
      idempotencyKey: ({ order }) => order,
      clock,
      clients: { sqs: emulators.sqs, dynamodb: emulators.dynamodb },
      settings: {
        consumerId: 'healthy',
        stateTable: TABLE,
        circuits: { tracker: {}, billing: {} },
        queue: { url: 'http://127.0.0.1/1/healthy' },
        deadLetterQueue: { url: 'http://127.0.0.1/1/healthy-dlq' },
        quarantineQueue: { url: 'http://127.0.0.1/1/healthy-quarantine' },
      },
      handle: async (_order, ctx) => {
        await ctx.circuit('tracker').call(async () => {});
        await ctx.circuit('billing').call(async () => {});
      },
    });
    consoleLines();
    emulators.requests.reset();
    const EACH_MS = 250;
    const ROUNDS = 50;
    for (let round = 0; round < ROUNDS; round += 1) {
      const Records = Array.from({ length: 10 }, (_, at) => ({
        messageId: `${round}-${at}`,
        receiptHandle: 'r',
        body: JSON.stringify({ order: `order ${round}-${at}` }),
        attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(clock.now()) },
        messageAttributes: {},
      }));
      const { batchItemFailures } = await handler({ Records }, { getRemainingTimeInMillis: () => 30_000 });
      expect(batchItemFailures).toEqual([]);
      clock.advance(EACH_MS);
    }
    const { BatchGetItem = 0, ...others } = emulators.requests.counts('dynamodb');
    // An idempotency record is put, and updated when the effect is done: nothing else is written.
    expect(others).toEqual({ PutItem: ROUNDS * 10, UpdateItem: ROUNDS * 10 });
    expect(emulators.requests.counts('sqs')).toEqual({});
    // The cache time is 5 s ± 20 %.
    expect(BatchGetItem).toBeLessThanOrEqual(1 + (ROUNDS * EACH_MS) / 4_000);
    expect(BatchGetItem).toBeGreaterThanOrEqual(3);
    for (const name of ['tracker', 'billing', 'intake#healthy']) {
      expect(await itemOf(emulators, `circuit#${name}`)).toBeUndefined();
    }
  });
});

describe('a fault that takes many messages', () => {
  const date = useFixedDate();

  it('holds the intake, tells the controller, and everything is handled once it is mended', async () => {
    const controlQueueUrl = await createQueue(emulators, 'intake-control');
    let broken = true;
    const { name, url, poll, handled, deadLetters } = await deployConsumer(emulators, {
      settings: { controlQueueUrl, killSwitch: { minMessages: 4 } },
      handle: () => {
        if (broken) throw new PermanentError('a bug');
      },
    });
    const lines = consoleLines();
    for (let at = 0; at < 10; at += 1) await send(emulators, url, JSON.stringify({ order: String(at) }));
    expect((await poll()).failed).toHaveLength(7);
    expect(await deadLetters()).toHaveLength(3);
    expect(lines.logs().filter(({ message }) => message === 'kill switch')).toHaveLength(1);
    expect(await itemOf(emulators, `circuit#intake#${name}`)).toMatchObject({
      state: { S: 'open' },
      fingerprint: { S: expect.stringMatching(/^[0-9a-f]{12}$/) },
    });
    const told = async () =>
      (await receive(emulators, controlQueueUrl)).map(({ Body = '' }) => JSON.parse(Body));
    // The message that tipped the scales is told with it.
    const correlationId = expect.stringMatching(/./);
    expect(await told()).toEqual([{ kind: 'circuit-changed', key: `circuit#intake#${name}`, correlationId }]);

    broken = false;
    handled.length = 0;
    for (let round = 0; round < 5 && handled.length < 7; round += 1) {
      date.advance(70_000);
      await poll();
    }
    expect(handled).toHaveLength(7);
    // The first one is visible again; then a message tried, and closed it.
    expect(await told()).toHaveLength(3);
    expect(await itemOf(emulators, `circuit#intake#${name}`)).toMatchObject({ state: { S: 'closed' } });
  });

  it('is no reason to lose a batch when the controller cannot be told', async () => {
    const { url, poll, deadLetters } = await deployConsumer(emulators, {
      settings: { controlQueueUrl: 'http://127.0.0.1:1/1/nowhere', killSwitch: { minMessages: 2 } },
      handle: () => Promise.reject(new PermanentError('a bug')),
    });
    const lines = consoleLines();
    for (let at = 0; at < 3; at += 1) await send(emulators, url, JSON.stringify({ order: String(at) }));
    expect((await poll()).failed).toHaveLength(2);
    expect(await deadLetters()).toHaveLength(1);
    expect(lines.logs()).toContainEqual(
      expect.objectContaining({ message: 'settlement-error', operation: 'tell the intake controller' }),
    );
  });
});
