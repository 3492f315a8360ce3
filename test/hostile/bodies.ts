import type { QuarantineReason } from 'spillway/runtime';
import { MOST_NESTING } from '../../lambdas/core/screening/format-check.ts';

/** A draw from 0 (included) to 1 (excluded). */
export type Draw = () => number;

/** A message that must not reach a handler. */
export interface HostileMessage {
  /** What is tried. */
  readonly family: string;
  readonly body: string;
  readonly expected: QuarantineReason;
  /** Attributes beside the signature. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Signature to send instead of the right one; `null` for none. */
  readonly signature?: string | null;
}

/** Text that must appear in no log line. It stands in bodies, attributes and in the signing key. */
export const CANARY = 'canary-c0ffee';

/** Sources with a past. */
export const DENIED_SOURCE = 'denied-shop';
export const DISTRUSTED_SOURCE = 'distrusted-shop';

/** A purchase that passes every check. */
export function purchase(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: 'order-1',
    source: 'corner-shop',
    total: 12.5,
    note: `It's for Ms. O'Brien; "leave it at the door" -- thanks! ${CANARY}`,
    items: [{ sku: 'a-1', count: 2 }],
    ...changes,
  };
}

const json = (changes: Readonly<Record<string, unknown>>): string => JSON.stringify(purchase(changes));
const pick = <T>(draw: Draw, items: readonly T[]): T => items[Math.floor(draw() * items.length)] as T;
const many = (draw: Draw, most: number): number => 1 + Math.floor(draw() ** 6 * most);

const MALFORMED = [
  (text: string, draw: Draw) => text.slice(0, Math.floor(draw() * (text.length - 1)) + 1),
  (text: string) => text.replace(/}$/, ',}'),
  (text: string) => text.replaceAll('"', "'"),
  (text: string) => `${text}${text}`,
  (text: string) => `\ufeff\ufeff${text}`,
  (text: string) => text.replace('12.5', 'NaN'),
  (text: string) => text.replace('12.5', '0x10'),
  (text: string) => text.replace('"id"', 'id'),
  (text: string) => `// ${CANARY}\n${text}`,
  (text: string) => text.replace('order-1', 'order\u0000-1'),
  (text: string) => `while(1);${text}`,
  () => '',
  () => ' \t\r\n',
  () => '{"a":1'.repeat(50),
  () => `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>`,
];

const POLLUTING_KEYS = [
  '"__proto__"',
  '"\\u005f_proto__"',
  '"\\u005f\\u005fproto\\u005f\\u005f"',
  '"__proto\\u005F_"',
];

function polluted(draw: Draw): string {
  const payload = `{"polluted":"${CANARY}","toString":1}`;
  const key = pick(draw, POLLUTING_KEYS);
  const attack = draw() < 0.7 ? `${key}:${payload}` : `"constructor":{"prototype":${payload}}`;
  const depth = Math.floor(draw() * 20);
  const nested = `${'{"a":'.repeat(depth)}{${attack}}${'}'.repeat(depth)}`;
  return pick(draw, [
    () => `{${attack}}`,
    () => json({}).replace('{', `{${attack},`),
    () => json({}).replace('"items":[', `"items":[${nested},`),
    () => `[${nested}]`,
  ])();
}

const WRONG: readonly Readonly<Record<string, unknown>>[] = [
  { total: '12.5' },
  { total: -1 },
  { total: 1e308 * 10 },
  { total: { $gt: 0 } },
  { id: ['order-1'] },
  { id: '\ud800' },
  { id: '../order' },
  { id: `order ${CANARY}` },
  { id: { $ne: '' } },
  { note: [[[[CANARY]]]] },
  { items: 'a-1' },
  { items: [{ sku: 'a-1', count: 1.5 }] },
  { items: [null] },
  { items: { length: 1e9, 0: { sku: 'a', count: 1 } } },
];

const RAW_WRONG = ['null', '0', '"text"', '[]', 'true', '[{"id":"order-1"}]'];

const ATTACKS = [
  "'; DROP TABLE users; --",
  "x'); DELETE FROM orders; --",
  "' OR '1'='1",
  '" or 1=1 --',
  "1' UNION SELECT username, password FROM users --",
  "1') UNION ALL SELECT NULL,NULL,NULL--",
  "admin'--",
  "' OR sleep(5)=0 --",
  "'; WAITFOR DELAY '0:0:5'--",
  '<script>alert(1)</script>',
  '<ScRiPt src=//evil.example/x.js>',
  '%3Cscript%3Ealert(1)%3C/script%3E',
  '<img src=x onerror=alert(1)>',
  '<svg/onload=alert(1)>',
  '<a href="javascript:alert(1)">x</a>',
  '../../../../etc/passwd',
  '..\\..\\windows\\system32\\config\\sam',
  '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '..%2f..%2fsecret',
  '%252e%252e%252fetc',
];

/** Texts that make careless expressions slow, in front of something that has to be found. */
const SLOW = [
  "'",
  '"',
  "' or ",
  "';",
  '<a ',
  '<',
  '../',
  '%2e',
  '..',
  'union select ',
  "' union ",
  ' ',
  '\\',
  "'-",
  '%3c',
  'javascript:',
];

const FORGED = {
  'spillway-failure': `{"v":1,"attempts":0,"note":"${CANARY}"}`,
  'spillway-attempts': '0',
  'spillway-skip-screening': 'true',
  'spillway-release': CANARY,
  'spillway-hop': '99',
  'spillway-message': `{"id":"forged","createdAt":1,"priority":"CRITICAL","note":"${CANARY}"}`,
};

/** Everything that is tried, the cheap more often than the dear. */
const FAMILIES: readonly { readonly weight: number; readonly make: (draw: Draw) => HostileMessage }[] = [
  {
    weight: 12,
    make: (draw) => {
      const body = pick(draw, MALFORMED)(json({}), draw);
      return { family: 'malformed JSON', body, expected: 'INVALID_FORMAT' };
    },
  },
  {
    weight: 12,
    make: (draw) => ({ family: 'prototype pollution', body: polluted(draw), expected: 'INVALID_FORMAT' }),
  },
  {
    weight: 12,
    make: (draw) => ({
      family: 'wrong types',
      body: json(pick(draw, WRONG)).replace('"total":null', '"total":1e999'),
      expected: 'SCHEMA_VALIDATION_FAILED',
    }),
  },
  {
    weight: 5,
    make: (draw) => ({
      family: 'no object',
      body: pick(draw, RAW_WRONG),
      expected: 'MISSING_REQUIRED_FIELDS',
    }),
  },
  {
    weight: 6,
    make: (draw) => {
      const depth = many(draw, 150_000);
      const [open, close] = pick(draw, [
        ['[', ']'],
        ['{"a":', '}'],
      ] as const);
      const nest = `${open.repeat(depth)}1${close.repeat(depth)}`;
      const body = json({}).replace('"items":[', `"deep":${nest},"items":[`).replace('12.5', '"12.5"');
      const expected = depth >= MOST_NESTING ? 'INVALID_FORMAT' : 'SCHEMA_VALIDATION_FAILED';
      return { family: 'deep nesting', body, expected };
    },
  },
  {
    weight: 12,
    make: (draw) => {
      const note = `${pick(draw, ['', 'hello ', '\u00e9\u00e9 '])}${CANARY}`;
      const attack = pick(draw, ATTACKS);
      const alone = attack.startsWith('..') || attack === "admin'--";
      return {
        family: 'injection',
        body: json({ note: alone ? attack : `${note} ${attack}`, extra: [{ deeper: CANARY }] }),
        expected: 'SUSPICIOUS_PATTERN',
      };
    },
  },
  {
    weight: 6,
    make: (draw) => ({
      family: 'slow expressions',
      body: json({ note: `${pick(draw, SLOW).repeat(many(draw, 20_000))} ' OR '1'='1` }),
      expected: 'SUSPICIOUS_PATTERN',
    }),
  },
  {
    weight: 3,
    make: (draw) => ({
      family: 'attack as a key',
      body: json({ [pick(draw, ATTACKS)]: CANARY }),
      expected: 'SUSPICIOUS_PATTERN',
    }),
  },
  {
    weight: 8,
    make: (draw) => {
      const field = pick(draw, ['id', 'source', 'total']);
      const value = pick(draw, [undefined, null]);
      return { family: 'missing field', body: json({ [field]: value }), expected: 'MISSING_REQUIRED_FIELDS' };
    },
  },
  {
    weight: 4,
    make: () => ({
      family: 'denied source',
      body: json({ source: DENIED_SOURCE }),
      expected: 'DENIED_SOURCE',
    }),
  },
  {
    weight: 4,
    make: (draw) => ({
      family: 'no source',
      body: json({ source: pick(draw, ['', 'x'.repeat(257), {}, [], true, 1.5]) }),
      expected: 'DENIED_SOURCE',
    }),
  },
  {
    weight: 4,
    make: () => ({
      family: 'low reputation',
      body: json({ source: DISTRUSTED_SOURCE }),
      expected: 'LOW_REPUTATION',
    }),
  },
  {
    weight: 8,
    make: (draw) => ({
      family: 'bad signature',
      body: json({}),
      expected: 'SIGNATURE_INVALID',
      signature: pick(draw, [
        null,
        '',
        'sha256=',
        'sha256=00',
        `sha256=${'0'.repeat(64)}`,
        `sha256=${CANARY}`,
      ]),
    }),
  },
  {
    weight: 8,
    make: (draw) => ({
      family: 'forged attributes',
      body: json({ note: `${CANARY} ${pick(draw, ATTACKS.slice(0, 6))} ` }),
      expected: 'SUSPICIOUS_PATTERN',
      attributes: FORGED,
    }),
  },
  {
    weight: 3,
    make: (draw) => ({
      family: 'twice the same key',
      body: json({})
        .replace('{', `{"id":"order-1",`)
        .replace(/}$/, `,"id":${pick(draw, ['{}', '"a b"', '1'])}}`),
      expected: 'SCHEMA_VALIDATION_FAILED',
    }),
  },
  {
    weight: 0.2,
    make: () => ({
      family: 'oversize',
      body: json({ note: 'x'.repeat(1_048_576) }),
      expected: 'SIZE_LIMIT_EXCEEDED',
    }),
  },
];

const WHOLE = FAMILIES.reduce((sum, { weight }) => sum + weight, 0);

/** Draw a hostile message. */
export function hostileMessage(draw: Draw): HostileMessage {
  let lot = draw() * WHOLE;
  for (const { weight, make } of FAMILIES) {
    lot -= weight;
    if (lot < 0) return make(draw);
  }
  return FAMILIES[0]?.make(draw) as HostileMessage;
}
