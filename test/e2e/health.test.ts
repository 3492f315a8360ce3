import {
  DeleteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { LambdaClient, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { ApiError } from 'spillway/local';
import { type HealthBody, type HealthStatus, intakeSwitch } from 'spillway/runtime';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startDependency } from './dependency.ts';
import { deployApp } from './deploy-app.ts';

const LIMIT_MS = 200_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
/** Longest that an answer may take on a laptop, in the middle of five. Milliseconds. */
const MOST_MS = 200;

/** A situation, and the answer that it asks for. */
interface Situation {
  readonly name: string;
  /** Bring it about; what comes back ends it. */
  readonly begin: () => Promise<() => Promise<unknown>>;
  /** Status over HTTP, of the whole, and of each component that is not HEALTHY. */
  readonly http: 200 | 503;
  readonly status: HealthStatus;
  readonly ill: Readonly<Record<string, string>>;
  /** What the reason of the first of them says. */
  readonly reason?: RegExp;
  /** How long ago the first of them began. Milliseconds. */
  readonly begun?: number;
  /** Function that is asked. @default 'Health' */
  readonly asked?: 'WithOwn';
}

it(
  'the readiness answer is right in each of fourteen seeded situations, and takes under 200 ms',
  async () => {
    const dependency = await startDependency(1);
    let cloudWatchIsDown = false;
    const apiFault = ({ service }: { service: string }) =>
      cloudWatchIsDown && service === 'cloudwatch'
        ? new ApiError(500, 'InternalServiceFault', 'seeded')
        : undefined;
    const { stack, outputs, sqs } = await deployApp(
      'test/e2e/fixtures/health/app.ts',
      { url: dependency.url },
      { apiFault },
    );
    const { StateTableName: TableName = '', ControlQueueUrl: QueueUrl = '' } = outputs;
    const dynamodb = new DynamoDBClient(stack.clientConfig('dynamodb'));
    const lambda = new LambdaClient(stack.clientConfig('lambda'));
    onTestFinished(() => {
      dynamodb.destroy();
      lambda.destroy();
    });

    const remove = (pk: string) => dynamodb.send(new DeleteItemCommand({ TableName, Key: marshall({ pk }) }));
    /** An item of the state table, as the runtime writes it, as long as the situation lasts. */
    const seed = async (pk: string, item: object) => {
      await dynamodb.send(new PutItemCommand({ TableName, Item: marshall({ pk, ...item }) }));
      return () => remove(pk);
    };
    const ago = (ms: number): number => Date.now() - ms;
    const setEnabled = async (consumer: string, Enabled: boolean): Promise<void> => {
      const UUID = outputs[`${consumer}Mapping`] ?? '';
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
      await becomes(UUID, Enabled ? 'Enabled' : 'Disabled');
    };
    const becomes = (uuid: string, state: string) =>
      vi.waitFor(() => expect(stack.mappings.find((each) => each.uuid === uuid)?.state).toBe(state), {
        timeout: 10_000,
        interval: 20,
      });
    const measure = (queue: string, metricName: string, ...values: readonly number[]): void => {
      const minute = Math.floor(Date.now() / MINUTE) * MINUTE;
      const dimensions = { QueueName: outputs[queue] ?? '' };
      stack.cloudwatch.put(
        values.map((value, at) => ({
          namespace: 'AWS/SQS',
          metricName,
          dimensions,
          atEpochMs: minute - (values.length - 1 - at) * MINUTE,
          values: [value],
        })),
      );
    };
    const stays = async (): Promise<void> => {};

    const situations: readonly Situation[] = [
      { name: 'all is well', begin: async () => stays, http: 200, status: 'HEALTHY', ill: {} },
      {
        name: 'a circuit is open',
        begin: () => {
          const at = ago(20_000);
          return seed('circuit#provider', {
            version: at,
            state: 'open',
            openUntil: at + MINUTE,
            openForMs: MINUTE,
          });
        },
        http: 200,
        status: 'DEGRADED',
        ill: { 'circuit/provider': 'DEGRADED' },
        reason: /^open: may be probed in [34]\d s$/,
        begun: 20_000,
      },
      {
        name: 'an operator holds a circuit open',
        begin: () =>
          seed('circuit#provider', {
            version: ago(HOUR),
            state: 'forced-open',
            since: ago(HOUR),
            lastError: 'the provider moves',
          }),
        http: 200,
        status: 'DEGRADED',
        ill: { 'circuit/provider': 'DEGRADED' },
        reason: /^held open by an operator: the provider moves$/,
        begun: HOUR,
      },
      {
        name: 'a circuit has been half-open for too long',
        begin: () => seed('circuit#provider', { version: ago(6 * MINUTE), state: 'half-open' }),
        http: 200,
        status: 'DEGRADED',
        ill: { 'circuit/provider': 'UNHEALTHY' },
        reason: /^half-open for 6 min/,
        begun: MINUTE,
      },
      {
        name: 'somebody disabled an event source',
        begin: async () => {
          await setEnabled('mail', false);
          return () => setEnabled('mail', true);
        },
        http: 503,
        status: 'UNHEALTHY',
        ill: { 'mail/event-source': 'UNHEALTHY' },
        reason: /the intake controller did not do it$/,
        begun: 0,
      },
      {
        name: 'the intake controller paused an event source for an open circuit',
        begin: async () => {
          const at = ago(0);
          const openForMs = 10 * MINUTE;
          const key = 'circuit#tracker';
          await seed(key, { version: at, state: 'open', openUntil: at + openForMs, openForMs });
          const MessageBody = JSON.stringify({ kind: 'circuit-changed', key });
          await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
          await becomes(outputs.ordersMapping ?? '', 'Disabled');
          return async () => {
            await remove(key);
            await remove('intake#orders');
            await setEnabled('orders', true);
          };
        },
        http: 200,
        status: 'DEGRADED',
        ill: { 'circuit/tracker': 'DEGRADED', 'orders/event-source': 'DEGRADED' },
        reason: /^open: may be probed in 9 min$/,
        begun: 0,
      },
      {
        name: 'an operator holds the intake of a consumer',
        begin: async () => {
          const intake = intakeSwitch({ consumerId: 'mail', table: TableName, client: dynamodb });
          await intake.hold('stocktaking until noon');
          return () => intake.resume();
        },
        http: 200,
        status: 'DEGRADED',
        ill: { 'mail/intake': 'DEGRADED' },
        reason: /^held by an operator: stocktaking until noon$/,
        begun: 0,
      },
      {
        name: 'the kill switch holds it',
        begin: () => {
          const at = ago(30_000);
          const times = { openUntil: at + MINUTE, openForMs: MINUTE, since: at };
          return seed('circuit#intake#mail', { version: at, state: 'open', fingerprint: 'abc123', ...times });
        },
        http: 503,
        status: 'UNHEALTHY',
        ill: { 'mail/intake': 'UNHEALTHY' },
        reason: /^held by the kill switch.* abc123$/,
        begun: 30_000,
      },
      {
        name: 'a check of one’s own is well',
        begin: async () => stays,
        asked: 'WithOwn',
        http: 200,
        status: 'HEALTHY',
        ill: {},
      },
      {
        name: 'a critical check of one’s own fails',
        begin: async () => {
          dependency.down();
          return async () => dependency.up();
        },
        asked: 'WithOwn',
        http: 503,
        status: 'UNHEALTHY',
        ill: { dependency: 'UNHEALTHY' },
        reason: /^the check failed: HttpStatusError$/,
      },
      {
        name: 'CloudWatch is down',
        begin: async () => {
          cloudWatchIsDown = true;
          return async () => {
            cloudWatchIsDown = false;
          };
        },
        http: 200,
        status: 'DEGRADED',
        ill: Object.fromEntries(
          ['orders', 'mail'].flatMap((consumer) =>
            ['queue', 'dead-letter-queue', 'quarantine'].map((each) => [`${consumer}/${each}`, 'DEGRADED']),
          ),
        ),
        reason: /^could not be checked: InternalServiceFault$/,
      },
      {
        name: 'a dead-letter queue grows',
        begin: async () => {
          measure('mailDeadLetterQueue', 'ApproximateNumberOfMessagesVisible', 0, 50);
          return stays; // a metric cannot be taken back
        },
        http: 200,
        status: 'DEGRADED',
        ill: { 'mail/dead-letter-queue': 'DEGRADED' },
        reason: /^it holds 50 messages, and grew by 50 messages within a minute/,
      },
      {
        name: 'a queue is old',
        begin: async () => {
          measure('mailQueue', 'ApproximateAgeOfOldestMessage', 7_200);
          return stays;
        },
        http: 503,
        status: 'UNHEALTHY',
        ill: { 'mail/queue': 'UNHEALTHY', 'mail/dead-letter-queue': 'DEGRADED' },
        reason: /^the oldest message is 2 h old, more than 60 min$/,
      },
      {
        name: 'the state table is gone',
        begin: async () => {
          await dynamodb.send(new DeleteTableCommand({ TableName }));
          return stays;
        },
        http: 503,
        status: 'UNHEALTHY',
        ill: {
          'state-table': 'UNHEALTHY',
          'mail/queue': 'UNHEALTHY',
          'circuit/tracker': 'DEGRADED',
          'circuit/provider': 'DEGRADED',
          'orders/intake': 'DEGRADED',
          'mail/dead-letter-queue': 'DEGRADED',
          'mail/intake': 'DEGRADED',
        },
        reason: /^it cannot be read: ResourceNotFoundException$/,
      },
    ];

    const ask = async (id = 'Health', path = 'ready') => {
      const { url = '' } = stack.function(`Shop/${id}/Function`);
      const from = performance.now();
      const response = await fetch(new URL(path, url));
      const answer = (await response.json()) as HealthBody;
      return { http: response.status, answer, tookMs: performance.now() - from, headers: response.headers };
    };
    // What starts an environment is no part of an answer.
    await Promise.all([ask('Health'), ask('WithOwn')]);

    const found: unknown[] = [];
    for (const { begin, asked, begun } of situations) {
      const end = await begin();
      const began = Date.now() - (begun ?? 0);
      const { http, answer, headers } = await ask(asked);
      const took: number[] = [];
      for (let round = 0; round < 5; round += 1) took.push((await ask(asked)).tookMs);
      await end();
      const ill = (answer.components ?? []).filter(({ status }) => status !== 'HEALTHY');
      const [first] = ill;
      found.push({
        http,
        status: answer.status,
        ill: Object.fromEntries(ill.map(({ name, status }) => [name, status])),
        reason: first?.reason,
        begunToTheSecond: begun === undefined || Math.abs(Date.parse(first?.since ?? '') - began) < 2_000,
        inTime: took.sort((one, other) => one - other)[2] ?? Number.NaN,
        kept: headers.get('cache-control'),
      });
    }
    expect(found).toEqual(
      situations.map(({ http, status, ill, reason }) => ({
        http,
        status,
        ill,
        reason: reason === undefined ? undefined : expect.stringMatching(reason),
        begunToTheSecond: true,
        inTime: expect.toSatisfy((ms: number) => ms < MOST_MS),
        kept: 'no-store',
      })),
    );
    expect(await ask('Health', 'live')).toMatchObject({
      http: 200,
      answer: { check: 'liveness', status: 'HEALTHY' },
    });
  },
  LIMIT_MS,
);
