import { createHash } from 'node:crypto';
import { ConfigurationError, PermanentError } from './errors.ts';
import type { ReceivedMessage } from './message.ts';

/** How an idempotent execution ended. */
export type IdempotentOutcome =
  /** It ran now. `recordError`: what kept its completion from being recorded. */
  | { readonly kind: 'completed'; readonly recordError?: unknown }
  | { readonly kind: 'failed'; readonly error: unknown; readonly recordError?: unknown }
  /** It had completed before. */
  | { readonly kind: 'duplicate' }
  /** Somebody else is at it. */
  | { readonly kind: 'in-progress'; readonly untilEpochMs: number }
  /** The store could not be asked: it did not run. */
  | { readonly kind: 'unavailable'; readonly error: unknown };

/** Runs an effect at most once to completion for each key. */
export interface IdempotencyGuard {
  /** Never rejects. `remainingMs` bounds the lock that is held while the effect runs. */
  run(key: string, remainingMs: number, effect: () => Promise<void>): Promise<IdempotentOutcome>;
}

/** The way of a consumer whose handler needs no guard (`idempotency: 'natural'`). */
export const naturallyIdempotent: IdempotencyGuard = {
  async run(_key, _remainingMs, effect) {
    try {
      await effect();
      return { kind: 'completed' };
    } catch (error) {
      return { kind: 'failed', error };
    }
  },
};

/** Where the idempotency key of a message comes from. */
export type IdempotencyKeySource<T> =
  /**
   * From the payload: equal for messages that ask for the same effect. What it takes from attributes is only as
   * trustworthy as whoever may send to the queue.
   */
  | ((payload: T, message: ReceivedMessage) => string)
  /**
   * The producer's id together with the payload's hash, for messages of `createProducer`. A forged id can therefore not
   * suppress a message with another payload.
   */
  | 'producer-id';

/**
 * Idempotency key of a message.
 *
 * @throws {PermanentError} if the payload yields no key, or the message has no producer's id
 * @throws {ConfigurationError} if the key is the bare SQS message id: every redrive and replay changes it
 */
export function idempotencyKeyOf<T>(
  source: IdempotencyKeySource<T>,
  payload: T,
  message: ReceivedMessage,
): string {
  if (source === 'producer-id') {
    const id = message.producer?.id;
    if (id === undefined)
      throw new PermanentError('the message has no producer id', { reason: 'INVALID_DATA' });
    return `${id}#${createHash('sha256').update(message.text).digest('hex')}`;
  }
  const key: unknown = source(payload, message);
  if (typeof key !== 'string' || key === '') {
    throw new PermanentError('the payload yields no idempotency key', { reason: 'INVALID_DATA' });
  }
  if (key === message.messageId) {
    throw new ConfigurationError('resilientConsumer', [
      {
        option: 'idempotencyKey',
        rule: 'must not be the SQS message id, which changes with every redrive',
        value: key,
      },
    ]);
  }
  return key;
}
