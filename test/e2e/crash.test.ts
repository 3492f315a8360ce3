import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { FAILURE_ATTRIBUTE, type FailureEnvelope } from 'spillway/runtime';
import { expect, it, onTestFinished } from 'vitest';
import { type DeployedApp, deployApp } from './deploy-app.ts';

/** What the log says of an environment whose handler is deaf. */
const GIVEN_UP = 'a handler did not stop when its signal aborted: the environment is given up';

async function send({ sqs, outputs }: DeployedApp, jobs: Record<string, string>): Promise<void> {
  const Entries = Object.entries(jobs).map(([id, does]) => ({
    Id: id,
    MessageBody: JSON.stringify({ id, does }),
  }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl: outputs.QueueUrl, Entries }));
}

async function deadLetters({ stack, outputs }: DeployedApp): Promise<FailureEnvelope[]> {
  const messages = await stack.queue(outputs.DeadLetterQueueUrl ?? '').messages();
  return messages.map(({ messageAttributes }) =>
    JSON.parse(messageAttributes[FAILURE_ATTRIBUTE]?.StringValue ?? 'null'),
  );
}

/** Where jobs tell that they were done: what a killed environment wrote to its log may be lost. */
async function ledger(): Promise<{ readonly url: string; readonly done: Set<string> }> {
  const done = new Set<string>();
  const server = createServer((request, response) => {
    done.add(request.url?.slice(1) ?? '');
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, done };
}

const innocents = Object.fromEntries(Array.from({ length: 7 }, (_each, at) => [`innocent-${at}`, 'work']));
const crash = { error: 'CrashError', reason: 'PROCESSING_ERROR' };

it('lets messages that end their environment end alone in the dead-letter queue, and has their batch-mates handled', async () => {
  const { url, done } = await ledger();
  const app = await deployApp('test/e2e/fixtures/crash/app.ts', { ledgerUrl: url });
  await send(app, { ...innocents, hungry: 'exhaust memory', dizzy: 'spin', deaf: 'ignore its signal' });
  await app.stack.whenIdle({ timeoutMs: 170_000 });
  expect([...done].sort()).toEqual(Object.keys(innocents));
  const letters = await deadLetters(app);
  expect(letters).toHaveLength(3);
  expect(letters.filter(({ reason }) => reason === 'PROCESSING_ERROR')).toMatchObject([
    { attempts: 2, error: { name: 'CrashError' }, history: [crash, crash] },
    { attempts: 2, error: { name: 'CrashError' }, history: [crash, crash] },
  ]);
  expect(letters.filter(({ reason }) => reason === 'TIMEOUT')).toHaveLength(1);
  expect(app.said(GIVEN_UP)).toBeGreaterThan(0);
}, 200_000);
