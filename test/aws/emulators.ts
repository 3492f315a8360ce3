import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import {
  CreateQueueCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import type { SqsEvent, SqsEventRecord } from '../../lambdas/aws/lambda-event.ts';
import { startDynalite } from '../../local/emulators/dynalite.ts';
import { startFauxqs } from '../../local/emulators/fauxqs.ts';
import { createRequestLog, type RequestLog } from '../../local/emulators/request-log.ts';
import { START } from '../core/fixtures.ts';

const REGION = 'eu-west-1';
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Emulators of SQS and DynamoDB, in process, and clients of them. */
export interface Emulators {
  sqs: SQSClient;
  dynamodb: DynamoDBClient;
  /** What was asked of either. */
  requests: RequestLog;
}

/** Name of the state table. */
export const TABLE = 'state';

/** Start the emulators for the tests of a file, with a state table. */
export function useEmulators(): Emulators {
  const running = {} as Emulators;
  const closers: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    running.requests = createRequestLog();
    const fauxqs = await startFauxqs(REGION, running.requests);
    const dynalite = await startDynalite(running.requests);
    closers.push(fauxqs.close, dynalite.close);
    running.sqs = new SQSClient({ region: REGION, credentials, endpoint: fauxqs.url });
    running.dynamodb = new DynamoDBClient({ region: REGION, credentials, endpoint: dynalite.url });
    await running.dynamodb.send(
      new CreateTableCommand({
        TableName: TABLE,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      }),
    );
  });
  afterAll(async () => {
    running.sqs.destroy();
    running.dynamodb.destroy();
    await Promise.all(closers.map((close) => close()));
  });
  return running;
}

/** Stop the calendar at {@link START}, for the emulators and the libraries too. Timers go on. */
export function useFixedDate(): { advance(ms: number): void } {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: START });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  return { advance: (ms) => void vi.setSystemTime(Date.now() + ms) };
}

/** Create a queue and return its URL. */
export async function createQueue({ sqs }: Emulators, name: string): Promise<string> {
  const Attributes = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return QueueUrl;
}

/** Messages that a queue gives now. */
export async function receive({ sqs }: Emulators, url: string): Promise<readonly Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: 0,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  return Messages;
}

/** Send a message. */
export async function send(
  { sqs }: Emulators,
  url: string,
  body: string,
  rest: Partial<SendMessageCommandInput> = {},
): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, ...rest }));
}

/** Messages as Lambda hands them to a function. */
export function lambdaEvent(messages: readonly Message[]): SqsEvent {
  return {
    Records: messages.map((message): SqsEventRecord => {
      const {
        MessageId = '',
        ReceiptHandle = '',
        Body = '',
        Attributes = {},
        MessageAttributes = {},
      } = message;
      const { ApproximateReceiveCount = '1', SentTimestamp = '', MessageGroupId } = Attributes;
      const group = MessageGroupId === undefined ? {} : { MessageGroupId };
      return {
        messageId: MessageId,
        receiptHandle: ReceiptHandle,
        body: Body,
        attributes: { ApproximateReceiveCount, SentTimestamp, ...group },
        messageAttributes: Object.fromEntries(
          Object.entries(MessageAttributes).map(([name, { DataType = '', StringValue, BinaryValue }]) => [
            name,
            {
              dataType: DataType,
              ...(StringValue === undefined ? {} : { stringValue: StringValue }),
              ...(BinaryValue === undefined
                ? {}
                : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
            },
          ]),
        ),
      };
    }),
  };
}

/** An item of the state table. */
export async function itemOf({ dynamodb }: Emulators, key: string): Promise<GetItemCommandOutput['Item']> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: TABLE, Key: { pk: { S: key } }, ConsistentRead: true }),
  );
  return Item;
}

/** The part of a client that {@link failing} needs. */
interface Breakable {
  readonly middlewareStack: SQSClient['middlewareStack'] | DynamoDBClient['middlewareStack'];
}

/** Make a client's calls of one command fail a number of times. */
export function failing(client: Breakable, command: string, times: number): { calls: number } {
  const count = { calls: 0 };
  const stack = client.middlewareStack as DynamoDBClient['middlewareStack'];
  stack.add(
    (next, context) => async (args) => {
      if (context.commandName !== command) return next(args);
      count.calls += 1;
      if (count.calls <= times) {
        throw Object.assign(new Error('the store is down'), { name: 'StoreDownError' });
      }
      return next(args);
    },
    { step: 'initialize', name: `fail-${command}`, override: true },
  );
  return count;
}
