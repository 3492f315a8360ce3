import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { CircuitItem } from '../core/circuit/shared-item.ts';
import { type Clock, pause, type Random } from '../core/clock.ts';
import type { IntakeMarker, IntakeTable, WakeUp } from '../core/intake/intake-table.ts';
import { KEY_PREFIX, TABLE_KEY, TABLE_TTL } from '../core/table-keys.ts';
import { itemOf } from './dynamo-circuits.ts';

type Item = Record<string, AttributeValue>;

/** What {@link dynamoIntakeTable} is made of. */
export interface DynamoIntakeTableOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** Keys of one BatchGetItem. Source: the DynamoDB API reference. */
const MOST_KEYS = 100;
/** Rounds that unprocessed keys are asked for, and the longest wait before one. Milliseconds. */
const MOST_ROUNDS = 5;
const ROUND_DELAY_MS = 200;
/** The note of a wake-up outlives it by a day: it says when its version was first seen. Milliseconds. */
const NOTE_KEPT_MS = 86_400_000;

/** The controller's part of the state table. */
export function dynamoIntakeTable({ client, table, clock, random }: DynamoIntakeTableOptions): IntakeTable {
  async function readAll(keys: readonly string[]): Promise<ReadonlyMap<string, Item>> {
    const found = new Map<string, Item>();
    for (let at = 0; at < keys.length; at += MOST_KEYS) {
      let left: Item[] = keys.slice(at, at + MOST_KEYS).map((key) => ({ [TABLE_KEY]: { S: key } }));
      for (let round = 0; left.length > 0; round += 1) {
        if (round === MOST_ROUNDS) throw new RangeError(`the state table left ${left.length} keys unread`);
        if (round > 0) await pause(clock, random() * ROUND_DELAY_MS * 2 ** round);
        const answer = await client.send(
          new BatchGetItemCommand({ RequestItems: { [table]: { Keys: left, ConsistentRead: true } } }),
        );
        for (const item of answer.Responses?.[table] ?? []) found.set(item[TABLE_KEY]?.S ?? '', item);
        left = answer.UnprocessedKeys?.[table]?.Keys ?? [];
      }
    }
    return found;
  }

  return {
    async read({ circuits, consumers }) {
      const markerKeys = consumers.map((id) => `${KEY_PREFIX.intake}${id}`);
      const items = await readAll([
        ...circuits,
        ...circuits.map((key) => `${KEY_PREFIX.timer}${key}`),
        ...markerKeys,
      ]);
      const known: [string, CircuitItem][] = circuits.flatMap((key) => {
        const item = itemOf(items.get(key));
        return item === undefined ? [] : [[key, item]];
      });
      return {
        circuits: new Map(known),
        markers: collect(consumers, (id) => markerOf(items.get(`${KEY_PREFIX.intake}${id}`))),
        wakeUps: collect(circuits, (key) => wakeUpOf(key, items.get(`${KEY_PREFIX.timer}${key}`))),
      };
    },

    mark(consumerId, before, after) {
      const key = `${KEY_PREFIX.intake}${consumerId}`;
      const condition =
        before === undefined
          ? {
              ConditionExpression: 'attribute_not_exists(#key)',
              ExpressionAttributeNames: { '#key': TABLE_KEY },
            }
          : {
              ConditionExpression: '#revision = :revision',
              ExpressionAttributeNames: { '#revision': 'revision' },
              ExpressionAttributeValues: { ':revision': { N: String(before.revision) } },
            };
      if (after === undefined && before === undefined) return Promise.resolve(true);
      return applied(
        after === undefined
          ? client.send(
              new DeleteItemCommand({ TableName: table, Key: { [TABLE_KEY]: { S: key } }, ...condition }),
            )
          : client.send(
              new PutItemCommand({
                TableName: table,
                Item: marshall({ [TABLE_KEY]: key, ...after }, { removeUndefinedValues: true }),
                ...condition,
              }),
            ),
      );
    },

    note({ key, version, at, seenAt }, now) {
      const ttl = Math.ceil((Math.max(at, now) + NOTE_KEPT_MS) / 1_000);
      return applied(
        client.send(
          new PutItemCommand({
            TableName: table,
            Item: marshall({
              [TABLE_KEY]: `${KEY_PREFIX.timer}${key}`,
              version,
              at,
              seenAt,
              [TABLE_TTL]: ttl,
            }),
            ConditionExpression:
              'attribute_not_exists(#key) OR #version < :version OR #at <= :now OR #at > :at',
            ExpressionAttributeNames: { '#key': TABLE_KEY, '#version': 'version', '#at': 'at' },
            ExpressionAttributeValues: marshall({ ':version': version, ':now': now, ':at': at }),
          }),
        ),
      );
    },
  };
}

async function applied(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

function collect<T>(keys: readonly string[], read: (key: string) => T | undefined): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const key of keys) {
    const value = read(key);
    if (value !== undefined) found.set(key, value);
  }
  return found;
}

const PHASES: readonly IntakeMarker['phase'][] = ['paused', 'gentle', 'ramping', 'settling'];

function markerOf(item: Item | undefined): IntakeMarker | undefined {
  if (item === undefined) return undefined;
  const { revision, mappingId, phase, pausedAt, since, concurrency } = unmarshall(item);
  const known = PHASES.find((each) => each === phase);
  if (known === undefined) throw new RangeError(`the marker of an intake says ${String(phase)}`);
  return {
    revision: Number(revision),
    mappingId: String(mappingId),
    phase: known,
    pausedAt: Number(pausedAt),
    since: Number(since),
    ...(concurrency === undefined ? {} : { concurrency: Number(concurrency) }),
  };
}

function wakeUpOf(key: string, item: Item | undefined): WakeUp | undefined {
  if (item === undefined) return undefined;
  const { version, at, seenAt } = unmarshall(item);
  return { key, version: Number(version), at: Number(at), seenAt: Number(seenAt) };
}
