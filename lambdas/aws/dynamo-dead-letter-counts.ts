import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { DeadLetterCount, DeadLetterCounts } from '../core/kill-switch.ts';
import { KEY_PREFIX, TABLE_KEY, TABLE_TTL } from '../core/table-keys.ts';

/** Where the counts of a consumer are. */
export interface DeadLetterCountsOptions {
  /** Client for the table. It should try once: what is added twice counts twice. */
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly consumerId: string;
}

/** Attributes that count one fault each begin with this. */
const FAULT = 'f_';

/** Dead letters are counted in the state table: one item for each half of the window, `dead-letters#<consumer id>#<number>`. */
export function dynamoDeadLetterCounts(options: DeadLetterCountsOptions): DeadLetterCounts {
  const { client, table, consumerId } = options;
  const keyOf = (bucket: number) => ({
    [TABLE_KEY]: { S: `${KEY_PREFIX.deadLetters}${consumerId}#${bucket}` },
  });
  return {
    async add(bucket, { fingerprint, begun, finished }, expiresAtEpochMs) {
      const { Attributes } = await client.send(
        new UpdateItemCommand({
          TableName: table,
          Key: keyOf(bucket),
          UpdateExpression: 'SET #ttl = :ttl ADD #begun :begun, #finished :finished, #fault :one',
          ExpressionAttributeNames: {
            '#ttl': TABLE_TTL,
            '#begun': 'begun',
            '#finished': 'finished',
            '#fault': `${FAULT}${fingerprint}`,
          },
          ExpressionAttributeValues: {
            ':ttl': { N: String(Math.ceil(expiresAtEpochMs / 1_000)) },
            ':begun': { N: String(begun) },
            ':finished': { N: String(finished) },
            ':one': { N: '1' },
          },
          ReturnValues: 'ALL_NEW',
        }),
      );
      return countIn(Attributes);
    },
    async read(bucket) {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: table, Key: keyOf(bucket), ConsistentRead: true }),
      );
      return countIn(Item);
    },
  };
}

function countIn(item: Readonly<Record<string, AttributeValue>> = {}): DeadLetterCount {
  const faults = Object.entries(item).filter(([name]) => name.startsWith(FAULT));
  return {
    begun: Number(item.begun?.N ?? 0),
    finished: Number(item.finished?.N ?? 0),
    byFault: new Map(faults.map(([name, { N }]) => [name.slice(FAULT.length), Number(N ?? 0)])),
  };
}
