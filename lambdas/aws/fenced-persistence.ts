import type { JSONValue } from '@aws-lambda-powertools/commons/types';
import {
  IdempotencyItemAlreadyExistsError,
  IdempotencyItemNotFoundError,
} from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { IdempotencyRecord } from '@aws-lambda-powertools/idempotency/persistence';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Clock, pause } from '../core/clock.ts';
import { SpillwayError } from '../core/errors.ts';
import { TABLE_KEY, TABLE_TTL } from '../core/table-keys.ts';

/** Attributes of an idempotency record. */
const STATUS = 'status';
const LOCK_ENDS = 'lockEndsAt';
const HOLDER = 'holder';
const IN_PROGRESS = 'INPROGRESS';

type Item = Record<string, AttributeValue>;

/** How often the completion of an effect is written in all, and the wait before a repetition. */
const MOST_COMPLETION_TRIES = 3;
const COMPLETION_PAUSE_MS = 100;

/** The lock that an execution worked under belongs to somebody else now: it outlived it. */
export class LockLostError extends SpillwayError {
  constructor(options: ErrorOptions) {
    super('the idempotency lock was lost before the effect was recorded', options);
  }
}

/**
 * Powertools' persistence layer, for one execution at a time, with what was missing when it was tried:
 *
 * - the lock is bounded by the time that this message has left, and names its holder: who takes it, does not hear of it,
 *   and has the SDK ask again, knows it for its own;
 * - whoever finds an execution in progress learns when its lock ends ({@link heldUntil});
 * - completing and releasing are fenced by the holder of the lock, so that a holder that outlived its lock cannot
 *   touch the next one's;
 * - what fails after the effect is kept in {@link recordError} rather than thrown: a failing write must neither repeat
 *   an effect that happened nor hide the handler's error.
 */
export class FencedPersistence extends DynamoDBPersistenceLayer {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #clock: Clock;
  #remainingMs = 0;
  #holder = '';
  #heldUntil: number | undefined;
  #recordError: unknown;

  constructor(client: DynamoDBClient, table: string, clock: Clock) {
    super({
      tableName: table,
      awsSdkV3Client: client,
      keyAttr: TABLE_KEY,
      expiryAttr: TABLE_TTL,
      statusAttr: STATUS,
      inProgressExpiryAttr: LOCK_ENDS,
    });
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
  }

  /** Begin an execution that has this much time left. Milliseconds. */
  begin(remainingMs: number): void {
    this.#remainingMs = Math.max(1, Math.floor(remainingMs));
    this.#holder = crypto.randomUUID();
    this.#heldUntil = undefined;
    this.#recordError = undefined;
  }

  /** When the lock that stood in the way ends. Epoch milliseconds. */
  get heldUntil(): number | undefined {
    return this.#heldUntil;
  }

  /** What kept the end of the execution from being recorded. */
  get recordError(): unknown {
    return this.#recordError;
  }

  override saveInProgress(data: JSONValue): Promise<void> {
    return super.saveInProgress(data, this.#remainingMs);
  }

  override processExistingRecord(
    record: IdempotencyRecord,
    data: JSONValue | IdempotencyRecord,
  ): IdempotencyRecord {
    this.#heldUntil = record.inProgressExpiryTimestamp;
    return super.processExistingRecord(record, data);
  }

  protected override async _putRecord(record: IdempotencyRecord): Promise<void> {
    const Key = this.getKey(record.idempotencyKey);
    try {
      await this.#client.send(this.#lock(record));
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const existing = error.Item ?? (await this.#read(Key));
      if (existing?.[HOLDER]?.S === this.#holder) return;
      if (existing === undefined)
        throw new IdempotencyItemNotFoundError('the lock was released', { cause: error });
      const message = 'the idempotency key is taken';
      throw new IdempotencyItemAlreadyExistsError(message, recordOf(record.idempotencyKey, existing), {
        cause: error,
      });
    }
  }

  /** Takes a key that nobody has, whose record is over, or whose holder outlived its lock. */
  #lock(record: IdempotencyRecord): PutItemCommand {
    const now = this.#clock.now();
    return new PutItemCommand({
      TableName: this.#table,
      Item: {
        ...this.getKey(record.idempotencyKey),
        [TABLE_TTL]: { N: String(record.expiryTimestamp) },
        [STATUS]: { S: IN_PROGRESS },
        [LOCK_ENDS]: { N: String(record.inProgressExpiryTimestamp) },
        [HOLDER]: { S: this.#holder },
      },
      ConditionExpression:
        'attribute_not_exists(#key) OR #ttl < :seconds OR (#status = :inProgress AND #lock < :now)',
      ExpressionAttributeNames: {
        '#key': TABLE_KEY,
        '#ttl': TABLE_TTL,
        '#status': STATUS,
        '#lock': LOCK_ENDS,
      },
      ExpressionAttributeValues: {
        ':seconds': { N: String(now / 1_000) },
        ':now': { N: String(now) },
        ':inProgress': { S: IN_PROGRESS },
      },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  }

  async #read(Key: Item): Promise<Item | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key, ConsistentRead: true }),
    );
    return Item;
  }

  protected override async _updateRecord(record: IdempotencyRecord): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#complete(record);
        return;
      } catch (error) {
        if (error instanceof LockLostError || tries === MOST_COMPLETION_TRIES) {
          this.#recordError = error;
          return;
        }
        await pause(this.#clock, COMPLETION_PAUSE_MS * tries);
      }
    }
  }

  async #complete(record: IdempotencyRecord): Promise<void> {
    try {
      await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: this.getKey(record.idempotencyKey),
          UpdateExpression: 'SET #status = :completed, #ttl = :ttl',
          ConditionExpression: '#holder = :holder',
          ExpressionAttributeNames: { '#status': STATUS, '#ttl': TABLE_TTL, '#holder': HOLDER },
          ExpressionAttributeValues: {
            ':completed': { S: record.getStatus() },
            ':ttl': { N: String(record.expiryTimestamp) },
            ':holder': { S: this.#holder },
          },
        }),
      );
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) throw new LockLostError({ cause: error });
      throw error;
    }
  }

  protected override async _deleteRecord(record: IdempotencyRecord): Promise<void> {
    try {
      await this.#client.send(
        new DeleteItemCommand({
          TableName: this.#table,
          Key: this.getKey(record.idempotencyKey),
          ConditionExpression: '#holder = :holder AND #status = :inProgress',
          ExpressionAttributeNames: { '#status': STATUS, '#holder': HOLDER },
          ExpressionAttributeValues: {
            ':inProgress': { S: IN_PROGRESS },
            ':holder': { S: this.#holder },
          },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) this.#recordError = error;
    }
  }
}

function recordOf(idempotencyKey: string, item: Item): IdempotencyRecord {
  const lockEndsAt = item[LOCK_ENDS]?.N;
  return new IdempotencyRecord({
    idempotencyKey,
    status: item[STATUS]?.S === IN_PROGRESS ? IN_PROGRESS : 'COMPLETED',
    expiryTimestamp: Number(item[TABLE_TTL]?.N),
    ...(lockEndsAt === undefined ? {} : { inProgressExpiryTimestamp: Number(lockEndsAt) }),
  });
}
