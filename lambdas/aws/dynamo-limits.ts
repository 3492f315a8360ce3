import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { LimitStep, TimelineItem } from '../core/policies/rate-limiter/gcra.ts';
import type { LimitStore } from '../core/policies/rate-limiter/limit-store.ts';
import { TABLE_KEY, TABLE_TTL } from '../core/table-keys.ts';

type Item = Record<string, AttributeValue>;

/** Theoretical arrival time, and the reach of who wrote it. Milliseconds with three decimals: DynamoDB adds exactly. */
const TAT = 'tat';
const REACH = 'reach';

/** Timelines of rate limits in the state table, an item each. A client that tries twice may take permits twice. */
export function dynamoLimits(client: DynamoDBClient, table: string): LimitStore {
  async function read(key: string): Promise<TimelineItem | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: table, Key: { [TABLE_KEY]: { S: key } }, ConsistentRead: true }),
    );
    return itemOf(Item);
  }

  return {
    async apply(key, step, expiresAtEpochMs) {
      try {
        const { Attributes } = await client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: { [TABLE_KEY]: { S: key } },
            ...expressionsOf(step, expiresAtEpochMs),
          }),
        );
        return { applied: true, item: itemOf(Attributes) };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        // Emulators may leave the item out, and DynamoDB gives none if there is none.
        return { applied: false, item: error.Item === undefined ? await read(key) : itemOf(error.Item) };
      }
    },
  };
}

/** A step in DynamoDB's words. */
function expressionsOf(step: LimitStep, expiresAtEpochMs: number) {
  const [tat, condition, values] = tatOf(step);
  return {
    UpdateExpression: `SET #tat = ${tat}, #reach = :reach, #ttl = :ttl`,
    ConditionExpression: condition,
    ExpressionAttributeNames: { '#tat': TAT, '#reach': REACH, '#ttl': TABLE_TTL },
    ExpressionAttributeValues: {
      ...values,
      ':reach': millis(step.reachUs),
      ':ttl': { N: String(Math.ceil(expiresAtEpochMs / 1_000)) },
    },
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;
}

/** What the time becomes, under which condition. */
function tatOf(step: LimitStep): readonly [string, string, Item] {
  switch (step.name) {
    case 'begin':
      return [
        ':to',
        'attribute_not_exists(#tat) OR #tat <= :now',
        { ':now': millis(step.nowUs), ':to': millis(step.nowUs + step.costUs) },
      ];
    case 'extend':
      return [
        '#tat + :cost',
        '#tat > :now AND #tat <= :most',
        { ':now': millis(step.nowUs), ':most': millis(step.mostUs), ':cost': millis(step.costUs) },
      ];
    case 'clamp':
      return [':to', '#tat = :seen', { ':seen': millis(step.seenUs), ':to': millis(step.toUs) }];
  }
}

function itemOf(item: Item | undefined): TimelineItem | undefined {
  const tat = item?.[TAT]?.N;
  if (tat === undefined) return undefined;
  return { tatUs: micros(tat), reachUs: micros(item?.[REACH]?.N ?? '0') };
}

/** Whole microseconds as milliseconds, digit by digit. */
function millis(us: number): AttributeValue {
  return { N: `${Math.floor(us / 1_000)}.${String(us % 1_000).padStart(3, '0')}` };
}

function micros(text: string): number {
  return Math.round(Number(text) * 1_000);
}
