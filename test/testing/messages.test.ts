import type { SQSRecord } from 'aws-lambda';
import { type HandlerContext, resilientConsumer, type S3Record } from 'spillway/runtime';
import {
  createTestStores,
  eventBridgeMessage,
  type PayloadOptions,
  rawMessage,
  redelivered,
  runBatch,
  s3Message,
  snsMessage,
  sqsEvent,
  TEST_START,
  type TestMessage,
  testSettings,
} from 'spillway/testing';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { orders } from './consumer.ts';

interface Seen {
  readonly payload: unknown;
  readonly message: HandlerContext['message'];
}

/** What a handler gets of a message. */
async function seen(message: TestMessage, envelope: 'raw' | 'sns' | 'eventbridge' | 's3') {
  const got: Seen[] = [];
  const handler = resilientConsumer({
    schema: z.unknown(),
    idempotency: 'natural',
    handle: (payload, context) => void got.push({ payload, message: context.message }),
    settings: testSettings({ envelope }),
  });
  await runBatch(handler, [message]);
  expect(got).toHaveLength(1);
  return got[0];
}

describe('messages of every envelope', () => {
  const options: PayloadOptions = {
    attributes: { tenant: 'acme' },
    producer: { id: 'order-42', priority: 'HIGH' },
  };
  const producer = {
    id: 'order-42',
    priority: 'HIGH',
    correlationId: 'order-42',
    createdAtEpochMs: TEST_START,
  };

  it('raw: the payload is the body', async () => {
    const message = rawMessage({ id: '42' }, { ...options, groupId: 'a', receiveCount: 3 });
    expect(await seen(message, 'raw')).toMatchObject({
      payload: { id: '42' },
      message: {
        attributes: { tenant: 'acme' },
        producer,
        groupId: 'a',
        receiveCount: 3,
        stableId: 'order-42',
      },
    });
  });

  it('sns: attributes and producer travel inside', async () => {
    const message = snsMessage({ id: '42' }, options);
    expect(message.messageAttributes).toEqual({});
    expect(await seen(message, 'sns')).toMatchObject({
      payload: { id: '42' },
      message: { attributes: { tenant: 'acme' }, producer },
    });
  });

  it('eventbridge: the payload is the detail', async () => {
    const message = eventBridgeMessage({ id: '42' }, { detailType: 'Order Paid', source: 'shop' });
    expect(await seen(message, 'eventbridge')).toMatchObject({
      payload: { id: '42' },
      message: {
        attributes: { 'detail-type': 'Order Paid', source: 'shop', time: '2023-11-14T22:13:20.000Z' },
      },
    });
  });

  it('s3: keys are written as S3 does, and read back', async () => {
    const records: S3Record[] = [
      { eventName: 'ObjectCreated:Put', bucket: 'invoices', key: '2026/May 4 + 5 ü.pdf', size: 1_024 },
      { eventName: 'ObjectRemoved:Delete', bucket: 'invoices', key: 'b' },
    ];
    expect(s3Message(records).body).toContain('2026/May+4+%2B+5+%C3%BC.pdf');
    expect(await seen(s3Message(records), 's3')).toMatchObject({ payload: records });
    expect(await seen(s3Message({ bucket: 'invoices', key: 'a' }), 's3')).toMatchObject({
      payload: [{ eventName: 'ObjectCreated:Put', bucket: 'invoices', key: 'a' }],
    });
  });
});

describe('signatures', () => {
  const signature = { secretId: 'webhooks', attribute: 'signature', prefix: 'sha256=' };
  const handler = orders(undefined, { screening: { signature } });
  const signed = (key: string, payload: unknown = { id: '1' }): TestMessage =>
    rawMessage(payload, { signature: { key, attribute: 'signature', prefix: 'sha256=' } });

  it('lets pass what a key of the stores signed, and no other', async () => {
    const stores = createTestStores({ secrets: { webhooks: ['new-key', 'old-key'] } });
    const messages = [signed('new-key'), signed('old-key', { id: '2' }), signed('forged', { id: '3' })];

    const { outcomes } = await runBatch(handler, messages, { stores });

    expect(outcomes).toMatchObject([
      { kind: 'handled' },
      { kind: 'handled' },
      { kind: 'quarantined', reason: 'SIGNATURE_INVALID' },
    ]);
  });

  it('signs the notification of an SNS envelope', async () => {
    const stores = createTestStores({ secrets: { webhooks: 'key' } });
    const overSns = orders(undefined, { envelope: 'sns', screening: { signature } });
    const message = snsMessage({ id: '1' }, { signature: { key: 'key', ...signature } });

    expect((await runBatch(overSns, [message], { stores })).outcomes).toMatchObject([{ kind: 'handled' }]);
  });

  it('puts messages back while the secret cannot be read', async () => {
    const stores = createTestStores({ secrets: { webhooks: 'key' } });
    stores.fail('secret', { times: 1 });

    const { outcomes, returned } = await runBatch(handler, [signed('key')], { stores });

    expect(outcomes).toMatchObject([{ kind: 'deferred', cause: 'check-unavailable' }]);
    expect((await runBatch(handler, returned, { stores })).outcomes).toMatchObject([{ kind: 'handled' }]);
  });

  it('asks for the key that the stores lack', async () => {
    await expect(runBatch(handler, [])).rejects.toThrow(
      'createTestStores: secrets must hold the signing key "webhooks"',
    );
  });
});

describe('records', () => {
  it('are complete for whoever else reads them', () => {
    const message: SQSRecord = rawMessage('text', { deduplicationId: 'd', groupId: 'g' });
    expect(message).toMatchObject({
      md5OfBody: '1cb251ec0d568de6a929b520c4aed8d1',
      attributes: { MessageDeduplicationId: 'd', MessageGroupId: 'g', ApproximateReceiveCount: '1' },
    });
  });

  it('have ids of their own, which a redelivery keeps', () => {
    const [first, second] = sqsEvent([rawMessage({}), rawMessage({})]).Records;
    expect(first?.messageId).not.toBe(second?.messageId);
    const again = first && redelivered(first);
    expect(again?.messageId).toBe(first?.messageId);
    expect(again?.receiptHandle).not.toBe(first?.receiptHandle);
  });
});
