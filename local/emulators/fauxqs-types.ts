/** A message as fauxqs stores it. */
export interface FauxqsMessage {
  readonly messageId: string;
  readonly body: string;
  readonly md5OfBody: string;
  readonly md5OfMessageAttributes: string;
  readonly messageAttributes: Readonly<Record<string, FauxqsAttribute>>;
  sentTimestamp: number;
  approximateReceiveCount: number;
  approximateFirstReceiveTimestamp?: number;
  readonly delayUntil?: number;
  readonly messageGroupId?: string;
  readonly messageDeduplicationId?: string;
  sequenceNumber?: string;
}

/** A message attribute; the binary value is base64. */
export interface FauxqsAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

/** A message that somebody has received and not yet deleted. */
export interface FauxqsInFlight {
  readonly message: FauxqsMessage;
  readonly receiptHandle: string;
  readonly visibilityDeadline: number;
}

/** What fauxqs answers a receive with, before system attributes are added. */
export interface FauxqsReceived {
  MessageId: string;
  ReceiptHandle: string;
  MD5OfBody: string;
  Body: string;
  MD5OfMessageAttributes?: string;
  MessageAttributes?: Readonly<Record<string, FauxqsAttribute>>;
}

/** Finds the dead-letter queue that a redrive policy names. */
export type FauxqsQueueByArn = (
  arn: string,
) => Pick<FauxqsQueue, 'enqueue' | 'nextSequenceNumber'> | undefined;

/** The parts of a fauxqs queue that the local stack relies on. */
export interface FauxqsQueue {
  readonly name: string;
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly inflightMessages: Map<string, FauxqsInFlight>;
  readonly fifoMessages: Map<string, FauxqsMessage[]>;
  readonly fifoLockedGroups: Map<string, number>;
  readonly pollWaiters: { resolve: () => void; timer: NodeJS.Timeout }[];
  isFifo(): boolean;
  enqueue(message: FauxqsMessage): void;
  dequeue(max: number, visibilityTimeout?: number, byArn?: FauxqsQueueByArn): FauxqsReceived[];
  deleteMessage(receiptHandle: string): boolean;
  processTimers(): void;
  waitForMessages(seconds: number): Promise<void>;
  nextSequenceNumber(): string;
  purge(): void;
  inspectMessages(): { ready: FauxqsMessage[]; delayed: FauxqsMessage[]; inflight: FauxqsInFlight[] };
}

/** The parts of the fauxqs queue store that the local stack relies on. */
export interface FauxqsStore {
  host: string;
  createQueue(
    name: string,
    url: string,
    arn: string,
    attributes: Record<string, string>,
    tags?: Record<string, string>,
  ): FauxqsQueue;
  getQueueByName(name: string): FauxqsQueue | undefined;
  getQueueByArn(arn: string): FauxqsQueue | undefined;
}

/** The parts of the fauxqs topic store that the local stack relies on. */
export interface FauxqsTopics {
  createTopic(
    name: string,
    attributes: Record<string, string>,
    tags: Record<string, string>,
    region: string,
  ): unknown;
  subscribe(
    topicArn: string,
    protocol: string,
    endpoint: string,
    attributes: Record<string, string>,
  ): unknown;
}

/** The parts of the fauxqs bucket store that the local stack relies on. */
export interface FauxqsBuckets {
  createBucket(name: string): void;
}

/** The parts of the fastify application that fauxqs builds. */
export interface FauxqsApp {
  addHook(
    name: 'onRequest',
    hook: (
      request: { headers: Readonly<Record<string, string | undefined>> },
      reply: { code(status: number): { send(body: string): void } },
      done: () => void,
    ) => void,
  ): void;
  addHook(name: 'preHandler', hook: (request: FauxqsRequest, reply: unknown, done: () => void) => void): void;
  addHook(
    name: 'preSerialization',
    hook: (
      request: FauxqsRequest,
      reply: unknown,
      payload: unknown,
      done: (error: null, payload: unknown) => void,
    ) => void,
  ): void;
  listen(options: { port: number; host: string }): Promise<string>;
  close(): Promise<void>;
}

/** A request, once its body is parsed. */
export interface FauxqsRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

interface BuildOptions {
  readonly logger: boolean;
  readonly defaultRegion: string;
  readonly stores: {
    readonly sqsStore: FauxqsStore;
    readonly snsStore: FauxqsTopics;
    readonly s3Store: FauxqsBuckets;
  };
}

function hasFunction(module: unknown, name: string): boolean {
  return (
    typeof module === 'object' &&
    module !== null &&
    typeof Object.getOwnPropertyDescriptor(module, name)?.value === 'function'
  );
}

/** Whether an imported module is fauxqs' entry. */
export function isFauxqs(module: unknown): module is { buildApp(options: BuildOptions): FauxqsApp } {
  return hasFunction(module, 'buildApp');
}

/** Whether an imported module is fauxqs' queue store. */
export function isSqsStoreModule(module: unknown): module is { SqsStore: new () => FauxqsStore } {
  return hasFunction(module, 'SqsStore');
}

/** Whether an imported module is fauxqs' topic store. */
export function isSnsStoreModule(module: unknown): module is { SnsStore: new () => FauxqsTopics } {
  return hasFunction(module, 'SnsStore');
}

/** Whether an imported module is fauxqs' bucket store. */
export function isS3StoreModule(module: unknown): module is { S3Store: new () => FauxqsBuckets } {
  return hasFunction(module, 'S3Store');
}
