import {
  type BatchResultErrorEntry,
  type ChangeMessageVisibilityBatchCommand,
  type SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { QueueEntryError, sourceQueue, targetQueue } from '../../lambdas/aws/sqs-queues.ts';
import type { OutgoingMessage } from '../../lambdas/core/queues.ts';
import { createQueue, receive, send, useEmulators, useFixedDate } from './emulators.ts';

const emulators = useEmulators();
const date = useFixedDate();
const message = (body: string): OutgoingMessage => ({ body, attributes: {} });

/** A client that answers each batch call with what the test says of its entries. */
function stub(answer: (ids: readonly string[], call: number) => readonly BatchResultErrorEntry[]) {
  const calls: (readonly string[])[] = [];
  const client = new SQSClient({ region: 'eu-west-1' });
  client.send = (async ({ input }: SendMessageBatchCommand | ChangeMessageVisibilityBatchCommand) => {
    const ids = (input.Entries ?? []).map(({ Id }) => Id ?? '');
    calls.push(ids);
    const Failed = answer(ids, calls.length);
    const failed = new Set(Failed.map(({ Id }) => Id));
    return {
      Failed,
      Successful: ids.filter((id) => !failed.has(id)).map((Id) => ({ Id, MessageId: `new-${Id}` })),
    };
  }) as never;
  return { client, calls };
}

const refuse = (Id: string, SenderFault: boolean): BatchResultErrorEntry => ({
  Id,
  SenderFault,
  Code: SenderFault ? 'InvalidMessageContents' : 'InternalError',
});

describe('sending to a queue', () => {
  it('hands over body, attributes, group and deduplication id', async () => {
    const url = await createQueue(emulators, 'whole.fifo');
    const attributes = {
      text: { dataType: 'String', stringValue: 'caf\u00e9' },
      count: { dataType: 'Number.int', stringValue: '7' },
      blob: { dataType: 'Binary', binaryValue: Buffer.from([0, 255]) },
    };
    const whole = { body: '{"a":1}', attributes, groupId: 'g', deduplicationId: 'd' };
    const [sent, repeated] = await targetQueue(emulators.sqs, url, 'whole.fifo').send([whole, whole]);
    expect(sent).toMatchObject({ ok: true });
    expect(repeated).toEqual(sent);
    const received = await receive(emulators, url);
    expect(received).toMatchObject([
      {
        Body: '{"a":1}',
        MessageAttributes: {
          text: { DataType: 'String', StringValue: 'caf\u00e9' },
          count: { DataType: 'Number.int', StringValue: '7' },
          blob: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
        },
        Attributes: { MessageGroupId: 'g', MessageDeduplicationId: 'd' },
      },
    ]);
  });

  it('makes calls of ten entries, and tells the new ids in the order of the messages', async () => {
    const { client, calls } = stub(() => []);
    const results = await targetQueue(client, 'http://q', 'q').send(
      Array.from({ length: 23 }, () => message('x')),
    );
    expect(calls.map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(results).toEqual(Array.from({ length: 23 }, (_, at) => ({ ok: true, messageId: `new-${at}` })));
  });

  it('makes calls of 1 MiB at the most, attributes included', async () => {
    const { client, calls } = stub(() => []);
    const half = message('b'.repeat(512 * 1_024));
    const attribute = { dataType: 'String', stringValue: 'x' };
    const slightlyMore = { ...half, attributes: { a: attribute } };
    await targetQueue(client, 'http://q', 'q').send([half, half, half, slightlyMore, half]);
    expect(calls).toEqual([['0', '1'], ['2'], ['3'], ['4']]);
  });

  it('does not repeat an entry that is the sender’s fault', async () => {
    const { client, calls } = stub(() => [refuse('1', true)]);
    const results = await targetQueue(client, 'http://q', 'q').send(['a', 'b', 'c'].map(message));
    expect(calls).toHaveLength(1);
    expect(results).toMatchObject([{ ok: true }, { ok: false }, { ok: true }]);
    expect(results[1]).toMatchObject({
      error: { name: QueueEntryError.name, code: 'InvalidMessageContents', senderFault: true },
    });
  });

  it('repeats other entries twice, and those alone', async () => {
    const { client, calls } = stub((ids, call) =>
      ids.filter((id) => id === '1' || (id === '2' && call === 1)).map((id) => refuse(id, false)),
    );
    const results = await targetQueue(client, 'http://q', 'q').send(['a', 'b', 'c'].map(message));
    expect(calls).toEqual([['0', '1', '2'], ['1', '2'], ['1']]);
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
  });

  it('repeats no entry of a FIFO queue once others of its call have gone ahead', async () => {
    const { client, calls } = stub((ids) => ids.filter((id) => id === '0').map((id) => refuse(id, false)));
    const results = await targetQueue(client, 'http://q.fifo', 'q.fifo').send(['a', 'b'].map(message));
    expect(calls).toEqual([['0', '1']]);
    expect(results.map(({ ok }) => ok)).toEqual([false, true]);
  });

  it('tells a call that failed as the failure of its entries, and goes on with the next call', async () => {
    const { client } = stub((_ids, call) => {
      if (call === 1) throw new Error('unreachable');
      return [];
    });
    const results = await targetQueue(client, 'http://q', 'q').send(
      Array.from({ length: 11 }, () => message('x')),
    );
    expect(results.map(({ ok }) => ok)).toEqual([...Array.from({ length: 10 }, () => false), true]);
    expect(results[0]).toMatchObject({ error: { message: 'unreachable' } });
  });

  it('does not take an entry that nobody mentioned for sent', async () => {
    const client = new SQSClient({ region: 'eu-west-1' });
    client.send = (async () => ({})) as never;
    expect(await targetQueue(client, 'http://q', 'q').send([message('x')])).toMatchObject([{ ok: false }]);
  });

  it('asks nothing when there is nothing to send', async () => {
    const { client, calls } = stub(() => []);
    expect(await targetQueue(client, 'http://q', 'q').send([])).toEqual([]);
    expect(calls).toEqual([]);
  });
});

describe('changing visibilities', () => {
  const change = (receiptHandle: string, visibilitySeconds: number) => ({ receiptHandle, visibilitySeconds });

  it('gives messages back when their delay is over', async () => {
    const url = await createQueue(emulators, 'visible');
    for (const body of ['now', 'later']) await send(emulators, url, body);
    const received = await receive(emulators, url);
    const handleOf = (body: string) => received.find(({ Body }) => Body === body)?.ReceiptHandle ?? '';
    const changes = [change(handleOf('now'), 0), change(handleOf('later'), 60)];
    expect(await sourceQueue(emulators.sqs, url).changeVisibility(changes)).toEqual([]);
    expect((await receive(emulators, url)).map(({ Body }) => Body)).toEqual(['now']);
    date.advance(60_001);
    expect((await receive(emulators, url)).map(({ Body }) => Body)).toContain('later');
  });

  it('keeps the order over calls of ten', async () => {
    const handles: (string | undefined)[] = [];
    const client = new SQSClient({ region: 'eu-west-1' });
    client.send = (async ({ input }: ChangeMessageVisibilityBatchCommand) => {
      handles.push(...(input.Entries ?? []).map(({ ReceiptHandle }) => ReceiptHandle));
      return {};
    }) as never;
    const changes = Array.from({ length: 13 }, (_, at) => change(`r${at}`, 0));
    await sourceQueue(client, 'http://q').changeVisibility(changes);
    expect(handles).toEqual(changes.map(({ receiptHandle }) => receiptHandle));
  });

  it('tells what was refused, and what could not be asked', async () => {
    const refused = stub(() => [refuse('0', true)]);
    const errors = await sourceQueue(refused.client, 'http://q').changeVisibility([
      change('a', 1),
      change('b', 1),
    ]);
    expect(errors).toMatchObject([{ at: 0, error: { code: 'InvalidMessageContents' } }]);
    const unreachable = stub(() => {
      throw new Error('unreachable');
    });
    const all = await sourceQueue(unreachable.client, 'http://q').changeVisibility([
      change('a', 1),
      change('b', 1),
    ]);
    expect(all.map(({ error }) => error.message)).toEqual(['unreachable', 'unreachable']);
  });
});
