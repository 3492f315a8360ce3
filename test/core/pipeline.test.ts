import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DeferError, PermanentError, RetryAfterError } from '../../lambdas/core/errors.ts';
import { idempotencyKeyOf } from '../../lambdas/core/idempotency.ts';
import { FAILURE_ATTRIBUTE, MESSAGE_ATTRIBUTE } from '../../lambdas/core/settings.ts';
import { START } from './fixtures.ts';
import { moved, outage, pipelineHarness, putBack, recordOf } from './pipeline-harness.ts';

const throwing = (error: unknown) => ({ handle: () => Promise.reject(error) });
const EXPIRED_AT = START - (4 * 86_400 - 3_600) * 1_000;

describe('a message that is handled', () => {
  it('is done, and its handler saw payload, attempt, key and message', async () => {
    let seen: unknown;
    const { take, events } = pipelineHarness({
      handle: (payload, { attempt, idempotencyKey, message }) => {
        seen = { payload, attempt, idempotencyKey, stableId: message.stableId };
      },
    });
    expect(await take({}, recordOf(2))).toEqual({ kind: 'done', handled: true });
    const idempotencyKey = createHash('sha256').update('42').digest('hex');
    expect(seen).toEqual({ payload: { order: '42' }, attempt: 3, idempotencyKey, stableId: 'message-1' });
    expect(events).toMatchObject([{ kind: 'handled', attempt: 3, ageMs: 1_000, durationMs: 0 }]);
  });

  it('tells how long it took from its first failure, if it had one', async () => {
    const { take, events } = pipelineHarness();
    await take({}, { ...recordOf(2), firstAttemptAt: START - 40_000 });
    await take({ messageId: 'message-2', body: '{"order":"43"}' });
    const [late, first] = events.map((event) => (event.kind === 'handled' ? event.retryingMs : event.kind));
    expect([late, first]).toEqual([40_000, undefined]);
  });

  it('is a replay that was handled, if it had been sent back', async () => {
    const attributes = { [FAILURE_ATTRIBUTE]: { dataType: 'String', stringValue: '{}' } };
    const { take, events, kinds } = pipelineHarness();
    await take({ attributes });
    expect(events.at(-1)).toMatchObject({
      kind: 'replay-ended',
      message: { messageId: 'message-1' },
      handled: true,
    });
    await take({ attributes }); // a duplicate of what was handled is none
    expect(kinds()).toEqual(['handled', 'replay-ended', 'duplicate']);
  });

  it('is a duplicate the second time, and the handler is not called', async () => {
    const { take, handled, kinds } = pipelineHarness();
    await take();
    expect(await take({ messageId: 'message-2' })).toEqual({ kind: 'done' });
    expect(handled).toEqual(['42']);
    expect(kinds()).toEqual(['handled', 'duplicate']);
  });

  it('is done though its completion could not be recorded', async () => {
    const { take, kinds } = pipelineHarness({
      guard: {
        async run(_key, _remainingMs, effect) {
          await effect();
          return { kind: 'completed', recordError: new Error('store down') };
        },
      },
    });
    expect(await take()).toEqual({ kind: 'done', handled: true });
    expect(kinds()).toEqual(['completion-not-recorded', 'handled']);
  });

  it('only waits to be acknowledged when it had been moved before', async () => {
    const { take, handled, kinds } = pipelineHarness();
    const record = { ...recordOf(5), movedTo: { queue: 'orders-dlq', messageId: 'dlq-1' } };
    expect(await take({ body: 'not JSON', sentAtEpochMs: EXPIRED_AT }, record)).toEqual({ kind: 'done' });
    expect([handled, kinds()]).toEqual([[], ['already-moved']]);
  });

  it('has nothing to do when its envelope says so', async () => {
    const { take, handled, kinds } = pipelineHarness({
      screening: { envelope: 's3', before: [], checks: [] },
    });
    expect(await take({ body: '{"Event":"s3:TestEvent"}' })).toEqual({ kind: 'done' });
    expect([handled, kinds()]).toEqual([[], ['empty']]);
  });
});

describe('a message that fails', () => {
  it('is charged and put back for the back-off', async () => {
    const { take, parts } = pipelineHarness(throwing(outage()));
    const { record, ...verdict } = putBack(await take());
    expect(verdict).toMatchObject({ event: 'retried', delayMs: 5_000, attempts: 1 });
    expect(record).toMatchObject({
      firstAttemptAt: parts.clock.now(),
      history: [{ at: START, reason: 'EXTERNAL_SERVICE_ERROR', error: 'Error' }],
    });
  });

  it.each([
    ['a longer Retry-After', outage({ status: 429, code: '', headers: { 'retry-after': '60' } }), 60_000],
    ['a shorter one', outage({ status: 429, code: '', headers: { 'retry-after': '1' } }), 5_000],
    ['a RetryAfterError', new RetryAfterError('later', { retryAfterMs: 7_000 }), 7_000],
  ])('waits for %s', async (_what, error, delayMs) => {
    expect(putBack(await pipelineHarness(throwing(error)).take())).toMatchObject({ delayMs, attempts: 1 });
  });

  it('is spaced by its attempts, however often it was received in vain', async () => {
    const { take } = pipelineHarness({
      settings: { backoff: { kind: 'exponential', firstDelayMs: 5_000 } },
      handle: () => {
        throw new TypeError('a bug');
      },
    });
    const verdict = putBack(await take({ receiveCount: 40 }, recordOf(1)));
    expect(verdict).toMatchObject({ event: 'retried', attempts: 2, delayMs: 10_000 });
  });

  it('goes to the dead-letter queue at once for what no retry can mend', async () => {
    const { take } = pipelineHarness(
      throwing(new PermanentError('no such customer', { reason: 'INVALID_DATA' })),
    );
    const { target, envelope, announce, regardlessOfStore } = moved(await take());
    expect({ target, regardlessOfStore }).toEqual({ target: 'dead-letter', regardlessOfStore: false });
    expect(envelope).toMatchObject({ reason: 'INVALID_DATA', attempts: 1 });
    expect(announce).toMatchObject({ kind: 'dead-lettered', exhausted: false });
    expect(announce).not.toHaveProperty('retryingMs'); // it was not tried again
  });

  it('tells how long it was tried, also where the move is resumed later', async () => {
    const { take } = pipelineHarness(throwing(outage()));
    const { announce, envelope } = moved(await take({}, { ...recordOf(4), firstAttemptAt: START - 90_000 }));
    expect(announce).toMatchObject({ kind: 'dead-lettered', retryingMs: 90_000 });
    const resumed = moved(
      await take({}, { ...recordOf(5), pendingMove: { ...envelope, movedAt: START - 1 } }),
    );
    expect(resumed.announce).toMatchObject({ kind: 'dead-lettered', retryingMs: 89_999 });
  });

  it('goes there with all that somebody needs to mend it, once its attempts are used up', async () => {
    const { take, clock } = pipelineHarness(throwing(outage()));
    const producer = { id: 'order-42', createdAt: 1, priority: 'HIGH', correlationId: 'request-7' };
    const attributes = { [MESSAGE_ATTRIBUTE]: { dataType: 'String', stringValue: JSON.stringify(producer) } };
    clock.advance(500);
    const { envelope, announce } = moved(await take({ attributes }, recordOf(4)));
    expect(envelope).toEqual({
      v: 1,
      stableId: 'order-42',
      originalMessageId: 'message-1',
      originalQueue: 'orders',
      consumer: 'shop-orders',
      kind: 'dead-letter',
      reason: 'EXTERNAL_SERVICE_ERROR',
      error: {
        name: 'Error',
        message: 'connect ECONNREFUSED',
        stack: expect.stringContaining('at '),
        fingerprint: expect.any(String),
      },
      attempts: 5,
      sentAt: START - 1_000,
      firstAttemptAt: 1_699_999_000_000,
      lastAttemptAt: START + 500,
      movedAt: START + 500,
      priority: 'HIGH',
      correlationId: 'request-7',
      environment: 'test',
      serviceVersion: '1.2.3',
      history: [...recordOf(4).history, expect.objectContaining({ at: START + 500 })],
    });
    expect(announce).toMatchObject({ attempts: 5, exhausted: true });
  });

  it('has fewer attempts for some reasons, and counts those apart', async () => {
    const timedOut = throwing(Object.assign(new Error('slow'), { code: 'ETIMEDOUT' }));
    expect(putBack(await pipelineHarness(timedOut).take({}, recordOf(1, 'TIMEOUT'))).attempts).toBe(2);
    expect(putBack(await pipelineHarness(timedOut).take({}, recordOf(2))).attempts).toBe(3);
    const { envelope } = moved(await pipelineHarness(timedOut).take({}, recordOf(2, 'TIMEOUT')));
    expect(envelope).toMatchObject({ reason: 'TIMEOUT', attempts: 3 });
  });

  it('is not handled again once its move was begun: the same move is made, with the same envelope', async () => {
    const first = moved(await pipelineHarness(throwing(new PermanentError('no'))).take());
    const { take, handled } = pipelineHarness();
    const resumed = await take({}, { attempts: 1, history: [], pendingMove: first.envelope });
    expect(resumed).toMatchObject({ kind: 'move', target: 'dead-letter', envelope: first.envelope });
    expect(handled).toEqual([]);
  });

  it('tells its last error also when it is given up without another attempt', async () => {
    const lastError = { name: 'Error', message: 'down', fingerprint: 'abcdefabcdef' };
    const { take } = pipelineHarness();
    expect(moved(await take({}, { ...recordOf(5), lastError })).envelope.error).toEqual(lastError);
    const expired = { ...recordOf(1), lastError };
    expect(moved(await take({ sentAtEpochMs: EXPIRED_AT }, expired)).envelope.error).toEqual(lastError);
  });

  it('leaves a history that could not be read as it is', async () => {
    const { take } = pipelineHarness();
    expect(moved(await take({ sentAtEpochMs: EXPIRED_AT }, 'unavailable')).historyUnknown).toBe(true);
    expect(moved(await take({ sentAtEpochMs: EXPIRED_AT })).historyUnknown).toBe(false);
  });

  it.each([
    ['all of them', recordOf(5), 'EXTERNAL_SERVICE_ERROR'],
    ['those of its reason', recordOf(3, 'TIMEOUT'), 'TIMEOUT'],
  ])(
    'is not handled again when its attempts, %s, were used up and only the move did not come about',
    async (_what, record, reason) => {
      const { take, handled } = pipelineHarness();
      expect(moved(await take({}, record)).envelope).toMatchObject({ reason, attempts: record.attempts });
      expect(handled).toEqual([]);
    },
  );

  it('decides by the outermost error that knows what it wants', async () => {
    const deferral = new DeferError('later', { deferForMs: 1_000 });
    const permanent = new PermanentError('given up', { cause: deferral });
    expect(moved(await pipelineHarness(throwing(permanent)).take()).target).toBe('dead-letter');
    const wrapped = throwing(new Error('wrapped', { cause: deferral }));
    expect(putBack(await pipelineHarness(wrapped).take()).cause).toBe('handler');
  });

  it('is poison when a check refuses it', async () => {
    const { take, handled } = pipelineHarness();
    const { target, envelope, announce } = moved(await take({ body: '{"order":' }));
    expect(target).toBe('quarantine');
    expect(envelope).toMatchObject({
      kind: 'quarantine',
      reason: 'INVALID_FORMAT',
      attempts: 0,
      findings: [{ pointer: '', message: 'not JSON' }],
    });
    expect(announce).toMatchObject({ kind: 'quarantined', reason: 'INVALID_FORMAT' });
    expect(handled).toEqual([]);
  });

  it.each([
    ['yields no key', () => idempotencyKeyOf(() => '', {}, {} as never)],
    ['makes the key function throw', () => JSON.parse('{')],
  ])('is dead-lettered as INVALID_DATA when its payload %s', async (_what, keyOf) => {
    const { take, handled } = pipelineHarness({ keyOf });
    expect(moved(await take()).envelope).toMatchObject({ reason: 'INVALID_DATA', attempts: 1 });
    expect(handled).toEqual([]);
  });
});

describe('a message whose time is over', () => {
  const old = { sentAtEpochMs: EXPIRED_AT };

  it.each([
    ['was never tried', {}, undefined],
    ['is poison', { body: 'not JSON' }, undefined],
    ['has used up its attempts', {}, recordOf(5)],
    ['has an unknown past, the store being down', {}, 'unavailable' as const],
  ])(
    'is dead-lettered as EXPIRED, whatever the store says, also when it %s',
    async (_what, message, record) => {
      const { take, handled } = pipelineHarness();
      const { target, envelope, regardlessOfStore } = moved(await take({ ...message, ...old }, record));
      expect({ target, reason: envelope.reason, regardlessOfStore }).toEqual({
        target: 'dead-letter',
        reason: 'EXPIRED',
        regardlessOfStore: true,
      });
      expect(handled).toEqual([]);
    },
  );

  it('expires exactly then', async () => {
    const { take } = pipelineHarness();
    expect((await take({ sentAtEpochMs: EXPIRED_AT + 1 })).kind).toBe('done');
  });

  it('expires also while a check cannot be made', async () => {
    const check = { name: 'x', inspect: () => Promise.reject(new Error('down')) };
    const { take } = pipelineHarness({ screening: { envelope: 'raw', before: [check], checks: [] } });
    expect(moved(await take(old)).envelope.reason).toBe('EXPIRED');
  });
});
