import { resilientConsumer } from 'spillway/runtime';
import { createTestStores, rawMessage, runBatch, type TestStores, testSettings } from 'spillway/testing';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { ConsumerCircuitSettings, ConsumerSettings, SettingsInput } from '../../lambdas/index.ts';

type Calls = SettingsInput<ConsumerCircuitSettings>;

/** A consumer that makes `callsEach` calls for each message; they are counted and answered by `answer`. */
function consumerWith(
  tracker: Calls,
  answer: (signal: AbortSignal, call: number) => unknown,
  settings: SettingsInput<ConsumerSettings> = {},
  callsEach = 1,
) {
  const seen = { calls: 0, handlers: 0 };
  const handler = resilientConsumer({
    schema: z.object({ id: z.string() }),
    idempotencyKey: ({ id }) => id,
    settings: testSettings({ ...settings, circuits: { tracker } }),
    handle: async (_payload, ctx) => {
      seen.handlers += 1;
      for (let at = 0; at < callsEach; at += 1) {
        await ctx.circuit('tracker').call((signal) => {
          seen.calls += 1;
          return answer(signal, seen.calls);
        });
      }
    },
  });
  return { handler, seen };
}

const message = (id: string) => rawMessage({ id });
const messages = (count: number) => Array.from({ length: count }, (_each, at) => message(`m${at}`));
const down = (): Error => Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
/** A dependency that does not answer, and a client that does not heed its signal. */
const deaf = (): Promise<never> => new Promise(() => {});
/** The same with a client that does. */
const hangs = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

async function passing<T>(running: Promise<T>, stores: TestStores, ms: number, step = 100): Promise<T> {
  for (let passed = 0; passed < ms; passed += step) await stores.clock.pass(step);
  return running;
}

describe('the time-out of a call', () => {
  it('ends an attempt that hangs, and charges the message', async () => {
    const stores = createTestStores();
    const { handler } = consumerWith({ timeoutMs: 2_000 }, hangs);
    const { outcomes, troubles } = await passing(
      runBatch(handler, [message('a')], { stores }),
      stores,
      2_100,
    );
    expect(outcomes).toMatchObject([
      { kind: 'retried', reason: 'TIMEOUT', error: { name: 'CallTimeoutError' } },
    ]);
    expect(troubles).toEqual([]);
  });

  it.each([
    ['no policy', {}],
    ['the attempt timed', { timeoutMs: 1_000 }],
    ['the whole call timed', { totalTimeoutMs: 1_000 }],
    ['a time-out that never comes', { totalTimeoutMs: 600_000 }],
    ['repetitions', { retry: {} }],
    ['repetitions of timed attempts', { retry: {}, timeoutMs: 1_000 }],
  ])(
    'counts what hangs against the circuit, with %s, whether the client heeds its signal or not',
    async (_name, calls) => {
      for (const answer of [deaf, hangs]) {
        const stores = createTestStores();
        const { handler } = consumerWith({ ...calls }, answer, { attempts: { byReason: {} } });
        await passing(runBatch(handler, messages(5), { stores }), stores, 30_000);
        expect(stores.circuitState('tracker')).toBe('open');
      }
    },
  );
});

describe('a call that does not heed its signal', () => {
  it.each([
    ['timed', { timeoutMs: 2_000 }, 1],
    ['repeated', { retry: { kind: 'fixed', firstDelayMs: 100 } as const, timeoutMs: 2_000 }, 1],
    ['timed as a whole', { totalTimeoutMs: 2_000 }, 1],
  ])(
    'keeps its lock, is done by nobody else meanwhile, and costs its environment: %s',
    async (_name, calls, most) => {
      const stores = createTestStores();
      const { handler, seen } = consumerWith({ ...calls }, deaf);
      const { troubles } = await passing(runBatch(handler, [message('a')], { stores }), stores, 30_000);
      expect(troubles).toMatchObject([{ operation: 'stop a handler' }]);
      expect(seen.calls).toBe(most);
      const again = await runBatch(handler, [message('a')], { stores });
      expect(again.outcomes).toMatchObject([{ kind: 'deferred', cause: 'in-progress' }]);
      expect(seen.calls).toBe(most);
    },
  );

  it.each([{ timeoutMs: 1_000 }, { totalTimeoutMs: 1_000 }])(
    'lets the handler answer with something else, and counts all the same: %o',
    async (calls) => {
      const stores = createTestStores();
      const settings = testSettings({ circuits: { tracker: { ...calls, localThreshold: 1 } } });
      const handler = resilientConsumer({
        schema: z.object({ id: z.string() }),
        idempotencyKey: ({ id }) => id,
        settings,
        handle: async (_payload, ctx) => {
          await ctx
            .circuit('tracker')
            .call(deaf)
            .catch(() => 'something else');
        },
      });
      const { outcomes } = await passing(runBatch(handler, [message('a')], { stores }), stores, 1_100);
      expect(outcomes).toMatchObject([{ kind: 'handled' }]);
      expect(stores.circuitState('tracker')).toBe('open');
    },
  );

  it('is waited for when another call of its handler has failed', async () => {
    const stores = createTestStores();
    let ended = false;
    const handler = resilientConsumer({
      schema: z.object({ id: z.string() }),
      idempotencyKey: ({ id }) => id,
      settings: testSettings({ circuits: { tracker: {} } }),
      handle: async (_payload, ctx) => {
        const slow = ctx.circuit('tracker').call(async () => {
          await new Promise<void>((resolve) => void stores.clock.after(5_000, resolve));
          ended = true;
        });
        await Promise.all([slow, ctx.circuit('tracker').call(() => Promise.reject(down()))]);
      },
    });
    const { outcomes } = await passing(runBatch(handler, [message('a')], { stores }), stores, 6_000, 500);
    expect(ended).toBe(true);
    expect(outcomes).toMatchObject([{ kind: 'retried', reason: 'EXTERNAL_SERVICE_ERROR' }]);
  });
});

describe('the end of the handler', () => {
  it.each([{ timeoutMs: 60_000 }, { totalTimeoutMs: 60_000 }])(
    'is what ends a call that has longer, and not a time-out: %o',
    async (calls) => {
      const stores = createTestStores();
      const reasons: unknown[] = [];
      const { handler } = consumerWith(calls, (signal) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        return deaf();
      });
      const { outcomes } = await passing(
        runBatch(handler, [message('a')], { stores }),
        stores,
        30_000,
        1_000,
      );
      expect(reasons).toMatchObject([{ name: 'HandlerTimeoutError' }]);
      expect(outcomes).toMatchObject([
        { kind: 'retried', reason: 'TIMEOUT', error: { name: 'HandlerTimeoutError' } },
      ]);
    },
  );
});

describe('repeating a call within the function', () => {
  it('mends what passes: the message is handled at its first attempt', async () => {
    const stores = createTestStores();
    const { handler, seen } = consumerWith(
      { retry: { kind: 'fixed', firstDelayMs: 500 } },
      (_signal, call) => {
        if (call < 3) throw down();
      },
    );
    const { outcomes } = await passing(runBatch(handler, [message('a')], { stores }), stores, 1_200);
    expect(outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
    expect(seen).toEqual({ calls: 3, handlers: 1 });
  });

  it('charges one attempt when all of them failed, by the last error', async () => {
    const stores = createTestStores();
    const { handler, seen } = consumerWith({ retry: { kind: 'fixed', firstDelayMs: 500 } }, () => {
      throw down();
    });
    const { outcomes } = await passing(runBatch(handler, [message('a')], { stores }), stores, 1_200);
    expect(outcomes).toMatchObject([{ kind: 'retried', attempts: 1, reason: 'EXTERNAL_SERVICE_ERROR' }]);
    expect(seen.calls).toBe(3);
  });

  it('ends when the circuit opens meanwhile, and then charges nothing', async () => {
    const stores = createTestStores();
    const { handler, seen } = consumerWith(
      { retry: { attempts: 9, kind: 'fixed', firstDelayMs: 100, budget: false } },
      () => {
        throw down();
      },
    );
    const { outcomes } = await passing(runBatch(handler, [message('a')], { stores }), stores, 1_200);
    expect(outcomes).toMatchObject([{ kind: 'deferred', cause: 'circuit-open' }]);
    expect(seen.calls).toBe(5);
  });

  it('charges what fails by itself also where a limit of ours refuses its repetition', async () => {
    const stores = createTestStores();
    const { handler, seen } = consumerWith(
      {
        rateLimit: { limit: 1, perMs: 600_000, burst: 1, maxWaitMs: 0 },
        retry: { attempts: 2, kind: 'fixed', firstDelayMs: 100 },
      },
      () => {
        throw Object.assign(new Error('it breaks at this payload'), { status: 500 });
      },
      { attempts: { max: 3, byReason: {} } },
    );
    const found = [];
    let batch = [message('a')];
    for (let receive = 0; receive < 6 && batch.length > 0; receive += 1) {
      const { outcomes, returned } = await passing(runBatch(handler, batch, { stores }), stores, 300);
      found.push(...outcomes);
      batch = [...returned];
      stores.clock.advance(1_200_000);
    }
    expect(found).toMatchObject([
      {
        kind: 'retried',
        attempts: 1,
        reason: 'EXTERNAL_SERVICE_ERROR',
        error: { name: 'RetryExhaustedError' },
      },
      { kind: 'retried', attempts: 2 },
      { kind: 'dead-lettered', reason: 'EXTERNAL_SERVICE_ERROR' },
    ]);
    expect(seen.calls).toBe(3); // the second attempt of each found no permit
  });

  it('waits for nothing that comes after the end of the handler', async () => {
    const stores = createTestStores();
    const { handler, seen } = consumerWith({ retry: { kind: 'fixed', firstDelayMs: 60_000 } }, () => {
      throw down();
    });
    const { outcomes } = await runBatch(handler, [message('a')], { stores });
    expect(outcomes).toMatchObject([
      { kind: 'retried', attempts: 1, error: { name: 'RetryExhaustedError' } },
    ]);
    expect(seen.calls).toBe(1);
  });

  it('does not count what the message itself is to blame for', async () => {
    const { handler, seen } = consumerWith({ retry: {} }, () => {
      throw Object.assign(new Error('bad request'), { status: 400 });
    });
    const { outcomes } = await runBatch(handler, [message('a')]);
    expect(outcomes).toMatchObject([{ kind: 'dead-lettered', reason: 'INVALID_DATA' }]);
    expect(seen.calls).toBe(1);
  });
});

describe('the rate limit', () => {
  const rateLimit = { limit: 4, perMs: 1_000, burst: 4, maxWaitMs: 0 };

  it('puts back, free of charge and without a handler, those whose turn has not come', async () => {
    const stores = createTestStores();
    const { handler, seen } = consumerWith({ rateLimit }, () => 'done');
    const { outcomes } = await runBatch(handler, messages(10), { stores });
    const handled = outcomes.filter(({ kind }) => kind === 'handled');
    expect(handled.length).toBeGreaterThanOrEqual(1);
    expect(handled.length).toBeLessThanOrEqual(4);
    expect(outcomes.filter((each) => each.kind === 'deferred' && each.cause === 'rate-limited')).toHaveLength(
      10 - handled.length,
    );
    expect(seen).toEqual({ calls: handled.length, handlers: handled.length });
    expect(stores.circuitState('tracker')).toBe('closed');
  });

  it('lets all of them through in time, each once', async () => {
    const stores = createTestStores();
    const { handler, seen } = consumerWith({ rateLimit }, () => 'done');
    let batch = messages(10);
    for (let second = 0; second < 8 && batch.length > 0; second += 1) {
      batch = [...(await runBatch(handler, batch, { stores })).returned];
      stores.clock.advance(1_000);
    }
    expect(batch).toEqual([]);
    expect(seen).toEqual({ calls: 10, handlers: 10 });
  });

  it('is shared by all environments, and consumers, that name the circuit', async () => {
    const stores = createTestStores();
    const [mine, other] = [
      consumerWith({ rateLimit }, () => 'done'),
      consumerWith({ rateLimit }, () => 'done', { consumerId: 'other' }),
    ];
    await runBatch(mine.handler, messages(4), { stores });
    await runBatch(other.handler, messages(4), { stores });
    expect(mine.seen.calls + other.seen.calls).toBeLessThanOrEqual(4);
  });

  it('leaves to each part what is its own, whoever floods another one', async () => {
    const stores = createTestStores();
    const of = (consumerId: string, share: number) =>
      consumerWith(
        {
          rateLimit: { limit: 40, perMs: 1_000, burst: 40, maxWaitMs: 0, part: { name: consumerId, share } },
        },
        () => 'done',
        { consumerId },
      );
    const [low, critical] = [of('low', 0.25), of('critical', 0.75)];
    await runBatch(low.handler, messages(60), { stores });
    expect(low.seen.calls).toBeLessThanOrEqual(10);
    await runBatch(critical.handler, messages(60), { stores });
    expect(critical.seen.calls).toBeGreaterThan(10);
    expect(critical.seen.calls).toBeLessThanOrEqual(30);
  });

  it("is a consumer's own where it names no circuit", async () => {
    const stores = createTestStores();
    const own = (consumerId: string) =>
      resilientConsumer({
        schema: z.object({ id: z.string() }),
        idempotencyKey: ({ id }) => id,
        settings: testSettings({
          consumerId,
          circuits: { default: { rateLimit: { ...rateLimit, burst: 1 } } },
        }),
        handle: () => undefined,
      });
    const outcomes = [];
    for (const id of ['first', 'second']) {
      outcomes.push(...(await runBatch(own(id), [message(id)], { stores })).outcomes);
    }
    expect(outcomes).toMatchObject([{ kind: 'handled' }, { kind: 'handled' }]);
  });

  it('waits for a turn in the function, where it may', async () => {
    const stores = createTestStores();
    const { handler } = consumerWith({ rateLimit: { ...rateLimit, maxWaitMs: 5_000 } }, () => 'done');
    const { outcomes } = await passing(runBatch(handler, messages(10), { stores }), stores, 5_000);
    expect(outcomes.map(({ kind }) => kind)).toEqual(messages(10).map(() => 'handled'));
  });

  it('refuses in mid-handler what had no turn of its own, free of charge', async () => {
    const stores = createTestStores();
    const { handler } = consumerWith({ rateLimit: { ...rateLimit, burst: 1 } }, () => 'done', {}, 2);
    const { outcomes } = await runBatch(handler, [message('a')], { stores });
    expect(outcomes).toMatchObject([{ kind: 'deferred', cause: 'rate-limited' }]);
    expect(stores.circuitState('tracker')).toBe('closed');
  });

  it('is no fault of ours when the time of the function ends while messages wait', async () => {
    const stores = createTestStores();
    const { handler } = consumerWith(
      { rateLimit: { limit: 1, perMs: 60_000, maxWaitMs: 600_000 } },
      () => 'done',
    );
    const { outcomes } = await passing(runBatch(handler, messages(3), { stores }), stores, 30_000, 1_000);
    expect(outcomes.map((each) => (each.kind === 'deferred' ? each.cause : each.kind)).sort()).toEqual([
      'handled',
      'rate-limited',
      'rate-limited',
    ]);
  });

  it('is not counted as slowness of the dependency', async () => {
    const stores = createTestStores();
    const { handler } = consumerWith(
      { rateLimit: { ...rateLimit, burst: 1, maxWaitMs: 5_000 }, slowCallMs: 100, localThreshold: 1 },
      () => 'done',
      {},
      2,
    );
    const { outcomes } = await passing(runBatch(handler, [message('a')], { stores }), stores, 3_000);
    expect(outcomes).toMatchObject([{ kind: 'handled' }]);
    expect(stores.circuitState('tracker')).toBe('closed');
  });

  it('defers while the table does not answer', async () => {
    const stores = createTestStores();
    const { handler, seen } = consumerWith({ rateLimit }, () => 'done');
    stores.fail('state-table');
    const { outcomes } = await runBatch(handler, [message('a')], { stores });
    expect(outcomes).toMatchObject([{ kind: 'deferred', cause: 'store-unavailable' }]);
    expect(seen.calls).toBe(0);
  });
});

describe('the bulkhead', () => {
  it('keeps calls at a time, and puts back free of charge whom it has no place for', async () => {
    const stores = createTestStores();
    let underWay = 0;
    let most = 0;
    const { handler } = consumerWith(
      { bulkhead: { maxConcurrent: 2, maxQueued: 1, maxWaitMs: 5_000 } },
      async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise<void>((resolve) => void stores.clock.after(300, resolve));
        underWay -= 1;
      },
    );
    const { outcomes } = await passing(runBatch(handler, messages(5), { stores }), stores, 1_000);
    expect(most).toBe(2);
    expect(outcomes.filter(({ kind }) => kind === 'handled')).toHaveLength(3);
    expect(
      outcomes.filter((each) => each.kind === 'deferred' && each.cause === 'bulkhead-full'),
    ).toHaveLength(2);
    expect(stores.circuitState('tracker')).toBe('closed');
  });

  it('does not blame the dependency when the handler ends while a call waits for its place', async () => {
    const stores = createTestStores();
    const { handler } = consumerWith(
      {
        bulkhead: { maxConcurrent: 1, maxQueued: 50, maxWaitMs: 60_000 },
        failureThreshold: 3,
        localThreshold: 3,
      },
      deaf,
    );
    await passing(runBatch(handler, messages(10), { stores }), stores, 30_000, 1_000);
    expect(stores.circuitState('tracker')).toBe('closed'); // one call hung: that is one failure
  });

  it('may find its size', async () => {
    const stores = createTestStores();
    let underWay = 0;
    let most = 0;
    const { handler } = consumerWith(
      { adaptiveConcurrency: { initial: 2, maxQueued: 20, maxWaitMs: 20_000, latencyMs: 1_000 } },
      async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise<void>((resolve) => void stores.clock.after(300, resolve));
        underWay -= 1;
      },
      { concurrency: 20 },
    );
    const { outcomes } = await passing(runBatch(handler, messages(20), { stores }), stores, 6_000);
    expect(outcomes.every(({ kind }) => kind === 'handled')).toBe(true);
    expect(most).toBeGreaterThan(2);
    expect(most).toBeLessThan(20);
  });
});
