import { createHash, createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import type { QuarantineReason } from 'spillway/runtime';
import * as z from 'zod';
import { deliveryKey } from '../delivery.ts';
import { LARGEST_DELIVERY } from '../headers.ts';

/** A webhook delivery that is about to be sent. */
export interface Delivery {
  /** Delivery id: the physical name by which the message is found again. */
  readonly id: string;
  readonly event: string;
  readonly body: string;
  /** Value of the signature header. */
  readonly signature: string;
  /** Idempotency key that the tracker gets to see. */
  readonly key: string;
  /** Where it has to end: handled, or in quarantine for a reason. */
  readonly expected: 'handled' | QuarantineReason;
}

/** The example payloads that the Octokit community collected: 329 of 58 events. */
const webhooks = z
  .array(z.object({ name: z.string(), examples: z.array(z.unknown()) }))
  .parse(createRequire(import.meta.url)('@octokit/webhooks-examples'));

/** Deliveries of each kind of poison. */
const EACH_POISON = 3;

/** Share of the payloads that is delivered twice. */
const DUPLICATE_SHARE = 0.1;

/** Depth of a body that is parsed all the same. */
const DEEP = 10_000;

/**
 * Everything that a run sends: each example payload once, a tenth of them a second time under a new delivery id, and
 * poison of every kind; shuffled. Those of another `round` are other messages, so that they are no duplicates.
 */
export function deliveries(secret: string, random: () => number, round = 0): readonly Delivery[] {
  const sign = (body: string): string => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  let count = 0;
  const delivery = (
    event: string,
    body: string,
    expected: Delivery['expected'],
    signature = sign(body),
  ): Delivery => {
    count += 1;
    const key = createHash('sha256').update(deliveryKey(event, body)).digest('hex');
    return { id: `delivery-${String(count).padStart(4, '0')}`, event, body, signature, key, expected };
  };
  const payloads = webhooks.flatMap(({ name, examples }) =>
    examples.map((example) =>
      delivery(name, JSON.stringify(round === 0 ? example : Object.assign({ round }, example)), 'handled'),
    ),
  );
  const again = shuffled(payloads, random)
    .slice(0, Math.round(payloads.length * DUPLICATE_SHARE))
    .map(({ event, body }) => delivery(event, body, 'handled'));
  const poison = Array.from({ length: EACH_POISON }, (_each, at) => {
    const valid = JSON.stringify({ sender: { login: `somebody-${at}` } });
    const bait = JSON.stringify({ polluted: at });
    return [
      delivery('push', valid, 'SIGNATURE_INVALID', sign(`${valid} `)),
      delivery('push', `{"sender":{"login":${at}}}`, 'SCHEMA_VALIDATION_FAILED'),
      delivery('push', valid.slice(0, -1), 'INVALID_FORMAT'),
      delivery(
        'push',
        `{"sender":{"login":"a"},"padding":"${'x'.repeat(LARGEST_DELIVERY + at)}"}`,
        'SIZE_LIMIT_EXCEEDED',
      ),
      delivery('push', `{"sender":{"login":"a"},"__proto__":${bait}}`, 'INVALID_FORMAT'),
      delivery('push', `{"sender":{"login":"a"},"constructor":{"prototype":${bait}}}`, 'INVALID_FORMAT'),
      delivery('push', `${'['.repeat(DEEP + at)}${']'.repeat(DEEP + at)}`, 'INVALID_FORMAT'),
    ];
  }).flat();
  return shuffled([...payloads, ...again, ...poison], random);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, order: random() }))
    .sort((one, other) => one.order - other.order)
    .map(({ item }) => item);
}

/** Reproducible chance: mulberry32 (https://gist.github.com/tommyettinger/46a874533244883189143505d203312c). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
