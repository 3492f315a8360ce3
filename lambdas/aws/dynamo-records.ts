import {
  type AttributeValue,
  BatchGetItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Clock, pause } from '../core/clock.ts';
import { SpillwayError } from '../core/errors.ts';
import type { ErrorSummary } from '../core/failure.ts';
import { asciiJson, type FailedAttempt, type FailureEnvelope } from '../core/failure-envelope.ts';
import type { CompletedMove, MessageRecord, MessageRecords } from '../core/records.ts';
import { FAILURE_REASONS } from '../core/settings.ts';
import { KEY_PREFIX, TABLE_KEY, TABLE_TTL } from '../core/table-keys.ts';

/** Options of {@link dynamoRecords}. */
export interface DynamoRecordsOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Name of the source queue. */
  readonly queue: string;
  readonly clock: Clock;
}

type Item = Record<string, AttributeValue>;

/** Keys that one BatchGetItem takes. */
const MOST_KEYS = 100;

/** Rounds in which keys that DynamoDB left unprocessed are asked for again, and the wait before each. */
const MOST_ROUNDS = 4;
const ROUND_PAUSE_MS = 50;

/** Message records in the state table: one item for each message, `message#<queue>#<message id>`. */
export function dynamoRecords({ client, table, queue, clock }: DynamoRecordsOptions): MessageRecords {
  const keyOf = (queueName: string, messageId: string): string =>
    `${KEY_PREFIX.message}${queueName}#${messageId}`;

  async function load(messageIds: readonly string[]): Promise<ReadonlyMap<string, MessageRecord>> {
    const idOf = new Map(messageIds.map((id) => [keyOf(queue, id), id]));
    const keys: Item[] = [...idOf.keys()].map((key) => ({ [TABLE_KEY]: { S: key } }));
    const records = new Map<string, MessageRecord>();
    for (let at = 0; at < keys.length; at += MOST_KEYS) {
      for (const item of await batchGet(keys.slice(at, at + MOST_KEYS))) {
        const id = idOf.get(item[TABLE_KEY]?.S ?? '');
        if (id !== undefined) records.set(id, recordOf(item));
      }
    }
    return records;
  }

  async function batchGet(keys: Item[]): Promise<Item[]> {
    const items: Item[] = [];
    let open = keys;
    for (let round = 1; open.length > 0; round += 1) {
      if (round > MOST_ROUNDS) throw new SpillwayError(`DynamoDB left ${open.length} keys unprocessed`);
      if (round > 1) await pause(clock, ROUND_PAUSE_MS * 2 ** round);
      const RequestItems = { [table]: { Keys: open, ConsistentRead: true } };
      const { Responses, UnprocessedKeys } = await client.send(new BatchGetItemCommand({ RequestItems }));
      items.push(...(Responses?.[table] ?? []));
      open = UnprocessedKeys?.[table]?.Keys ?? [];
    }
    return items;
  }

  async function set(queueName: string, messageId: string, values: Item): Promise<void> {
    const names = Object.keys(values);
    await client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { [TABLE_KEY]: { S: keyOf(queueName, messageId) } },
        UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
        ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
        ExpressionAttributeValues: Object.fromEntries(
          names.map((name) => [`:${name}`, values[name] ?? { NULL: true }]),
        ),
      }),
    );
  }

  return {
    load,
    save: (messageId, record, expiresAt) =>
      set(queue, messageId, { ...recordValues(record), ...ttl(expiresAt) }),
    startAttempt: (messageId, record, { endsBy, alone }, expiresAt) => {
      const started = { M: { endsBy: { N: String(endsBy) }, alone: { BOOL: alone } } };
      return set(queue, messageId, { ...recordValues(record), started, ...ttl(expiresAt) });
    },
    endAttempt: (messageId, expiresAt) =>
      set(queue, messageId, { started: { NULL: true }, ...ttl(expiresAt) }),
    beginMove: (messageId, envelope, expiresAt, keepHistory) => {
      const attempts = keepHistory ? {} : attemptValues(envelope);
      return set(queue, messageId, { ...attempts, envelope: json(envelope), ...ttl(expiresAt) });
    },
    async completeMove(messageId, move, expiresAt) {
      await set(queue, messageId, { movedTo: movedValue(move), ...ttl(expiresAt) });
      if (move.lookup === undefined) return;
      const key = { [TABLE_KEY]: { S: keyOf(move.queue, move.messageId) } };
      await client.send(
        new PutItemCommand({
          TableName: table,
          Item: { ...key, envelope: json(move.lookup), ...ttl(expiresAt) },
        }),
      );
    },
  };
}

function recordValues(record: MessageRecord): Item {
  const error = record.lastError === undefined ? {} : { lastError: json(record.lastError) };
  return { ...attemptValues(record), ...error };
}

function attemptValues({ attempts, history, firstAttemptAt }: MessageRecord | FailureEnvelope): Item {
  return {
    attempts: { N: String(attempts) },
    history: { L: history.map(historyValue) },
    ...(firstAttemptAt === undefined ? {} : { firstAttemptAt: { N: String(firstAttemptAt) } }),
  };
}

function historyValue({ at, reason, error, fingerprint }: FailedAttempt): AttributeValue {
  return {
    M: { at: { N: String(at) }, reason: { S: reason }, error: { S: error }, fingerprint: { S: fingerprint } },
  };
}

function movedValue({ queue, messageId }: CompletedMove): AttributeValue {
  return { M: { queue: { S: queue }, messageId: { S: messageId } } };
}

function json(value: FailureEnvelope | ErrorSummary): AttributeValue {
  return { S: asciiJson(value) };
}

/** DynamoDB's time to live is in whole seconds. */
function ttl(expiresAtEpochMs: number): Item {
  return { [TABLE_TTL]: { N: String(Math.ceil(expiresAtEpochMs / 1_000)) } };
}

function recordOf(item: Item): MessageRecord {
  const moved = item.movedTo?.M;
  const first = item.firstAttemptAt?.N;
  const error = item.lastError?.S;
  const started = item.started?.M;
  return {
    attempts: Number(item.attempts?.N ?? 0),
    history: (item.history?.L ?? []).map(attemptOf),
    ...(first === undefined ? {} : { firstAttemptAt: Number(first) }),
    ...(error === undefined ? {} : { lastError: JSON.parse(error) }),
    ...(started === undefined
      ? {}
      : { started: { endsBy: Number(started.endsBy?.N ?? 0), alone: started.alone?.BOOL ?? false } }),
    ...(moved === undefined
      ? pendingMove(item)
      : { movedTo: { queue: moved.queue?.S ?? '', messageId: moved.messageId?.S ?? '' } }),
  };
}

/** A move writes its envelope before it sends and notes afterwards where the message went. */
function pendingMove({ envelope }: Item): Pick<MessageRecord, 'pendingMove'> {
  return envelope?.S === undefined ? {} : { pendingMove: JSON.parse(envelope.S) };
}

function attemptOf(value: AttributeValue): FailedAttempt {
  const fields = value.M ?? {};
  return {
    at: Number(fields.at?.N ?? 0),
    reason: FAILURE_REASONS.find((reason) => reason === fields.reason?.S) ?? 'UNKNOWN',
    error: fields.error?.S ?? '',
    fingerprint: fields.fingerprint?.S ?? '',
  };
}
