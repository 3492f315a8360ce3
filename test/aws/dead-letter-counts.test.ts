import { describe, expect, it } from 'vitest';
import { dynamoDeadLetterCounts } from '../../lambdas/aws/dynamo-dead-letter-counts.ts';
import { memoryCounts, START } from '../core/fixtures.ts';
import { itemOf, TABLE, useEmulators } from './emulators.ts';

const emulators = useEmulators();
const counts = (consumerId: string) =>
  dynamoDeadLetterCounts({ client: emulators.dynamodb, table: TABLE, consumerId });

describe('counts of dead letters in DynamoDB', () => {
  it('add up as those in memory do', async () => {
    const memory = memoryCounts();
    const dynamo = counts('orders');
    for (const [bucket, fingerprint, begun, finished] of [
      [7, 'aaaaaaaaaaaa', 4, 1],
      [7, 'bbbbbbbbbbbb', 0, 5],
      [8, 'aaaaaaaaaaaa', 7, 2],
      [7, 'aaaaaaaaaaaa', -2, 1],
    ] as const) {
      const expected = await memory.add(bucket, { fingerprint, begun, finished }, START);
      expect(await dynamo.add(bucket, { fingerprint, begun, finished }, START)).toEqual(expected);
    }
    for (const bucket of [6, 7, 8]) expect(await dynamo.read(bucket)).toEqual(await memory.read(bucket));
  });

  it('are of one consumer, and expire', async () => {
    await counts('one').add(7, { fingerprint: 'aaaaaaaaaaaa', begun: 1, finished: 1 }, START + 1);
    expect(await counts('two').read(7)).toEqual({ begun: 0, finished: 0, byFault: new Map() });
    expect((await itemOf(emulators, 'dead-letters#one#7'))?.ttl).toEqual({ N: String(START / 1_000 + 1) });
  });
});
