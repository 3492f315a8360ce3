import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type {
  CircuitBatchStore,
  CircuitField,
  CircuitItem,
  CircuitStep,
  SharedState,
} from '../core/circuit/shared-item.ts';
import { TABLE_KEY, TABLE_TTL } from '../core/table-keys.ts';

type Item = Record<string, AttributeValue>;

const STATES: readonly SharedState[] = ['closed', 'open', 'half-open', 'forced-open', 'forced-closed'];

/** Fields that are numbers, with the attribute of each. Time to live is in whole seconds and by the table's own name. */
const NUMBERS = [
  'version',
  'bucket',
  'failures',
  'successes',
  'reporters',
  'previousFailures',
  'previousSuccesses',
  'previousReporters',
  'openUntil',
  'openForMs',
  'reopened',
  'leaseUntil',
  'probeSuccesses',
  'since',
] as const satisfies readonly CircuitField[];

/** Keys that one BatchGetItem takes. */
const MOST_KEYS = 100;

/** Circuits in the state table, an item each. Give it a client that tries once: a report that is sent twice counts twice. */
export function dynamoCircuits(client: DynamoDBClient, table: string): CircuitBatchStore {
  async function read(key: string, consistent: boolean): Promise<CircuitItem | undefined> {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: table, Key: { [TABLE_KEY]: { S: key } }, ConsistentRead: consistent }),
    );
    return itemOf(Item);
  }

  /** What DynamoDB leaves unprocessed is not asked for again: handlers wait, and nothing is known of it for once. */
  async function readSome(keys: readonly string[]): Promise<[string, CircuitItem | undefined][]> {
    const Keys = keys.map((key) => ({ [TABLE_KEY]: { S: key } }));
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys } } }),
    );
    const items = new Map(Responses?.[table]?.map((item) => [item[TABLE_KEY]?.S, itemOf(item)]));
    const left = new Set(UnprocessedKeys?.[table]?.Keys?.map((key) => key[TABLE_KEY]?.S));
    return keys.filter((key) => !left.has(key)).map((key) => [key, items.get(key)]);
  }

  async function readAll(keys: readonly string[]): Promise<ReadonlyMap<string, CircuitItem | undefined>> {
    const parts: (readonly string[])[] = [];
    for (let at = 0; at < keys.length; at += MOST_KEYS) parts.push(keys.slice(at, at + MOST_KEYS));
    return new Map((await Promise.all(parts.map(readSome))).flat());
  }

  return {
    read,
    readAll,
    async apply(key, step) {
      try {
        const { Attributes } = await client.send(
          new UpdateItemCommand({
            TableName: table,
            Key: { [TABLE_KEY]: { S: key } },
            ...expressionsOf(step),
          }),
        );
        return { applied: true, item: itemOf(Attributes) };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        // Emulators may leave the item out, and DynamoDB gives none if there is none.
        const item = error.Item === undefined ? await read(key, true) : itemOf(error.Item);
        return { applied: false, item };
      }
    },
  };
}

/** A step in DynamoDB's words. */
function expressionsOf(step: CircuitStep) {
  const names = new Map<string, string>();
  const values: Item = {};
  const name = (field: string): string => {
    const attribute = attributeOf(field);
    names.set(`#${attribute}`, attribute);
    return `#${attribute}`;
  };
  const value = (field: string, given: string | number): string => {
    const placeholder = `:v${Object.keys(values).length}`;
    values[placeholder] = attributeValue(field, given);
    return placeholder;
  };
  const { set, setIfMissing = {}, copy = {}, add = {}, raiseVersionFrom, remove = [] } = step;
  const sets = [
    ...Object.entries(set).map(([field, given]) => `${name(field)} = ${value(field, given)}`),
    ...Object.entries(setIfMissing).map(
      ([field, given]) => `${name(field)} = if_not_exists(${name(field)}, ${value(field, given)})`,
    ),
    ...Object.entries(copy).map(
      ([to, from]) => `${name(to)} = if_not_exists(${name(from)}, ${value(from, 0)})`,
    ),
    ...(raiseVersionFrom === undefined
      ? []
      : [
          `${name('version')} = if_not_exists(${name('version')}, ${value('version', raiseVersionFrom)}) + ${value('version', 1)}`,
        ]),
  ];
  const adds = Object.entries(add).map(([field, by]) => `${name(field)} ${value(field, by)}`);
  const condition = conditionOf(step, name, value);
  const clauses = [
    ...(sets.length > 0 ? [`SET ${sets.join(', ')}`] : []),
    ...(adds.length > 0 ? [`ADD ${adds.join(', ')}`] : []),
    ...(remove.length > 0 ? [`REMOVE ${remove.map(name).join(', ')}`] : []),
  ];
  return {
    UpdateExpression: clauses.join(' '),
    ...(condition === undefined ? {} : { ConditionExpression: condition }),
    ExpressionAttributeNames: Object.fromEntries(names),
    ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;
}

function conditionOf(
  { when }: CircuitStep,
  name: (field: string) => string,
  value: (field: string, given: string | number) => string,
): string | undefined {
  if (when === undefined) return undefined;
  const { orMissing, orNoBucket, leaseFreeAt, bucket, ...equal } = when;
  const parts = Object.entries(equal).map(([field, given]) => `${name(field)} = ${value(field, given)}`);
  if (bucket !== undefined) {
    const same = `${name('bucket')} = ${value('bucket', bucket)}`;
    parts.push(orNoBucket ? `(attribute_not_exists(${name('bucket')}) OR ${same})` : same);
  }
  if (leaseFreeAt !== undefined) {
    const ended = `${name('leaseUntil')} <= ${value('leaseUntil', leaseFreeAt)}`;
    parts.push(`(attribute_not_exists(${name('leaseOwner')}) OR ${ended})`);
  }
  const all = parts.join(' AND ');
  return orMissing ? `attribute_not_exists(${name(TABLE_KEY)}) OR (${all})` : all;
}

function attributeOf(field: string): string {
  return field === 'expiresAt' ? TABLE_TTL : field;
}

function attributeValue(field: string, given: string | number): AttributeValue {
  if (typeof given === 'string') return { S: given };
  return { N: String(field === 'expiresAt' ? Math.ceil(given / 1_000) : given) };
}

/** The circuit that an item holds. */
export function itemOf(item: Item | undefined): CircuitItem | undefined {
  const state = STATES.find((each) => each === item?.state?.S);
  const version = item?.version?.N;
  if (item === undefined || state === undefined || version === undefined) return undefined;
  const numbers = NUMBERS.flatMap((field) => {
    const text = item[field]?.N;
    return text === undefined ? [] : [[field, Number(text)] as const];
  });
  const owner = item.leaseOwner?.S;
  const lastError = item.lastError?.S;
  const fingerprint = item.fingerprint?.S;
  const ttl = item[TABLE_TTL]?.N;
  return {
    ...Object.fromEntries(numbers),
    version: Number(version),
    state,
    ...(owner === undefined ? {} : { leaseOwner: owner }),
    ...(lastError === undefined ? {} : { lastError }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(ttl === undefined ? {} : { expiresAt: Number(ttl) * 1_000 }),
  };
}
