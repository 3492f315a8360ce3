import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type DeployedApp, deployApp } from './deploy-app.ts';

const LIMIT_MS = 120_000;
const APP = 'test/e2e/fixtures/configuration/app.ts';
const REFRESH_MS = 5_000;

const until = (condition: () => unknown, timeout = 30_000): Promise<unknown> =>
  vi.waitFor(
    async () => {
      expect(await condition()).toBeTruthy();
    },
    { timeout, interval: 50 },
  );

let sent = 0;

/** Send jobs without a tag, and wait until all are done with. */
async function work({ sqs, stack, outputs }: DeployedApp, count: number): Promise<void> {
  for (let at = 0; at < count; at += 10) {
    const Entries = Array.from({ length: Math.min(10, count - at) }, () => {
      sent += 1;
      return { Id: `job-${sent}`, MessageBody: JSON.stringify({ id: `job-${sent}` }) };
    });
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: outputs.QueueUrl, Entries }));
  }
  await stack.whenIdle({ timeoutMs: 30_000 });
}

function lines({ logs }: DeployedApp, message: string): Record<string, unknown>[] {
  return logs
    .filter((line) => line.includes(`"${message}"`))
    .map((line): Record<string, unknown> => JSON.parse(line))
    .filter((line) => line.message === message);
}

const environments = (app: DeployedApp): Set<unknown> =>
  new Set(lines(app, 'worked').map(({ environment }) => environment));

/** Every environment that was ever started is still there. */
function expectNoRestart({ stack }: DeployedApp): void {
  const { coldStarts, environments: alive } = stack.function('Tuned/Worker/Function').stats();
  expect(alive).toBe(coldStarts);
}

async function quarantined({ stack, outputs }: DeployedApp): Promise<number> {
  return (await stack.queue(outputs.QuarantineQueueUrl ?? '').messages()).length;
}

it(
  'a changed parameter reaches every environment within its refresh time, without a restart; a bad one is refused',
  async () => {
    const app = await deployApp(APP);
    const ssm = new SSMClient(app.stack.clientConfig('ssm'));
    onTestFinished(() => ssm.destroy());
    const put = (Value: string) =>
      ssm.send(new PutParameterCommand({ Name: '/tuned/worker', Value, Overwrite: true }));

    await work(app, 24);
    const warm = environments(app);
    expect(warm.size).toBeGreaterThan(1);
    expect(lines(app, 'worked')).toHaveLength(24);

    await put('queues:\n  jobs:\n    screening: { requiredFields: [/tag] }\n');
    const changedAt = Date.now();
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    await work(app, 24);
    expect(await quarantined(app)).toBe(24);
    expect(lines(app, 'worked')).toHaveLength(24);
    expectNoRestart(app);
    for (const { timestamp, changes } of lines(app, 'configuration applied')) {
      expect(Date.parse(String(timestamp)) - changedAt).toBeLessThan(REFRESH_MS + 10_000);
      expect(changes).toEqual(['screening.requiredFields: none → ["/tag"]']);
    }

    await put('queues:\n  jobs:\n    concurrency: 0\n    screening: { requiredFields: [/other] }\n');
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    await work(app, 8);
    expect(await quarantined(app)).toBe(32);
    const [refused] = lines(app, 'configuration refused');
    expect(refused).toMatchObject({
      source: '/tuned/worker',
      problems: ['/tuned/worker:3:18 queues.jobs.concurrency must be a whole number from 1 to 10000, got 0'],
    });
    await until(() => app.said('configuration refused') > 0);

    await put('{}');
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    await work(app, 8);
    expect(await quarantined(app)).toBe(32);
    expect(lines(app, 'worked')).toHaveLength(32);
    expectNoRestart(app);
  },
  LIMIT_MS,
);

it(
  'a configuration of AppConfig is read by environments that start after it',
  async () => {
    const app = await deployApp(APP, { store: 'app-config' });
    const { ApplicationId, EnvironmentId, ProfileId } = app.outputs;
    const url = `${app.stack.endpoints.appConfigData}/applications/${ApplicationId}`;
    const created = await fetch(`${url}/configurationprofiles/${ProfileId}/hostedconfigurationversions`, {
      method: 'POST',
      body: 'queues: { jobs: { screening: { requiredFields: [/tag] } } }',
    });
    const deployed = await fetch(`${url}/environments/${EnvironmentId}/deployments`, {
      method: 'POST',
      body: JSON.stringify({
        ConfigurationProfileId: ProfileId,
        ConfigurationVersion: created.headers.get('version-number'),
      }),
    });
    expect(deployed.status).toBe(201);

    // On a busy machine the first look may take longer than an invocation waits for it: the next one has it.
    await until(async () => {
      await work(app, 4);
      return lines(app, 'configuration applied').length > 0;
    });
    await until(async () => {
      const before = await quarantined(app);
      await work(app, 4);
      return (await quarantined(app)) === before + 4;
    });
    expect(lines(app, 'configuration applied')[0]).toMatchObject({
      source: `${ApplicationId}/${EnvironmentId}/${ProfileId}`,
      changes: ['screening.requiredFields: none → ["/tag"]'],
    });
  },
  LIMIT_MS,
);
