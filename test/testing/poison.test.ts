import { resilientConsumer } from 'spillway/runtime';
import { createTestStores, rawMessage, runBatch, testSettings } from 'spillway/testing';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';

const purchase = {
  id: 'p-1',
  customer: { id: 'c-7', name: "Sinéad O'Brien" },
  note: "It's a gift; please drop it at the table -- or select a safe place from the porch",
  items: [{ sku: 'mug', count: 2 }],
  total: 24.9,
};

const settings = testSettings({
  screening: {
    maxBytes: 4_096,
    requiredFields: ['/id', '/customer/id', '/total'],
    deniedSources: { pointer: '/customer/id' },
    suspiciousPatterns: ['sql-injection', 'script-injection', 'path-traversal'],
    reputation: { source: { pointer: '/customer/id' }, minimumScore: 50 },
  },
});

/** A consumer of purchases with every check, and what reached its handler. */
function shop(reputation?: { scoreOf(source: string): Promise<number | undefined> }) {
  const handled: unknown[] = [];
  const handler = resilientConsumer({
    schema: z.looseObject({ id: z.string(), total: z.number(), note: z.string().optional() }),
    settings,
    idempotencyKey: ({ id }) => id,
    handle: (payload) => void handled.push(payload),
    ...(reputation === undefined ? {} : { reputation }),
  });
  return { handler, handled };
}

describe('with every check switched on', () => {
  it('a purchase passes', async () => {
    const { handler, handled } = shop();
    const { outcomes } = await runBatch(handler, [rawMessage(purchase)]);
    expect(outcomes).toMatchObject([{ kind: 'handled', attempt: 1 }]);
    expect(handled).toEqual([purchase]);
  });

  it.each([
    ['lacks a field', { ...purchase, customer: {} }, 'MISSING_REQUIRED_FIELDS', '/customer/id'],
    ['comes from a denied source', { ...purchase, customer: { id: 'c-666' } }, 'DENIED_SOURCE', ''],
    ['injects SQL', { ...purchase, note: "'; DROP TABLE orders; --" }, 'SUSPICIOUS_PATTERN', '/note'],
    ['is too large', { ...purchase, note: 'x'.repeat(4_096) }, 'SIZE_LIMIT_EXCEEDED', ''],
    ['breaks the schema', { ...purchase, total: 'free' }, 'SCHEMA_VALIDATION_FAILED', '/total'],
    ['has a bad name', { ...purchase, customer: { id: 'c-13' } }, 'LOW_REPUTATION', ''],
  ])(
    'a message that %s is quarantined, at once and without a charge',
    async (_what, payload, reason, pointer) => {
      const { handler, handled } = shop();
      const stores = createTestStores();
      stores.denySource('c-666');
      stores.setReputation('c-13', 13);
      const { outcomes } = await runBatch(handler, [rawMessage(payload)], { stores });
      expect(outcomes).toMatchObject([{ kind: 'quarantined', reason, findings: [{ pointer }] }]);
      expect(outcomes).toMatchObject([{ envelope: { attempts: 0 } }]);
      expect(handled).toEqual([]);
    },
  );

  it('an attack in a field that the schema drops is found all the same', async () => {
    const handler = resilientConsumer({
      schema: z.object({ id: z.string() }),
      settings,
      idempotencyKey: ({ id }) => id,
      handle: () => undefined,
    });
    const { outcomes } = await runBatch(handler, [rawMessage({ ...purchase, note: '<script>x()</script>' })]);
    expect(outcomes).toMatchObject([{ kind: 'quarantined', reason: 'SUSPICIOUS_PATTERN' }]);
  });

  it('a source is denied, and allowed again, while the consumer runs', async () => {
    const { handler } = shop();
    const stores = createTestStores();
    const kindOf = async (id: string) =>
      (await runBatch(handler, [rawMessage({ ...purchase, id })], { stores })).outcomes[0]?.kind;
    expect(await kindOf('1')).toBe('handled');
    stores.denySource('c-7');
    expect(await kindOf('2')).toBe('quarantined');
    stores.allowSource('c-7');
    expect(await kindOf('3')).toBe('handled');
  });

  it('a message waits while the lists cannot be read: it is neither passed nor refused', async () => {
    const { handler, handled } = shop();
    const stores = createTestStores();
    stores.fail('state-table');
    const { outcomes } = await runBatch(handler, [rawMessage(purchase)], { stores });
    expect(outcomes).toMatchObject([{ kind: 'deferred', cause: 'check-unavailable' }]);
    expect(handled).toEqual([]);
  });

  it('the reputation may come from elsewhere', async () => {
    const { handler } = shop({ scoreOf: async () => 49 });
    const { outcomes } = await runBatch(handler, [rawMessage(purchase)]);
    expect(outcomes).toMatchObject([{ kind: 'quarantined', reason: 'LOW_REPUTATION' }]);
  });
});
