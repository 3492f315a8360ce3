import type { FailureEnvelope } from '../core/failure-envelope.ts';
import { type MessageRecord, type MessageRecords, NO_RECORD } from '../core/records.ts';
import type { Faults } from './faults.ts';

/** Records of messages in memory, by queue and message id; they know what DynamoDB's know. */
export class MemoryRecords {
  readonly #items = new Map<string, MessageRecord>();
  readonly #faults: Faults;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /**
   * The records of one queue.
   *
   * @param onMove told of every move that is begun, even if that cannot be written
   */
  of(queue: string, onMove: (messageId: string, envelope: FailureEnvelope) => void): MessageRecords {
    const keyOf = (messageId: string): string => `${queue}\n${messageId}`;
    const put = (messageId: string, change: Partial<MessageRecord>): void => {
      this.#faults.operate('state-table');
      const key = keyOf(messageId);
      this.#items.set(key, { ...(this.#items.get(key) ?? NO_RECORD), ...change });
    };
    return {
      load: async (messageIds) => {
        this.#faults.operate('state-table');
        const found = new Map<string, MessageRecord>();
        for (const messageId of messageIds) {
          const record = this.#items.get(keyOf(messageId));
          if (record !== undefined) found.set(messageId, withoutMoveThatIsDone(record));
        }
        return found;
      },
      save: async (messageId, record) => put(messageId, valuesOf(record)),
      startAttempt: async (messageId, record, started) => put(messageId, { ...valuesOf(record), started }),
      endAttempt: async (messageId) => {
        this.#faults.operate('state-table');
        const { started: _, ...record } = this.#items.get(keyOf(messageId)) ?? NO_RECORD;
        this.#items.set(keyOf(messageId), record);
      },
      beginMove: async (messageId, envelope, _expiresAt, keepHistory) => {
        onMove(messageId, envelope);
        const { attempts, history, firstAttemptAt } = envelope;
        const known = keepHistory ? {} : { attempts, history, ...since(firstAttemptAt) };
        put(messageId, { ...known, pendingMove: envelope });
      },
      completeMove: async (messageId, { queue: to, messageId: id }) => {
        put(messageId, { movedTo: { queue: to, messageId: id } });
      },
    };
  }
}

function valuesOf({ attempts, history, firstAttemptAt, lastError }: MessageRecord): MessageRecord {
  const error = lastError === undefined ? {} : { lastError };
  return { attempts, history, ...since(firstAttemptAt), ...error };
}

function since(firstAttemptAt: number | undefined): Pick<MessageRecord, 'firstAttemptAt'> {
  return firstAttemptAt === undefined ? {} : { firstAttemptAt };
}

function withoutMoveThatIsDone({ pendingMove, ...record }: MessageRecord): MessageRecord {
  return pendingMove === undefined || record.movedTo !== undefined ? record : { ...record, pendingMove };
}
