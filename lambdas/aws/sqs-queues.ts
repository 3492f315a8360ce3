import {
  type BatchResultErrorEntry,
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  type MessageAttributeValue,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { SpillwayError } from '../core/errors.ts';
import { type MessageAttribute, messageBytes } from '../core/message.ts';
import { inParallel } from '../core/parallel.ts';
import type {
  OutgoingMessage,
  RefusedEntry,
  SendResult,
  SourceQueue,
  TargetQueue,
  VisibilityChange,
} from '../core/queues.ts';
import { LIMITS } from '../core/settings.ts';

/** SQS refused one entry of a batch call that was answered with HTTP 200. */
export class QueueEntryError extends SpillwayError {
  /** SQS's code, such as `InvalidMessageContents`. */
  readonly code: string;
  /** Whether repeating the entry as it is cannot help. */
  readonly senderFault: boolean;

  constructor({ Code, SenderFault, Message }: BatchResultErrorEntry) {
    super(`SQS refused an entry: ${Code ?? 'unknown'}${Message === undefined ? '' : `: ${Message}`}`);
    this.code = Code ?? 'unknown';
    this.senderFault = SenderFault ?? false;
  }
}

/** How often an entry that failed through no fault of ours is sent in all. */
const MOST_TRIES = 3;

/** Indexed entries of one batch call. */
type Indexed<T> = readonly { readonly at: number; readonly item: T }[];

/** Batch calls that are under way at a time on a standard queue. */
const CALLS_AT_A_TIME = 10;

/**
 * Send messages to a queue in as few calls as SQS allows: ten entries and 1 MiB each. On a FIFO queue the calls follow
 * each other, and an entry that was refused while others of its batch were taken is told rather than sent behind them.
 */
export function targetQueue(client: SQSClient, url: string, name: string): TargetQueue {
  const keepOrder = name.endsWith('.fifo');

  async function send(messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]> {
    const results = new Map<number, SendResult>();
    await inBatches(messages, {
      keepOrder,
      bytesOf: ({ body, attributes }) => messageBytes(body, attributes),
      async call(batch) {
        const Entries = batch.map(({ at, item }) => sendEntry(at, item));
        const command = new SendMessageBatchCommand({ QueueUrl: url, Entries });
        const { Successful = [], Failed = [] } = await client.send(command);
        for (const { Id, MessageId } of Successful) {
          results.set(Number(Id), { ok: true, messageId: MessageId ?? '' });
        }
        return Failed;
      },
      onError: (at, error) => results.set(at, { ok: false, error, refused: isSenderFault(error) }),
    });
    return messages.map(
      (_message, at) => results.get(at) ?? { ok: false, error: unmentioned(), refused: false },
    );
  }
  return { name, send };
}

/** Settle messages that were received from a queue. */
export function sourceQueue(client: SQSClient, url: string): SourceQueue {
  async function changeVisibility(changes: readonly VisibilityChange[]): Promise<readonly RefusedEntry[]> {
    const refused: RefusedEntry[] = [];
    await inBatches(changes, {
      keepOrder: url.endsWith('.fifo'),
      bytesOf: () => 0,
      async call(batch) {
        const Entries = batch.map(({ at, item: { receiptHandle, visibilitySeconds } }) => {
          return { Id: String(at), ReceiptHandle: receiptHandle, VisibilityTimeout: visibilitySeconds };
        });
        const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: url, Entries });
        const { Failed = [] } = await client.send(command);
        return Failed;
      },
      onError: (at, error) => refused.push({ at, error }),
    });
    return refused;
  }

  async function acknowledge(receiptHandles: readonly string[]): Promise<readonly RefusedEntry[]> {
    const refused: RefusedEntry[] = [];
    await inBatches(receiptHandles, {
      keepOrder: false,
      bytesOf: () => 0,
      async call(batch) {
        const Entries = batch.map(({ at, item }) => ({ Id: String(at), ReceiptHandle: item }));
        const { Failed = [] } = await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
        return Failed;
      },
      onError: (at, error) => refused.push({ at, error }),
    });
    return refused;
  }
  return { changeVisibility, acknowledge };
}

interface BatchCalls<T> {
  /** Calls follow each other, and an entry is not repeated once others of its batch may have gone ahead. */
  readonly keepOrder: boolean;
  readonly bytesOf: (item: T) => number;
  /** Make one call; the entries that failed come back. */
  readonly call: (batch: Indexed<T>) => Promise<readonly BatchResultErrorEntry[]>;
  readonly onError: (at: number, error: Error) => void;
}

/** Make batch calls; entries that failed through no fault of ours are tried again, the rest is told. */
async function inBatches<T>(items: readonly T[], calls: BatchCalls<T>): Promise<void> {
  const width = calls.keepOrder ? 1 : CALLS_AT_A_TIME;
  await inParallel(batches(items, calls.bytesOf), width, (batch) => makeCalls(batch, calls));
}

async function makeCalls<T>(batch: Indexed<T>, { keepOrder, call, onError }: BatchCalls<T>): Promise<void> {
  let open = batch;
  for (let tries = 1; open.length > 0; tries += 1) {
    let failed: readonly BatchResultErrorEntry[];
    try {
      failed = await call(open);
    } catch (error) {
      const cause =
        error instanceof Error ? error : new SpillwayError('the SQS call failed', { cause: error });
      for (const { at } of open) onError(at, cause);
      return;
    }
    const mayRepeat = tries < MOST_TRIES && !(keepOrder && batch.length > 1);
    const again = new Set<number>();
    for (const entry of failed) {
      if (mayRepeat && !entry.SenderFault) again.add(Number(entry.Id));
      else onError(Number(entry.Id), new QueueEntryError(entry));
    }
    open = open.filter(({ at }) => again.has(at));
  }
}

function isSenderFault(error: Error): boolean {
  return error instanceof QueueEntryError && error.senderFault;
}

function unmentioned(): SpillwayError {
  return new SpillwayError('SQS did not mention the entry');
}

function batches<T>(items: readonly T[], bytesOf: (item: T) => number): Indexed<T>[] {
  const all: { at: number; item: T }[][] = [];
  let bytes = 0;
  for (const [at, item] of items.entries()) {
    const size = bytesOf(item);
    const last = all.at(-1);
    if (
      last !== undefined &&
      last.length < LIMITS.maxBatchEntries &&
      bytes + size <= LIMITS.maxMessageBytes
    ) {
      last.push({ at, item });
      bytes += size;
    } else {
      all.push([{ at, item }]);
      bytes = size;
    }
  }
  return all;
}

function sendEntry(at: number, message: OutgoingMessage): SendMessageBatchRequestEntry {
  const { body, attributes, groupId, deduplicationId, delaySeconds, traceHeader } = message;
  const MessageAttributes = Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]) => [name, attributeValue(attribute)]),
  );
  return {
    Id: String(at),
    MessageBody: body,
    MessageAttributes,
    ...(groupId === undefined ? {} : { MessageGroupId: groupId }),
    ...(deduplicationId === undefined ? {} : { MessageDeduplicationId: deduplicationId }),
    ...(delaySeconds === undefined ? {} : { DelaySeconds: delaySeconds }),
    ...(traceHeader === undefined
      ? {}
      : { MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: traceHeader } } }),
  };
}

function attributeValue({ dataType, stringValue, binaryValue }: MessageAttribute): MessageAttributeValue {
  return {
    DataType: dataType,
    ...(stringValue === undefined ? {} : { StringValue: stringValue }),
    ...(binaryValue === undefined ? {} : { BinaryValue: binaryValue }),
  };
}
