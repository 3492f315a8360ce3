import { AsyncLocalStorage } from 'node:async_hooks';
import { beforeEach, describe, expect, it } from 'vitest';
import { createProducer } from '../../lambdas/aws/producer.ts';
import type { HandlerContext } from '../../lambdas/core/context.ts';
import { PermanentError } from '../../lambdas/core/errors.ts';
import { rawMessage, snsMessage, sqsEvent } from '../../lambdas/testing/index.ts';
import type { TestMessage } from '../../lambdas/testing/messages.ts';
import { consoleLines } from './console-lines.ts';
import { deployConsumer, envelopeOf, type Order, orderSchema } from './consumer-harness.ts';
import { createQueue, receive, useEmulators, useFixedDate } from './emulators.ts';

const emulators = useEmulators();
useFixedDate();

const ID = '5759e988bd862e3fe1be46a994272793';
const TRACEPARENT = `00-${ID}-53995c3f42cd8ad8-01`;
const HEADER = 'Root=1-11111111-222222222222222222222222;Parent=53995c3f42cd8ad8;Sampled=1';
const invocation = { getRemainingTimeInMillis: () => 30_000 };
const down = (): never => {
  throw Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
};

let lines: ReturnType<typeof consoleLines>;
beforeEach(() => {
  lines = consoleLines();
});

let orders = 0;
function message(options: Parameters<typeof rawMessage>[1] = {}): TestMessage {
  orders += 1;
  const sentAtEpochMs = Date.now();
  return rawMessage({ order: `o-${orders}` }, { sentAtEpochMs, ...options });
}

const traced = (name: string): TestMessage =>
  message({
    messageId: `m-${name}`,
    producer: { id: `s-${name}`, correlationId: `c-${name}` },
    attributes: { traceparent: TRACEPARENT },
  });
const idsOf = (name: string) => ({
  correlation_id: `c-${name}`,
  message_id: `m-${name}`,
  stable_id: `s-${name}`,
  trace_id: ID,
});

describe('every line about a message', () => {
  it('bears its ids, whatever tells it, however many are handled at a time', async () => {
    const circuits = {
      dep: { failureThreshold: 100, timeoutMs: 1_000, retry: { attempts: 2, firstDelayMs: 1, capMs: 1 } },
    };
    const { handler, name } = await deployConsumer(emulators, {
      settings: { circuits, concurrency: 4, attempts: { max: 1 } },
      handle: async (_order, ctx) => {
        const call = ctx.circuit('dep').call(down);
        await call.catch(() => {});
        ctx.logger.warn('own line');
        throw new PermanentError('no');
      },
    });
    const names = ['a', 'b', 'c'];
    await handler(sqsEvent(names.map(traced)), invocation);
    for (const each of names) {
      const own = lines.logs().filter((line) => line.correlation_id === `c-${each}`);
      expect(own.map((line) => line.message)).toEqual([
        'call retried',
        'call failed for good',
        'own line',
        'dead-lettered',
      ]);
      for (const line of own) expect(line).toMatchObject({ service: name, ...idsOf(each) });
    }
    expect(lines.logs()).toHaveLength(12);
  });

  it('bears the ids from within its envelope, which are the producer’s', async () => {
    const settings = {
      envelope: 'sns',
      circuits: { dep: { retry: { attempts: 2, firstDelayMs: 1, capMs: 1 } } },
    } as const;
    const { handler } = await deployConsumer(emulators, {
      settings,
      handle: (_order, ctx) => ctx.circuit('dep').call(down),
    });
    const inner = snsMessage(
      { order: 'inner' },
      {
        sentAtEpochMs: Date.now(),
        messageId: 'm-inner',
        producer: { id: 's-inner', correlationId: 'c-inner' },
        attributes: { traceparent: TRACEPARENT },
      },
    );
    await handler(sqsEvent([inner]), invocation);
    expect(lines.logs().map((line) => line.message)).toEqual([
      'call retried',
      'call failed for good',
      'attempt failed',
      'settlement-error', // the queue never gave this message out
    ]);
    for (const line of lines.logs()) expect(line).toMatchObject(idsOf('inner'));
  });

  it('bears no trace where the message tells of none that is well-formed', async () => {
    const { handler } = await deployConsumer(emulators, { handle: down });
    await handler(
      sqsEvent([message({ attributes: { traceparent: 'forged\n"level":"ERROR"' } })]),
      invocation,
    );
    expect(lines.logs()).toHaveLength(2);
    for (const line of lines.logs()) {
      expect(line).toHaveProperty('correlation_id');
      expect(line).not.toHaveProperty('trace_id');
    }
    expect(lines.text()).not.toContain('forged');
  });
});

describe('a handler', () => {
  it('gets the trace of its message, to pass it on', async () => {
    const seen: HandlerContext['trace'][] = [];
    const { handler } = await deployConsumer(emulators, {
      handle: (_order, { trace }) => void seen.push(trace),
    });
    const withHeader = message({ attributes: { traceparent: TRACEPARENT, tracestate: 'v=1' } });
    const attributes = { ...withHeader.attributes, AWSTraceHeader: HEADER };
    await handler(sqsEvent([{ ...withHeader, attributes }]), invocation);
    await handler(sqsEvent([message()]), invocation);
    expect(seen).toEqual([
      { traceId: ID, traceparent: TRACEPARENT, tracestate: 'v=1', header: HEADER },
      undefined,
    ]);
  });

  it('runs in the asynchronous context that is active around the Lambda handler, as OpenTelemetry’s is', async () => {
    const active = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { handler } = await deployConsumer(emulators, {
      settings: {
        concurrency: 2,
        circuits: {
          dep: { bulkhead: { maxConcurrent: 1, maxQueued: 5, maxWaitMs: 1_000 }, timeoutMs: 1_000 },
        },
      },
      handle: async ({ order }, ctx) => {
        await ctx.circuit('dep').call(async () => {
          await new Promise((resolve) => setImmediate(resolve));
          seen.push([order, active.getStore()]);
        });
        seen.push([order, active.getStore()]);
      },
    });
    const invoke = (span: string, order: string) =>
      active.run(span, () =>
        handler(sqsEvent([rawMessage({ order }, { sentAtEpochMs: Date.now() })]), invocation),
      );
    await Promise.all([invoke('span-1', 'otel-1'), invoke('span-2', 'otel-2')]);
    expect(seen.sort()).toEqual([
      ['otel-1', 'span-1'],
      ['otel-1', 'span-1'],
      ['otel-2', 'span-2'],
      ['otel-2', 'span-2'],
    ]);
    expect(active.getStore()).toBeUndefined();
  });

  it('sends what it sends in the name of its message: correlation id and trace go on', async () => {
    const next = await createQueue(emulators, 'tracing-next');
    const producer = createProducer<Order>({ schema: orderSchema, queueUrl: next, client: emulators.sqs });
    const { handler } = await deployConsumer(emulators, {
      handle: ({ order }) => producer.send({ order }, { id: 'follower' }),
    });
    await handler(sqsEvent([traced('first')]), invocation);
    const [sent] = await receive(emulators, next);
    expect(sent?.MessageAttributes).toMatchObject({ traceparent: { StringValue: TRACEPARENT } });
    expect(sent?.MessageAttributes?.['spillway-message']?.StringValue).toContain('"correlationId":"c-first"');
  });
});

it('a dead letter’s envelope bears the correlation id and the trace id, and its attributes are as they were', async () => {
  const { handler, deadLetters } = await deployConsumer(emulators, {
    handle: () => {
      throw new PermanentError('no');
    },
  });
  const unusual = { traceparent: TRACEPARENT, tracestate: 'anything = at,all' };
  const sent = message({ producer: { id: 's', correlationId: 'c' }, attributes: unusual });
  await handler(sqsEvent([sent]), invocation);
  const [letter] = await deadLetters();
  expect(envelopeOf(letter)).toMatchObject({ correlationId: 'c', traceId: ID });
  expect(letter?.MessageAttributes).toMatchObject({
    traceparent: { StringValue: unusual.traceparent },
    tracestate: { StringValue: unusual.tracestate },
  });
});
