import { inspect } from 'node:util';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { vi } from 'vitest';
import type { RuntimeClients } from '../../lambdas/aws/clients.ts';
import { createQueue, type Emulators } from '../aws/emulators.ts';
import type { Block } from './page.ts';

/** What an example did to the world around it. */
export interface Effects {
  /** Requests by `fetch`. */
  fetched: number;
  /** What was written to the console. */
  written: string;
  /** What is done when the process has nothing else to do: the CDK synthesizes the app of a script then. */
  atExit: (() => void)[];
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
export function emulatedClients<M extends { runtimeClients: (given?: RuntimeClients) => unknown }>(
  original: M,
) {
  return {
    ...original,
    runtimeClients(given: RuntimeClients = {}) {
      const { emulators } = state;
      const own = emulators === undefined ? {} : { sqs: emulators.sqs, dynamodb: emulators.dynamodb };
      return original.runtimeClients({ ...own, ...given });
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
  /** Nothing listens there: what has no emulator is not reached, AWS least of all. */
  AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
  CDK_OUTDIR: 'cdk.out',
  /** No function is bundled: its code is not the point of an example. */
  CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [] }),
};

/** Put the world around an example: environment variables, `fetch`, a quiet console, emulators of SQS and DynamoDB. */
export async function standIns(emulators: Emulators, { notes }: Block): Promise<Effects> {
  state.emulators = emulators;
  const endpoints = {
    AWS_ENDPOINT_URL_SQS: await urlOf(emulators.sqs),
    AWS_ENDPOINT_URL_DYNAMODB: await urlOf(emulators.dynamodb),
  };
  for (const [name, value] of Object.entries({ ...ENVIRONMENT, ...endpoints })) vi.stubEnv(name, value);
  for (const pair of notes.get('environment')?.split('\n') ?? []) {
    const [name = '', ...value] = pair.split('=');
    vi.stubEnv(name, value.join('='));
  }
  const effects: Effects = { fetched: 0, written: '', atExit: [] };
  vi.stubGlobal('fetch', async (_input: unknown, init?: RequestInit) => {
    init?.signal?.throwIfAborted();
    effects.fetched += 1;
    return new Response('{}', { headers: { 'content-type': 'application/json' } });
  });
  const write = (...parts: unknown[]): boolean => {
    effects.written += `${parts.map((part) => (typeof part === 'string' ? part : inspect(part))).join(' ')}\n`;
    return true;
  };
  const once = process.once.bind(process);
  vi.spyOn(process, 'once').mockImplementation((event, listener) => {
    if (event !== 'beforeExit') return once(event, listener);
    effects.atExit.push(listener);
    return process;
  });
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, 'write').mockImplementation(write);
  for (const method of ['log', 'info', 'warn', 'error', 'table'] as const) {
    vi.spyOn(console, method).mockImplementation(write);
  }
  return effects;
}

async function urlOf({ config }: Emulators['sqs'] | Emulators['dynamodb']): Promise<string> {
  const endpoint = await config.endpoint?.();
  return endpoint === undefined ? '' : `http://${endpoint.hostname}:${endpoint.port}`;
}

/** Put the world back. */
export function removeStandIns(): void {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
}

/** Create the queues and tables that a block names, where they are not there yet. */
export async function createNamed(emulators: Emulators, { code, notes }: Block): Promise<void> {
  const text = `${code}\n${notes.get('environment') ?? ''}`;
  const queues = [...text.matchAll(/https?:\/\/sqs\.[^'"\s]*\/([\w.-]+)/g)].map(([, name = '']) => name);
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
