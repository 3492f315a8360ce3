import {
  createTestStores,
  rawMessage,
  redelivered,
  runBatch,
  snsMessage,
  stubSettings,
  testSettings,
} from 'spillway/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

// What docs/testing.md shows: its blocks are taken from here (test/docs/examples.test.ts compares them).

process.env.CUSTOMER_SERVICE_URL = 'http://customers.test';
stubSettings({ circuits: { 'customer-service': { openForMs: 30_000 } } });
const { handler } = await import('../../examples/order-processing/consumer.ts');

const order = {
  order_id: '42',
  customer_id: 'c-7',
  items: [{ sku: 'lamp', quantity: 1 }],
  total_amount: 12,
};
const answer = vi.fn(async () => new Response());

beforeEach(() => {
  answer.mockReset().mockImplementation(async () => new Response());
  vi.stubGlobal('fetch', answer);
});
afterEach(() => void vi.unstubAllGlobals());

it('confirms an order once, however often it is sent', async () => {
  const stores = createTestStores();
  const first = await runBatch(handler, [rawMessage(order)], { stores });
  const second = await runBatch(handler, [rawMessage(order)], { stores });

  expect(first.outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
  expect(second.outcomes).toMatchObject([{ kind: 'duplicate' }]);
  expect(answer).toHaveBeenCalledTimes(1);
});

it('tells apart what is broken and what is incomplete', async () => {
  const incomplete = { ...order, items: [] };
  const { outcomes, stores } = await runBatch(handler, [rawMessage(incomplete), rawMessage('{"order_id":')]);

  expect(outcomes).toMatchObject([
    { kind: 'dead-lettered', reason: 'INVALID_DATA', attempts: 1 },
    { kind: 'quarantined', reason: 'INVALID_FORMAT', findings: [{ message: 'not JSON' }] },
  ]);
  expect(stores.deadLetterQueue[0]?.body).toBe(JSON.stringify(incomplete));
});

it('tries again when the customer service has recovered', async () => {
  const stores = createTestStores();
  answer.mockResolvedValueOnce(new Response(null, { status: 503 }));

  const first = await runBatch(handler, [rawMessage(order)], { stores });
  stores.clock.advance(10_000);
  const second = await runBatch(handler, first.returned, { stores });

  expect(first.outcomes).toMatchObject([{ kind: 'retried', attempts: 1, reason: 'EXTERNAL_SERVICE_ERROR' }]);
  expect(second.outcomes).toMatchObject([{ kind: 'handled', attempt: 2 }]);
});

it('waits free of charge while the circuit is open', async () => {
  const stores = createTestStores();
  stores.forceCircuit('open', 'customer-service');

  const first = await runBatch(handler, [rawMessage(order)], { stores });
  stores.clock.advance(30_000);
  const second = await runBatch(handler, first.returned, { stores });

  expect(first.outcomes).toMatchObject([{ kind: 'deferred', cause: 'circuit-open' }]);
  expect(second.outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
});

it('waits free of charge while the intake is held', async () => {
  const stores = createTestStores();
  stores.holdIntake('stock-taking');

  const first = await runBatch(handler, [rawMessage(order)], { stores });
  stores.resumeIntake();
  const second = await runBatch(handler, first.returned, { stores });

  expect(first.outcomes).toMatchObject([{ kind: 'deferred', cause: 'held' }]);
  expect(second.outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
});

it('confirms once more when the completion could not be recorded', async () => {
  const stores = createTestStores();
  stores.fail('state-table', { after: 1, times: 1 }); // the lock is taken; the completion is not recorded

  const message = rawMessage(order);
  const { troubles } = await runBatch(handler, [message], { stores });
  stores.clock.advance(60_000);
  await runBatch(handler, [redelivered(message)], { stores });

  expect(troubles).toMatchObject([{ operation: 'record the completion' }]);
  expect(answer).toHaveBeenCalledTimes(2); // both with the same idempotency-key header
});

it('stops in time when the customer service hangs', async () => {
  const stores = createTestStores();
  answer.mockReturnValueOnce(new Promise(() => {}));

  const running = runBatch(handler, [rawMessage(order)], { stores, remainingMs: 10_000 });
  await stores.clock.pass(10_000);

  expect((await running).outcomes).toMatchObject([{ kind: 'retried', reason: 'TIMEOUT' }]);
});

it('builds signed, described and wrapped messages', () => {
  const sent = snsMessage(order, {
    sentAtEpochMs: Date.UTC(2026, 4, 1),
    receiveCount: 2,
    groupId: 'customer-7',
    attributes: { event: 'order-placed', weight: 3 },
    producer: { id: 'order-42', priority: 'HIGH' },
    signature: { key: 'test-key', attribute: 'signature', prefix: 'sha256=' },
  });

  expect(JSON.parse(sent.body).MessageAttributes.signature.Value).toMatch(/^sha256=[\da-f]{64}$/);
});

it('puts the environment back', () => {
  const before = process.env.SPILLWAY_SETTINGS;
  const restore = stubSettings({ envelope: 'sns', queue: { fifo: true } });

  expect(JSON.parse(process.env.SPILLWAY_SETTINGS ?? '')).toEqual(
    testSettings({ envelope: 'sns', queue: { fifo: true } }),
  );
  restore();
  expect(process.env.SPILLWAY_SETTINGS).toBe(before);
});
