import {
  DeleteMessageCommand,
  type Message,
  type MessageAttributeValue,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../lambdas/core/errors.ts';
import { FAILURE_ATTRIBUTE, LIMITS } from '../../lambdas/core/settings.ts';
import { KEY_PREFIX } from '../../lambdas/core/table-keys.ts';
import { consoleLines } from './console-lines.ts';
import { deployConsumer, envelopeOf } from './consumer-harness.ts';
import { itemOf, useEmulators, useFixedDate } from './emulators.ts';

const emulators = useEmulators();
useFixedDate();

const BYTES = Uint8Array.from({ length: 256 }, (_each, at) => at);

/** Attributes of every type that SQS has, with labels of one's own. */
const TEN: Record<string, MessageAttributeValue> = {
  text: { DataType: 'String', StringValue: 'caf\u00e9 \u{1f600}' },
  labelled: { DataType: 'String.customer', StringValue: '{"a":1}' },
  'dotted.name': { DataType: 'String', StringValue: ' ' },
  under_score: { DataType: 'String', StringValue: '\t\n\r' },
  number: { DataType: 'Number', StringValue: '-1.5e10' },
  int: { DataType: 'Number.int', StringValue: '007' },
  float: { DataType: 'Number.float', StringValue: '0.10' },
  binary: { DataType: 'Binary', BinaryValue: BYTES },
  picture: { DataType: 'Binary.png', BinaryValue: Uint8Array.from([137, 80, 78, 71, 0, 255]) },
  zero: { DataType: 'Binary', BinaryValue: Uint8Array.from([0]) },
};

/** As the emulator counts: binary values in the base64 that they travel in. */
function bytesOf(attributes: Readonly<Record<string, MessageAttributeValue>>): number {
  return Object.entries(attributes)
    .map(([name, { DataType = '', StringValue = '', BinaryValue }]) => {
      const text = Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue);
      return text + Buffer.from(BinaryValue ?? []).toString('base64').length;
    })
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** An order that fills a message up to a number of bytes. */
function orderOf(bytes: number, attributes: Readonly<Record<string, MessageAttributeValue>>): string {
  const frame = JSON.stringify({ order: '' });
  return JSON.stringify({ order: 'o'.repeat(bytes - frame.length - bytesOf(attributes)) });
}

async function sendWhole(
  url: string,
  body: string,
  attributes: Readonly<Record<string, MessageAttributeValue>>,
): Promise<void> {
  await emulators.sqs.send(
    new SendMessageCommand({
      QueueUrl: url,
      MessageBody: body,
      MessageAttributes: attributes,
      ...(url.endsWith('.fifo') ? { MessageGroupId: 'g', MessageDeduplicationId: crypto.randomUUID() } : {}),
    }),
  );
}

/** What the sender sees of a message: its body and its own attributes. */
function ownOf({ Body, MessageAttributes = {} }: Message) {
  const { [FAILURE_ATTRIBUTE]: _ours, ...own } = MessageAttributes;
  const attributes = Object.entries(own).map(([name, { DataType, StringValue, BinaryValue }]) => {
    const binary = BinaryValue === undefined ? undefined : Buffer.from(BinaryValue).toString('hex');
    return [name, { DataType, StringValue, binary }];
  });
  return { Body, attributes: Object.fromEntries(attributes) };
}

const LARGEST = LIMITS.maxMessageBytes;

describe.each([
  ['standard', false],
  ['FIFO', true],
])('a message that just fits SQS, with ten attributes of every type, on a %s queue', (_kind, fifo) => {
  it('goes through the dead-letter queue and comes back byte for byte', async () => {
    consoleLines();
    let mended = false;
    const consumer = await deployConsumer(
      emulators,
      {
        handle: () => {
          if (!mended) throw new PermanentError('not yet');
        },
      },
      fifo,
    );
    const body = orderOf(LARGEST, TEN);
    expect(Buffer.byteLength(body) + bytesOf(TEN)).toBe(1_048_576);
    await sendWhole(consumer.url, body, TEN);
    expect((await consumer.poll()).failed).toEqual([]);

    const [letter, ...others] = await consumer.deadLetters();
    expect(others).toEqual([]);
    expect(ownOf(letter ?? {})).toEqual(ownOf({ Body: body, MessageAttributes: TEN }));
    expect(letter?.MessageAttributes?.[FAILURE_ATTRIBUTE]).toBeUndefined();
    const queue = consumer.deadLetterUrl.split('/').at(-1);
    const kept = await itemOf(emulators, `${KEY_PREFIX.message}${queue}#${letter?.MessageId}`);
    expect(JSON.parse(kept?.envelope?.S ?? 'null')).toMatchObject({ kind: 'dead-letter', attempts: 1 });

    mended = true;
    await sendWhole(consumer.url, letter?.Body ?? '', letter?.MessageAttributes ?? {});
    expect((await consumer.poll()).failed).toEqual([]);
    expect(consumer.handled).toHaveLength(2);
    expect(JSON.stringify(consumer.handled[1])).toBe(body);
  });

  it('goes through quarantine and comes back byte for byte', async () => {
    consoleLines();
    const consumer = await deployConsumer(emulators, {}, fifo);
    const body = '\u00e9'.repeat((LARGEST - bytesOf(TEN)) / 2);
    const filled = body + 'x'.repeat(LARGEST - bytesOf(TEN) - Buffer.byteLength(body));
    await sendWhole(consumer.url, filled, TEN);
    expect((await consumer.poll()).failed).toEqual([]);
    const [first, ...others] = await consumer.quarantined();
    expect(others).toEqual([]);
    expect(ownOf(first ?? {})).toEqual(ownOf({ Body: filled, MessageAttributes: TEN }));

    await sendWhole(consumer.url, first?.Body ?? '', first?.MessageAttributes ?? {}); // released, and no better
    const { quarantineUrl: QueueUrl } = consumer;
    await emulators.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: first?.ReceiptHandle }));
    expect((await consumer.poll()).failed).toEqual([]);
    const again = await consumer.quarantined();
    expect(again.map(ownOf)).toEqual([ownOf({ Body: filled, MessageAttributes: TEN })]);
    expect(consumer.handled).toEqual([]);
  });
});

describe('a message with nine attributes', () => {
  const { zero: _tenth, ...nine } = TEN;

  it.each([
    { room: 0, carried: false },
    { room: 100, carried: false },
    { room: 4_096, carried: true },
  ])('carries its envelope when $room bytes are left: $carried', async ({ room, carried }) => {
    consoleLines();
    const consumer = await deployConsumer(emulators, {
      handle: () => {
        throw new PermanentError('never');
      },
    });
    const body = orderOf(LARGEST - room, nine);
    await sendWhole(consumer.url, body, nine);
    expect((await consumer.poll()).failed).toEqual([]);
    const [letter] = await consumer.deadLetters();
    expect(ownOf(letter ?? {})).toEqual(ownOf({ Body: body, MessageAttributes: nine }));
    expect(envelopeOf(letter) !== null).toBe(carried);
  });
});
