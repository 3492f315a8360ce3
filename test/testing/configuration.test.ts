import { PermanentError, resilientConsumer, type SqsHandler } from 'spillway/runtime';
import { createTestStores, rawMessage, runBatch, type TestStores, testSettings } from 'spillway/testing';
import { beforeEach, expect, it } from 'vitest';
import * as z from 'zod';
import { outage } from './consumer.ts';

/** A consumer whose configuration may change, as it is deployed. */
function consumer(handle: (id: string, stores: TestStores) => unknown = () => undefined): SqsHandler {
  return resilientConsumer({
    schema: z.object({ id: z.string() }).loose(),
    idempotencyKey: ({ id }) => id,
    circuits: ['tracker'],
    handle: ({ id }, { circuit }) => circuit('tracker').call(() => handle(id, stores)),
    settings: testSettings({
      backoff: { kind: 'fixed', firstDelayMs: 5_000 },
      circuits: { tracker: {} },
      screening: {
        deniedSources: { attribute: 'sender' },
        reputation: { source: { attribute: 'sender' }, minimumScore: 20 },
      },
      runTimeConfiguration: { kind: 'parameter', parameter: '/tuning', queue: 'orders' },
    }),
  });
}

const SENDER = { attributes: { sender: 'shop' } };
let stores: TestStores;
let sent = 0;
beforeEach(() => {
  stores = createTestStores();
});

const message = (fields: object = {}) => {
  sent += 1;
  return rawMessage({ id: `order-${sent}`, ...fields }, { ...SENDER, groupId: `g-${sent}` });
};
const some = (count: number) => Array.from({ length: count }, () => message());
const queue = (text: string): void => stores.configure(`queues: { orders: { ${text} } }`);
const tracker = (text: string): void => stores.configure(`circuits: { tracker: { ${text} } }`);

/** What becomes of one message, before and after the configuration is changed. */
async function beforeAndAfter(handler: SqsHandler, change: () => void, fields: object = {}) {
  const before = await runBatch(handler, [message(fields)], { stores });
  change();
  const after = await runBatch(handler, [message(fields)], { stores });
  return [before.outcomes[0], after.outcomes[0]];
}

const fails = () => {
  throw outage();
};
const SCREENING: [string, () => void, object, object][] = [
  ['maxSize', () => queue('screening: { maxSize: 10B }'), { reason: 'SIZE_LIMIT_EXCEEDED' }, {}],
  [
    'requiredFields',
    () => queue('screening: { requiredFields: [/tag] }'),
    { reason: 'MISSING_REQUIRED_FIELDS' },
    {},
  ],
  [
    'suspiciousPatterns',
    () => queue('screening: { suspiciousPatterns: true }'),
    { kind: 'quarantined' },
    { text: '../../../etc/passwd' },
  ],
  [
    'deniedSources',
    () => queue('screening: { deniedSources: { pointer: /from } }'),
    { reason: 'DENIED_SOURCE' },
    {},
  ],
  [
    'reputation.minimumScore',
    () => queue('screening: { reputation: { attribute: sender, minimumScore: 60 } }'),
    { reason: 'LOW_REPUTATION' },
    {},
  ],
  [
    'reputation.source',
    () => queue('screening: { reputation: { pointer: /from, minimumScore: 1 } }'),
    { reason: 'LOW_REPUTATION' },
    {},
  ],
];

it.each(SCREENING)('screens by a changed %s', async (_name, change, refused, fields) => {
  stores.setReputation('shop', 50);
  const [before, after] = await beforeAndAfter(consumer(), change, fields);
  expect([before, after]).toMatchObject([{ kind: 'handled' }, { kind: 'quarantined', ...refused }]);
});

it('stops to deny sources, and starts again', async () => {
  stores.denySource('shop');
  const off = () => queue('screening: { deniedSources: false }');
  expect(await beforeAndAfter(consumer(), off)).toMatchObject([{ kind: 'quarantined' }, { kind: 'handled' }]);
  stores.configure(undefined);
  expect((await runBatch(consumer(), [message()], { stores })).outcomes).toMatchObject([
    { kind: 'quarantined' },
  ]);
});

it('spaces attempts by a changed profile', async () => {
  const text =
    'retryProfiles: { p: { strategy: exponential, firstDelay: 20s, cap: 30s, base: 3 } }\nqueues: { orders: { retry: p } }';
  const first = message();
  const failed = await runBatch(consumer(fails), [first], { stores });
  stores.configure(text);
  const again = await runBatch(consumer(fails), failed.returned, { stores });
  const late = await runBatch(consumer(fails), [message()], { stores });
  expect([failed, again, late].map(({ outcomes }) => outcomes[0])).toMatchObject([
    { kind: 'retried', delaySeconds: 5 },
    { kind: 'retried', delaySeconds: 30 },
    { kind: 'retried', delaySeconds: 20 },
  ]);
});

it('counts attempts by a changed budget, in all and by reason', async () => {
  const broken = consumer(() => {
    throw new Error('unclear');
  });
  const first = await runBatch(broken, [message()], { stores });
  queue('attempts: { max: 2 }');
  expect((await runBatch(broken, first.returned, { stores })).outcomes).toMatchObject([
    { kind: 'dead-lettered', attempts: 2 },
  ]);
  queue('attempts: { byReason: { PROCESSING_ERROR: 1, UNKNOWN: 1 } }');
  expect((await runBatch(broken, [message()], { stores })).outcomes).toMatchObject([
    { kind: 'dead-lettered', attempts: 1 },
  ]);
});

it('works on as many messages at a time as it says', async () => {
  let underWay = 0;
  let most = 0;
  const counting = consumer(async () => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
  });
  await runBatch(counting, some(10), { stores });
  expect(most).toBeGreaterThan(2);
  most = 0;
  queue('concurrency: 2');
  await runBatch(counting, some(10), { stores });
  expect(most).toBe(2);
});

const buggy = () =>
  consumer(() => {
    throw new PermanentError('a bug');
  });

it('holds the intake by a changed kill switch', async () => {
  queue('killSwitch: { minMessages: 3, openFor: 10s, maxOpenFor: 20s }');
  const { outcomes, returned } = await runBatch(buggy(), some(4), { stores });
  expect(outcomes.filter(({ kind }) => kind === 'dead-lettered')).toHaveLength(2);
  expect(stores.intakeState()).toBe('open');
  stores.clock.advance(9_000 / 1.1);
  expect((await runBatch(buggy(), returned, { stores })).outcomes).toMatchObject([
    { kind: 'deferred', cause: 'held' },
    { kind: 'deferred', cause: 'held' },
  ]);
  stores.clock.advance(3_000);
  expect((await runBatch(consumer(), returned, { stores })).outcomes[0]).toMatchObject({ kind: 'handled' });
});

it('sends messages to the dead-letter queue, however many, once the kill switch is off', async () => {
  queue('killSwitch: false');
  const { outcomes } = await runBatch(buggy(), some(15), { stores });
  expect(outcomes.every(({ kind }) => kind === 'dead-lettered')).toBe(true);
});

it('asks for a changed share', async () => {
  queue('killSwitch: { minMessages: 2, share: 1 }');
  const handler = consumer((id) => {
    if (Number(id.slice(6)) % 2 === 0) throw new PermanentError('a bug');
  });
  await runBatch(handler, some(4), { stores });
  await runBatch(handler, some(8), { stores });
  expect(stores.intakeState()).toBe('closed');
});

it('counts in a changed window', async () => {
  queue('killSwitch: { minMessages: 4, window: 10m }');
  await runBatch(buggy(), some(3), { stores });
  stores.clock.advance(240_000);
  await runBatch(buggy(), some(1), { stores });
  expect(stores.intakeState()).toBe('open');
});

it('opens its circuits by changed thresholds, for a changed time', async () => {
  tracker('failureThreshold: 2, openFor: 10s');
  const { returned } = await runBatch(consumer(fails), some(2), { stores });
  expect(stores.circuitState('tracker')).toBe('open');
  stores.clock.advance(9_000);
  const [early] = (await runBatch(consumer(), returned, { stores })).outcomes;
  stores.clock.advance(3_000);
  const [late] = (await runBatch(consumer(), returned, { stores })).outcomes;
  expect([early, late]).toMatchObject([{ kind: 'deferred', cause: 'circuit-open' }, { kind: 'handled' }]);
  expect(stores.circuitState('tracker')).toBe('half-open');
});

it('closes them by a changed number of probes', async () => {
  tracker('successThreshold: 1');
  stores.forceCircuit('open', 'tracker');
  await runBatch(consumer(), [message()], { stores });
  stores.clock.advance(70_000);
  await runBatch(consumer(), [message()], { stores });
  expect(stores.circuitState('tracker')).toBe('closed');
});

it('takes calls for failures that are slower than it says', async () => {
  const slow = consumer((_id, { clock }) => clock.advance(600));
  await runBatch(slow, some(5), { stores });
  expect(stores.circuitState('tracker')).toBe('closed');
  tracker('slowCallThreshold: 500ms, localThreshold: 3');
  await runBatch(slow, some(3), { stores });
  expect(stores.circuitState('tracker')).toBe('open');
});

it('starts a new environment with what was deployed, and names what is wrong, while the text is bad', async () => {
  queue('screening: { requiredFields: [/tag] }');
  await runBatch(consumer(), [message()], { stores });
  stores.configure('queues:\n  orders:\n    concurrency: none\n');
  const { outcomes, troubles } = await runBatch(consumer(), [message()], { stores });
  // Each batch is a new environment, which has had no good one.
  expect(outcomes).toMatchObject([{ kind: 'handled' }]);
  expect(troubles).toMatchObject([
    {
      operation: 'change the configuration',
      error: {
        message:
          "configuration:3:18 queues.orders.concurrency must be a whole number from 1 to 10000, got 'none'",
      },
    },
  ]);
});

it('harms no message while the configuration cannot be read', async () => {
  stores.fail('configuration');
  const { outcomes, troubles } = await runBatch(consumer(), [message()], { stores });
  expect(outcomes).toMatchObject([{ kind: 'handled' }]);
  expect(troubles).toMatchObject([{ operation: 'read the configuration' }]);
});
