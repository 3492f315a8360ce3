import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { LocalAlarm } from '../../local/index.ts';
import { changesSince, firstFiring } from './alarm-record.ts';
import { type AlarmName, QUIET, SCENARIOS, type ScenarioName } from './alarm-scenarios.ts';
import { startDependency } from './dependency.ts';
import { type DeployedApp, deployApp } from './deploy-app.ts';

/** A minute of the stack is a second here: the hour for which poison is remembered is a minute. */
const SCALE = 40;
const LIMIT_MS = 300_000;
const NAMES = ['Outage', 'Poison', 'Crash', 'Deployment', 'Calm'] as const satisfies readonly ScenarioName[];

const until = (condition: () => unknown, what: () => unknown = () => condition): Promise<unknown> =>
  vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error(`not yet: ${what()}`);
    },
    { timeout: 150_000, interval: 100 },
  );

/** What the test does to one consumer, and sees of it. */
function consumerOf(app: DeployedApp, name: ScenarioName) {
  const { stack, outputs, sqs } = app;
  const queueUrl = outputs[`${name}QueueUrl`] ?? '';
  const letters = stack.queue(outputs[`${name}DeadLetterQueueUrl`] ?? '');
  const alarms = new Map(
    stack.cloudwatch.alarms
      .filter(({ constructPath }) => constructPath.startsWith(`Alarms/${name}/`))
      .map((alarm): [string, LocalAlarm] => [alarm.constructPath.split('/')[3] ?? '', alarm]),
  );
  return {
    alarms,
    letters,
    async send(bodies: readonly unknown[]): Promise<void> {
      for (let at = 0; at < bodies.length; at += 10) {
        const Entries = bodies
          .slice(at, at + 10)
          .map((body, index) => ({ Id: `${index}`, MessageBody: JSON.stringify(body) }));
        await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      }
    },
    /** Wait until all alarms are on that should be. */
    ringing: () => {
      const missing = (): string[] =>
        Object.keys(SCENARIOS[name].rings).filter((id) => alarms.get(id)?.state !== 'ALARM');
      return until(
        () => missing().length === 0,
        () => `${name}: ${missing()}`,
      );
    },
    /** Send dead letters back, as one does once the cause is mended. */
    async replay(): Promise<void> {
      for (;;) {
        const asked = { QueueUrl: letters.url, MaxNumberOfMessages: 10 };
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(asked));
        if (Messages.length === 0) return;
        for (const { Body: MessageBody, ReceiptHandle } of Messages) {
          await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
          await sqs.send(new DeleteMessageCommand({ QueueUrl: letters.url, ReceiptHandle }));
        }
      }
    },
  };
}

const jobs = (prefix: string, count: number, fields: Readonly<Record<string, unknown>> = {}): unknown[] =>
  Array.from({ length: count }, (_each, at) => ({ id: `${prefix}-${at}`, ...fields }));

it(
  'goes off for what should ring and for nothing else, in time, recovers, and pages once for each incident',
  async () => {
    const [flaky, sound] = await Promise.all([startDependency(), startDependency()]);
    const badVersionFile = join(tmpdir(), `spillway-bad-version-${randomUUID()}`);
    onTestFinished(() => rm(badVersionFile, { force: true }));
    const urls = Object.fromEntries(NAMES.map((name) => [`${name}Url`, sound.url]));
    const app = await deployApp(
      'test/e2e/fixtures/alarms/app.ts',
      { ...urls, OutageUrl: flaky.url, DeploymentFile: badVersionFile },
      { timeScale: SCALE, maxEnvironments: 2 },
    );
    const { cloudwatch } = app.stack;
    const [outage, poison, crash, deployment, calm] = NAMES.map((name) => consumerOf(app, name));
    if (!outage || !poison || !crash || !deployment || !calm) throw new Error('no consumer');
    const all = [outage, poison, crash, deployment, calm];
    const notOk = (): string[] =>
      cloudwatch.alarms.filter(({ state }) => state !== 'OK').map(({ constructPath }) => constructPath);
    const quiet = (): Promise<unknown> =>
      until(
        () => notOk().length === 0,
        () => notOk(),
      );

    const t0 = Date.now();
    const off = cloudwatch.onAlarm(({ constructPath }, { to, from, reason }) =>
      console.log(
        `${((Date.now() - t0) / 1000).toFixed(1)} ${constructPath} ${from} -> ${to} ${to === 'ALARM' ? reason : ''}`,
      ),
    );
    onTestFinished(() => {
      off();
    });
    // A consumer's first minutes: the controller has not reported anything yet, which rings.
    for (const consumer of all) await consumer.send(jobs('before', 10));
    await quiet();
    const began = cloudwatch.clock.now();

    const scenarios = {
      async outage() {
        flaky.down();
        await outage.send(jobs('during', 150));
        await outage.ringing();
        flaky.up();
      },
      async poison() {
        await poison.send([...jobs('good', 20), ...jobs('bad', 60, { does: 'nonsense' })]);
        await poison.ringing();
      },
      async crash() {
        await crash.send([...jobs('hungry', 1, { does: 'exhaust memory' }), ...jobs('good', 9)]);
        await crash.ringing();
        await crash.letters.purge();
      },
      async deployment() {
        const worker = app.stack.function('Alarms/Deployment/Function');
        await writeFile(badVersionFile, '');
        await worker.kill();
        await deployment.send(jobs('job', 150));
        await deployment.ringing();
        await rm(badVersionFile);
        await worker.kill();
        await deployment.replay();
      },
    };
    const ordinary = setInterval(() => void calm.send(jobs(randomUUID(), 3)), 1_000);
    onTestFinished(() => clearInterval(ordinary));
    await scenarios.poison();
    const crashed = scenarios.crash();
    await scenarios.outage();
    await scenarios.deployment();
    await crashed;
    await quiet();
    clearInterval(ordinary);

    for (const [index, name] of NAMES.entries()) {
      const alarms = all[index]?.alarms ?? new Map<string, LocalAlarm>();
      const rang = [...alarms].filter(([, alarm]) =>
        changesSince(alarm, began).some(({ to }) => to === 'ALARM'),
      );
      expect.soft(rang.map(([id]) => id).sort(), name).toEqual(Object.keys(SCENARIOS[name].rings).sort());
      console.log(
        name,
        rang.map(
          ([id, alarm]) =>
            `${id}: ${changesSince(alarm, began).map(({ to, atEpochMs }) => `${to}@${Math.round((atEpochMs - began) / 60000)}`)}`,
        ),
      );
      for (const [id, alarm] of rang.filter(([, { kind }]) => kind === 'metric')) {
        const firing = firstFiring(cloudwatch, alarm, began);
        console.log(name, id, (firing?.dueEpochMs ?? 0) / 60000 - (firing?.atEpochMs ?? 0) / 60000);
        expect.soft(firing?.atEpochMs, `${name}/${id}`).toBeLessThanOrEqual(firing?.dueEpochMs ?? 0);
      }
    }
    expect(Object.keys(QUIET).sort()).toEqual(
      [...calm.alarms.keys(), 'ConfigurationRefused' satisfies AlarmName].sort(),
    );
    const pages = await app.stack.queue(app.outputs.PagesUrl ?? '').messages();
    console.log(
      pages.map(({ body }) => {
        const p = JSON.parse(body);
        return `${p.AlarmName} ${p.NewStateValue} ${p.StateChangeTime}`;
      }),
    );
  },
  LIMIT_MS,
);
