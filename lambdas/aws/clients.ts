import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';

/** SDK clients that the runtime uses; each can be given, for a client of one's own or in tests. */
export interface RuntimeClients {
  /** @default - a client with short time-outs and the SDK's standard retries */
  readonly sqs?: SQSClient;
  /** @default - a client with short time-outs and the SDK's standard retries */
  readonly dynamodb?: DynamoDBClient;
}

/** A store that hangs must not use up the time of the handler. Milliseconds. */
const TIMEOUTS = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };

/** Fill in the clients that were not given. */
export function runtimeClients(given: RuntimeClients = {}): Required<RuntimeClients> {
  return {
    sqs: given.sqs ?? new SQSClient({ requestHandler: TIMEOUTS, maxAttempts: 3 }),
    dynamodb: given.dynamodb ?? new DynamoDBClient({ requestHandler: TIMEOUTS, maxAttempts: 3 }),
  };
}
