import { describe, expect, it } from 'vitest';
import { processBatch } from '../../lambdas/core/batch.ts';
import { memoryCircuits } from '../../lambdas/core/circuit/memory-circuits.ts';
import { sharedCircuit } from '../../lambdas/core/circuit/shared-circuit.ts';
import { untilAdmitted } from '../../lambdas/core/refusal.ts';
import { DEFAULTS } from '../../lambdas/core/settings.ts';
import { createSettlement } from '../../lambdas/core/settlement.ts';
import { waitingBy } from '../../lambdas/core/waiting.ts';
import { fakeClock, fakeRecords, fakeSource, fakeTarget, queueMessage, START } from './fixtures.ts';
import { pipelineHarness } from './pipeline-harness.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const controlQueueUrl = 'http://sqs.local/1/control';

/** A consumer that works on one message at a time, and how long its invocations wait. */
function consumer({ openForMs = MINUTE, controlled = true } = {}) {
  const clock = fakeClock();
  const tracker = sharedCircuit({
    name: 'default',
    key: 'circuit#tracker',
    settings: { ...DEFAULTS.circuit, openForMs, maxOpenForMs: openForMs },
    store: memoryCircuits(),
    clock,
    random: () => 0.5,
    newToken: () => 'token',
  });
  const settings = {
    killSwitch: { openForMs, maxOpenForMs: openForMs },
    ...(controlled ? { controlQueueUrl } : {}),
  };
  const harness = pipelineHarness({ clock, settings, circuits: new Map([['default', tracker]]) });
  const source = fakeSource();
  const records = fakeRecords();
  const targets = { deadLetterQueue: fakeTarget('dlq'), quarantineQueue: fakeTarget('quarantine') };
  const settlement = createSettlement({ ...harness.parts, source, records, ...targets });
  const lingered: number[] = [];
  const linger = async (ms: number): Promise<void> => void lingered.push(ms);
  const parts = { ...harness.parts, pipeline: harness.pipeline, settlement, records, linger };

  /** Receive one message. */
  async function receive(sentAtEpochMs = START) {
    await processBatch(parts, [queueMessage({ sentAtEpochMs })], 30_000);
    const [change] = source.changes.splice(0);
    return { backInSeconds: change?.visibilitySeconds, lingeredMs: lingered.splice(0)[0] ?? 0 };
  }
  return { ...harness, tracker, receive };
}

describe('an invocation that may do nothing', () => {
  it.each(['intake', 'tracker'] as const)(
    'waits while the pause for a held %s may not have taken effect yet, and not in a sweep long after',
    async (which) => {
      const { clock, receive, ...circuits } = consumer();
      await circuits[which].set('forced-open');
      expect((await receive()).lingeredMs).toBe(2_000);
      clock.advance(2 * MINUTE - 1);
      expect((await receive()).lingeredMs).toBe(2_000);
      clock.advance(1);
      expect((await receive()).lingeredMs).toBe(0);
    },
  );

  it.each(['intake', 'tracker'] as const)('does the same where the %s is open for a fault', async (which) => {
    const { clock, receive, ...circuits } = consumer({ openForMs: 5 * MINUTE });
    await circuits[which].open({ fingerprint: 'f', lastError: 'e' });
    expect((await receive()).lingeredMs).toBe(2_000);
    clock.advance(2 * MINUTE);
    const { lingeredMs, backInSeconds = 0 } = await receive();
    expect(lingeredMs).toBe(0);
    // It is known when the open time ends.
    expect(backInSeconds).toBeGreaterThanOrEqual(170);
    expect(backInSeconds).toBeLessThanOrEqual(190);
  });

  it('waits however long it lasts where nobody pauses the event source', async () => {
    const { clock, receive, intake } = consumer({ controlled: false });
    await intake.set('forced-open');
    clock.advance(60 * MINUTE);
    expect((await receive()).lingeredMs).toBe(2_000);
  });
});

describe('a message that meets a hold', () => {
  it.each(['intake', 'tracker'] as const)(
    'of the %s that has stood for two minutes comes back after minutes: a sweep meets it once',
    async (which) => {
      const { clock, receive, ...circuits } = consumer();
      await circuits[which].set('forced-open');
      expect((await receive()).backInSeconds).toBe(60);
      clock.advance(2 * MINUTE);
      expect((await receive()).backInSeconds).toBe(240);
    },
  );

  it('comes back when it expires, if that is sooner', async () => {
    const { clock, receive, intake, settings } = consumer();
    await intake.set('forced-open');
    clock.advance(2 * MINUTE);
    const sentAt = clock.now() - settings.retryUntilSeconds * SECOND + 90 * SECOND;
    expect((await receive(sentAt)).backInSeconds).toBe(90);
  });

  it('is not kept waiting for more than five minutes, spread included', async () => {
    const clock = fakeClock();
    const refused = { retryAtEpochMs: START + MINUTE, forced: true, sinceEpochMs: START - 60 * MINUTE };
    for (const [random, minutes] of [
      [0, 4],
      [1, 5],
    ] as const) {
      expect(
        untilAdmitted(
          clock,
          waitingBy(clock, () => random),
          refused,
        ),
      ).toBe(minutes * MINUTE);
    }
  });
});
