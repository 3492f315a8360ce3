import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { createProducer, InvalidPayloadError, type SendOptions } from '../../lambdas/aws/producer.ts';
import { type LaneUrls, lanesFromEnvironment } from '../../lambdas/aws/producer-lanes.ts';
import { ConfigurationError } from '../../lambdas/core/errors.ts';
import { MESSAGE_ATTRIBUTE, PRIORITIES, type Priority } from '../../lambdas/core/settings.ts';
import { fakeClock, START } from '../core/fixtures.ts';
import { createQueue, failing, receive, useEmulators } from './emulators.ts';

const emulators = useEmulators();
const schema = z.object({ order: z.string() });
let urls: { standard: string; fifo: string };

beforeAll(async () => {
  urls = { standard: await createQueue(emulators, 'sent'), fifo: await createQueue(emulators, 'sent.fifo') };
});

function producer(queueUrl: string) {
  let ids = 0;
  const newId = (): string => `id-${++ids}`;
  return createProducer({ schema, queueUrl, client: emulators.sqs, clock: fakeClock(), newId });
}

/** The only message of the queue, as its consumer would see it. */
async function only(url: string) {
  const [message, ...rest] = await receive(emulators, url);
  expect(rest).toEqual([]);
  const attributes = message?.MessageAttributes ?? {};
  return {
    body: message?.Body,
    system: message?.Attributes,
    attributes,
    metadata: JSON.parse(attributes[MESSAGE_ATTRIBUTE]?.StringValue ?? 'null'),
  };
}

async function problemsOf(url: string, options: SendOptions, order = '42'): Promise<readonly string[]> {
  const error: unknown = await producer(url)
    .send({ order }, options)
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigurationError)) throw new Error('it was sent', { cause: error });
  return error.problems.map(({ option }) => option);
}

describe('a producer', () => {
  it('sends payload, stable id, time, priority and correlation id', async () => {
    const sent = await producer(urls.standard).send({ order: '42' });
    expect(sent).toEqual({ id: 'id-1', messageId: expect.any(String) });
    expect(await only(urls.standard)).toMatchObject({
      body: '{"order":"42"}',
      metadata: { id: 'id-1', createdAt: START, priority: 'NORMAL', correlationId: 'id-1' },
    });
  });

  it('says what it is told to say', async () => {
    const attributes = { colour: { dataType: 'String', stringValue: 'blue' } };
    const options = { id: 'order-42', priority: 'CRITICAL', correlationId: 'request-7', attributes } as const;
    await producer(urls.standard).send({ order: '42' }, options);
    expect(await only(urls.standard)).toMatchObject({
      attributes: { colour: { StringValue: 'blue' } },
      metadata: { id: 'order-42', priority: 'CRITICAL', correlationId: 'request-7' },
    });
  });

  it('escapes what JSON allows and SQS refuses', async () => {
    await producer(urls.standard).send({ order: '\ufffe\uffff\ud800\u0000' });
    const { body } = await only(urls.standard);
    expect(body).toBe('{"order":"\\ufffe\\uffff\\ud800\\u0000"}');
  });

  it('groups and deduplicates on FIFO queues, by the id unless told otherwise', async () => {
    const orders = producer(urls.fifo);
    await orders.send({ order: '1' }, { groupId: 'g', id: 'same' });
    await orders.send({ order: '2' }, { groupId: 'g', id: 'same' });
    expect(await only(urls.fifo)).toMatchObject({
      system: { MessageGroupId: 'g', MessageDeduplicationId: 'same' },
    });
    await orders.send({ order: '3' }, { groupId: 'h', id: 'same', deduplicationId: 'other' });
    expect((await only(urls.fifo)).system).toMatchObject({ MessageDeduplicationId: 'other' });
  });

  it('takes a group on standard queues too, and sends no deduplication id there', async () => {
    await producer(urls.standard).send({ order: '42' }, { groupId: 'tenant-1' });
    expect((await only(urls.standard)).system?.MessageDeduplicationId).toBeUndefined();
  });

  it('sends nothing that does not fit the schema, and says what does not', async () => {
    const bad = producer(urls.standard).send({ order: 42 } as never);
    await expect(bad).rejects.toThrow(InvalidPayloadError);
    await expect(bad).rejects.toMatchObject({ findings: [{ pointer: '/order' }] });
    expect(await receive(emulators, urls.standard)).toEqual([]);
  });

  it.each<[string, string[], SendOptions]>([
    ['an id', ['id', 'correlationId'], { id: 'a b' }],
    ['a long id', ['id', 'correlationId'], { id: 'x'.repeat(101) }],
    ['a correlation id', ['correlationId'], { correlationId: '' }],
    ['a priority', ['priority'], { priority: 'URGENT' as never }],
    ['a delay that is too long', ['delaySeconds'], { delaySeconds: 901 }],
    ['a broken delay', ['delaySeconds'], { delaySeconds: 0.5 }],
    ['a deduplication id', ['deduplicationId'], { deduplicationId: 'x' }],
    [
      'everything at once',
      ['id', 'priority', 'delaySeconds'],
      { id: '', correlationId: 'c', priority: 'X' as never, delaySeconds: -1 },
    ],
  ])('refuses %s that SQS or the consumer would not take', async (_what, problems, options) => {
    expect(await problemsOf(urls.standard, options)).toEqual(problems);
  });

  it('needs a group on FIFO queues, and takes no delay there', async () => {
    expect(await problemsOf(urls.fifo, { delaySeconds: 1 })).toEqual(['groupId', 'delaySeconds']);
  });

  it('takes nine attributes of one’s own, not ten', async () => {
    const attributes = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, at) => [`a${at}`, { dataType: 'String', stringValue: 'x' }]),
      );
    expect(await problemsOf(urls.standard, { attributes: attributes(10) })).toEqual(['attributes']);
    await producer(urls.standard).send({ order: '42' }, { attributes: attributes(9) });
    expect(Object.keys((await only(urls.standard)).attributes)).toHaveLength(10);
  });

  it('refuses what is over 1 MiB with its attributes, before asking SQS', async () => {
    emulators.requests.reset();
    expect(await problemsOf(urls.standard, {}, 'x'.repeat(1_048_576 - 50))).toEqual(['payload']);
    expect(emulators.requests.counts('sqs')).toEqual({});
  });

  it.each(['', 'orders', undefined])('needs the URL of a queue: %j', (queueUrl) => {
    expect(() => createProducer({ schema, queueUrl: queueUrl as string })).toThrow(ConfigurationError);
  });
});

describe('many messages', () => {
  it('are sent ten a call, and each tells what became of it', async () => {
    emulators.requests.reset();
    const entries = Array.from({ length: 12 }, (_, at) => ({
      payload: { order: at === 3 ? (3 as never) : `${at}` },
    }));
    const results = await producer(urls.standard).sendAll(entries);
    expect(emulators.requests.counts('sqs')).toEqual({ SendMessageBatch: 2 });
    expect(results.map(({ ok, id }) => `${id} ${ok}`)).toEqual(
      Array.from({ length: 12 }, (_, at) => `id-${at + 1} ${at !== 3}`),
    );
    expect(results[3]).toMatchObject({ error: { name: InvalidPayloadError.name } });
    expect([
      ...(await receive(emulators, urls.standard)),
      ...(await receive(emulators, urls.standard)),
    ]).toHaveLength(11);
  });

  it('tell a call that failed by entry, and a single send throws it', async () => {
    const broken = failing(emulators.sqs, 'SendMessageBatchCommand', 2);
    const results = await producer(urls.standard).sendAll([
      { payload: { order: '1' } },
      { payload: { order: '2' } },
    ]);
    expect(results).toMatchObject([
      { ok: false, id: 'id-1' },
      { ok: false, id: 'id-2' },
    ]);
    await expect(producer(urls.standard).send({ order: '1' })).rejects.toThrow('the store is down');
    expect(broken.calls).toBe(2);
  });
});

describe('a producer for lanes', () => {
  let lanes: LaneUrls;

  beforeAll(async () => {
    const [LOW = '', NORMAL = '', HIGH = '', CRITICAL = ''] = await Promise.all(
      PRIORITIES.map((priority) => createQueue(emulators, `lane-${priority}`)),
    );
    lanes = { LOW, NORMAL, HIGH, CRITICAL };
  });
  afterEach(() => void vi.unstubAllEnvs());

  const toLanes = (urls: LaneUrls = lanes) => {
    let ids = 0;
    const newId = (): string => `id-${++ids}`;
    return createProducer({ schema, lanes: urls, client: emulators.sqs, clock: fakeClock(), newId });
  };
  /** Orders that lie in a lane, with the priority that each says it has. */
  async function lyingIn(priority: Priority): Promise<string[]> {
    const messages = await receive(emulators, lanes[priority]);
    return messages.map(({ Body = '', MessageAttributes = {} }) => {
      const { priority: said } = JSON.parse(MessageAttributes[MESSAGE_ATTRIBUTE]?.StringValue ?? '{}');
      return `${JSON.parse(Body).order} ${said}`;
    });
  }

  it('sends each message into the lane of its priority, which is NORMAL unless it says so', async () => {
    const orders = toLanes();
    for (const priority of PRIORITIES) await orders.send({ order: 'p' }, { priority });
    await orders.send({ order: 'none' });
    expect(await lyingIn('LOW')).toEqual(['p LOW']);
    expect(await lyingIn('NORMAL')).toEqual(['p NORMAL', 'none NORMAL']);
    expect(await lyingIn('HIGH')).toEqual(['p HIGH']);
    expect(await lyingIn('CRITICAL')).toEqual(['p CRITICAL']);
  });

  it('sends many in batches for each lane, and tells what became of each in their order', async () => {
    emulators.requests.reset();
    const priorities = ['LOW', 'CRITICAL', 'LOW', 'HIGH'] as const;
    const entries = Array.from({ length: 16 }, (_, at) => ({
      payload: { order: at === 5 ? (5 as never) : `${at}` },
      priority: priorities[at % 4] ?? ('NORMAL' as const),
    }));
    const results = await toLanes().sendAll(entries);
    expect(emulators.requests.counts('sqs')).toEqual({ SendMessageBatch: 3 });
    expect(results.map(({ id, ok }) => `${id} ${ok}`)).toEqual(
      entries.map((_entry, at) => `id-${at + 1} ${at !== 5}`),
    );
    const messageIds = new Set(results.flatMap((result) => (result.ok ? [result.messageId] : [])));
    expect(messageIds.size).toBe(15);
    expect(await lyingIn('LOW')).toEqual([0, 2, 4, 6, 8, 10, 12, 14].map((at) => `${at} LOW`));
    expect(await lyingIn('CRITICAL')).toEqual([1, 9, 13].map((at) => `${at} CRITICAL`));
    expect(await lyingIn('HIGH')).toEqual([3, 7, 11, 15].map((at) => `${at} HIGH`));
  });

  it('loses nothing of the other lanes to one that takes nothing', async () => {
    const gone = { ...lanes, HIGH: lanes.HIGH.replace('lane-HIGH', 'no-such-lane') };
    const results = await toLanes(gone).sendAll(
      (['CRITICAL', 'HIGH', 'LOW', 'HIGH'] as const).map((priority, at) => ({
        payload: { order: `${at}` },
        priority,
      })),
    );
    expect(results.map(({ id, ok }) => `${id} ${ok}`)).toEqual([
      'id-1 true',
      'id-2 false',
      'id-3 true',
      'id-4 false',
    ]);
    expect(await lyingIn('CRITICAL')).toEqual(['0 CRITICAL']);
    expect(await lyingIn('LOW')).toEqual(['2 LOW']);
  });

  it('packs priorities that share a queue into the same calls', async () => {
    emulators.requests.reset();
    const two = { ...lanes, CRITICAL: lanes.HIGH, NORMAL: lanes.LOW };
    await toLanes(two).sendAll(PRIORITIES.map((priority) => ({ payload: { order: priority }, priority })));
    expect(emulators.requests.counts('sqs')).toEqual({ SendMessageBatch: 2 });
    expect(await lyingIn('HIGH')).toEqual(['HIGH HIGH', 'CRITICAL CRITICAL']);
    expect(await lyingIn('LOW')).toEqual(['LOW LOW', 'NORMAL NORMAL']);
  });

  it('refuses a priority that there is not, before it looks for its lane', async () => {
    const sent = toLanes().send({ order: '1' }, { priority: 'URGENT' as never });
    await expect(sent).rejects.toMatchObject({ problems: [{ option: 'priority', value: 'URGENT' }] });
  });

  it('needs a group where the lanes are FIFO queues', async () => {
    const fifo = { LOW: urls.fifo, NORMAL: urls.fifo, HIGH: urls.fifo, CRITICAL: urls.fifo };
    const orders = toLanes(fifo);
    const error = { problems: [{ option: 'groupId' }] };
    await expect(orders.send({ order: '1' }, { priority: 'LOW' })).rejects.toMatchObject(error);
    await orders.sendAll([
      { payload: { order: '1' }, priority: 'HIGH', groupId: 'lanes' },
      { payload: { order: '2' }, priority: 'LOW', groupId: 'lanes' },
    ]);
    const messages = await receive(emulators, urls.fifo);
    expect(messages.map(({ Body }) => Body)).toEqual(['{"order":"1"}', '{"order":"2"}']);
  });

  it('finds the lanes in its environment', () => {
    vi.stubEnv('SPILLWAY_LANES', JSON.stringify(lanes));
    expect(lanesFromEnvironment()).toEqual(lanes);
    vi.stubEnv('INVOICE_LANES', JSON.stringify(lanes));
    expect(lanesFromEnvironment('INVOICE_LANES')).toEqual(lanes);
  });

  it.each([
    [undefined, 'SPILLWAY_LANES must be set'],
    ['', 'SPILLWAY_LANES must be the JSON'],
    ['[1', 'SPILLWAY_LANES must be the JSON'],
    ['"text"', 'SPILLWAY_LANES must be an object'],
    ['{"LOW":"http://q/1"}', 'SPILLWAY_LANES.CRITICAL must be the URL'],
  ])('says what is wrong with them: %j', (text, problem) => {
    vi.stubEnv('SPILLWAY_LANES', text);
    expect(() => lanesFromEnvironment()).toThrow(ConfigurationError);
    expect(() => lanesFromEnvironment()).toThrow(problem);
  });

  it('takes lanes or a queue, and lanes that are FIFO queues all of them or none', () => {
    const refused = (options: object): unknown => {
      try {
        createProducer({ schema, ...options } as never);
      } catch (error) {
        if (error instanceof ConfigurationError) return error.problems.map(({ option }) => option);
      }
      return 'not refused';
    };
    expect(refused({})).toEqual(['queueUrl']);
    expect(refused({ lanes, queueUrl: urls.standard })).toEqual(['queueUrl']);
    expect(refused({ lanes: null })).toEqual(['lanes']);
    expect(refused({ lanes: { ...lanes, LOW: 'x', HIGH: undefined } })).toEqual(['lanes.LOW', 'lanes.HIGH']);
    expect(refused({ lanes: { ...lanes, LOW: `${lanes.LOW}.fifo` } })).toEqual(['lanes']);
  });
});
