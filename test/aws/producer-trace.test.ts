import type { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { aboutMessage } from '../../lambdas/aws/message-context.ts';
import { createProducer, type SendOptions } from '../../lambdas/aws/producer.ts';
import type { Propagate } from '../../lambdas/aws/producer-trace.ts';
import { LIMITS, MESSAGE_ATTRIBUTE } from '../../lambdas/core/settings.ts';
import { fakeClock, idsNamed } from '../core/fixtures.ts';

const ID = '5759e988bd862e3fe1be46a994272793';
const SPAN = '53995c3f42cd8ad8';
const HEADER = `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=${SPAN};Sampled=1`;
const own = (digit: string) => `00-${digit.repeat(32)}-${SPAN}-01`;
const text = (stringValue: string) => ({ dataType: 'String', stringValue });

/** What SQS is given of a message that is sent. */
async function sent(options: SendOptions = {}, propagate?: Propagate) {
  const entries: {
    MessageAttributes: Record<string, { StringValue: string }>;
    MessageSystemAttributes?: unknown;
  }[] = [];
  const client = {
    send: async ({ input }: { input: { Entries: typeof entries } }) => {
      entries.push(...input.Entries);
      return { Successful: [{ Id: '0', MessageId: 'm' }] };
    },
  } as unknown as SQSClient;
  const queueUrl = 'http://sqs.local/1/orders';
  const schema = z.object({ order: z.string() });
  const rest = propagate === undefined ? {} : { propagate };
  await createProducer({ schema, queueUrl, client, clock: fakeClock(), ...rest }).send(
    { order: '1' },
    options,
  );
  const [entry] = entries;
  const attributes = Object.entries(entry?.MessageAttributes ?? {}).map(([name, { StringValue }]) => [
    name,
    StringValue,
  ]);
  const { [MESSAGE_ATTRIBUTE]: _metadata, ...others } = Object.fromEntries(attributes);
  return { attributes: others, system: entry?.MessageSystemAttributes };
}

const headerOf = (StringValue: string) => ({ AWSTraceHeader: { DataType: 'String', StringValue } });

describe('a message that is sent', () => {
  beforeEach(() => void vi.stubEnv('_X_AMZN_TRACE_ID', undefined));
  afterEach(() => void vi.unstubAllEnvs());

  it('carries no trace where there is none', async () => {
    expect(await sent()).toEqual({ attributes: {}, system: undefined });
  });

  it('carries that of the invocation, in X-Ray’s words and in those of W3C', async () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', HEADER);
    expect(await sent()).toEqual({
      attributes: { traceparent: `00-${ID}-${SPAN}-01` },
      system: headerOf(HEADER),
    });
  });

  it('finds the invocation’s in the invoke store, where one environment runs several at a time', async () => {
    vi.stubGlobal('awslambda', { InvokeStore: { getXRayTraceId: () => HEADER } });
    expect((await sent()).system).toEqual(headerOf(HEADER));
    vi.unstubAllGlobals();
  });

  it('rather carries that of the message in whose handler it is sent', async () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', HEADER);
    const trace = { traceId: 'b'.repeat(32), traceparent: own('b'), tracestate: 'v=1' };
    const { attributes, system } = await aboutMessage({ ...idsNamed('m'), trace }, () => sent());
    expect(attributes).toEqual({ traceparent: own('b'), tracestate: 'v=1' });
    expect(system).toEqual(headerOf(HEADER));
  });

  it('rather carries what OpenTelemetry writes, and of that nothing but the trace', async () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', HEADER);
    const trace = { traceId: 'b'.repeat(32), traceparent: own('b') };
    const carrier = { Traceparent: own('c'), tracestate: 'w=2', baggage: 'user=canary', count: 7 };
    const { attributes } = await aboutMessage({ ...idsNamed('m'), trace }, () => sent({}, () => carrier));
    expect(attributes).toEqual({ traceparent: own('c'), tracestate: 'w=2' });
    const { system } = await sent({}, () => ({
      'X-Amzn-Trace-Id': HEADER.replace('Sampled=1', 'Sampled=0'),
    }));
    expect(system).toEqual(headerOf(HEADER.replace('Sampled=1', 'Sampled=0')));
  });

  it('rather carries what it is told', async () => {
    const trace = { traceparent: own('d'), header: HEADER };
    const { attributes, system } = await sent({ trace }, () => ({ traceparent: own('c') }));
    expect(attributes).toEqual({ traceparent: own('d') });
    expect(system).toEqual(headerOf(HEADER));
  });

  it('is sent without what is malformed, and whatever a propagator does', async () => {
    vi.stubEnv('_X_AMZN_TRACE_ID', 'nonsense');
    const trace = { traceparent: 'nonsense', tracestate: '', header: 'nonsense' };
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const broken = (): never => {
      throw new TypeError('no context');
    };
    expect(await sent({ trace }, broken)).toEqual({ attributes: {}, system: undefined });
    await sent({ trace }, broken);
    const told = ['propagate threw TypeError: messages carry no trace of it', 'SpillwayWarning'];
    expect(warn.mock.calls).toEqual([told]);
    warn.mockRestore();
  });

  it('leaves room for the failure envelope: SQS takes ten attributes', async () => {
    const trace = { traceparent: own('d'), tracestate: 'v=1' };
    const names = async (count: number) => {
      const attributes = Object.fromEntries(
        Array.from({ length: count }, (_each, at) => [`own-${at}`, text('x')]),
      );
      return Object.keys((await sent({ trace, attributes })).attributes).filter(
        (name) => !name.startsWith('own'),
      );
    };
    const most = LIMITS.maxMessageAttributes;
    expect(await names(most - 4)).toEqual(['traceparent', 'tracestate']);
    expect(await names(most - 3)).toEqual(['traceparent']);
    expect(await names(most - 2)).toEqual([]);
    expect(await names(most - 1)).toEqual([]);
  });

  it('keeps attributes of these names that are its own', async () => {
    const attributes = { traceparent: text('mine') };
    expect((await sent({ attributes, trace: { traceparent: own('d') } })).attributes).toEqual({
      traceparent: 'mine',
    });
  });

  it('keeps within SQS’s size, without a trace if need be', async () => {
    const attributes = { filler: text('x'.repeat(LIMITS.maxMessageBytes - 250)) };
    const trace = { traceparent: own('d') };
    expect(Object.keys((await sent({ attributes, trace })).attributes)).toEqual(['filler']);
  });
});

describe('a message whose header SQS refuses', () => {
  const header = { header: HEADER };

  /** Sends to an SQS that refuses every header, in one of two ways. */
  async function refusing(how: 'entry' | 'call', traced: readonly boolean[], queue = 'orders') {
    const calls: boolean[][] = [];
    const client = {
      send: async ({
        input,
      }: {
        input: { Entries: { Id: string; MessageSystemAttributes?: unknown }[] };
      }) => {
        const has = input.Entries.map(({ MessageSystemAttributes }) => MessageSystemAttributes !== undefined);
        calls.push(has);
        if (how === 'call' && has.includes(true))
          throw Object.assign(new Error('bad header'), { name: 'InvalidParameterValue' });
        return {
          Successful: input.Entries.flatMap(({ Id }, at) => (has[at] ? [] : [{ Id, MessageId: `m${Id}` }])),
          Failed: input.Entries.flatMap(({ Id }, at) =>
            has[at] ? [{ Id, Code: 'InvalidParameterValue', SenderFault: true }] : [],
          ),
        };
      },
    } as unknown as SQSClient;
    const producer = createProducer({
      schema: z.object({}),
      queueUrl: `http://sqs.local/1/${queue}`,
      client,
      clock: fakeClock(),
    });
    const group = queue.endsWith('.fifo') ? { groupId: 'g' } : {};
    const results = await producer.sendAll(
      traced.map((each) => ({ payload: {}, ...group, ...(each && { trace: header }) })),
    );
    return { calls, taken: results.map(({ ok }) => ok) };
  }

  it.each(['entry', 'call'] as const)('is sent without it: refused by the %s', async (how) => {
    expect(await refusing(how, [true])).toEqual({ calls: [[true], [false]], taken: [true] });
  });

  it('is the only one that is sent again', async () => {
    expect(await refusing('entry', [false, true])).toEqual({
      calls: [[false, true], [false]],
      taken: [true, true],
    });
  });

  it('is told rather than sent behind what came after it, where order counts', async () => {
    expect((await refusing('entry', [true, false], 'orders.fifo')).taken).toEqual([false, true]);
    expect((await refusing('entry', [true, true], 'orders.fifo')).taken).toEqual([true, true]);
  });
});
