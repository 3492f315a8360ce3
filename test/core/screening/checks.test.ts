import { createHmac } from 'node:crypto';
import { Ajv } from 'ajv';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { ajvSchema } from '../../../lambdas/aws/ajv-schema.ts';
import type { Candidate, Check } from '../../../lambdas/core/screening/check.ts';
import { formatCheck, parseJsonSafely } from '../../../lambdas/core/screening/format-check.ts';
import { jsonPointer } from '../../../lambdas/core/screening/json-pointer.ts';
import { schemaCheck } from '../../../lambdas/core/screening/schema-check.ts';
import { type SignatureKeys, signatureCheck } from '../../../lambdas/core/screening/signature-check.ts';
import { sizeCheck } from '../../../lambdas/core/screening/size-check.ts';
import { queueMessage, receivedMessage, START } from '../fixtures.ts';

function candidate(text: string, attributes: Record<string, string> = {}): Candidate {
  const message = receivedMessage({ text, attributes });
  return { source: queueMessage({ body: text }), message, payload: text, document: text, parsed: false };
}

async function reasonOf(check: Check, given: Candidate): Promise<string | undefined> {
  return (await check.inspect(given))?.reason;
}

describe('the size check', () => {
  it.each([
    ['a'.repeat(10), undefined],
    ['a'.repeat(11), 'SIZE_LIMIT_EXCEEDED'],
    ['\u20ac'.repeat(3), undefined],
    [`${'\u20ac'.repeat(3)}aa`, 'SIZE_LIMIT_EXCEEDED'],
    ['', undefined],
  ])('counts bytes, not characters: %j', async (body, expected) => {
    expect(await reasonOf(sizeCheck(10), candidate(body))).toBe(expected);
  });
});

describe('the signature check', () => {
  const settings = {
    secretId: 'key',
    attribute: 'x-hub-signature-256',
    prefix: 'sha256=',
    algorithm: 'sha256',
    acceptPrevious: true,
  } as const;
  const body = '{"caf\u00e9":"\u20ac"}';
  const sign = (key: string, text = body) =>
    `sha256=${createHmac('sha256', key).update(text, 'utf8').digest('hex')}`;
  const inspect = (given: string | undefined, keys: SignatureKeys = async () => ['current', 'previous']) =>
    reasonOf(
      signatureCheck(settings, keys),
      candidate(body, given === undefined ? {} : { 'x-hub-signature-256': given }),
    );

  it('lets pass what the current key signed, or during a rotation the previous one', async () => {
    expect(await inspect(sign('current'))).toBeUndefined();
    expect(await inspect(sign('previous'))).toBeUndefined();
    expect(await inspect(sign('current').toUpperCase().replace('SHA256=', 'sha256='))).toBeUndefined();
  });

  it.each([
    ['is missing', undefined],
    ['is empty', ''],
    ['is of another key', sign('wrong')],
    ['is of another body', sign('current', 'tampered')],
    ['has no prefix', sign('current').slice(7)],
    ['has the wrong prefix', sign('current').replace('sha256=', 'sha1=')],
    ['has no digits', 'sha256='],
    ['is not hexadecimal', `sha256=${'z'.repeat(64)}`],
    ['is cut', sign('current').slice(0, -2)],
    ['is cut in the middle of a byte', sign('current').slice(0, -1)],
    ['is longer', `${sign('current')}00`],
  ])('refuses a signature that %s', async (_what, given) => {
    expect(await inspect(given)).toBe('SIGNATURE_INVALID');
  });

  it('asks for keys that are younger than the message when none fits, and only then', async () => {
    const EVER = Number.NEGATIVE_INFINITY;
    const keys = vi.fn(async (notBefore: number) => (notBefore >= START ? ['rotated'] : ['current']));
    expect(await inspect(sign('current'), keys)).toBeUndefined();
    expect(keys.mock.calls).toEqual([[EVER]]);
    expect(await inspect(sign('rotated'), keys)).toBeUndefined();
    expect(keys.mock.calls.slice(1)).toEqual([[EVER], [START]]);
  });

  it('reads no key for a message that has no signature at all', async () => {
    const keys = vi.fn(async () => ['current']);
    await inspect('sha256=zz', keys);
    expect(keys).not.toHaveBeenCalled();
  });

  it('fails, rather than refuses, while the keys cannot be read', async () => {
    await expect(inspect(sign('current'), () => Promise.reject(new Error('down')))).rejects.toThrow('down');
  });
});

describe('the format check', () => {
  it('hands on what was parsed', async () => {
    const given = candidate('{"order":["42"]}');
    expect(await reasonOf(formatCheck(), given)).toBeUndefined();
    expect(given).toMatchObject({ parsed: true, payload: { order: ['42'] } });
  });

  it.each([
    ['truncated', '{"order":"4', 'not JSON'],
    ['empty', '', 'not JSON'],
    ['no JSON', 'canary', 'not JSON'],
    ['a __proto__ key', '{"a":{"__proto__":{"admin":true}}}', 'a key would pollute a prototype'],
    ['an escaped __proto__ key', '{"__pr\\u006fto__":1}', 'a key would pollute a prototype'],
    ['a constructor.prototype key', '[{"constructor":{"prototype":{}}}]', 'a key would pollute a prototype'],
  ])('refuses what is %s without quoting it', (_what, text, message) => {
    expect(formatCheck().inspect(candidate(text))).toEqual({
      reason: 'INVALID_FORMAT',
      findings: [{ pointer: '', message }],
    });
  });

  it('lets a harmless constructor key pass', async () => {
    expect(await reasonOf(formatCheck(), candidate('{"constructor":"Mercedes"}'))).toBeUndefined();
  });

  it('refuses what is nested more than 1,000 deep, wherever it ends', () => {
    const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
    expect(() => parseJsonSafely(nested(1_000))).not.toThrow();
    expect(() => parseJsonSafely(nested(1_001))).toThrow('nested more than 1000 deep');
    expect(() => parseJsonSafely('{"a":'.repeat(100_000))).toThrow('nested more than 1000 deep');
    const flat = { text: '[{"\\"'.repeat(2_000), list: Array.from({ length: 5_000 }, () => [{}]) };
    expect(parseJsonSafely(JSON.stringify(flat))).toEqual(flat);
  });

  it('finds a __proto__ key at the deepest level', () => {
    const deep = `${'{"a":[{"b":1},'.repeat(400)}{"__proto__":1}${']}'.repeat(400)}`;
    expect(() => parseJsonSafely(deep)).toThrow();
  });
});

describe('the schema check', () => {
  const order = z.object({ id: z.string(), total: z.coerce.number().min(0) });
  const parsed = (payload: unknown, attributes = {}): Candidate => ({
    ...candidate('', attributes),
    payload,
  });

  it('hands on what the schema makes of the payload', async () => {
    const given = parsed({ id: '42', total: '12.5', extra: true });
    expect(await reasonOf(schemaCheck(order), given)).toBeUndefined();
    expect(given.payload).toEqual({ id: '42', total: 12.5 });
  });

  it('waits for asynchronous schemas', async () => {
    const slow = order.refine(async ({ id }) => id === '42', 'unknown order');
    expect(await reasonOf(schemaCheck(slow), parsed({ id: '42', total: 1 }))).toBeUndefined();
    expect(await schemaCheck(slow).inspect(parsed({ id: '43', total: 1 }))).toEqual({
      reason: 'SCHEMA_VALIDATION_FAILED',
      findings: [{ pointer: '', message: 'unknown order' }],
    });
  });

  it('points to what does not fit, twenty times at most', async () => {
    const many = z.object({ 'a/b~c': z.array(z.string()) });
    const refused = await schemaCheck(many).inspect(parsed({ 'a/b~c': Array.from({ length: 30 }, () => 1) }));
    expect(refused?.findings).toHaveLength(20);
    expect(refused?.findings[3]?.pointer).toBe('/a~1b~0c/3');
  });

  it.each([
    ['the schema', z.string().transform(() => JSON.parse('{canary'))],
    ['the selector', () => JSON.parse('{canary')],
  ])('refuses when %s throws, and does not quote why', async (_what, schema) => {
    const refused = await schemaCheck(schema).inspect(parsed('text'));
    expect(refused).toMatchObject({ reason: 'SCHEMA_VALIDATION_FAILED' });
    expect(JSON.stringify(refused)).not.toContain('canary');
  });

  it('lets a function pick the schema, and refuses where it picks none', async () => {
    const pick = schemaCheck(({ attributes }) => (attributes.event === 'order' ? order : undefined));
    expect(await reasonOf(pick, parsed({ id: '42', total: 1 }, { event: 'order' }))).toBeUndefined();
    expect(await reasonOf(pick, parsed({ id: '42', total: 1 }))).toBe('SCHEMA_VALIDATION_FAILED');
  });

  it('refuses a payload that is nested too deep for the schema', async () => {
    type Tree = { child?: Tree | undefined };
    const tree: z.ZodType<Tree> = z.object({ child: z.lazy(() => tree).optional() });
    let deep: Tree = {};
    for (let level = 0; level < 10_000; level += 1) deep = { child: deep };
    expect(await reasonOf(schemaCheck(tree), parsed(deep))).toBe('SCHEMA_VALIDATION_FAILED');
  });

  it('takes JSON Schema through ajv, with its pointers', async () => {
    const ajv = new Ajv({ allErrors: true });
    const validate = ajv.compile<{ items: { 'a/b': string }[] }>({
      type: 'object',
      properties: {
        items: { type: 'array', items: { type: 'object', properties: { 'a/b': { type: 'string' } } } },
      },
      required: ['items'],
    });
    const check = schemaCheck(ajvSchema(validate));
    expect(await reasonOf(check, parsed({ items: [] }))).toBeUndefined();
    expect(await check.inspect(parsed({ items: [{}, { 'a/b': 1 }] }))).toEqual({
      reason: 'SCHEMA_VALIDATION_FAILED',
      findings: [{ pointer: '/items/1/a~1b', message: 'must be string' }],
    });
    expect(await check.inspect(parsed({}))).toMatchObject({ findings: [{ pointer: '' }] });
  });

  it('writes JSON pointers as RFC 6901 has them', () => {
    expect(jsonPointer([])).toBe('');
    expect(jsonPointer(['', 'a~/b', 0, Symbol('s')])).toBe('//a~0~1b/0/Symbol(s)');
  });
});
