import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { importOptional } from '../../local/emulators/optional-package.ts';
import { ForeignEndpointError, MissingEmulatorError, NotIdleError } from '../../local/index.ts';
import {
  functionResource,
  mappingResource,
  queueResource,
  run,
  take,
  until,
  writeAssembly,
} from './fixture.ts';

const SLOW = `
exports.handler = async (event) => {
  console.log('start');
  await new Promise((resolve) => setTimeout(resolve, Number(process.env.MS)));
  console.log('end');
};`;
const CODE = { main: { 'index.js': SLOW } };

const consumer = (ms: number) => ({
  App: {
    resources: {
      Queue: queueResource({ VisibilityTimeout: 30 }),
      Fn: functionResource('main', { Environment: { Variables: { MS: ms } }, Timeout: 30 }),
      Mapping: mappingResource('Queue', 'Fn'),
    },
  },
});

it('lets a running invocation end before it stops', async () => {
  const { stack, lines, send } = await run(consumer(150), CODE);
  await send('Queue', 'x');
  await until('it runs', () => lines.length === 1);
  await stack.stop();
  expect(lines.map(({ text }) => text)).toEqual(['start', 'end']);
  expect(await stack.queue('Queue').messages()).toEqual([]);
  await stack.stop();
});

it('ends an invocation that takes longer than the grace time, and leaves its message', async () => {
  const { stack, lines, send } = await run(consumer(60_000), CODE);
  await send('Queue', 'x');
  await until('it runs', () => lines.length === 1);
  const start = performance.now();
  await stack.stop({ graceMs: 50 });
  expect(performance.now() - start).toBeLessThan(2000);
  expect(await stack.queue('Queue').messages()).toHaveLength(1);
});

it('says what is left when it does not become idle', async () => {
  const { stack, lines, send } = await run(consumer(60_000), CODE);
  await send('Queue', 'x');
  await until('it runs', () => lines.length === 1);
  const failure = await stack.whenIdle({ timeoutMs: 10 }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(NotIdleError);
  expect(String(failure)).toContain(
    'App-Queue has 0 visible, 1 in flight and 0 delayed; App-Fn runs 1 invocations',
  );
});

it.each([
  ['is idle while a function has only wake-ups that it may send itself', { RecursiveLoop: 'Allow' }, true],
  ['is not idle while a message is delayed on its way to any other function', {}, false],
])('%s', async (_name, properties, idle) => {
  const resources = {
    Queue: queueResource({ VisibilityTimeout: 30 }),
    Fn: functionResource('main', properties),
    Mapping: mappingResource('Queue', 'Fn'),
  };
  const { stack, sqs } = await run({ App: { resources } }, CODE);
  const QueueUrl = stack.queue('Queue').url;
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x', DelaySeconds: 60 }));
  const waiting = stack.whenIdle({ timeoutMs: 50 });
  if (idle) await expect(waiting).resolves.toBeUndefined();
  else await expect(waiting).rejects.toThrow('App-Queue has 0 visible, 0 in flight and 1 delayed');
});

it('counts messages whose visibility or delay is over as visible before anybody polls', async () => {
  const { stack, sqs } = await run({
    App: { resources: { Queue: queueResource({ VisibilityTimeout: 0 }) } },
  });
  const queue = stack.queue('Queue');
  await sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: 'a', DelaySeconds: 1 }));
  expect(await queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 1 });
  await until('the delay is over', async () => (await queue.counts()).visible === 1);
  expect(await queue.messages()).toMatchObject([{ body: 'a', state: 'visible', receiveCount: 0 }]);
  await queue.purge();
  expect(await queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

it('counts requests, the pollers’ own included', async () => {
  const { stack, send } = await run(consumer(0), CODE);
  stack.resetRequestCounts();
  await send('Queue', 'x');
  await stack.whenIdle({ timeoutMs: 5000 });
  const { SendMessage, DeleteMessageBatch, ReceiveMessage = 0 } = stack.requestCounts('sqs');
  expect({ SendMessage, DeleteMessageBatch }).toEqual({ SendMessage: 1, DeleteMessageBatch: 1 });
  expect(ReceiveMessage).toBeLessThan(5);
});

it('works with endpoints of one’s own, though their messages cannot be listed', async () => {
  const own = await run({ Other: { resources: {} } });
  const { sqs: url, dynamodb } = own.stack.endpoints;
  const { stack, lines, send } = await run(consumer(0), CODE, { endpoints: { sqs: url, dynamodb } });
  await send('Queue', 'x');
  await stack.whenIdle({ timeoutMs: 5000 });
  expect(lines.map(({ text }) => text)).toEqual(['start', 'end']);
  expect(stack.queue('Queue').url).toBe(`${url}/000000000000/App-Queue`);
  expect(await stack.queue('Queue').counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  await expect(stack.queue('Queue').messages()).rejects.toThrow(ForeignEndpointError);
  expect(own.stack.requestCounts('sqs').ReceiveMessage).toBeGreaterThan(0);
});

it('delivers from a topic to its queues', async () => {
  const { stack, sqs } = await run({
    App: {
      resources: {
        Topic: { Type: 'AWS::SNS::Topic', Properties: {} },
        Queue: queueResource(),
        Subscription: {
          Type: 'AWS::SNS::Subscription',
          Properties: {
            Protocol: 'sqs',
            TopicArn: { Ref: 'Topic' },
            Endpoint: { 'Fn::GetAtt': ['Queue', 'Arn'] },
            RawMessageDelivery: true,
          },
        },
      },
    },
  });
  const form = new URLSearchParams({ Action: 'Publish', TopicArn: stack.resource('Topic'), Message: 'news' });
  await fetch(stack.endpoints.sns, { method: 'POST', body: form });
  expect((await take(sqs, stack.queue('Queue').url))?.Body).toBe('news');
});

it('listens on loopback only', async () => {
  const { stack } = await run(consumer(0), CODE);
  const table = await readFile('/proc/net/tcp', 'utf8').catch(() => '');
  for (const endpoint of new Set(Object.values(stack.endpoints))) {
    const port = Number(new URL(endpoint).port);
    const hex = port.toString(16).toUpperCase().padStart(4, '0');
    expect(table).not.toContain(`00000000:${hex} 00000000:0000 0A`);
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve();
      });
    });
  }
});

/** Run a script in a process of its own; fails unless that ends by itself. */
async function runScript(assembly: string, body: string): Promise<string> {
  const script = `
    import { startLocalStack } from '${new URL('../../local/index.ts', import.meta.url).href}';
    const start = () => startLocalStack({ assembly: ${JSON.stringify(assembly)} });
    ${body}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 15_000,
  });
  return stdout;
}

it('survives a caller that goes away in the middle of a request', async () => {
  const { stack } = await run(consumer(0), CODE);
  for (const endpoint of new Set(Object.values(stack.endpoints))) {
    const { port, host } = new URL(endpoint);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(`POST / HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 100\r\n\r\n{`, () => {
          socket.resetAndDestroy();
          resolve();
        });
      });
    });
  }
  expect((await stack.function('Fn').invoke({})).error).toBeUndefined();
});

it('leaves nothing open after it stopped', async () => {
  const assembly = await writeAssembly(consumer(0), CODE);
  const body = `
    const stack = await start();
    await stack.function('Fn').invoke({});
    await stack.stop();
    console.log('stopped');`;
  expect(await runScript(assembly, body)).toBe('stopped\n');
});

it('leaves nothing open when it fails to start', async () => {
  const assembly = await writeAssembly({
    App: { resources: { Queue: queueResource({ DelaySeconds: 'soon' }) } },
  });
  const body = 'await start().catch((error) => console.log(error.message));';
  expect(await runScript(assembly, body)).toContain('cannot create the queue Queue: ');
});

it('tells what to install if an emulator is missing', async () => {
  const failure = await importOptional('no-such-emulator', '1.2.3').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(MissingEmulatorError);
  expect(String(failure)).toContain('npm install --save-dev no-such-emulator@1.2.3');
});
