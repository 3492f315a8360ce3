import { randomUUID, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { getSecret } from '@aws-lambda-powertools/parameters/secrets';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { APIGatewayProxyResultV2, LambdaFunctionURLEvent } from 'aws-lambda';
import { required } from './environment.ts';
import { type Fault, faultSchema, HEALTHY } from './fault.ts';

const LEDGER_TABLE = required('LEDGER_TABLE');
const TOKEN = required('TRACKER_TOKEN_SECRET');
const dynamodb = new DynamoDBClient();

/** Partition key of the item that holds the fault; calls have random ones. */
const FAULT_KEY = 'fault';

/** Set the fault: invoke the function with it. Only who may invoke can, which the public address cannot. */
interface SetFault {
  readonly fault: unknown;
}

/**
 * The dependency of the example: takes activities, writes every call into its ledger and never deduplicates. Its
 * faults can be switched.
 *
 * @example
 * aws lambda invoke --function-name ... --payload '{"fault":{"kind":"down"}}' /dev/stdout
 */
export async function handler(
  event: LambdaFunctionURLEvent | SetFault,
): Promise<APIGatewayProxyResultV2 | Fault> {
  if ('fault' in event) return setFault(event.fault);
  if (!(await isAuthorized(event.headers.authorization ?? ''))) return { statusCode: 401 };
  const fault = await currentFault();
  if (fault.kind === 'latency') await sleep(fault.ms);
  const answer = answerUnder(fault);
  await writeDown(event.headers['idempotency-key'] ?? '', answer.statusCode);
  return answer;
}

function answerUnder(fault: Fault): { statusCode: number; headers?: Record<string, string> } {
  switch (fault.kind) {
    case 'healthy':
    case 'latency':
      return { statusCode: 201 };
    case 'errors':
      return { statusCode: Math.random() < fault.share ? 500 : 201 };
    case 'throttled':
      return { statusCode: 429, headers: { 'retry-after': String(fault.retryAfterSeconds) } };
    case 'down':
      return { statusCode: 503 };
  }
}

async function writeDown(idempotencyKey: string, statusCode: number): Promise<void> {
  const Item = {
    pk: { S: `call#${randomUUID()}` },
    at: { N: String(Date.now()) },
    idempotencyKey: { S: idempotencyKey },
    statusCode: { N: String(statusCode) },
  };
  await dynamodb.send(new PutItemCommand({ TableName: LEDGER_TABLE, Item }));
}

async function setFault(wanted: unknown): Promise<Fault> {
  const fault = faultSchema.parse(wanted);
  const Item = { pk: { S: FAULT_KEY }, fault: { S: JSON.stringify(fault) } };
  await dynamodb.send(new PutItemCommand({ TableName: LEDGER_TABLE, Item }));
  return fault;
}

async function currentFault(): Promise<Fault> {
  const Key = { pk: { S: FAULT_KEY } };
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: LEDGER_TABLE, Key, ConsistentRead: true }),
  );
  return Item?.fault?.S === undefined ? HEALTHY : faultSchema.parse(JSON.parse(Item.fault.S));
}

async function isAuthorized(given: string): Promise<boolean> {
  const expected = Buffer.from(`Bearer ${await getSecret(TOKEN, { maxAge: 300 })}`);
  const actual = Buffer.from(given);
  return actual.byteLength === expected.byteLength && timingSafeEqual(actual, expected);
}
