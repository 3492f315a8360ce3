import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { vi } from 'vitest';
import type { RuntimeClients } from '../../lambdas/aws/clients.ts';
import { createQueue, type Emulators } from '../aws/emulators.ts';

/** What an example did to the world around it. */
export interface Effects {
  /** Requests by `fetch`. */
  fetched: number;
  /** Lines that were written. */
  written: number;
}

/** What is known of a consumer that an example made. */
export interface MadeConsumer {
  readonly schema: unknown;
}

const state: { emulators: Emulators | undefined; consumer: MadeConsumer | undefined } = {
  emulators: undefined,
  consumer: undefined,
};

/** The consumer that was made last, if nobody has asked for it. */
export function takeConsumer(): MadeConsumer | undefined {
  const { consumer } = state;
  state.consumer = undefined;
  return consumer;
}

/** Stands in for `lambdas/aws/clients.ts`: clients that nobody gives are those of the emulators. */
export function emulatedClients() {
  return {
    runtimeClients(given: RuntimeClients = {}): RuntimeClients {
      const { emulators } = state;
      if (emulators === undefined) return given;
      const { sqs, dynamodb } = emulators;
      return { sqs, dynamodb, circuits: given.dynamodb ?? dynamodb, ...given };
    },
  };
}

/** Stands in for `lambdas/aws/resilient-consumer.ts`: it is that, and remembers what it was given. */
export function watchedConsumers<M extends { resilientConsumer: (options: never) => unknown }>(original: M) {
  const { resilientConsumer } = original;
  return {
    ...original,
    resilientConsumer(options: Parameters<typeof resilientConsumer>[0] & MadeConsumer) {
      const handler = resilientConsumer(options);
      state.consumer = options;
      return handler;
    },
  };
}

const ENVIRONMENT = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  QUEUE_URL: 'http://sqs.test/000000000000/orders',
  DLQ_URL: 'http://sqs.test/000000000000/orders-dlq',
  QUARANTINE_URL: 'http://sqs.test/000000000000/orders-quarantine',
  STATE_TABLE: 'state',
  /** No function is bundled: its code is not the point of an example. */
  CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [] }),
};

/** Put the world around examples: environment variables, `fetch`, a quiet console, emulators of SQS and DynamoDB. */
export function standIns(emulators: Emulators): Effects {
  state.emulators = emulators;
  for (const [name, value] of Object.entries(ENVIRONMENT)) vi.stubEnv(name, value);
  const effects: Effects = { fetched: 0, written: 0 };
  vi.stubGlobal('fetch', async (_input: unknown, init?: RequestInit) => {
    init?.signal?.throwIfAborted();
    effects.fetched += 1;
    return new Response('{}', { headers: { 'content-type': 'application/json' } });
  });
  const write = (): boolean => {
    effects.written += 1;
    return true;
  };
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockImplementation(write);
  for (const method of ['log', 'info', 'warn', 'error', 'table'] as const) {
    vi.spyOn(console, method).mockImplementation(write);
  }
  return effects;
}

/** Put the world back. */
export function removeStandIns(): void {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
}

/** Create the queues and tables that a code names, where they are not there yet. */
export async function createNamed(emulators: Emulators, code: string): Promise<void> {
  const queues = [...code.matchAll(/'https?:\/\/sqs\.[^'\s]*\/([\w.-]+)'/g)].map(([, name = '']) => name);
  for (const name of new Set(['orders', ...queues])) await createQueue(emulators, name);
  for (const [, name = ''] of code.matchAll(/\btable: '([^']+)'/g)) {
    const definition = new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    });
    await emulators.dynamodb.send(definition).catch((error: unknown) => {
      if (!(error instanceof Error && error.name === 'ResourceInUseException')) throw error;
    });
  }
}
