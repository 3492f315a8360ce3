import { PermanentError, type SqsHandler } from 'spillway/runtime';
import { createTestStores, rawMessage, runBatch, type TestStores } from 'spillway/testing';
import { describe, expect, it } from 'vitest';
import { orders } from './consumer.ts';

/** The consumer of a lane: all have one scope, and queues of their own. */
function lane(name: string, handle: () => unknown, idempotencyScope = 'orders'): SqsHandler {
  const queue = (suffix: string) => ({ url: `https://sqs.eu-central-1.amazonaws.com/1/${name}${suffix}` });
  return orders(handle, {
    consumerId: `orders-${name}`,
    idempotencyScope,
    queue: queue(''),
    deadLetterQueue: queue('-dlq'),
    quarantineQueue: queue('-quarantine'),
  });
}

/** Two lanes with one handler, which counts its effects and fails while it is broken. */
function lanes(scopes: { readonly high?: string } = {}) {
  const effects: string[] = [];
  const state = { broken: false };
  const handle = (name: string) => (): void => {
    if (state.broken) throw new PermanentError('not yet mended');
    effects.push(name);
  };
  const normal = lane('normal', handle('normal'));
  const high = lane('high', handle('high'), scopes.high);
  return { normal, high, effects, state, stores: createTestStores() };
}

/** The only dead letter as it is sent anew: body and attributes untouched, and a new id. */
function replayed({ deadLetterQueue }: TestStores) {
  const [letter, ...others] = deadLetterQueue;
  expect(others).toEqual([]);
  const attributes = Object.entries(letter?.attributes ?? {}).map(([name, { stringValue = '' }]) => [
    name,
    stringValue,
  ]);
  return rawMessage(letter?.body ?? '', { attributes: Object.fromEntries(attributes) });
}

describe('a dead letter of one lane that is replayed into another', () => {
  it('is handled there, once', async () => {
    const { normal, high, effects, state, stores } = lanes();
    state.broken = true;
    const sent = rawMessage({ id: '42' }, { producer: { id: 'order-42' } });
    const failed = await runBatch(normal, [sent], { stores });
    expect(failed.outcomes).toMatchObject([{ kind: 'dead-lettered' }]);

    state.broken = false;
    const first = await runBatch(high, [replayed(stores)], { stores });
    const second = await runBatch(high, [replayed(stores)], { stores });
    const late = await runBatch(normal, [rawMessage({ id: '42' })], { stores });

    expect(first.outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
    expect([...second.outcomes, ...late.outcomes]).toMatchObject([
      { kind: 'duplicate' },
      { kind: 'duplicate' },
    ]);
    expect(effects).toEqual(['high']);
  });

  it('has no effect there if it had it before', async () => {
    const { normal, high, effects, stores } = lanes();
    await runBatch(normal, [rawMessage({ id: '42' })], { stores });
    const again = await runBatch(high, [rawMessage({ id: '42' })], { stores });
    expect(again.outcomes).toMatchObject([{ kind: 'duplicate' }]);
    expect(effects).toEqual(['normal']);
  });
});

it('lanes know what the consumer had handled whose id is their scope', async () => {
  const { high, effects, stores } = lanes();
  const former = orders(() => effects.push('former'), { consumerId: 'orders' });
  await runBatch(former, [rawMessage({ id: '42' })], { stores });
  const again = await runBatch(high, [rawMessage({ id: '42' })], { stores });
  expect(again.outcomes).toMatchObject([{ kind: 'duplicate' }]);
  expect(effects).toEqual(['former']);
});

it('consumers of different scopes know nothing of each other', async () => {
  const { normal, high, effects, stores } = lanes({ high: 'others' });
  await runBatch(normal, [rawMessage({ id: '42' })], { stores });
  await runBatch(high, [rawMessage({ id: '42' })], { stores });
  expect(effects).toEqual(['normal', 'high']);
});
