import type { JSONValue } from '@aws-lambda-powertools/commons/types';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { IdempotencyRecord } from '@aws-lambda-powertools/idempotency/persistence';
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type Clock, pause } from '../core/clock.ts';
import { SpillwayError } from '../core/errors.ts';
import { TABLE_KEY, TABLE_TTL } from '../core/settings.ts';

/** Attributes of an idempotency record. */
const STATUS = 'status';
const LOCK_ENDS = 'lockEndsAt';

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
 * - the lock is bounded by the time that this message has left;
 * - whoever finds an execution in progress learns when its lock ends ({@link heldUntil});
 * - completing and releasing are fenced by the lock they belong to, so that a holder that outlived its lock cannot
 *   touch the next one's;
 * - what fails after the effect is kept in {@link recordError} rather than thrown: a failing write must neither repeat
 *   an effect that happened nor hide the handler's error.
 */
export class FencedPersistence extends DynamoDBPersistenceLayer {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #clock: Clock;
  #remainingMs = 0;
  #lockEndsAt: number | undefined;
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
    this.#lockEndsAt = undefined;
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
    await super._putRecord(record);
    this.#lockEndsAt = record.inProgressExpiryTimestamp;
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
          ConditionExpression: '#lock = :lock',
          ExpressionAttributeNames: { '#status': STATUS, '#ttl': TABLE_TTL, '#lock': LOCK_ENDS },
          ExpressionAttributeValues: {
            ':completed': { S: record.getStatus() },
            ':ttl': { N: String(record.expiryTimestamp) },
            ':lock': { N: String(this.#lockEndsAt) },
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
          ConditionExpression: '#lock = :lock AND #status = :inProgress',
          ExpressionAttributeNames: { '#status': STATUS, '#lock': LOCK_ENDS },
          ExpressionAttributeValues: {
            ':inProgress': { S: 'INPROGRESS' },
            ':lock': { N: String(this.#lockEndsAt) },
          },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) this.#recordError = error;
    }
  }
}
