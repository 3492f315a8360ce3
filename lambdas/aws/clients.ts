import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { ConfigurationClients } from './run-time-configuration.ts';

/** SDK clients that the runtime uses; each can be given, for a client of one's own or in tests. */
export interface RuntimeClients extends ConfigurationClients {
  /** @default - a client with short time-outs and the SDK's standard retries */
  readonly sqs?: SQSClient;
  /** @default - a client with short time-outs and the SDK's standard retries */
  readonly dynamodb?: DynamoDBClient;
  /**
   * Client for the shared circuits. It should try once: what is reported twice counts twice.
   *
   * @default - `dynamodb` if that is given, or a client with one attempt
   */
  readonly circuits?: DynamoDBClient;
  /** @default - a client with short time-outs and the SDK's standard retries */
  readonly secretsManager?: SecretsManagerClient;
}

/** SQS takes up to 1 MiB a call. Milliseconds. */
const QUEUE_TIMEOUTS = { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true };

/** What is asked of the stores is small, and handlers wait for it. Milliseconds. */
export const STORE_TIMEOUTS = { connectionTimeout: 500, requestTimeout: 1_000, throwOnRequestTimeout: true };

/** Fill in the clients that were not given. They connect when they are first used. */
export function runtimeClients(
  given: RuntimeClients = {},
): Required<Omit<RuntimeClients, keyof ConfigurationClients>> {
  return {
    sqs: given.sqs ?? new SQSClient({ requestHandler: QUEUE_TIMEOUTS, maxAttempts: 3 }),
    dynamodb: given.dynamodb ?? new DynamoDBClient({ requestHandler: STORE_TIMEOUTS, maxAttempts: 2 }),
    circuits:
      given.circuits ??
      given.dynamodb ??
      new DynamoDBClient({ requestHandler: STORE_TIMEOUTS, maxAttempts: 1 }),
    secretsManager:
      given.secretsManager ?? new SecretsManagerClient({ requestHandler: STORE_TIMEOUTS, maxAttempts: 2 }),
  };
}
