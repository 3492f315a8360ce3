import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  messageBytes,
  readProducerMetadata,
  textAttributes,
  writeProducerMetadata,
} from '../../lambdas/core/message.ts';
import { MESSAGE_ATTRIBUTE, PRIORITIES } from '../../lambdas/core/settings.ts';
import { START } from './fixtures.ts';

const said = { id: 'order-42', createdAt: START, priority: 'HIGH', correlationId: 'request-7' };
const read = (value: unknown) =>
  readProducerMetadata({ [MESSAGE_ATTRIBUTE]: typeof value === 'string' ? value : JSON.stringify(value) });

describe("the producer's metadata", () => {
  it('is read as it was written', () => {
    const identifier = fc.stringMatching(/^[\w.:/=+@-]{1,256}$/);
    const metadata = fc.record({
      id: identifier,
      createdAtEpochMs: fc.maxSafeInteger(),
      priority: fc.constantFrom(...PRIORITIES),
      correlationId: identifier,
    });
    fc.assert(
      fc.property(metadata, (given) => {
        expect(read(writeProducerMetadata(given))).toEqual(given);
      }),
    );
  });

  it.each([
    ['nothing', undefined],
    ['no JSON', '{'],
    ['null', null],
    ['a list', [said]],
    ['no id', { ...said, id: undefined }],
    ['an empty id', { ...said, id: '' }],
    ['an id with a line break', { ...said, id: 'a\nb' }],
    ['an id that is too long', { ...said, id: 'x'.repeat(257) }],
    ['an id that is no text', { ...said, id: { toString: 'x' } }],
    ['no time', { ...said, createdAt: 'yesterday' }],
    ['a broken time', { ...said, createdAt: 1.5 }],
    ['an unknown priority', { ...said, priority: 'URGENT' }],
    ['a priority of the prototype', { ...said, priority: 'toString' }],
    ['something huge', { ...said, padding: 'x'.repeat(3_000) }],
  ])('is taken for absent where it is malformed: %s', (_what, value) => {
    expect(value === undefined ? readProducerMetadata({}) : read(value)).toBeUndefined();
  });

  it('grants nothing: fields that it does not know are dropped', () => {
    const forged = { ...said, attempts: -5, skipChecks: true, idempotencyKey: 'x' };
    expect(Object.keys(read(forged) ?? {}).sort()).toEqual([
      'correlationId',
      'createdAtEpochMs',
      'id',
      'priority',
    ]);
  });

  it('falls back to the id where the correlation id is unusable', () => {
    expect(read({ ...said, correlationId: 'a b' })?.correlationId).toBe('order-42');
  });
});

describe('a message', () => {
  it('counts the bytes of body, names, types and values', () => {
    expect(
      messageBytes('h\u00e9', {
        ab: { dataType: 'String', stringValue: '\u20ac' },
        c: { dataType: 'Binary', binaryValue: Buffer.from([1, 2, 3, 4]) },
      }),
    ).toBe(3 + (2 + 6 + 3) + (1 + 6 + 4));
  });

  it('shows attributes named like parts of the prototype as what they are', () => {
    const attributes = JSON.parse('{"__proto__":{"dataType":"String","stringValue":"x"}}');
    expect(Object.entries(textAttributes(attributes))).toEqual([['__proto__', 'x']]);
    expect(textAttributes({}).toString).toBeUndefined();
  });
});
