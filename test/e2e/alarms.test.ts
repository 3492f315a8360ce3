import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { ALARM_IDS } from '../../lib/monitoring/watch.ts';
import { changesSince, firstFiring } from './alarm-record.ts';
import { QUIET, SCENARIOS, type Scenario } from './alarm-scenarios.ts';
import { alarmedConsumer, until } from './alarmed-consumer.ts';
import { startDependency } from './dependency.ts';
import { deployApp } from './deploy-app.ts';

/** A minute of the stack is a second and a half here: the hour for which poison is remembered takes that many minutes. */
const SCALE = 40;
const LIMIT_MS = 300_000;

const jobs = (prefix: string, count: number, fields: Readonly<Record<string, unknown>> = {}): unknown[] =>
  Array.from({ length: count }, (_each, at) => ({ id: `${prefix}-${at}`, ...fields }));

it(
  'goes off for what should ring and for nothing else, in time, recovers, and pages once for each incident',
  async () => {
    const [flaky, sound] = await Promise.all([startDependency(), startDependency()]);
    const badVersionFile = join(tmpdir(), `spillway-bad-version-${randomUUID()}`);
    onTestFinished(() => rm(badVersionFile, { force: true }));
    const urls = Object.fromEntries(Object.keys(SCENARIOS).map((name) => [`${name}Url`, sound.url]));
    const app = await deployApp(
      'test/e2e/fixtures/alarms/app.ts',
      { ...urls, OutageUrl: flaky.url, DeploymentFile: badVersionFile },
      { timeScale: SCALE, maxEnvironments: 2 },
    );
    const { cloudwatch } = app.stack;
    const outage = alarmedConsumer(app, 'Outage');
    const poison = alarmedConsumer(app, 'Poison');
    const crash = alarmedConsumer(app, 'Crash');
    const deployment = alarmedConsumer(app, 'Deployment');
    const calm = alarmedConsumer(app, 'Calm');
    const consumers = [outage, poison, crash, deployment, calm];
    const notOk = (): string[] =>
      cloudwatch.alarms.filter(({ state }) => state !== 'OK').map(({ constructPath }) => constructPath);
    const quiet = (): Promise<unknown> =>
      until(
        () => notOk().length === 0,
        () => notOk(),
      );

    // What is warm is quick: the alarms are of the scenarios, not of cold starts.
    for (const consumer of consumers) await consumer.send(jobs('before', 10));
    await quiet();
    const began = cloudwatch.clock.now();

    const scenarios = {
      async outage() {
        flaky.down();
        await outage.send(jobs('first', 20));
        await until(() => outage.alarms.get('OutageHandled')?.state === 'ALARM');
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
    const ordinary = setInterval(() => calm.send(jobs(randomUUID(), 3)).catch(() => undefined), 1_000);
    onTestFinished(() => clearInterval(ordinary));
    await scenarios.poison();
    const crashed = scenarios.crash();
    await scenarios.outage();
    await scenarios.deployment();
    await crashed;
    await quiet();
    clearInterval(ordinary);

    const people = new Set(consumers.map(({ alarms }) => alarms.get('NeedsPerson')?.name));
    const pages = async (): Promise<Record<string, unknown>[]> =>
      (await app.stack.queue(app.outputs.PagesUrl ?? '').messages())
        .map(({ body }): Record<string, unknown> => JSON.parse(body))
        .filter(({ StateChangeTime }) => Date.parse(`${StateChangeTime}`) > began);
    const called = Object.values<Scenario>(SCENARIOS).filter(({ rings }) => 'NeedsPerson' in rings);
    await until(async () => (await pages()).length >= 2 * called.length);
    const all = await pages();
    expect(all.filter(({ AlarmName }) => !people.has(`${AlarmName}`))).toEqual([]);
    for (const { name, alarms } of consumers) {
      const rings = Object.keys(SCENARIOS[name].rings).sort();
      const rang = [...alarms].filter(([, alarm]) =>
        changesSince(alarm, began).some(({ to }) => to === 'ALARM'),
      );
      expect.soft(rang.map(([id]) => id).sort(), `${name}: what rang`).toEqual(rings);
      for (const [id, alarm] of rang.filter(([, { kind }]) => kind === 'metric')) {
        const { atEpochMs, dueEpochMs } = firstFiring(cloudwatch, alarm, began);
        expect.soft(atEpochMs, `${name}: when ${id} rang`).toBeLessThanOrEqual(dueEpochMs);
      }
      const paged = all.filter(({ AlarmName }) => AlarmName === alarms.get('NeedsPerson')?.name);
      const once = rings.includes('NeedsPerson') ? ['ALARM', 'OK'] : [];
      expect
        .soft(
          paged.map(({ NewStateValue }) => NewStateValue),
          `${name}: pages`,
        )
        .toEqual(once);
    }
  },
  LIMIT_MS,
);

it('has a reason for each alarm in each scenario, whether it rings or not', () => {
  for (const { rings, quiet } of Object.values<Scenario>(SCENARIOS)) {
    expect(Object.keys(rings).filter((id) => id in quiet)).toEqual([]);
  }
  expect(Object.keys(QUIET).sort()).toEqual(['NeedsPerson', ...ALARM_IDS].sort());
});
