import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../lambdas/core/errors.ts';
import { consoleLines } from './console-lines.ts';
import { type ConsumerOptions, deployConsumer, envelopeOf } from './consumer-harness.ts';
import { failing, send, useEmulators, useFixedDate } from './emulators.ts';

const emulators = useEmulators();
const date = useFixedDate();
const DEADLINE_MS = (4 * 86_400 - 3_600) * 1_000;

/** A consumer whose calls of one DynamoDB command fail a number of times. */
async function withOutage(command: string, times: number, options: ConsumerOptions = {}) {
  const { endpoint, credentials, region } = emulators.dynamodb.config;
  const dynamodb = new DynamoDBClient({
    region,
    credentials,
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const outage = failing(dynamodb, command, times);
  const consumer = await deployConsumer({ ...emulators, dynamodb }, options);
  await send(emulators, consumer.url, '{"order":"1"}');
  const lines = consoleLines();
  return { ...consumer, outage, lines };
}

describe('while the state table is down', () => {
  it('no message is handled that cannot be locked, none is lost, and all are handled later', async () => {
    const { poll, handled, deadLetters, lines } = await withOutage('PutItemCommand', 20);
    for (let round = 0; round < 20; round += 1) {
      expect((await poll()).failed).toHaveLength(1);
      date.advance(16_000);
    }
    expect([handled, await deadLetters()]).toEqual([[], []]);
    await poll();
    expect(handled).toHaveLength(1);
    expect(lines.emf()[0]?.metrics).toMatchObject({ StoreErrors: [1, 'Count'], Deferred: [1, 'Count'] });
  });

  it('an effect that cannot be recorded is acknowledged all the same', async () => {
    const { poll, handled, outage } = await withOutage('UpdateItemCommand', 99);
    expect((await poll()).failed).toEqual([]);
    expect([handled.length, outage.calls]).toEqual([1, 3]);
  });

  it('an attempt that cannot be charged is none, nor do its notes keep it from being made', async () => {
    const attempts: number[] = [];
    const { poll } = await withOutage('UpdateItemCommand', 24, {
      handle: (_order, { attempt }) => {
        attempts.push(attempt);
        throw new TypeError('a bug');
      },
    });
    for (let round = 0; round < 10; round += 1) {
      await poll();
      date.advance(5_001);
    }
    expect(attempts).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
  });

  it('nothing is dead-lettered: it waits, and is moved once the table is back', async () => {
    const { poll, deadLetters } = await withOutage('UpdateItemCommand', 1, {
      handle: () => Promise.reject(new PermanentError('no')),
    });
    expect((await poll()).failed).toHaveLength(1);
    expect(await deadLetters()).toEqual([]);
    date.advance(30_001);
    expect((await poll()).failed).toEqual([]);
    expect(await deadLetters()).toHaveLength(1);
  });

  it('messages that come again wait until their past can be read', async () => {
    // The first two are reads of the circuits, one for each that finds nothing out.
    const { poll, handled } = await withOutage('BatchGetItemCommand', 3, {
      handle: (_order, { attempt }) => {
        if (attempt === 1) throw new TypeError('a bug');
      },
    });
    await poll();
    date.advance(5_001);
    expect((await poll()).failed).toHaveLength(1);
    expect(handled).toHaveLength(1);
    date.advance(15_001);
    expect((await poll()).failed).toEqual([]);
    expect(handled).toHaveLength(2);
  });

  it('only what has expired is dead-lettered', async () => {
    const { poll, deadLetters, handled } = await withOutage('UpdateItemCommand', 99);
    date.advance(DEADLINE_MS);
    expect((await poll()).failed).toEqual([]);
    expect(envelopeOf((await deadLetters())[0])).toMatchObject({ reason: 'EXPIRED', attempts: 0 });
    expect(handled).toEqual([]);
  });
});

/** Ways in which a table does not do what it is asked. */
const OUTAGES = {
  throttled: () => Object.assign(new Error('slow down'), { name: 'ThrottlingException' }),
  denied: () => Object.assign(new Error('no'), { name: 'AccessDeniedException' }),
  unreachable: () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  slow: () => Object.assign(new Error('timed out'), { name: 'TimeoutError' }),
} as const;

/** A consumer whose table can be taken away and given back. */
async function withSwitch(kind: keyof typeof OUTAGES, handle: ConsumerOptions['handle']) {
  const { endpoint, credentials, region } = emulators.dynamodb.config;
  const dynamodb = new DynamoDBClient({
    region,
    credentials,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const table = { down: false };
  dynamodb.middlewareStack.add(
    (next) => async (args) => {
      if (!table.down) return next(args);
      if (kind === 'slow') await new Promise((resolve) => setTimeout(resolve, 1_100));
      throw OUTAGES[kind]();
    },
    { step: 'initialize', name: 'outage' },
  );
  const consumer = await deployConsumer({ ...emulators, dynamodb }, handle === undefined ? {} : { handle });
  consoleLines();
  return { ...consumer, table };
}

describe.each(Object.keys(OUTAGES) as (keyof typeof OUTAGES)[])('a state table that is %s', (kind) => {
  it('from the start holds up every message, and costs none an attempt', async () => {
    const attempts: number[] = [];
    const { url, table, poll, handled, deadLetters } = await withSwitch(kind, (_order, { attempt }) => {
      attempts.push(attempt);
    });
    for (const order of ['1', '2', '3']) await send(emulators, url, JSON.stringify({ order }));
    table.down = true;
    for (let round = 0; round < 3; round += 1) {
      expect((await poll()).failed).toHaveLength(3);
      date.advance(16_000);
    }
    expect([handled, await deadLetters()]).toEqual([[], []]);
    table.down = false;
    expect((await poll()).failed).toEqual([]);
    expect(attempts).toEqual([1, 1, 1]);
  });

  it('from the middle of a batch on loses no effect, repeats none, and charges nothing', async () => {
    const { url, table, poll, handled, deadLetters } = await withSwitch(kind, ({ order }, { attempt }) => {
      table.down = true;
      if (order === 'fails' && attempt === 1 && handled.length <= 2) throw new TypeError('a bug');
    });
    for (const order of ['works', 'fails']) await send(emulators, url, JSON.stringify({ order }));
    const { received, failed } = await poll();
    const failing = received.find(({ Body = '' }) => Body.includes('fails'))?.MessageId;
    expect(failed).toEqual([failing]);
    expect(await deadLetters()).toEqual([]);
    table.down = false;
    date.advance(3_600_000);
    expect((await poll()).failed).toEqual([]);
    expect(handled.map(({ order }) => order).sort()).toEqual(['fails', 'fails', 'works']);
  });
});
