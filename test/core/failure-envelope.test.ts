import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asciiJson, type FailureEnvelope, withFailureEnvelope } from '../../lambdas/core/failure-envelope.ts';
import { type MessageAttribute, messageBytes } from '../../lambdas/core/message.ts';
import { FAILURE_ATTRIBUTE, LIMITS } from '../../lambdas/core/settings.ts';
import { START } from './fixtures.ts';

const envelope: FailureEnvelope = {
  v: 1,
  stableId: 'order-42',
  originalMessageId: 'message-1',
  originalQueue: 'orders',
  consumer: 'shop-orders',
  kind: 'dead-letter',
  reason: 'EXTERNAL_SERVICE_ERROR',
  error: {
    name: 'Error',
    message: 'caf\u00e9 \ufffe \ud800',
    stack: 's'.repeat(4_000),
    fingerprint: 'abcdefabcdef',
  },
  attempts: 5,
  sentAt: START,
  movedAt: START + 1,
  correlationId: 'order-42',
  history: Array.from({ length: 20 }, (_, at) => ({
    at: START + at,
    reason: 'TIMEOUT',
    error: 'TimeoutError',
    fingerprint: 'abcdefabcdef',
  })),
};

const text = (stringValue: string): MessageAttribute => ({ dataType: 'String', stringValue });

function read(attributes: Readonly<Record<string, MessageAttribute>>): FailureEnvelope {
  return JSON.parse(attributes[FAILURE_ATTRIBUTE]?.stringValue ?? 'null');
}

describe('JSON in ASCII', () => {
  it('escapes every character that is not plain ASCII', () => {
    for (let unit = 0; unit <= 0xffff; unit += 1) {
      const json = asciiJson(String.fromCharCode(unit));
      expect(
        /^[\x20-\x7e]+$/.test(json) && JSON.parse(json).charCodeAt(0) === unit,
        `U+${unit.toString(16)}`,
      ).toBe(true);
    }
  });

  it('holds any text, lone surrogates included, in characters that SQS takes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.array(fc.integer({ min: 0, max: 0xffff })),
        (some, units) => {
          const value = { some, [String.fromCharCode(...units)]: String.fromCharCode(...units) };
          const json = asciiJson(value);
          expect(json).toMatch(/^[\x20-\x7e]*$/);
          expect(JSON.parse(json)).toEqual(value);
        },
      ),
    );
  });
});

describe('the failure envelope', () => {
  it('rides whole in one more attribute, and leaves the others untouched', () => {
    const own = { colour: text('blue'), blob: { dataType: 'Binary.png', binaryValue: Buffer.from([1, 2]) } };
    const { attributes, envelopeFits } = withFailureEnvelope('body', own, envelope);
    expect(envelopeFits).toBe(true);
    expect(attributes).toEqual({ ...own, [FAILURE_ATTRIBUTE]: text(asciiJson(envelope)) });
    expect(read(attributes)).toEqual(envelope);
  });

  it('replaces the envelope of an earlier move, also where ten attributes are there', () => {
    const own = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`own${at}`, text('x')]));
    const { attributes } = withFailureEnvelope(
      '',
      { ...own, [FAILURE_ATTRIBUTE]: text('{"v":0}') },
      envelope,
    );
    expect(Object.keys(attributes)).toHaveLength(10);
    expect(read(attributes)).toEqual(envelope);
  });

  it('is left out where ten attributes are the message’s own', () => {
    const own = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`own${at}`, text('x')]));
    expect(withFailureEnvelope('', own, envelope)).toEqual({ attributes: own, envelopeFits: false });
  });

  it.each([
    ['everything', 20_000, { stack: true, history: 20 }],
    ['all but the stack', 5_000, { stack: false, history: 20 }],
    ['the essence', 1_000, { stack: false, history: 0 }],
  ])('keeps %s in %i bytes', (_what, room, expected) => {
    const { attributes } = withFailureEnvelope('b'.repeat(LIMITS.maxMessageBytes - room), {}, envelope);
    const { error, history } = read(attributes);
    expect({ stack: error?.stack !== undefined, history: history.length }).toEqual(expected);
  });

  it('never makes a message too large or too rich for SQS, and is left out rather than cut', () => {
    const attributes = fc.dictionary(
      fc.stringMatching(/^[\w-]{1,20}$/),
      fc.oneof(
        fc.string({ maxLength: 50 }).map(text),
        fc.uint8Array({ maxLength: 50 }).map((binaryValue) => ({ dataType: 'Binary', binaryValue })),
      ),
      { maxKeys: 10 },
    );
    fc.assert(
      fc.property(attributes, fc.integer({ min: 0, max: 12_000 }), (own, room) => {
        const body = 'b'.repeat(Math.max(0, LIMITS.maxMessageBytes - messageBytes('', own) - room));
        const moved = withFailureEnvelope(body, own, envelope);
        expect(messageBytes(body, moved.attributes)).toBeLessThanOrEqual(LIMITS.maxMessageBytes);
        expect(Object.keys(moved.attributes).length).toBeLessThanOrEqual(LIMITS.maxMessageAttributes);
        const { [FAILURE_ATTRIBUTE]: added, ...rest } = moved.attributes;
        const { [FAILURE_ATTRIBUTE]: _earlier, ...before } = own;
        expect(rest).toEqual(before);
        expect(added !== undefined).toBe(moved.envelopeFits);
        if (moved.envelopeFits) expect(read(moved.attributes).stableId).toBe('order-42');
      }),
      { numRuns: 50 },
    );
  });
});
