import { PermanentError, resilientConsumer } from 'spillway/runtime';
import { createTestStores, rawMessage, testSettings } from 'spillway/testing';
import { beforeEach, expect, it } from 'vitest';
import * as z from 'zod';
import { rebuilt } from '../../lambdas/aws/consumer-ports.ts';
import type { SqsEventRecord } from '../../lambdas/aws/lambda-event.ts';
import type { PipelineEvent } from '../../lambdas/core/events.ts';
import { interiorOf } from '../../lambdas/testing/stores.ts';
import { eventLog } from '../core/fixtures.ts';

// One consumer that is made once and goes on running, while its configuration changes between its invocations.

const REFRESH_MS = 60_000;

function running() {
  const stores = createTestStores();
  const interior = interiorOf(stores);
  const log = eventLog();
  const behaviour: { handle: (id: string) => unknown } = { handle: () => undefined };
  const made = resilientConsumer({
    schema: z.object({ id: z.string() }),
    idempotencyKey: ({ id }) => id,
    circuits: ['tracker'],
    handle: ({ id }, { circuit }) => circuit('tracker').call(() => behaviour.handle(id)),
    settings: testSettings({
      backoff: { kind: 'fixed', firstDelayMs: 5_000 },
      circuits: { tracker: {} },
      runTimeConfiguration: { kind: 'parameter', parameter: '/tuning', queue: 'orders' },
    }),
  });
  const handler = rebuilt(made, (settings) => ({
    clock: stores.clock,
    random: interior.random,
    telemetry: {
      emit: log.emit,
      loggerFor: () => ({ debug() {}, info() {}, warn() {}, error() {} }),
      flush() {},
    },
    records: interior.records.of(settings.queue.name, () => undefined),
    source: { acknowledge: async () => [], changeVisibility: async () => [] },
    deadLetterQueue: interior.deadLetters.named(settings.deadLetterQueue.name),
    quarantineQueue: interior.quarantined.named(settings.quarantineQueue.name),
    circuits: interior.circuits.of(settings),
    intake: interior.intakes.of(settings),
    deadLetterCounts: interior.deadLetterCounts.of(settings.consumerId),
    limits: interior.limits,
    notices: { circuitChanged() {}, async settle() {} },
    linger: async () => {},
    guard: () => interior.guards.of(settings),
    signatureKeys: (signature) => interior.signatureKeys(signature),
    deniedSources: () => interior.deniedSources,
    reputation: () => interior.reputation,
    configuration: () => interior.configuration,
    exit() {},
  }));
  let sent = 0;
  const message = (): SqsEventRecord => {
    sent += 1;
    return rawMessage({ id: `order-${sent}` }, { groupId: `g-${sent}`, sentAtEpochMs: stores.clock.now() });
  };
  async function invoke(records: readonly SqsEventRecord[]): Promise<PipelineEvent[]> {
    log.events.length = 0;
    await handler({ Records: records }, { getRemainingTimeInMillis: () => 30_000 });
    return log.events.filter(({ kind }) => !kind.startsWith('configuration-'));
  }
  return {
    stores,
    behaviour,
    invoke,
    send: (count = 1) => invoke(Array.from({ length: count }, message)),
    message,
    /** Change it, and let the refresh time pass. */
    change(text: string): void {
      stores.configure(text);
      stores.clock.advance(REFRESH_MS);
    },
  };
}

let r: ReturnType<typeof running>;
beforeEach(async () => {
  r = running();
  expect(await r.send()).toMatchObject([{ kind: 'handled' }]);
});

it('screens by what changes, and back again', async () => {
  r.change('queues: { orders: { screening: { requiredFields: [/tag], maxSize: 1KiB } } }');
  expect(await r.send()).toMatchObject([{ kind: 'quarantined', reason: 'MISSING_REQUIRED_FIELDS' }]);
  r.change('queues: { orders: { screening: { maxSize: 3B } } }');
  expect(await r.send()).toMatchObject([{ kind: 'quarantined', reason: 'SIZE_LIMIT_EXCEEDED' }]);
  r.change('{}');
  expect(await r.send()).toMatchObject([{ kind: 'handled' }]);
});

it('spaces and counts attempts by what changes', async () => {
  r.behaviour.handle = () => {
    throw new Error('unclear');
  };
  expect(await r.send()).toMatchObject([{ kind: 'retried', delaySeconds: 5 }]);
  r.change(
    'retryProfiles: { p: { firstDelay: 9s } }\nqueues: { orders: { retry: p, attempts: { max: 3 } } }',
  );
  const stubborn = r.message();
  expect(await r.invoke([stubborn])).toMatchObject([{ kind: 'retried', delaySeconds: 9 }]);
  r.change('queues: { orders: { attempts: { max: 2 } } }');
  const again = { ...stubborn, attributes: { ...stubborn.attributes, ApproximateReceiveCount: '2' } };
  expect(await r.invoke([again])).toMatchObject([{ kind: 'dead-lettered', attempts: 2 }]);
});

it('stops and starts to count for the kill switch', async () => {
  r.behaviour.handle = () => {
    throw new PermanentError('a bug');
  };
  const deadLettered = (events: readonly PipelineEvent[]): number =>
    events.filter(({ kind }) => kind === 'dead-lettered').length;
  r.change('queues: { orders: { killSwitch: false } }');
  expect(deadLettered(await r.send(12))).toBe(12);
  r.change('queues: { orders: { killSwitch: { minMessages: 4, openFor: 10s } } }');
  expect(deadLettered(await r.send(12))).toBe(3);
  expect(r.stores.intakeState()).toBe('open');
  r.change('queues: { orders: { killSwitch: false } }');
  r.behaviour.handle = () => undefined;
  expect(await r.send()).toMatchObject([{ kind: 'handled' }]);
  expect(r.stores.intakeState()).toBe('closed');
});

it('works on as many messages at a time as it is told', async () => {
  let underWay = 0;
  let most = 0;
  r.behaviour.handle = async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
  };
  for (const concurrency of [7, 2, 5]) {
    most = 0;
    r.change(`queues: { orders: { concurrency: ${concurrency} } }`);
    await r.send(10);
    expect(most).toBe(concurrency);
  }
});

it('opens its circuits as it is told, with what they have seen before', async () => {
  r.behaviour.handle = () => {
    throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  };
  await r.send(3);
  expect(r.stores.circuitState('tracker')).toBe('closed');
  r.change('circuits: { tracker: { localThreshold: 4, openFor: 5s } }');
  await r.send(1);
  expect(r.stores.circuitState('tracker')).toBe('open');
});

it('goes on as before while a text is bad', async () => {
  r.change('queues: { orders: { screening: { requiredFields: [/tag] } } }');
  await r.send();
  r.change('queues: { orders: { screening: { requiredFields: [tag] } } }');
  expect(await r.send()).toMatchObject([{ kind: 'quarantined', reason: 'MISSING_REQUIRED_FIELDS' }]);
  r.stores.fail('configuration');
  r.change('{}');
  expect(await r.send()).toMatchObject([{ kind: 'quarantined', reason: 'MISSING_REQUIRED_FIELDS' }]);
  r.stores.restore();
  r.change('{}');
  expect(await r.send()).toMatchObject([{ kind: 'handled' }]);
});
