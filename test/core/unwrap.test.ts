import { describe, expect, it } from 'vitest';
import { parseJsonSafely } from '../../lambdas/core/screening/format-check.ts';
import type { EnvelopeKind } from '../../lambdas/core/settings.ts';
import { unwrap } from '../../lambdas/core/unwrap.ts';

const open = (kind: EnvelopeKind, body: unknown) =>
  unwrap(kind, typeof body === 'string' ? body : JSON.stringify(body), parseJsonSafely);

const s3Event = (key: string, object: object = {}) => ({
  Records: [
    { eventName: 'ObjectCreated:Put', s3: { bucket: { name: 'photos' }, object: { key, ...object } } },
  ],
});

describe('taking off the envelope', () => {
  it('leaves a raw body alone, whatever it is', () => {
    expect(open('raw', '{ not json')).toEqual({ text: '{ not json' });
  });

  it('finds the message and the attributes of an SNS notification', () => {
    const notification = {
      Type: 'Notification',
      Message: '{"order":"42"}',
      MessageAttributes: {
        colour: { Type: 'String', Value: 'blue' },
        count: { Type: 'Number', Value: '7' },
        blob: { Type: 'Binary', Value: 'AAEC' },
        broken: 'x',
        __proto: { Type: 'String' },
      },
    };
    expect(open('sns', notification)).toEqual({
      text: '{"order":"42"}',
      attributes: { colour: 'blue', count: '7' },
    });
  });

  it('finds the detail of an EventBridge event, null included', () => {
    const event = {
      id: 'e-1',
      'detail-type': 'Order Placed',
      source: 'shop',
      detail: { order: '42' },
      version: '0',
    };
    const body = JSON.stringify(event);
    expect(open('eventbridge', body)).toEqual({
      text: body,
      parsed: { value: { order: '42' } },
      attributes: { id: 'e-1', 'detail-type': 'Order Placed', source: 'shop' },
    });
    expect(open('eventbridge', { 'detail-type': 'x', detail: null })).toMatchObject({
      parsed: { value: null },
    });
  });

  it('finds the objects of an S3 notification', () => {
    const object = { size: 12, eTag: 'abc', versionId: 'v1', sequencer: '0A' };
    expect(open('s3', s3Event('cats/a.png', object))).toMatchObject({
      parsed: { value: [{ eventName: 'ObjectCreated:Put', bucket: 'photos', key: 'cats/a.png', ...object }] },
    });
  });

  it.each([
    ['my+photo%281%29.png', 'my photo(1).png'],
    ['a%2Bb', 'a+b'],
    ['caf%C3%A9%F0%9F%90%B1', 'caf\u00e9\u{1f431}'],
    ['plain', 'plain'],
  ])('decodes the object key %s', (written, key) => {
    expect(open('s3', s3Event(written))).toMatchObject({ parsed: { value: [{ key }] } });
  });

  it("has nothing to do for S3's test event", () => {
    const test = { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'photos' };
    expect(open('s3', test)).toMatchObject({ empty: true });
  });

  it.each<[EnvelopeKind, unknown, string]>([
    ['sns', '{', 'not JSON'],
    ['sns', [], 'not an object'],
    ['sns', null, 'not an object'],
    ['sns', { Type: 'Notification' }, 'no "Message"'],
    ['sns', { Message: { order: '42' } }, 'no "Message"'],
    ['sns', '{"Message":"x","__proto__":{}}', 'not JSON'],
    ['eventbridge', '', 'not JSON'],
    ['eventbridge', { 'detail-type': 'x' }, 'no "detail"'],
    ['eventbridge', { detail: {} }, 'no "detail"'],
    ['s3', 'x', 'not JSON'],
    ['s3', {}, 'no "Records"'],
    ['s3', { Records: {} }, 'no "Records"'],
    ['s3', { Records: [null] }, 'no bucket or no key'],
    [
      's3',
      { Records: [{ eventName: 'x', s3: { bucket: {}, object: { key: 'k' } } }] },
      'no bucket or no key',
    ],
    ['s3', s3Event('%E0%A4%A'), 'no bucket or no key'],
  ])('tells what is wrong with a malformed %s envelope: %j', (kind, body, problem) => {
    expect(open(kind, body)).toEqual({ problem: expect.stringContaining(problem) });
  });
});
