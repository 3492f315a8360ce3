import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { createProducer, FAILURE_ATTRIBUTE, type FailureEnvelope } from 'spillway/runtime';
import { expect, it, vi } from 'vitest';
import { type DeployedApp, deployApp } from './deploy-app.ts';
import { type JobOrder, jobSchema } from './fixtures/priority-lanes/job.ts';

const APP = 'test/e2e/fixtures/priority-lanes/app.ts';
const FLOOD = 20_000;
/** Jobs that the producer is asked for at a time: it has ten seconds. */
const PORTION = 2_000;
/** Critical jobs of a burst: more than their lane works on at a time, so that the last ones wait for the first ones. */
const BURST = 25;
const BURSTS = 8;
const PAUSE_MS = 300;
/** How much longer critical jobs may wait while LOW is flooded. */
const BOUND = 3;
const PATIENCE = { timeout: 60_000, interval: 50 };

/** Jobs that were begun, as their handlers tell of them. */
interface Journal {
  /** Times from being sent to being begun, in the order in which the jobs of a lane were begun. Milliseconds. */
  waits(lane: string): readonly number[];
  /** Lanes in which a job was begun. */
  lanesOf(id: string): readonly string[];
}

/** Read what handlers log; each line once, since the emulators share this thread. */
function journalOf({ logs }: DeployedApp): Journal {
  const entries: { readonly lane: string; readonly id: string; readonly waitedMs: number }[] = [];
  let read = 0;
  const upToDate = (): typeof entries => {
    for (; read < logs.length; read += 1) {
      const line = logs[read] ?? '';
      if (line.includes('"message":"begun"')) entries.push(JSON.parse(line));
    }
    return entries;
  };
  return {
    waits: (lane) => upToDate().flatMap((entry) => (entry.lane === lane ? [entry.waitedMs] : [])),
    lanesOf: (id) => upToDate().flatMap((entry) => (entry.id === id ? [entry.lane] : [])),
  };
}

async function produce({ stack }: DeployedApp, order: JobOrder): Promise<readonly string[]> {
  const { error, payload } = await stack.function('Lanes/Producer').invoke(order);
  expect(error).toBeUndefined();
  return payload as readonly string[];
}

/** Send bursts of critical jobs, and return how long each waited. Milliseconds. */
async function criticalTraffic(
  app: DeployedApp,
  journal: Journal,
  bursts: number,
): Promise<readonly number[]> {
  const before = journal.waits('CRITICAL').length;
  for (let burst = 0; burst < bursts; burst += 1) {
    await produce(app, { priority: 'CRITICAL', count: BURST });
    // The next one follows when this one is done: a machine that is busy otherwise must not pile them up.
    const all = before + (burst + 1) * BURST;
    await vi.waitUntil(() => journal.waits('CRITICAL').length >= all, PATIENCE);
    await sleep(PAUSE_MS);
  }
  return journal.waits('CRITICAL').slice(before);
}

/** The 99th percentile, by nearest rank. */
function p99(waits: readonly number[]): number {
  const sorted = waits.toSorted((one, other) => one - other);
  return sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
}

it('has critical messages wait at most three times as long while LOW is flooded, and LOW goes on', async () => {
  const app = await deployApp(APP);
  const journal = journalOf(app);
  const low = app.stack.queue(app.outputs.LowQueueUrl ?? '');
  await criticalTraffic(app, journal, 2); // cold starts are no part of either measurement
  const idle = p99(await criticalTraffic(app, journal, BURSTS));

  for (let sent = 0; sent < FLOOD; sent += PORTION) await produce(app, { priority: 'LOW', count: PORTION });
  const lowBefore = journal.waits('LOW').length;
  const flooded = p99(await criticalTraffic(app, journal, BURSTS));
  const lowMeanwhile = journal.waits('LOW').length - lowBefore;

  expect(flooded).toBeLessThanOrEqual(BOUND * idle);
  expect(lowMeanwhile).toBeGreaterThan(50);
  expect((await low.counts()).visible).toBeGreaterThan(FLOOD / 2);

  // The same messages in one queue with the others: what the lanes are for.
  const shared = createProducer({ schema: jobSchema, queueUrl: low.url, client: app.sqs });
  const id = randomUUID();
  await shared.send({ id, sentAt: Date.now() }, { priority: 'CRITICAL' });
  await sleep(BOUND * idle);
  expect(journal.lanesOf(id)).toEqual([]);
}, 180_000);

it('replays a dead letter of NORMAL into HIGH, where it has its effect once', async () => {
  const app = await deployApp(APP);
  const journal = journalOf(app);
  const { sqs, stack, outputs, metrics } = app;
  await produce(app, { priority: 'NORMAL', count: 1, failsIn: 'NORMAL' });
  const deadLetters = stack.queue(outputs.NormalDeadLetterQueueUrl ?? '');
  const [letter] = await vi.waitUntil(async () => {
    const letters = await deadLetters.messages();
    return letters.length > 0 && letters;
  }, PATIENCE);
  const envelope: FailureEnvelope = JSON.parse(
    letter?.messageAttributes[FAILURE_ATTRIBUTE]?.StringValue ?? 'null',
  );
  expect(envelope).toMatchObject({ consumer: 'jobs-normal', priority: 'NORMAL' });

  // What StartMessageMoveTask with HIGH as its destination does, which the emulator does not have.
  const attributes = Object.fromEntries(
    Object.entries(letter?.messageAttributes ?? {}).map(([name, { DataType, StringValue }]) => [
      name,
      { DataType, StringValue },
    ]),
  );
  const replay = new SendMessageCommand({
    QueueUrl: outputs.ReplayQueueUrl,
    MessageBody: letter?.body,
    MessageAttributes: attributes,
  });
  await sqs.send(replay);
  await vi.waitUntil(() => metrics.sum('Handled') === 1, PATIENCE);
  await sqs.send(replay);
  await sqs.send(new SendMessageCommand({ QueueUrl: outputs.NormalQueueUrl, MessageBody: letter?.body }));
  await vi.waitUntil(() => app.said('duplicate acknowledged') === 2, PATIENCE);
  const { id } = jobSchema.parse(JSON.parse(letter?.body ?? 'null'));
  expect(journal.lanesOf(id)).toEqual(['NORMAL', 'HIGH']);
  expect(metrics.sum('Handled')).toBe(1);
}, 60_000);
