import { type BatchGetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { dynamoRecords } from '../../lambdas/aws/dynamo-records.ts';
import type { FailureEnvelope } from '../../lambdas/core/failure-envelope.ts';
import type { MessageRecord } from '../../lambdas/core/records.ts';
import { fakeClock, START } from '../core/fixtures.ts';
import { itemOf, TABLE, useEmulators } from './emulators.ts';

const emulators = useEmulators();
const EXPIRES = START + 1_500;
const clock = fakeClock();
const records = () => dynamoRecords({ client: emulators.dynamodb, table: TABLE, queue: 'orders', clock });

const record: MessageRecord = {
  attempts: 2,
  history: [
    { at: START, reason: 'TIMEOUT', error: 'TimeoutError', fingerprint: 'abcdefabcdef' },
    { at: START + 1, reason: 'EXTERNAL_SERVICE_ERROR', error: 'Error', fingerprint: '' },
  ],
  firstAttemptAt: START,
};

const envelope: FailureEnvelope = {
  v: 1,
  stableId: 's',
  originalMessageId: 'm',
  originalQueue: 'orders',
  consumer: 'c',
  kind: 'dead-letter',
  reason: 'TIMEOUT',
  error: { name: 'Error', message: 'caf\u00e9 \ud800', fingerprint: 'abcdefabcdef' },
  attempts: record.attempts,
  history: record.history,
  firstAttemptAt: START,
  sentAt: START,
  movedAt: START,
  correlationId: 'c',
};

describe('message records in DynamoDB', () => {
  it('come back as they were saved, and expire', async () => {
    await records().save('saved', record, EXPIRES);
    expect(await records().load(['saved', 'never-failed'])).toEqual(new Map([['saved', record]]));
    expect((await itemOf(emulators, 'message#orders#saved'))?.ttl).toEqual({
      N: String(Math.ceil(EXPIRES / 1_000)),
    });
  });

  it('do not change when a save is repeated', async () => {
    for (let times = 0; times < 2; times += 1) await records().save('repeated', record, EXPIRES);
    expect((await records().load(['repeated'])).get('repeated')).toEqual(record);
  });

  it('are kept apart by queue', async () => {
    await records().save('same-id', record, EXPIRES);
    const other = dynamoRecords({ client: emulators.dynamodb, table: TABLE, queue: 'invoices', clock });
    expect(await other.load(['same-id'])).toEqual(new Map());
  });

  it('are read a hundred at a time', async () => {
    const ids = Array.from({ length: 230 }, (_, at) => `many-${at}`);
    for (const id of [ids[0], ids[150], ids[229]]) await records().save(id ?? '', record, EXPIRES);
    emulators.requests.reset();
    expect([...(await records().load(ids)).keys()]).toEqual(['many-0', 'many-150', 'many-229']);
    expect(emulators.requests.counts('dynamodb')).toEqual({ BatchGetItem: 3 });
  });

  it('take ids that come twice', async () => {
    await records().save('twice', record, EXPIRES);
    expect((await records().load(['twice', 'twice'])).size).toBe(1);
  });

  it('know what was to be moved, and where it is now', async () => {
    await records().beginMove('moved', envelope, EXPIRES, false);
    expect((await records().load(['moved'])).get('moved')).toEqual({ ...record, pendingMove: envelope });
    await records().completeMove('moved', { queue: 'dlq', messageId: 'd-1', lookup: undefined }, EXPIRES);
    expect((await records().load(['moved'])).get('moved')).toEqual({
      ...record,
      movedTo: { queue: 'dlq', messageId: 'd-1' },
    });
    const item = await itemOf(emulators, 'message#orders#moved');
    expect(JSON.parse(item?.envelope?.S ?? '')).toEqual(envelope);
    expect(await itemOf(emulators, 'message#dlq#d-1')).toBeUndefined();
  });

  it('keep the envelope under the new id where the message has no room for it', async () => {
    await records().completeMove('full', { queue: 'dlq', messageId: 'd-2', lookup: envelope }, EXPIRES);
    const item = await itemOf(emulators, 'message#dlq#d-2');
    expect(JSON.parse(item?.envelope?.S ?? '')).toEqual(envelope);
    expect(item?.ttl).toBeDefined();
  });
});

describe('keys that DynamoDB leaves unprocessed', () => {
  /** A client that answers one key a call. */
  function slowClient(answers: number): { client: DynamoDBClient; asked: number[] } {
    const asked: number[] = [];
    const client = new DynamoDBClient({ region: 'eu-west-1' });
    client.send = (async ({ input }: BatchGetItemCommand) => {
      const [first, ...rest] = input.RequestItems?.[TABLE]?.Keys ?? [];
      asked.push(rest.length + 1);
      if (asked.length > answers) return { UnprocessedKeys: input.RequestItems };
      const Responses = { [TABLE]: [{ ...first, attempts: { N: '1' } }] };
      return rest.length === 0 ? { Responses } : { Responses, UnprocessedKeys: { [TABLE]: { Keys: rest } } };
    }) as never;
    return { client, asked };
  }

  it('are asked for again, with growing pauses', async () => {
    const { client, asked } = slowClient(3);
    const time = fakeClock();
    const loading = dynamoRecords({ client, table: TABLE, queue: 'orders', clock: time }).load([
      'a',
      'b',
      'c',
    ]);
    await time.pass(199);
    expect(asked).toEqual([3]);
    await time.pass(1);
    expect(asked).toEqual([3, 2]);
    await time.pass(400);
    expect([...(await loading).keys()]).toEqual(['a', 'b', 'c']);
    expect(asked).toEqual([3, 2, 1]);
  });

  it('make the load fail in the end', async () => {
    const { client, asked } = slowClient(0);
    const time = fakeClock();
    const loading = dynamoRecords({ client, table: TABLE, queue: 'orders', clock: time }).load(['a', 'b']);
    const failed = expect(loading).rejects.toThrow('left 2 keys unprocessed');
    for (let round = 0; round < 4; round += 1) await time.pass(1_000);
    await failed;
    expect(asked).toEqual([2, 2, 2, 2]);
  });
});
