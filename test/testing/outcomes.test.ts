import { DeferError, PermanentError } from 'spillway/runtime';
import { createTestStores, rawMessage, runBatch, s3TestMessage, TEST_START } from 'spillway/testing';
import { describe, expect, it, vi } from 'vitest';
import { orders, outage } from './consumer.ts';

describe('outcomes of runBatch', () => {
  it('tells what became of every message, in their order', async () => {
    const handler = orders(({ id }) => {
      if (id === 'transient') throw outage();
      if (id === 'permanent') throw new PermanentError('no such customer', { reason: 'INVALID_DATA' });
      if (id === 'later') throw new DeferError('not yet', { deferForMs: 60_000 });
    });
    const payloads = [{ id: 'good' }, { id: 'transient' }, { id: 'permanent' }, { id: 'later' }, { id: 7 }];
    const messages = payloads.map((payload) => rawMessage(payload));

    const result = await runBatch(handler, messages);

    expect(result.outcomes).toMatchObject([
      { kind: 'handled', attempt: 1 },
      { kind: 'retried', delaySeconds: 5, attempts: 1, reason: 'EXTERNAL_SERVICE_ERROR' },
      { kind: 'dead-lettered', reason: 'INVALID_DATA', attempts: 1 },
      { kind: 'deferred', cause: 'handler', delaySeconds: 60 },
      { kind: 'quarantined', reason: 'SCHEMA_VALIDATION_FAILED', findings: [{ pointer: '/id' }] },
    ]);
    expect(result.outcomes.map(({ messageId }) => messageId)).toEqual(
      messages.map(({ messageId }) => messageId),
    );
    expect(result.returned.map(({ messageId }) => messageId)).toEqual([
      messages[1]?.messageId,
      messages[3]?.messageId,
    ]);
    expect(result.troubles).toEqual([]);
  });

  it('shows what lies in the queues, with the envelope of each', async () => {
    const handler = orders(() => {
      throw new PermanentError('no such customer');
    });
    const bad = rawMessage({ id: '1' }, { attributes: { tenant: 'acme', weight: 3, raw: Buffer.of(1, 2) } });

    const { stores, outcomeOf } = await runBatch(handler, [bad, rawMessage('not JSON')]);

    const [dead] = stores.deadLetterQueue;
    expect(dead).toMatchObject({
      body: '{"id":"1"}',
      attributes: {
        tenant: { dataType: 'String', stringValue: 'acme' },
        weight: { dataType: 'Number', stringValue: '3' },
        raw: { dataType: 'Binary', binaryValue: Buffer.of(1, 2) },
      },
      envelope: { reason: 'PROCESSING_ERROR', originalMessageId: bad.messageId, movedAt: TEST_START },
    });
    expect(outcomeOf(bad)).toMatchObject({ kind: 'dead-lettered', envelope: dead?.envelope });
    expect(stores.quarantine).toMatchObject([{ body: 'not JSON', envelope: { reason: 'INVALID_FORMAT' } }]);
  });

  it('knows the envelope of a message that has no room for it', async () => {
    const attributes = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`attribute-${at}`, 'x']));

    const { outcomes, stores } = await runBatch(orders(), [rawMessage('broken', { attributes })]);

    expect(outcomes).toMatchObject([{ kind: 'quarantined', envelope: { reason: 'INVALID_FORMAT' } }]);
    expect(stores.quarantine[0]?.envelope).toBeUndefined();
  });

  it('dead-letters what is older than its deadline', async () => {
    const stores = createTestStores();
    const message = rawMessage({ id: '1' });
    stores.clock.advance(4 * 86_400_000);

    const { outcomes } = await runBatch(orders(), [message], { stores });

    expect(outcomes).toMatchObject([{ kind: 'dead-lettered', reason: 'EXPIRED', attempts: 0 }]);
  });

  it('acknowledges what carries nothing to do', async () => {
    const { outcomes, returned } = await runBatch(orders(undefined, { envelope: 's3' }), [s3TestMessage()]);

    expect(outcomes).toMatchObject([{ kind: 'empty' }]);
    expect(returned).toEqual([]);
  });

  it('stops a handler that takes too long, when the clock is told to pass', async () => {
    const stores = createTestStores();
    const hanging = orders(
      (_order, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );

    const running = runBatch(hanging, [rawMessage({ id: '1' })], { stores, remainingMs: 10_000 });
    await stores.clock.pass(10_000);

    expect((await running).outcomes).toMatchObject([{ kind: 'retried', reason: 'TIMEOUT' }]);
  });

  it('keeps what the handler logs, and writes nothing to the console', async () => {
    const written = vi.spyOn(process.stdout, 'write');
    const handler = orders((_order, { logger }) => logger.info('confirming', { step: 1 }));
    const message = rawMessage({ id: '1' });

    const { logs } = await runBatch(handler, [message]);

    const line = { messageId: message.messageId, level: 'info', message: 'confirming', details: { step: 1 } };
    expect(logs).toEqual([line]);
    expect(written).not.toHaveBeenCalled();
    written.mockRestore();
  });

  it('refuses a handler that resilientConsumer did not make', async () => {
    const wrapped: ReturnType<typeof orders> = (event, context) => orders()(event, context);

    await expect(runBatch(wrapped, [])).rejects.toThrow(
      'runBatch: handler must be what resilientConsumer() returned, not a wrapper around it, got a function',
    );
  });

  it('refuses two messages of one id', async () => {
    const message = rawMessage({ id: '1' });

    await expect(runBatch(orders(), [message, message])).rejects.toThrow('messages must have an id each');
  });
});
