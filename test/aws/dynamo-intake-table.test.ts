import { expect, it } from 'vitest';
import { dynamoCircuits } from '../../lambdas/aws/dynamo-circuits.ts';
import { dynamoIntakeTable } from '../../lambdas/aws/dynamo-intake-table.ts';
import * as steps from '../../lambdas/core/circuit/shared-steps.ts';
import type { IntakeMarker } from '../../lambdas/core/intake/intake-table.ts';
import { fakeClock, START } from '../core/fixtures.ts';
import { failing, itemOf, TABLE, useEmulators } from './emulators.ts';

const emulators = useEmulators();
const KEY = 'circuit#tracker';
const marker: IntakeMarker = {
  revision: 1,
  mappingId: 'mapping-1',
  phase: 'paused',
  pausedAt: START,
  since: START,
};

function table() {
  return dynamoIntakeTable({
    client: emulators.dynamodb,
    table: TABLE,
    clock: fakeClock(),
    random: () => 0,
  });
}

it('reads circuits, markers and noted wake-ups together, those that are not there left out', async () => {
  const store = dynamoCircuits(emulators.dynamodb, TABLE);
  await store.apply(KEY, steps.forceStep('forced-open', START));
  await table().mark('read', undefined, { ...marker, concurrency: 4 });
  const wakeUp = { key: KEY, version: 7, at: START + 5, seenAt: START };
  await table().note(wakeUp, START);
  const { circuits, markers, wakeUps } = await table().read({
    circuits: [KEY, 'circuit#unknown'],
    consumers: ['read', 'nobody'],
  });
  expect([...circuits]).toEqual([[KEY, { version: START + 1, since: START, state: 'forced-open' }]]);
  expect([...markers]).toEqual([['read', { ...marker, concurrency: 4 }]]);
  expect([...wakeUps]).toEqual([[KEY, wakeUp]]);
});

it('reads more than a hundred keys', async () => {
  const consumers = Array.from({ length: 130 }, (_each, at) => `many-${at}`);
  await table().mark('many-0', undefined, marker);
  await table().mark('many-129', undefined, marker);
  const { markers } = await table().read({ circuits: [], consumers });
  expect([...markers.keys()]).toEqual(['many-0', 'many-129']);
});

it('puts a marker only in the place of the one that was read', async () => {
  const { mark } = table();
  const next = { ...marker, revision: 2, phase: 'gentle', concurrency: 2 } as const;
  expect(await mark('orders', undefined, marker)).toBe(true);
  expect(await mark('orders', undefined, marker)).toBe(false);
  expect(await mark('orders', marker, next)).toBe(true);
  expect(await mark('orders', marker, undefined)).toBe(false);
  expect((await itemOf(emulators, 'intake#orders'))?.phase?.S).toBe('gentle');
  expect(await mark('orders', next, undefined)).toBe(true);
  expect(await itemOf(emulators, 'intake#orders')).toBeUndefined();
});

it('notes a wake-up that is news, and no other', async () => {
  const { note } = table();
  const wakeUp = { key: 'circuit#note', version: 1, at: START + 60_000, seenAt: START };
  expect(await note(wakeUp, START)).toBe(true);
  expect(await note(wakeUp, START)).toBe(false);
  expect(await note({ ...wakeUp, at: START + 90_000 }, START)).toBe(false);
  expect(await note({ ...wakeUp, at: START + 30_000 }, START)).toBe(true);
  expect(await note({ ...wakeUp, at: START + 120_000 }, START + 30_000)).toBe(true);
  expect(await note({ ...wakeUp, version: 2, at: START + 300_000 }, START)).toBe(true);
  expect(await note({ ...wakeUp, version: 1, at: START + 310_000 }, START)).toBe(false);
  expect((await itemOf(emulators, 'timer#circuit#note'))?.ttl?.N).toBe(
    String((START + 300_000) / 1_000 + 86_400),
  );
});

it('rejects when the table does not answer, rather than decide without it', async () => {
  failing(emulators.dynamodb, 'BatchGetItemCommand', 1);
  await expect(table().read({ circuits: [KEY], consumers: [] })).rejects.toThrow('the store is down');
});
