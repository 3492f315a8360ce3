import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { expect, it, vi } from 'vitest';
import { type DeployedApp, deployApp } from './deploy-app.ts';
import { startLimitedDependency } from './limited-dependency.ts';

const LIMIT_MS = 150_000;
const APP = 'test/e2e/fixtures/rate-limit/app.ts';
/** What the dependency states. */
const STATED = 30;
/** What the consumer keeps to: 25 in any second, and room for calls that are late. */
const OWN = { limit: '20', burst: '5' };

async function send({ sqs, outputs }: DeployedApp, prefix: string, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_each, at) => `${prefix}-${at}`);
  for (let at = 0; at < count; at += 10) {
    const Entries = ids.slice(at, at + 10).map((id) => ({ Id: id, MessageBody: JSON.stringify({ id }) }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: outputs.QueueUrl, Entries }));
  }
}

const until = (condition: () => boolean): Promise<unknown> =>
  vi.waitFor(
    () => {
      if (!condition()) throw new Error(`not yet: ${condition}`);
    },
    { timeout: 90_000, interval: 50 },
  );

it(
  'keeps to what the dependency states, before, during and after an outage of 429s with Retry-After',
  async () => {
    const dependency = await startLimitedDependency(STATED);
    const app = await deployApp(APP, { url: dependency.url, ...OWN });
    await send(app, 'before', 100);
    await until(() => dependency.effects.size >= 60);
    expect(dependency.refused).toEqual([]);

    dependency.down('4');
    await send(app, 'during', 400);
    await sleep(10_000);
    const inOutage = dependency.refused.length;
    // What was on its way until the circuit opened, and a probe every few seconds.
    expect(inOutage).toBeGreaterThan(0);
    expect(inOutage).toBeLessThan(STATED);

    dependency.up();
    await until(() => dependency.effects.size === 500);
    expect(dependency.refused).toHaveLength(inOutage);
    expect(dependency.busiest(1_000)).toBeLessThanOrEqual(STATED);
    expect(dependency.busiest(5_000)).toBeLessThanOrEqual(5 * STATED);
    expect(Math.max(...dependency.effects.values())).toBe(1);
    const deadLetters = await app.stack.queue(app.outputs.DeadLetterQueueUrl ?? '').messages();
    expect(deadLetters).toEqual([]);
  },
  LIMIT_MS,
);

it(
  'is what keeps it so: without the limit the same consumer is refused',
  async () => {
    const dependency = await startLimitedDependency(STATED);
    const app = await deployApp(APP, { url: dependency.url });
    await send(app, 'all', 300);
    await until(() => dependency.refused.length > 0);
    expect(dependency.busiest(1_000)).toBeGreaterThan(STATED);
  },
  LIMIT_MS,
);
