import { randomUUID } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dynamoCircuits } from '../../lambdas/aws/dynamo-circuits.ts';
import type { CircuitItem, CircuitStep } from '../../lambdas/core/circuit/shared-item.ts';
import * as steps from '../../lambdas/core/circuit/shared-steps.ts';
import { circuitKey } from '../../lambdas/core/table-keys.ts';
import { scenarios } from '../core/circuit/scenarios.ts';
import { memoryStore, type SimulatedStore, simulate } from '../core/circuit/simulation.ts';
import { START } from '../core/fixtures.ts';
import { itemOf, TABLE, useEmulators } from './emulators.ts';

/** Runs the suite on a DynamoDB of one's own too, in a table of its own: an emulator, or a real region (`aws`). */
const ENDPOINT = process.env.SPILLWAY_DYNAMODB_ENDPOINT;
const LIMIT_MS = 300_000;
const emulators = useEmulators();
const own = { table: `spillway-circuits-${randomUUID()}`, client: undefined as DynamoDBClient | undefined };

beforeAll(async () => {
  if (ENDPOINT === undefined) return;
  own.client = new DynamoDBClient(ENDPOINT === 'aws' ? {} : { endpoint: ENDPOINT });
  await own.client.send(
    new CreateTableCommand({
      TableName: own.table,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  await waitUntilTableExists({ client: own.client, maxWaitTime: 120 }, { TableName: own.table });
}, LIMIT_MS);

afterAll(async () => {
  await own.client?.send(new DeleteTableCommand({ TableName: own.table }));
  own.client?.destroy();
});

function dynamoStore(): SimulatedStore {
  const client = own.client ?? emulators.dynamodb;
  const TableName = own.client === undefined ? TABLE : own.table;
  return {
    ...dynamoCircuits(client, TableName),
    forget: async (key) => {
      await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: key } } }));
    },
  };
}

const version = fc.constantFrom(0, START, START + 1, START + 2);
const now = fc.constantFrom(START, START + 1, START + 60_000);
const bucket = fc.constantFrom(7, 8, 9);
const token = fc.constantFrom('mine', 'yours');
const lastError = 'Error: down';
const counts = fc.record({
  failures: fc.nat({ max: 5 }),
  successes: fc.nat({ max: 5 }),
  reporters: fc.constantFrom<0 | 1>(0, 1),
  lastError: fc.constant(lastError),
});
const lease = fc.record({ version, now, token, leaseForMs: fc.constantFrom(0, 30_000) });
const opening = { version, now, openForMs: fc.constantFrom(1, 60_000), lastError: fc.constant(lastError) };

const anyStep: fc.Arbitrary<CircuitStep> = fc.oneof(
  fc.tuple(fc.record({ version, bucket, now }), counts).map((given) => steps.reportStep(...given)),
  fc
    .tuple(fc.record({ version, from: bucket, bucket, now }), counts)
    .map((given) => steps.rollStep(...given)),
  fc.record({ ...opening, bucket }).map(steps.tripStep),
  lease.map(steps.acquireStep),
  lease.map(steps.takeOverStep),
  fc.record({ version, token }).map(steps.probeSucceededStep),
  fc.record({ version, token }).map(steps.releaseStep),
  fc.record({ version, token, now }).map(steps.closeStep),
  fc.record({ ...opening, fingerprint: fc.constantFrom('aaaa', 'bbbb') }).map(steps.openStep),
  fc
    .record({ ...opening, token, fingerprint: fc.constantFrom(undefined, 'aaaa', 'bbbb') })
    .map(steps.reopenStep),
  fc
    .tuple(
      fc.constantFrom('forced-open', 'forced-closed', 'closed'),
      now,
      fc.constantFrom(undefined, 'maintenance'),
    )
    .map((given) => steps.forceStep(...given)),
);

/** Time to live is kept in whole seconds. */
function inSeconds(item: CircuitItem | undefined): CircuitItem | undefined {
  if (item?.expiresAt === undefined) return item;
  return { ...item, expiresAt: Math.ceil(item.expiresAt / 1_000) * 1_000 };
}

describe('circuits in DynamoDB', () => {
  it(
    'take every step as the reference in memory does, from any state',
    async () => {
      let taken = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(anyStep, { minLength: 1, maxLength: 25, size: 'max' }),
          async (sequence) => {
            const key = `circuit#${randomUUID()}`;
            const [memory, dynamo] = [memoryStore(), dynamoStore()];
            for (const step of sequence) {
              const expected = await memory.apply(key, step);
              const result = await dynamo.apply(key, step);
              expect(result).toEqual({ applied: expected.applied, item: inSeconds(expected.item) });
              if (result.applied) taken += 1;
            }
            expect(await dynamo.read(key, true)).toEqual(inSeconds(await memory.read(key, true)));
          },
        ),
        { numRuns: own.client === undefined ? 400 : 40 },
      );
      expect(taken).toBeGreaterThan(200);
    },
    LIMIT_MS,
  );

  it(
    'keep every rule of the protocol in the scenarios of the simulation',
    async () => {
      await fc.assert(
        fc.asyncProperty(scenarios, async (scenario) => {
          const { violations } = await simulate(scenario, dynamoStore(), `circuit#${randomUUID()}`);
          expect(violations.slice(0, 5)).toEqual([]);
        }),
        { numRuns: own.client === undefined ? 150 : 10 },
      );
    },
    LIMIT_MS,
  );

  it('believe the item that DynamoDB sends with a failed condition, and ask for nothing', async () => {
    const asked: string[] = [];
    const refusing = {
      send: async (command: { readonly constructor: { readonly name: string }; readonly input: object }) => {
        asked.push(command.constructor.name);
        expect(command.input).toMatchObject({
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        });
        throw new ConditionalCheckFailedException({
          message: 'no',
          $metadata: {},
          Item: { pk: { S: 'circuit#x' }, version: { N: '7' }, state: { S: 'open' }, ttl: { N: '9' } },
        });
      },
    } as unknown as DynamoDBClient;
    const step = steps.releaseStep({ version: 1, token: 'mine' });
    const result = await dynamoCircuits(refusing, TABLE).apply('circuit#x', step);
    expect(result).toEqual({ applied: false, item: { version: 7, state: 'open', expiresAt: 9_000 } });
    expect(asked).toEqual(['UpdateItemCommand']);
  });

  it('pass on what is not a failed condition', async () => {
    const broken = { send: () => Promise.reject(new Error('down')) } as unknown as DynamoDBClient;
    const step = steps.releaseStep({ version: 1, token: 'mine' });
    await expect(dynamoCircuits(broken, TABLE).apply('circuit#x', step)).rejects.toThrow('down');
    await expect(dynamoCircuits(broken, TABLE).read('circuit#x', false)).rejects.toThrow('down');
  });

  it('are read together, and told from those that DynamoDB left unprocessed', async () => {
    const store = dynamoCircuits(emulators.dynamodb, TABLE);
    const keys = Array.from({ length: 130 }, (_, at) => `circuit#together-${at}`);
    await store.apply('circuit#together-7', steps.forceStep('forced-open', START));
    await store.apply('circuit#together-120', steps.forceStep('closed', START));
    const items = await store.readAll(keys);
    expect([...items.keys()]).toEqual(keys);
    expect([...items].filter(([, item]) => item !== undefined)).toMatchObject([
      ['circuit#together-7', { state: 'forced-open' }],
      ['circuit#together-120', { state: 'closed' }],
    ]);
    const busy = {
      send: async () => ({
        Responses: { [TABLE]: [{ pk: { S: 'a' }, version: { N: '7' }, state: { S: 'open' } }] },
        UnprocessedKeys: { [TABLE]: { Keys: [{ pk: { S: 'c' } }] } },
      }),
    } as unknown as DynamoDBClient;
    const partly = await dynamoCircuits(busy, TABLE).readAll(['a', 'b', 'c']);
    expect([...partly]).toEqual([
      ['a', { version: 7, state: 'open' }],
      ['b', undefined],
    ]);
  });

  it('expire by the time to live of the table, unless an operator holds them', async () => {
    const store = dynamoCircuits(emulators.dynamodb, TABLE);
    await store.apply('circuit#expiring', steps.forceStep('closed', START));
    expect((await itemOf(emulators, 'circuit#expiring'))?.ttl).toEqual({ N: String(START / 1_000 + 86_400) });
    await store.apply('circuit#expiring', steps.forceStep('forced-open', START));
    expect(await itemOf(emulators, 'circuit#expiring')).not.toHaveProperty('ttl');
  });
});

it('names circuits for all consumers, and the unnamed one and the intake for their own consumer', () => {
  expect(circuitKey('intake', 'orders')).toBe('circuit#intake#orders');
  expect(circuitKey('tracker', 'orders')).toBe('circuit#tracker');
  expect(circuitKey('default', 'orders')).toBe('circuit#default#orders');
});
