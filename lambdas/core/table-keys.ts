import { type ConsumerSettings, DEFAULT_CIRCUIT, INTAKE_CIRCUIT } from './settings.ts';

/** Prefixes of the partition keys in the state table: one kind of item each. */
export const KEY_PREFIX = {
  /** `idempotency#<scope, or consumer id>#<hash>`: Powertools' records. */
  idempotency: 'idempotency#',
  /** `message#<queue name>#<message id>`: attempts, history and moves of one message. */
  message: 'message#',
  /** `denied-source#<consumer id>#<source>`: a source whose messages are refused. Written by operators. */
  deniedSource: 'denied-source#',
  /** `reputation#<source>`: the score of a source. Written by operators or jobs of theirs. */
  reputation: 'reputation#',
  /** `circuit#<name>`: the shared circuit breaker. */
  circuit: 'circuit#',
  /**
   * `limit#<name>`, or `limit##<consumer id>` of a consumer's own, and `#<shard>` behind it where there are several: the
   * timeline of a rate limit.
   */
  limit: 'limit#',
  /** `dead-letters#<consumer id>#<bucket>`: what the kill switch counts. */
  deadLetters: 'dead-letters#',
  /** `intake#<consumer id>`: the marker of an event source that the intake controller paused. */
  intake: 'intake#',
  /** `timer#<circuit>`: the wake-up that the intake controller has ordered. */
  timer: 'timer#',
} as const;

/**
 * Key of a circuit's item. A named circuit is one for all consumers of the table that name it; the unnamed one of a
 * consumer without circuits, and that of its intake, are its own.
 */
export function circuitKey(name: string, consumerId: string): string {
  const own = name === DEFAULT_CIRCUIT || name === INTAKE_CIRCUIT;
  return `${KEY_PREFIX.circuit}${own ? `${name}#${consumerId}` : name}`;
}

/**
 * Key of a rate limit's item, or of the first part of its shards': shared and a consumer's own as circuits are. No name is
 * empty: so a consumer's own limit is never a shard of a shared one, whatever that is called.
 */
export function limitKey(name: string, consumerId: string): string {
  return `${KEY_PREFIX.limit}${name === DEFAULT_CIRCUIT ? `#${consumerId}` : name}`;
}

/** Key of a consumer's idempotency records, up to their hash: shared by the consumers of one scope. */
export function idempotencyKeyPrefix({
  consumerId,
  idempotencyScope = consumerId,
}: Pick<ConsumerSettings, 'consumerId' | 'idempotencyScope'>): string {
  return `${KEY_PREFIX.idempotency}${idempotencyScope}`;
}

/** Partition key of the state table. */
export const TABLE_KEY = 'pk';

/** Time-to-live attribute of the state table. Epoch seconds. */
export const TABLE_TTL = 'ttl';
