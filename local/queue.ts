import { GetQueueAttributesCommand, PurgeQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { FauxqsAttribute, FauxqsMessage, FauxqsQueue } from './emulators/fauxqs-types.ts';
import { ForeignEndpointError } from './errors.ts';

/** Messages of a queue by what a receive would see of them. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** A message as it lies in a queue, looked at without receiving it. */
export interface StoredMessage {
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: Readonly<Record<string, FauxqsAttribute>>;
  readonly state: 'visible' | 'inFlight' | 'delayed';
  readonly receiveCount: number;
  readonly sentEpochMs: number;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly sequenceNumber?: string;
}

/** A queue of the local stack. */
export interface LocalQueue {
  readonly stack: string;
  readonly logicalId: string;
  readonly constructPath: string;
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly region: string;
  readonly fifo: boolean;
  /** Counts, with messages whose visibility timeout is over counted as visible. */
  counts(): Promise<QueueCounts>;
  /**
   * Every message in the queue, none of them received.
   *
   * @throws {ForeignEndpointError} with an endpoint of one's own
   */
  messages(): Promise<readonly StoredMessage[]>;
  /** Delete every message. */
  purge(): Promise<void>;
}

/** What identifies a queue. */
export type QueueFacts = Omit<LocalQueue, 'counts' | 'messages' | 'purge'>;

/** Messages of a queue of the emulator by what a receive would see of them now. */
export function countMessages(queue: FauxqsQueue, now: number = Date.now()): QueueCounts {
  const { ready, delayed, inflight } = queue.inspectMessages();
  const expired = inflight.filter(({ visibilityDeadline }) => visibilityDeadline <= now).length;
  const due = delayed.filter((message) => isDue(message, now)).length;
  return {
    visible: ready.length + expired + due,
    inFlight: inflight.length - expired,
    delayed: delayed.length - due,
  };
}

/** A queue that lives in the emulator of the local stack. */
export function emulatedQueue(facts: QueueFacts, queue: FauxqsQueue): LocalQueue {
  const snapshot = (): StoredMessage[] => {
    const now = Date.now();
    const { ready, delayed, inflight } = queue.inspectMessages();
    return [
      ...ready.map((message) => stored(message, 'visible')),
      ...delayed.map((message) => stored(message, isDue(message, now) ? 'visible' : 'delayed')),
      ...inflight.map(({ message, visibilityDeadline }) =>
        stored(message, visibilityDeadline <= now ? 'visible' : 'inFlight'),
      ),
    ];
  };
  return {
    ...facts,
    counts: async () => countMessages(queue),
    messages: async () => snapshot(),
    purge: async () => queue.purge(),
  };
}

/** A queue behind an endpoint of one's own. */
export function foreignQueue(facts: QueueFacts, client: SQSClient): LocalQueue {
  return {
    ...facts,
    async counts() {
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl: facts.url, AttributeNames: ['All'] }),
      );
      return {
        visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
        inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
        delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
      };
    },
    async messages() {
      throw new ForeignEndpointError(`${facts.name} is not in the emulator: its messages cannot be listed`);
    },
    async purge() {
      await client.send(new PurgeQueueCommand({ QueueUrl: facts.url }));
    },
  };
}

function isDue({ delayUntil }: FauxqsMessage, nowEpochMs: number): boolean {
  return delayUntil === undefined || delayUntil <= nowEpochMs;
}

function stored(message: FauxqsMessage, state: StoredMessage['state']): StoredMessage {
  return {
    messageId: message.messageId,
    body: message.body,
    messageAttributes: message.messageAttributes,
    state,
    receiveCount: message.approximateReceiveCount,
    sentEpochMs: message.sentTimestamp,
    ...(message.messageGroupId === undefined ? {} : { groupId: message.messageGroupId }),
    ...(message.messageDeduplicationId === undefined
      ? {}
      : { deduplicationId: message.messageDeduplicationId }),
    ...(message.sequenceNumber === undefined ? {} : { sequenceNumber: message.sequenceNumber }),
  };
}
