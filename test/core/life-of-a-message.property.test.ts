import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { processBatch } from '../../lambdas/core/batch.ts';
import { PermanentError } from '../../lambdas/core/errors.ts';
import type { QueueMessage } from '../../lambdas/core/message.ts';
import { createSettlement } from '../../lambdas/core/settlement.ts';
import { fakeRecords, fakeSource, fakeTarget, queueMessage, START } from './fixtures.ts';
import { outage, pipelineHarness } from './pipeline-harness.ts';

const HOUR = 3_600_000;
const MOST_RECEIVES = 100;
const MOST_ATTEMPTS = 4;
const LIFETIME_MS = 24 * HOUR;

/** What the world does, call by call; it repeats itself. */
interface World {
  readonly store: readonly boolean[];
  readonly lock: readonly boolean[];
  readonly deadLetterQueue: readonly boolean[];
  readonly dependency: readonly boolean[];
  readonly acknowledge: readonly boolean[];
  readonly messages: readonly ('good' | 'poison' | 'permanent' | 'buggy')[];
}

/** Mostly well, but every sequence has something that works, or nothing could ever end. */
const weather = fc
  .array(fc.boolean(), { minLength: 1, maxLength: 12, size: 'max' })
  .map((works) => [...works, true]);

const world: fc.Arbitrary<World> = fc.record({
  store: weather,
  lock: weather,
  deadLetterQueue: weather,
  dependency: fc.oneof(weather, fc.constant([false])),
  acknowledge: fc.oneof(weather, fc.constant([true])),
  messages: fc.array(fc.constantFrom('good', 'good', 'poison', 'permanent', 'buggy'), {
    minLength: 1,
    maxLength: 12,
    size: 'max',
  }),
});

function cycle(values: readonly boolean[]): () => boolean {
  let at = 0;
  return () => values[at++ % values.length] ?? true;
}

/** A queue as SQS plays it, until it is empty. */
async function live(given: World, fifo: boolean) {
  const [storeWorks, lockWorks, dlqWorks, dependencyWorks, acknowledges] = [
    given.store,
    given.lock,
    given.deadLetterQueue,
    given.dependency,
    given.acknowledge,
  ].map(cycle) as [() => boolean, () => boolean, () => boolean, () => boolean, () => boolean];
  const effects = new Map<string, number>();
  const harness = pipelineHarness({
    settings: {
      queue: {
        url: `http://sqs.local/1/orders${fifo ? '.fifo' : ''}`,
        maxReceiveCount: MOST_RECEIVES,
        retentionSeconds: LIFETIME_MS / 1_000 + 3_600,
      },
      attempts: { max: MOST_ATTEMPTS },
      backoff: { kind: 'exponential', firstDelayMs: 5_000 },
      circuits: { default: { failureThreshold: 3 } },
    },
    handle: ({ order }) => {
      const kind = order.split('-')[1];
      if (kind === 'permanent') throw new PermanentError('no');
      if (kind === 'buggy') throw new TypeError('a bug');
      if (!dependencyWorks()) throw outage();
      effects.set(order, (effects.get(order) ?? 0) + 1);
    },
  });
  const { clock, settings, parts, guard } = harness;
  const runs = guard.run;
  guard.run = async (...args) => {
    guard.failures = lockWorks() ? 0 : 1;
    return runs(...args);
  };
  const records = fakeRecords();
  for (const name of ['load', 'save', 'beginMove', 'completeMove'] as const) {
    const method = records[name] as (...args: unknown[]) => Promise<unknown>;
    Object.assign(records, {
      [name]: async (...args: unknown[]) => {
        records.failures = storeWorks() ? 0 : 1;
        return method(...args);
      },
    });
  }
  // What was noted of a message is what is loaded of it.
  const load = records.load;
  records.load = async (ids) => {
    const loaded = new Map(await load(ids));
    for (const id of ids) {
      const begun = records.begun.get(id);
      const completed = records.completed.get(id);
      const record = begun ?? loaded.get(id);
      if (record === undefined) continue;
      const { attempts, history } = record;
      loaded.set(id, { attempts, history, ...(completed === undefined ? {} : { movedTo: completed }) });
    }
    return loaded;
  };
  const source = fakeSource();
  const deadLetterQueue = fakeTarget('dlq');
  const quarantineQueue = fakeTarget('quarantine');
  deadLetterQueue.refuse = () => !dlqWorks();
  const settlement = createSettlement({
    ...parts,
    settings,
    source,
    deadLetterQueue,
    quarantineQueue,
    records,
  });

  const queue = given.messages.map((kind, at) => {
    const body = kind === 'poison' ? `{"order":"${at}-poison"` : `{"order":"${at}-${kind}"}`;
    const message: QueueMessage = queueMessage({
      messageId: `m-${at}`,
      body,
      sentAtEpochMs: START,
      ...(fifo ? { groupId: `g-${at % 2}` } : {}),
    });
    return { message, receives: 0, visibleAt: START };
  });
  const waiting = new Set(queue);
  const natively: { readonly body: string; readonly at: number }[] = [];
  /** A message of a FIFO queue that is not visible blocks its group. */
  const availableAt = ({ message, visibleAt }: (typeof queue)[number]): number => {
    const group = [...waiting].filter((other) => fifo && other.message.groupId === message.groupId);
    return Math.max(visibleAt, ...group.map((other) => other.visibleAt));
  };
  while (waiting.size > 0) {
    const next = Math.min(...[...waiting].map(availableAt));
    clock.advance(Math.max(1, next - clock.now()));
    const batch = [...waiting].filter((entry) => availableAt(entry) <= clock.now()).slice(0, 10);
    for (const entry of batch) {
      entry.receives += 1;
      entry.visibleAt = clock.now() + 180_000;
      if (entry.receives <= MOST_RECEIVES) continue;
      natively.push({ body: entry.message.body, at: clock.now() });
      waiting.delete(entry);
    }
    source.changes.length = 0;
    const received = batch
      .filter((entry) => waiting.has(entry))
      .map(({ message, receives }) => ({ ...message, receiveCount: receives }));
    const { putBack: back } = await processBatch(
      {
        ...parts,
        settings,
        pipeline: harness.pipeline,
        settlement,
        records,
        random: () => 0.5,
        linger: async () => {},
      },
      received,
      30_000,
    );
    for (const { receiptHandle, visibilitySeconds } of source.changes) {
      const entry = batch.find(({ message }) => message.receiptHandle === receiptHandle);
      if (entry !== undefined) entry.visibleAt = clock.now() + visibilitySeconds * 1_000;
    }
    for (const entry of batch) {
      if (!back.includes(entry.message.messageId) && acknowledges()) waiting.delete(entry);
    }
  }
  return { effects, deadLetterQueue, quarantineQueue, natively, clock, queue, events: harness.events };
}

const bodies = (messages: readonly { readonly body: string }[]) => new Set(messages.map(({ body }) => body));

describe.each([
  ['standard', false],
  ['FIFO', true],
])('whatever fails, a message of a %s queue', (_what, fifo) => {
  it('is handled, dead-lettered or quarantined, around its deadline at the latest, and its effect happens once', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (given) => {
        const { effects, deadLetterQueue, quarantineQueue, natively, clock, queue, events } = await live(
          given,
          fifo,
        );
        // The backstop is for what could not be moved when its time was over.
        for (const { at } of natively) expect(at).toBeGreaterThanOrEqual(START + LIFETIME_MS);
        expect(clock.now()).toBeLessThanOrEqual(START + LIFETIME_MS + 2 * HOUR);
        const [dead, held] = [bodies([...deadLetterQueue.sent, ...natively]), bodies(quarantineQueue.sent)];
        for (const [at, { message }] of queue.entries()) {
          const kind = given.messages[at];
          const handled = effects.get(`${at}-${kind}`) ?? 0;
          const places = [handled > 0, dead.has(message.body), held.has(message.body)];
          expect(handled).toBeLessThanOrEqual(1);
          // What arrived, but was neither noted nor acknowledged, comes again: a duplicate, never a hole.
          const found = places.filter(Boolean).length;
          if (given.acknowledge.every(Boolean)) expect(found).toBe(1);
          else expect(found).toBeGreaterThanOrEqual(1);
          if (kind !== 'good') expect(places[0]).toBe(false);
        }
        for (const event of events) {
          if (event.kind !== 'dead-lettered' || event.reason === 'EXPIRED') continue;
          if (event.exhausted) expect(event.attempts).toBe(MOST_ATTEMPTS);
        }
      }),
      { numRuns: 60 },
    );
  });
});
