import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { processBatch } from '../../lambdas/core/batch.ts';
import { memoryCircuits } from '../../lambdas/core/circuit/memory-circuits.ts';
import { PermanentError } from '../../lambdas/core/errors.ts';
import type { DeadLetterCounts } from '../../lambdas/core/kill-switch.ts';
import { createSettlement } from '../../lambdas/core/settlement.ts';
import { fakeClock, fakeRecords, fakeSource, fakeTarget, memoryCounts, queueMessage } from './fixtures.ts';
import { pipelineHarness } from './pipeline-harness.ts';

const MIN_MESSAGES = 5;
const WINDOW_MS = 60_000;
const DAY_MS = 86_400_000;

/** What becomes of messages that several environments work on at a time. */
interface Fleet {
  readonly environments: number;
  readonly batchSize: number;
  /** Where in a half of the window it begins. */
  readonly offsetMs: number;
  /** Time between two rounds of the pollers. */
  readonly everyMs: number;
  /** How each message ends, until the handler is fixed. */
  readonly messages: readonly ('good' | 'bug' | 'bad')[];
  /** How long the store takes, call by call. */
  readonly turns: readonly number[];
}

const fleets = (messages: fc.Arbitrary<Fleet['messages']>): fc.Arbitrary<Fleet> =>
  fc.record({
    environments: fc.integer({ min: 1, max: 6 }),
    batchSize: fc.integer({ min: 1, max: 10 }),
    offsetMs: fc.integer({ min: 0, max: WINDOW_MS / 2 - 1 }),
    everyMs: fc.constantFrom(1, 100, 2_000),
    messages,
    turns: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 20 }),
  });

/** Work on all messages until nothing is left or a day has passed. The handler is fixed after `fixedAfterMs`. */
async function live(fleet: Fleet, fixedAfterMs: number) {
  const start = 56_666_667 * (WINDOW_MS / 2) + fleet.offsetMs;
  const clock = fakeClock(start);
  let turn = 0;
  const inner = memoryCounts();
  const wait = async (): Promise<void> => {
    const turns = fleet.turns[turn++ % fleet.turns.length] ?? 0;
    for (let at = 0; at < turns; at += 1) await Promise.resolve();
  };
  const counts: DeadLetterCounts = {
    async add(...args) {
      await wait();
      const count = await inner.add(...args);
      await wait();
      return count;
    },
    async read(bucket) {
      await wait();
      return inner.read(bucket);
    },
  };
  const circuitStore = memoryCircuits();
  const handled = new Map<string, number>();
  const dead: { readonly kind: string; readonly at: number; readonly body: string }[] = [];
  const queue = fleet.messages.map((kind, at) => ({
    message: queueMessage({ messageId: `m-${at}`, body: `{"order":"${at}-${kind}"}`, sentAtEpochMs: start }),
    receives: 0,
    visibleAt: start,
  }));
  const environments = Array.from({ length: fleet.environments }, () => {
    const source = fakeSource();
    const deadLetterQueue = fakeTarget('dlq');
    const records = fakeRecords();
    const { parts, pipeline, settings } = pipelineHarness({
      clock,
      circuitStore,
      counts,
      records,
      settings: {
        killSwitch: { minMessages: MIN_MESSAGES },
        queue: { url: 'http://sqs.local/1/orders', retentionSeconds: (2 * DAY_MS) / 1_000 },
      },
      handle({ order }) {
        const kind = order.split('-')[1];
        if (kind === 'bad') throw new PermanentError('bad');
        if (kind === 'bug' && clock.now() < start + fixedAfterMs) throw bug;
        handled.set(order, (handled.get(order) ?? 0) + 1);
      },
    });
    const settlement = createSettlement({
      ...parts,
      source,
      deadLetterQueue,
      quarantineQueue: fakeTarget('quarantine'),
      records,
    });
    return {
      source,
      deadLetterQueue,
      batch: { ...parts, settings, pipeline, settlement, records, linger: async () => {} },
    };
  });
  const waiting = new Set(queue);
  while (waiting.size > 0 && clock.now() < start + DAY_MS) {
    const rounds = environments.map(async ({ source, deadLetterQueue, batch }) => {
      const taken = [...waiting]
        .filter(({ visibleAt }) => visibleAt <= clock.now())
        .slice(0, fleet.batchSize);
      for (const entry of taken) {
        entry.receives += 1;
        entry.visibleAt = clock.now() + 180_000;
      }
      const received = taken.map(({ message, receives }) => ({ ...message, receiveCount: receives }));
      const { putBack } = await processBatch(batch, received, 30_000);
      for (const { receiptHandle, visibilitySeconds } of source.changes.splice(0)) {
        const entry = taken.find(({ message }) => message.receiptHandle === receiptHandle);
        if (entry !== undefined) entry.visibleAt = clock.now() + visibilitySeconds * 1_000;
      }
      for (const { body } of deadLetterQueue.sent.splice(0)) {
        dead.push({ kind: body.split('-')[1]?.slice(0, 3) ?? '', at: clock.now() - start, body });
      }
      for (const entry of taken) if (!putBack.includes(entry.message.messageId)) waiting.delete(entry);
    });
    await Promise.all(rounds);
    const next = Math.min(...[...waiting].map(({ visibleAt }) => visibleAt));
    clock.advance(waiting.size === 0 ? 0 : Math.max(fleet.everyMs, next - clock.now()));
  }
  return { handled, dead, left: waiting.size };
}

const bug = new PermanentError('a bug');
const many = (kind: 'bug' | 'good', min: number, max: number) =>
  fc.array(fc.constant(kind), { minLength: min, maxLength: max, size: 'max' });

describe('however many environments share the counts, the kill switch', () => {
  it('lets no more than one too few of one fault through in the first window, and loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fleets(many('bug', 1, 120)), async (fleet) => {
        const { handled, dead, left } = await live(fleet, 10 * WINDOW_MS);
        expect(dead.filter(({ at }) => at < WINDOW_MS / 2).length).toBeLessThan(MIN_MESSAGES);
        expect(left).toBe(0);
        expect(dead.length + handled.size).toBe(fleet.messages.length);
        // A probe that fails costs nothing: what came later than the first wave is handled once the handler is fixed.
        expect(dead.length).toBeLessThan(MIN_MESSAGES);
      }),
      { numRuns: 150 },
    );
  });

  it('always lets rare bad messages among many good ones go', async () => {
    const mostlyGood = fc.array(fc.nat({ max: 39 }), { minLength: 1, maxLength: 5 }).map((places) => {
      const messages = Array.from({ length: 200 }, (): 'good' | 'bad' => 'good');
      for (const [at, place] of places.entries()) messages[at * 40 + place] = 'bad';
      return messages;
    });
    await fc.assert(
      fc.asyncProperty(fleets(mostlyGood), async (fleet) => {
        const { handled, dead, left } = await live(fleet, 0);
        const bad = fleet.messages.filter((kind) => kind === 'bad').length;
        expect(dead).toHaveLength(bad);
        expect(handled.size).toBe(200 - bad);
        expect(left).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('handles everything else once the handler is fixed, whatever came mixed', async () => {
    const mixed = fc.array(fc.constantFrom('good', 'bug', 'bug', 'bug'), {
      minLength: 1,
      maxLength: 120,
      size: 'max',
    }) as fc.Arbitrary<Fleet['messages']>;
    await fc.assert(
      fc.asyncProperty(fleets(mixed), async (fleet) => {
        const { handled, dead, left } = await live(fleet, 3 * WINDOW_MS);
        expect(left).toBe(0);
        expect(handled.size + dead.length).toBe(fleet.messages.length);
        expect([...handled.values()].every((times) => times === 1)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});

it('5,000 messages of a handler that always throws: fewer than 50 are dead-lettered, and all others handled after the fix', async () => {
  const fleet: Fleet = {
    environments: 10,
    batchSize: 10,
    offsetMs: 0,
    everyMs: 200,
    messages: Array.from({ length: 5_000 }, () => 'bug' as const),
    turns: [1, 2, 3],
  };
  const { handled, dead, left } = await live(fleet, 10 * WINDOW_MS);
  expect(dead.length).toBeLessThan(50);
  expect(handled.size).toBe(5_000 - dead.length);
  expect(left).toBe(0);
}, 60_000);
