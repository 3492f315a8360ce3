import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { FAILURE_ATTRIBUTE, type FailureEnvelope, intakeSwitch } from 'spillway/runtime';
import { expect, it, onTestFinished, vi } from 'vitest';
import { startStoreProcess } from '../chaos/store-process.ts';
import { type Dependency, startDependency } from './dependency.ts';
import { type DeployedApp, deployApp } from './deploy-app.ts';

const LIMIT_MS = 200_000;
const APP = 'test/e2e/fixtures/outage/app.ts';

interface Job {
  readonly id: string;
  readonly bad?: boolean;
}

function jobs(prefix: string, count: number, fields: Partial<Job> = {}): Job[] {
  return Array.from({ length: count }, (_each, at) => ({ id: `${prefix}-${at}`, ...fields }));
}

async function send({ sqs, outputs }: DeployedApp, all: readonly Job[], group?: string): Promise<void> {
  for (let at = 0; at < all.length; at += 10) {
    const Entries = all.slice(at, at + 10).map((job) => ({
      Id: job.id,
      MessageBody: JSON.stringify(job),
      ...(group === undefined ? {} : { MessageGroupId: group, MessageDeduplicationId: job.id }),
    }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: outputs.QueueUrl, Entries }));
  }
}

async function deadLetters({ stack, outputs }: DeployedApp): Promise<FailureEnvelope[]> {
  const messages = await stack.queue(outputs.DeadLetterQueueUrl ?? '').messages();
  return messages.map(({ messageAttributes }) =>
    JSON.parse(messageAttributes[FAILURE_ATTRIBUTE]?.StringValue ?? 'null'),
  );
}

/** The lines that functions wrote, by their message. */
function logged({ logs }: DeployedApp, message: string): Record<string, unknown>[] {
  return logs
    .filter((line) => line.includes(message))
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter((line) => line.message === message);
}

function mapping({ stack }: DeployedApp) {
  const found = stack.mappings.find(({ functionName }) => functionName.includes('Worker'));
  if (found === undefined) throw new Error('the worker has no event source');
  return found;
}

const until = (condition: () => unknown, timeout = 60_000): Promise<unknown> =>
  vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error(`not yet: ${condition}`);
    },
    { timeout, interval: 50 },
  );

const queueIsEmpty = async ({ stack, outputs }: DeployedApp): Promise<boolean> => {
  const { visible, inFlight, delayed } = await stack.queue(outputs.QueueUrl ?? '').counts();
  return visible + inFlight + delayed === 0;
};

function failedCalls({ calls }: Dependency): number {
  return calls.filter(({ down }) => down).length;
}

it(
  'pauses the intake while the dependency is down, and drains once it is up',
  async () => {
    const dependency = await startDependency();
    const app = await deployApp(APP, { url: dependency.url });
    const worker = app.stack.function('Outage/Worker/Function');
    await send(app, jobs('before', 50));
    await until(() => dependency.effects.size === 50);

    dependency.down();
    await send(app, jobs('during', 300));
    await until(() => mapping(app).state === 'Disabled');
    // All that ten environments had in their hands when it opened.
    expect(failedCalls(dependency)).toBeLessThan(10 * 10 + 10);
    const paused = { invocations: worker.stats().invocations, calls: failedCalls(dependency) };
    // Several open times, each with a gentle opening for its probe.
    await sleep(12_000);
    expect(worker.stats().invocations - paused.invocations).toBeLessThan(20);
    expect(failedCalls(dependency) - paused.calls).toBeLessThan(6);

    dependency.up();
    await until(() => queueIsEmpty(app));
    expect(dependency.effects.size).toBe(350);
    expect(Math.max(...dependency.effects.values())).toBe(1);
    expect(await deadLetters(app)).toEqual([]);
    await until(() => mapping(app).describe().ScalingConfig);
    await until(() => JSON.stringify(mapping(app).describe().ScalingConfig) === '{"MaximumConcurrency":10}');
    expect(logged(app, 'intake paused').length).toBeGreaterThan(1);
  },
  LIMIT_MS,
);

it(
  'sends one probe at a time out of twenty environments, and closes without a herd',
  async () => {
    const dependency = await startDependency(50);
    const app = await deployApp(
      APP,
      { url: dependency.url, intake: 'no', maxConcurrency: '20', batchSize: '1' },
      { maxEnvironments: 20 },
    );
    await send(app, jobs('warm', 200));
    await until(() => dependency.effects.size === 200);
    expect(app.stack.function('Outage/Worker/Function').stats().environments).toBe(20);

    dependency.down();
    await send(app, jobs('during', 400));
    await until(() =>
      logged(app, 'circuit changed').some(({ to, decided_by }) => to === 'open' && decided_by === 'fleet'),
    );
    // Trip, and the time for which an environment goes by what it read, and the longest call.
    await sleep(1_200 + 3_000);
    const from = Date.now();
    await sleep(12_000);
    const healedAt = Date.now();
    dependency.up();
    await until(() => logged(app, 'circuit changed').some(({ to }) => to === 'closed'));
    const closed = logged(app, 'circuit changed').find(({ to }) => to === 'closed');
    const closedAt = Date.parse(String(closed?.timestamp));
    const probes = dependency.calls.filter(({ at }) => at >= from && at <= closedAt);
    expect(probes.length).toBeGreaterThan(2);
    expect(Math.max(...probes.map(({ atATime }) => atATime))).toBe(1);
    // What was left of an open time of six seconds, two probes, and who else was to learn of it.
    expect(closedAt - healedAt).toBeLessThan(10_000);
    await until(() => queueIsEmpty(app));
    expect(dependency.effects.size).toBe(600);
    expect(await deadLetters(app)).toEqual([]);
  },
  LIMIT_MS,
);

it(
  'keeps what one fault would take out of the dead-letter queue, until the mended handler is deployed',
  async () => {
    const dependency = await startDependency(1);
    const mendedFile = join(tmpdir(), `spillway-mended-${randomUUID()}`);
    onTestFinished(() => rm(mendedFile, { force: true }));
    const app = await deployApp(APP, { url: dependency.url, mendedFile, attempts: '2' });
    const worker = app.stack.function('Outage/Worker/Function');
    await send(app, jobs('bad', 5_000, { bad: true }));
    await until(() => logged(app, 'kill switch').length > 0);
    await until(() => mapping(app).state === 'Disabled');
    await sleep(5_000);
    expect((await deadLetters(app)).length).toBeLessThan(50);
    const [line] = logged(app, 'kill switch');
    expect(line).toMatchObject({
      error_name: 'TypeError',
      fingerprint: expect.stringMatching(/^[\da-f]{12}$/),
    });

    await writeFile(mendedFile, '');
    await worker.kill();
    await until(() => queueIsEmpty(app), 120_000);
    const letters = (await deadLetters(app)).length;
    expect(letters).toBeLessThan(50);
    expect(dependency.effects.size).toBe(5_000 - letters);
  },
  LIMIT_MS,
);

it(
  'sends a single bad message among good ones to the dead-letter queue',
  async () => {
    const dependency = await startDependency(1);
    const app = await deployApp(APP, { url: dependency.url });
    await send(app, [...jobs('good', 40), ...jobs('bad', 1, { bad: true }), ...jobs('fine', 40)]);
    await until(async () => (await deadLetters(app)).length === 1);
    await until(() => queueIsEmpty(app));
    expect(await deadLetters(app)).toMatchObject([{ error: { name: 'TypeError' }, attempts: 5 }]);
    expect(dependency.effects.size).toBe(80);
    expect(logged(app, 'kill switch')).toEqual([]);
    expect(logged(app, 'intake paused')).toEqual([]);
  },
  LIMIT_MS,
);

it(
  'halts a FIFO queue at the message that fails for good, and goes on from there when an operator resumes',
  async () => {
    const dependency = await startDependency(1);
    const mendedFile = join(tmpdir(), `spillway-mended-${randomUUID()}`);
    onTestFinished(() => rm(mendedFile, { force: true }));
    const app = await deployApp(APP, { url: dependency.url, mendedFile, fifo: 'yes', attempts: '2' });
    const order = [...jobs('first', 3), ...jobs('bad', 1, { bad: true }), ...jobs('then', 3)];
    await send(app, order, 'group');
    await until(() => logged(app, 'halted').length > 0);
    await until(() => mapping(app).state === 'Disabled');
    await sleep(2_000);
    expect(dependency.effects.size).toBe(3);
    expect(await deadLetters(app)).toEqual([]);

    await writeFile(mendedFile, '');
    await app.stack.function('Outage/Worker/Function').kill();
    const intake = intakeSwitch({
      consumerId: 'worker',
      table: app.outputs.StateTableName ?? '',
      client: new DynamoDBClient(app.stack.clientConfig('dynamodb')),
      ...(app.outputs.ControlQueueUrl === undefined ? {} : { controlQueueUrl: app.outputs.ControlQueueUrl }),
      sqs: app.sqs,
    });
    expect(await intake.state()).toMatchObject({ state: 'held' });
    await intake.resume();
    await until(() => queueIsEmpty(app));
    expect(dependency.effects.size).toBe(7);
    expect(dependency.calls.map(({ key }) => key)).toHaveLength(7);
  },
  LIMIT_MS,
);

it(
  'protects the dependency by each environment’s own layer while the state table is gone, and recovers by itself',
  async () => {
    const dependency = await startDependency();
    const store = await startStoreProcess();
    onTestFinished(() => store.close());
    const app = await deployApp(
      APP,
      { url: dependency.url, handler: 'natural-consumer.ts', maxConcurrency: '4' },
      { endpoints: { dynamodb: store.url }, maxEnvironments: 4 },
    );
    await send(app, jobs('before', 60));
    await until(() => dependency.effects.size === 60);

    await store.kill();
    dependency.down();
    for (let second = 0; second < 12; second += 1) {
      await send(app, jobs(`during-${second}`, 20));
      await sleep(1_000);
    }
    // Four environments with five failures each, what was under way at the time, and a probe now and then.
    expect(failedCalls(dependency)).toBeGreaterThan(0);
    expect(failedCalls(dependency)).toBeLessThan(80);
    await store.restart();
    dependency.up();
    await until(() => queueIsEmpty(app), 120_000);
    expect(dependency.effects.size).toBe(300);
    expect(await deadLetters(app)).toEqual([]);
  },
  LIMIT_MS,
);
