import { createHash } from 'node:crypto';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { LockLostError } from '../../lambdas/aws/fenced-persistence.ts';
import { idempotencyLifetimeSeconds, powertoolsGuard } from '../../lambdas/aws/powertools-guard.ts';
import { systemClock } from '../../lambdas/aws/system-clock.ts';
import type { Clock } from '../../lambdas/core/clock.ts';
import { consumerSettings, deferred, START } from '../core/fixtures.ts';
import { failing, itemOf, TABLE, useEmulators, useFixedDate } from './emulators.ts';

const DAY = 86_400;
const LOCK_MS = 30_000;
const emulators = useEmulators();
const date = useFixedDate();
/** Time stands still, and whoever waits for it waits no longer than a turn of the event loop. */
const clock: Clock = { now: () => Date.now(), after: (_delayMs, action) => systemClock.after(0, action) };

/** A guard with a client of its own, which a test may break. */
function setup() {
  const { endpoint, credentials, region } = emulators.dynamodb.config;
  const client = new DynamoDBClient({
    region,
    credentials,
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  const guard = powertoolsGuard(client, consumerSettings({ stateTable: TABLE }), clock, () => undefined);
  let calls = 0;
  const effect = async (): Promise<void> => {
    calls += 1;
  };
  return { client, guard, effect, calls: () => calls };
}

/** Where Powertools keeps a key. */
function recordKey(key: string): string {
  return `idempotency#shop-orders#${createHash('sha256').update(JSON.stringify(key)).digest('base64')}`;
}

describe('the idempotency guard', () => {
  it('runs an effect once to completion, with two writes, and knows it afterwards', async () => {
    const { guard, effect, calls } = setup();
    emulators.requests.reset();
    expect(await guard.run('once', LOCK_MS, effect)).toEqual({ kind: 'completed' });
    expect(emulators.requests.counts('dynamodb')).toEqual({ PutItem: 1, UpdateItem: 1 });
    expect(await guard.run('once', LOCK_MS, effect)).toEqual({ kind: 'duplicate' });
    expect(calls()).toBe(1);
  });

  it('keeps records under the consumer’s id and a sha256, without results, for all retentions and a day', async () => {
    const { guard, effect } = setup();
    await guard.run('kept', LOCK_MS, effect);
    expect(await itemOf(emulators, recordKey('kept'))).toEqual({
      pk: { S: recordKey('kept') },
      status: { S: 'COMPLETED' },
      lockEndsAt: { N: String(START + LOCK_MS) },
      holder: { S: expect.any(String) },
      ttl: { N: String(START / 1_000 + (4 + 14 + 1) * DAY) },
    });
  });

  it('shares records with the consumers of its scope, and with no others', async () => {
    const { client, effect, calls } = setup();
    const guardOf = (overrides: Parameters<typeof consumerSettings>[0]) =>
      powertoolsGuard(client, consumerSettings({ stateTable: TABLE, ...overrides }), clock, () => undefined);
    const normal = guardOf({ consumerId: 'orders-normal', idempotencyScope: 'orders' });
    const high = guardOf({ consumerId: 'orders-high', idempotencyScope: 'orders' });
    const other = guardOf({ consumerId: 'orders-normal' });
    expect(await normal.run('scoped', LOCK_MS, effect)).toEqual({ kind: 'completed' });
    expect(await high.run('scoped', LOCK_MS, effect)).toEqual({ kind: 'duplicate' });
    expect(await other.run('scoped', LOCK_MS, effect)).toEqual({ kind: 'completed' });
    expect(calls()).toBe(2);
    const key = recordKey('scoped').replace('#shop-orders#', '#orders#');
    expect(await itemOf(emulators, key)).toMatchObject({ status: { S: 'COMPLETED' } });
  });

  it('runs it again only when the record is over', async () => {
    const { guard, effect, calls } = setup();
    await guard.run('over', LOCK_MS, effect);
    date.advance((4 + 14 + 1) * DAY * 1_000);
    expect(await guard.run('over', LOCK_MS, effect)).toEqual({ kind: 'duplicate' });
    date.advance(2_000);
    expect(await guard.run('over', LOCK_MS, effect)).toEqual({ kind: 'completed' });
    expect(calls()).toBe(2);
  });

  it('tells a second one when the lock of the first one ends', async () => {
    const { guard, effect, calls } = setup();
    const gate = deferred();
    const started = deferred();
    const first = guard.run('busy', LOCK_MS, () => {
      started.resolve();
      return gate.promise;
    });
    await started.promise;
    date.advance(10_000);
    expect(await guard.run('busy', LOCK_MS, effect)).toEqual({
      kind: 'in-progress',
      untilEpochMs: START + LOCK_MS,
    });
    gate.resolve();
    expect(await first).toEqual({ kind: 'completed' });
    expect(calls()).toBe(0);
  });

  it('hands the error on, whatever it is, and frees the key', async () => {
    const { guard, effect } = setup();
    const error = Object.assign(new Error('no'), { name: 'IdempotencyAlreadyInProgressError' });
    expect(await guard.run('failed', LOCK_MS, () => Promise.reject(error))).toEqual({
      kind: 'failed',
      error,
    });
    expect(await itemOf(emulators, recordKey('failed'))).toBeUndefined();
    expect(await guard.run('failed', LOCK_MS, () => Promise.reject('text'))).toEqual({
      kind: 'failed',
      error: 'text',
    });
    expect(await guard.run('failed', LOCK_MS, effect)).toEqual({ kind: 'completed' });
  });

  it.each([
    ['fails', () => Promise.reject(new Error('too late')), 'failed', undefined],
    ['succeeds', () => Promise.resolve(), 'completed', LockLostError],
  ])(
    'does not let a holder that outlived its lock and %s touch the next holder’s',
    async (what, late, kind, recordError) => {
      const key = `outlived-${what}`;
      const { guard, effect } = setup();
      const gates = [deferred(), deferred()];
      const starts = [deferred(), deferred()];
      const [first, second] = [0, 1].map((at) => async () => {
        starts[at]?.resolve();
        await gates[at]?.promise;
        if (at === 0) await late();
      });
      const outlived = guard.run(key, LOCK_MS, first ?? effect);
      await starts[0]?.promise;
      date.advance(LOCK_MS + 1);
      const holding = guard.run(key, LOCK_MS, second ?? effect);
      await starts[1]?.promise;
      gates[0]?.resolve();
      const outcome = await outlived;
      expect(outcome.kind).toBe(kind);
      if (recordError !== undefined) expect(outcome).toMatchObject({ recordError: expect.any(recordError) });
      expect(await itemOf(emulators, recordKey(key))).toMatchObject({
        status: { S: 'INPROGRESS' },
        lockEndsAt: { N: String(START + 2 * LOCK_MS + 1) },
      });
      gates[1]?.resolve();
      expect(await holding).toEqual({ kind: 'completed' });
    },
  );

  it('keeps different keys, and the same key of different consumers, apart', async () => {
    const { guard, effect, client, calls } = setup();
    const other = powertoolsGuard(
      client,
      consumerSettings({ stateTable: TABLE, consumerId: 'other' }),
      clock,
      () => undefined,
    );
    await guard.run('apart', LOCK_MS, effect);
    await guard.run('apart-2', LOCK_MS, effect);
    await other.run('apart', LOCK_MS, effect);
    expect(calls()).toBe(3);
  });
});

describe('while the state table fails', () => {
  it('does not run what it cannot lock', async () => {
    const { client, guard, effect, calls } = setup();
    failing(client, 'PutItemCommand', 1);
    const outcome = await guard.run('no-lock', LOCK_MS, effect);
    expect(outcome).toMatchObject({ kind: 'unavailable', error: { cause: { name: 'StoreDownError' } } });
    expect(calls()).toBe(0);
    expect(await guard.run('no-lock', LOCK_MS, effect)).toEqual({ kind: 'completed' });
  });

  it.each([
    [2, 3, undefined, 'COMPLETED'],
    [9, 3, 'StoreDownError', 'INPROGRESS'],
  ])(
    'writes a completion that failed %i times up to %i times, and the effect counts as done anyway',
    async (failures, tries, problem, status) => {
      const key = `completion-${failures}`;
      const { client, guard, effect, calls } = setup();
      const updates = failing(client, 'UpdateItemCommand', failures);
      const outcome = await guard.run(key, LOCK_MS, effect);
      expect(outcome.kind).toBe('completed');
      expect(outcome).toMatchObject(problem === undefined ? {} : { recordError: { name: problem } });
      expect([calls(), updates.calls]).toEqual([1, tries]);
      expect((await itemOf(emulators, recordKey(key)))?.status).toEqual({ S: status });
    },
  );

  it('knows its own lock when the reply to taking it was lost and the SDK asks again', async () => {
    const { guard, effect, calls, client } = setup();
    let asked = 0;
    client.middlewareStack.add(
      (next, context) => async (args) => {
        if (context.commandName !== 'PutItemCommand') return next(args);
        const answer = await next(args);
        asked += 1;
        return asked === 1 ? next(args) : answer;
      },
      { step: 'finalizeRequest', priority: 'low', name: 'lose-the-first-reply' },
    );
    expect(await guard.run('lost-lock', LOCK_MS, effect)).toEqual({ kind: 'completed' });
    expect(calls()).toBe(1);
    expect(await guard.run('lost-lock', LOCK_MS, effect)).toEqual({ kind: 'duplicate' });
  });

  it('completes though the reply to the completion was lost', async () => {
    const { client, guard, effect } = setup();
    let lost = 0;
    const send = client.send.bind(client);
    client.send = (async (command: UpdateItemCommand) => {
      const answer = await send(command);
      if (command instanceof UpdateItemCommand && lost++ === 0) throw new Error('reply lost');
      return answer;
    }) as never;
    expect(await guard.run('lost-reply', LOCK_MS, effect)).toEqual({ kind: 'completed' });
    expect(lost).toBe(2);
  });

  it('does not hide the handler’s error behind a release that failed', async () => {
    const { client, guard } = setup();
    failing(client, 'DeleteItemCommand', 1);
    const error = new Error('the handler’s');
    expect(await guard.run('release', LOCK_MS, () => Promise.reject(error))).toMatchObject({
      kind: 'failed',
      error,
      recordError: { name: 'StoreDownError' },
    });
  });
});

describe('the lifetime of a record', () => {
  it.each([
    [60, 60, DAY + 120],
    [4 * DAY, 14 * DAY, 19 * DAY],
    [14 * DAY, 14 * DAY, 29 * DAY],
  ])(
    'covers retention of the source, %i s, and of the dead-letter queue, %i s, and a day',
    (source, dlq, expected) => {
      const settings = consumerSettings({
        queue: { retentionSeconds: source },
        deadLetterQueue: { retentionSeconds: dlq },
      });
      expect(idempotencyLifetimeSeconds(settings)).toBe(expected);
    },
  );
});
