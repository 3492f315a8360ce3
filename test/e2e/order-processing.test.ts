import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import type { StoredMessage } from 'spillway/local';
import { FAILURE_ATTRIBUTE } from 'spillway/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type DeployedApp, deployApp } from './deploy-app.ts';

/** A customer whose part of the customer service cannot be reached. */
const UNREACHABLE = 'c-unreachable';
const PATIENCE = { timeout: 30_000, interval: 50 };
const HEALTHY_TRAFFIC = { timeout: 60_000, interval: 500 };

let server: Server;
let url: string;
const confirmed: string[] = [];

beforeEach(async () => {
  confirmed.length = 0;
  server = createServer((request, response) => {
    if (request.url?.includes(UNREACHABLE)) {
      request.socket.destroy();
      return;
    }
    confirmed.push(String(request.headers['idempotency-key']));
    response.writeHead(201).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

// One environment: the circuit is that of the environment.
const deploy = (): Promise<DeployedApp> =>
  deployApp(
    'examples/order-processing/app.ts',
    { customerServiceUrl: url, hurried: true },
    { maxEnvironments: 1 },
  );

const order = (id: string, customer: string | undefined = 'c-1'): Record<string, unknown> => ({
  order_id: id,
  customer_id: customer,
  items: [{ sku: 'book', quantity: 1 }],
  total_amount: 12.5,
});

async function send({ sqs, outputs }: DeployedApp, payload: unknown): Promise<void> {
  await sqs.send(
    new SendMessageCommand({ QueueUrl: outputs.QueueUrl, MessageBody: JSON.stringify(payload) }),
  );
}

function deadLetters({ stack, outputs }: DeployedApp): Promise<readonly StoredMessage[]> {
  return stack.queue(outputs.DeadLetterQueueUrl ?? '').messages();
}

function envelopeOf({ messageAttributes }: StoredMessage): unknown {
  return JSON.parse(messageAttributes[FAILURE_ATTRIBUTE]?.StringValue ?? 'null');
}

describe('the order processing example', () => {
  it('confirms a valid order once', async () => {
    const app = await deploy();
    await send(app, order('o-1'));
    await send(app, order('o-1'));
    await app.stack.whenIdle({ timeoutMs: 20_000 });
    expect(confirmed).toHaveLength(1);
    expect(await deadLetters(app)).toEqual([]);
  });

  it('sends an order without a customer straight to the dead-letter queue, as INVALID_DATA', async () => {
    const app = await deploy();
    const { customer_id: _missing, ...incomplete } = order('o-2');
    await send(app, incomplete);
    await app.stack.whenIdle({ timeoutMs: 20_000 });
    const [letter, ...others] = await deadLetters(app);
    expect(others).toEqual([]);
    expect(JSON.parse(letter?.body ?? '')).toEqual(incomplete);
    expect(letter && envelopeOf(letter)).toMatchObject({
      kind: 'dead-letter',
      reason: 'INVALID_DATA',
      attempts: 1,
      error: { name: 'ZodError', message: expect.stringContaining('customer_id') },
    });
    expect(app.said('attempt failed')).toBe(0);
  });

  it('dead-letters an order whose customer cannot be reached, but not while its circuit has failures on record', async () => {
    const app = await deploy();
    await send(app, order('o-3', UNREACHABLE));
    await vi.waitUntil(() => app.said('attempt failed') === 4 && app.metrics.sum('Deferred') >= 2, PATIENCE);
    expect(await deadLetters(app)).toEqual([]);

    // Orders of other customers close the circuit, two good probes in a row at a time, and it is clean then.
    let healthy = 0;
    await vi.waitUntil(async () => {
      healthy += 1;
      await send(app, order(`healthy-${healthy}`));
      return (await deadLetters(app)).length === 1;
    }, HEALTHY_TRAFFIC);
    const [letter] = await deadLetters(app);
    expect(letter && envelopeOf(letter)).toMatchObject({
      reason: 'EXTERNAL_SERVICE_ERROR',
      attempts: 5,
      history: Array.from({ length: 5 }, () => ({ reason: 'EXTERNAL_SERVICE_ERROR' })),
    });
    await app.stack.whenIdle({ timeoutMs: 40_000 });
    expect(confirmed).toHaveLength(healthy);
  }, 150_000);
});
