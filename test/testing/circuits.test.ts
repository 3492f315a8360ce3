import { createTestStores, rawMessage, runBatch } from 'spillway/testing';
import { describe, expect, it } from 'vitest';
import { type Order, orders, outage } from './consumer.ts';

const circuits = { tracker: { openForMs: 30_000, successThreshold: 1 }, billing: {} };

function trackerConsumer(tracker: (order: Order) => unknown = () => undefined) {
  return orders((order, ctx) => ctx.circuit('tracker').call(() => tracker(order)), { circuits });
}

describe('forceCircuit', () => {
  it('opens a circuit for the time of its settings; a good probe closes it', async () => {
    const stores = createTestStores();
    const handler = trackerConsumer();
    stores.forceCircuit('open', 'tracker');

    const refused = await runBatch(handler, [rawMessage({ id: '1' })], { stores });
    expect(stores.circuitState('tracker')).toBe('open');
    stores.clock.advance(29_999);
    const early = await runBatch(handler, refused.returned, { stores });
    stores.clock.advance(1);
    const probe = await runBatch(handler, early.returned, { stores });

    // 30 s and half of the spread of a quarter.
    expect(refused.outcomes).toMatchObject([{ kind: 'deferred', cause: 'circuit-open', delaySeconds: 34 }]);
    expect(early.outcomes).toMatchObject([{ kind: 'deferred', cause: 'circuit-open' }]);
    expect(probe.outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
    expect(stores.circuitState('tracker')).toBe('closed');
  });

  it('counts the open time from when it was forced, even if nobody had asked the circuit', async () => {
    const stores = createTestStores();
    stores.forceCircuit('open', 'tracker');
    stores.clock.advance(30_000);

    const { outcomes } = await runBatch(trackerConsumer(), [rawMessage({ id: '1' })], { stores });

    expect(outcomes).toMatchObject([{ kind: 'handled' }]);
  });

  it('charges nothing for a probe that fails', async () => {
    const stores = createTestStores();
    stores.forceCircuit('open', 'tracker');
    stores.clock.advance(30_000);
    const handler = trackerConsumer(() => {
      throw outage();
    });

    const { outcomes } = await runBatch(handler, [rawMessage({ id: '1' })], { stores });

    expect(outcomes).toMatchObject([{ kind: 'deferred', cause: 'probe-failed' }]);
    expect(stores.circuitState('tracker')).toBe('open');
  });

  it('closes a circuit that failures opened', async () => {
    const stores = createTestStores();
    let down = true;
    const handler = trackerConsumer(() => {
      if (down) throw outage();
    });
    const messages = Array.from({ length: 6 }, (_, at) => rawMessage({ id: `${at}` }));
    const { returned } = await runBatch(handler, messages, { stores });
    expect(stores.circuitState('tracker')).toBe('open');

    down = false;
    stores.forceCircuit('closed', 'tracker');

    const { outcomes } = await runBatch(handler, returned, { stores });
    expect(outcomes.map(({ kind }) => kind)).toEqual(messages.map(() => 'handled'));
  });

  it('takes every circuit where none is named', async () => {
    const stores = createTestStores();
    stores.forceCircuit('open');
    const states = (): string[] => ['default', 'tracker', 'billing'].map((name) => stores.circuitState(name));

    const refused = await runBatch(orders(), [rawMessage({ id: '1' })], { stores });
    expect(refused.outcomes).toMatchObject([{ kind: 'deferred', cause: 'circuit-open' }]);
    expect(states()).toEqual(['open', 'open', 'open']);
    stores.forceCircuit('closed');
    expect(states()).toEqual(['closed', 'closed', 'closed']);
    const { outcomes } = await runBatch(orders(), refused.returned, { stores });
    expect(outcomes).toMatchObject([{ kind: 'handled' }]);
  });

  it('refuses a circuit that the consumer does not have', async () => {
    const stores = createTestStores();
    stores.forceCircuit('open', 'trakcer');

    await expect(runBatch(trackerConsumer(), [], { stores })).rejects.toThrow(
      'forceCircuit: name must be a circuit of the consumer (tracker, billing), got "trakcer"',
    );
  });
});
