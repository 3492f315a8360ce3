import { describe, expect, it } from 'vitest';
import type { Check } from '../../../lambdas/core/screening/check.ts';
import { formatCheck } from '../../../lambdas/core/screening/format-check.ts';
import { screen } from '../../../lambdas/core/screening/screen.ts';
import { sizeCheck } from '../../../lambdas/core/screening/size-check.ts';
import { MESSAGE_ATTRIBUTE } from '../../../lambdas/core/settings.ts';
import { queueMessage, START } from '../fixtures.ts';

const raw = { envelope: 'raw', before: [sizeCheck(1_000)], checks: [formatCheck()] } as const;
const metadata = JSON.stringify({ id: 'order-42', createdAt: START, priority: 'LOW', correlationId: 'c-1' });
const refusing: Check = { name: 'no', inspect: () => ({ reason: 'DENIED_SOURCE', findings: [] }) };
const broken: Check = { name: 'broken', inspect: () => Promise.reject(new Error('unreachable')) };

describe('screening', () => {
  it('passes a message on with its parsed payload and what its producer said', async () => {
    const attributes = { [MESSAGE_ATTRIBUTE]: { dataType: 'String', stringValue: metadata } };
    expect(await screen(queueMessage({ attributes }), raw)).toMatchObject({
      kind: 'passed',
      payload: { order: '42' },
      message: {
        stableId: 'order-42',
        messageId: 'message-1',
        correlationId: 'c-1',
        producer: { priority: 'LOW' },
      },
    });
  });

  it('names a message without a producer by its SQS message id', async () => {
    const { message } = await screen(queueMessage(), raw);
    expect(message).toMatchObject({ stableId: 'message-1', correlationId: 'message-1', producer: undefined });
  });

  it('measures the body before anything is parsed', async () => {
    const screening = await screen(queueMessage({ body: '{'.repeat(1_001) }), { ...raw, envelope: 'sns' });
    expect(screening).toMatchObject({ kind: 'rejected', rejection: { reason: 'SIZE_LIMIT_EXCEEDED' } });
  });

  it('refuses an envelope that is none', async () => {
    const screening = await screen(queueMessage({ body: '[]' }), { ...raw, envelope: 'sns' });
    expect(screening).toMatchObject({ kind: 'rejected', rejection: { reason: 'INVALID_FORMAT' } });
  });

  it("takes an SNS notification's attributes for the message's", async () => {
    const body = JSON.stringify({
      Message: '{"order":"42"}',
      MessageAttributes: { [MESSAGE_ATTRIBUTE]: { Type: 'String', Value: metadata } },
    });
    const attributes = { own: { dataType: 'String', stringValue: 'x' } };
    const screening = await screen(queueMessage({ body, attributes }), { ...raw, envelope: 'sns' });
    expect(screening).toMatchObject({
      kind: 'passed',
      payload: { order: '42' },
      message: { stableId: 'order-42' },
    });
    expect(screening.message.attributes.own).toBeUndefined();
  });

  it('leaves the rest out once a check refuses, or once there is nothing to do', async () => {
    const refused = await screen(queueMessage(), { ...raw, checks: [refusing, broken] });
    expect(refused).toMatchObject({ kind: 'rejected', rejection: { reason: 'DENIED_SOURCE' } });
    const body = '{"Event":"s3:TestEvent"}';
    expect(await screen(queueMessage({ body }), { ...raw, envelope: 's3', checks: [broken] })).toMatchObject({
      kind: 'empty',
    });
  });

  it('says that a check could not be made, and neither passes nor refuses', async () => {
    expect(await screen(queueMessage(), { ...raw, checks: [broken, refusing] })).toMatchObject({
      kind: 'unavailable',
      check: 'broken',
      error: new Error('unreachable'),
    });
  });
});
