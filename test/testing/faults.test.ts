import { createTestStores, InjectedFaultError, rawMessage, redelivered, runBatch } from 'spillway/testing';
import { describe, expect, it } from 'vitest';
import { orders, outage } from './consumer.ts';

describe('faults', () => {
  it('puts messages back without a charge while the state table is down', async () => {
    const stores = createTestStores();
    const handled: string[] = [];
    const handler = orders(({ id }) => handled.push(id));
    stores.fail('state-table');

    const first = await runBatch(handler, [rawMessage({ id: '1' })], { stores });
    stores.restore('state-table');
    const second = await runBatch(handler, first.returned, { stores });

    expect(first.outcomes).toMatchObject([{ kind: 'deferred', cause: 'store-unavailable' }]);
    expect(first.troubles).toMatchObject([
      { operation: 'take the idempotency lock', error: { name: InjectedFaultError.name } },
    ]);
    expect(second.outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
    expect(handled).toEqual(['1']);
  });

  it('fails as many operations as it is told to, after those that go well', async () => {
    const stores = createTestStores();
    const message = rawMessage({ id: '1' });
    stores.fail('state-table', { after: 1, times: 1 });

    const first = await runBatch(orders(), [message], { stores });
    const early = await runBatch(orders(), [redelivered(message)], { stores });
    stores.clock.advance(40_000);
    const late = await runBatch(orders(), [redelivered(message, 2)], { stores });

    // The effect happened, and its record says until the end of its lock that it is under way.
    expect(first.outcomes).toMatchObject([{ kind: 'handled' }]);
    expect(first.troubles).toMatchObject([{ operation: 'record the completion' }]);
    expect(early.outcomes).toMatchObject([{ kind: 'deferred', cause: 'in-progress' }]);
    expect(late.outcomes).toMatchObject([{ kind: 'handled' }]);
  });

  it('does not count an attempt that could not be written down', async () => {
    const stores = createTestStores();
    const handler = orders(() => {
      throw outage();
    });
    stores.fail('state-table', { after: 2 }); // lock and release go well, the charge does not

    const { outcomes, returned } = await runBatch(handler, [rawMessage({ id: '1' })], { stores });
    stores.restore();

    expect(outcomes).toMatchObject([{ kind: 'deferred', cause: 'store-unavailable', delaySeconds: 5 }]);
    expect((await runBatch(handler, returned, { stores })).outcomes).toMatchObject([{ attempts: 1 }]);
  });

  it.each([
    ['dead-letter-queue', { id: '1' }, 'dead-lettered'],
    ['quarantine', 'broken', 'quarantined'],
  ] as const)(
    'keeps a message that the %s does not take, and moves it later',
    async (target, payload, kind) => {
      const stores = createTestStores();
      const handler = orders(
        () => {
          throw new Error('a bug');
        },
        { attempts: { max: 1 }, circuits: { other: {} } },
      );
      stores.fail(target, { times: 1 });

      const first = await runBatch(handler, [rawMessage(payload)], { stores });
      const second = await runBatch(handler, first.returned, { stores });

      expect(first.outcomes).toMatchObject([{ kind: 'deferred', cause: 'move-failed' }]);
      expect(second.outcomes).toMatchObject([{ kind }]);
      expect([...stores.deadLetterQueue, ...stores.quarantine]).toHaveLength(1);
    },
  );

  it('acknowledges a message that was moved before', async () => {
    const stores = createTestStores();
    const poison = rawMessage('broken');

    await runBatch(orders(), [poison], { stores });
    const again = await runBatch(orders(), [redelivered(poison)], { stores });

    expect(again.outcomes).toMatchObject([{ kind: 'already-moved' }]);
    expect(again.returned).toEqual([]);
    expect(stores.quarantine).toHaveLength(1);
  });

  it('tells of a visibility that could not be changed', async () => {
    const stores = createTestStores();
    const handler = orders(() => {
      throw outage();
    });
    stores.fail('visibility', { times: 1 });

    const { outcomes, troubles, returned } = await runBatch(handler, [rawMessage({ id: '1' })], { stores });

    expect(outcomes).toMatchObject([{ kind: 'retried' }]);
    expect(returned).toHaveLength(1);
    expect(troubles).toMatchObject([{ operation: 'change visibility' }]);
  });

  it.each([
    [{ times: 0 }, 'fail: times must be an integer of 1 or more, got 0'],
    [{ after: -1 }, 'fail: after must be an integer of 0 or more, got -1'],
  ])('refuses %j', (options, message) => {
    expect(() => createTestStores().fail('visibility', options)).toThrow(message);
  });
});
