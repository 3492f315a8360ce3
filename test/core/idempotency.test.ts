import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, PermanentError } from '../../lambdas/core/errors.ts';
import { idempotencyKeyOf, naturallyIdempotent } from '../../lambdas/core/idempotency.ts';
import { receivedMessage, START } from './fixtures.ts';

const producer = { id: 'order-42', createdAtEpochMs: START, priority: 'NORMAL', correlationId: 'c' } as const;

describe('the idempotency key', () => {
  it('comes from the payload', () => {
    expect(idempotencyKeyOf((order: { id: string }) => order.id, { id: '42' }, receivedMessage())).toBe('42');
  });

  it('may be made of the message too, but not of the bare SQS message id', () => {
    const message = receivedMessage({ messageId: 'm-1' });
    expect(idempotencyKeyOf((_payload, { text }) => text, {}, message)).toBe(message.text);
    for (const source of [(_: unknown, m: typeof message) => m.messageId, () => 'm-1']) {
      expect(() => idempotencyKeyOf(source, {}, message)).toThrow(ConfigurationError);
    }
  });

  it('refuses the stable id where no producer gave one: it is the SQS message id', () => {
    const source = (_payload: unknown, message: { stableId: string }) => message.stableId;
    expect(() => idempotencyKeyOf(source, {}, receivedMessage())).toThrow(ConfigurationError);
  });

  it.each([undefined, '', 42, null, {}])('is needed: a payload that yields %j is invalid', (key) => {
    const source = () => key as string;
    expect(() => idempotencyKeyOf(source, {}, receivedMessage())).toThrow(
      expect.objectContaining({ name: PermanentError.name, reason: 'INVALID_DATA' }),
    );
  });

  it("of the producer is bound to the payload, so that a forged id suppresses nobody else's message", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const keyOf = (text: string) =>
          idempotencyKeyOf('producer-id', {}, receivedMessage({ text, producer }));
        expect(keyOf(one) === keyOf(other)).toBe(one === other);
        expect(keyOf(one)).toMatch(/^order-42#[\da-f]{64}$/);
      }),
    );
  });

  it('of the producer needs a producer', () => {
    expect(() => idempotencyKeyOf('producer-id', {}, receivedMessage())).toThrow(/no producer id/);
  });
});

describe('a naturally idempotent handler', () => {
  it('runs every time, and its error is its outcome', async () => {
    const error = new Error('no');
    const run = (effect: () => Promise<void>) => naturallyIdempotent.run('key', 1_000, effect);
    expect(await run(async () => {})).toEqual({ kind: 'completed' });
    expect(await run(() => Promise.reject(error))).toEqual({ kind: 'failed', error });
  });
});
