import { describe, expect, it } from 'vitest';
import { lookupCache } from '../../../lambdas/core/lookup-cache.ts';
import { deniedSourceCheck } from '../../../lambdas/core/screening/denied-source-check.ts';
import { valueAt } from '../../../lambdas/core/screening/json-pointer.ts';
import { reputationCheck } from '../../../lambdas/core/screening/reputation-check.ts';
import { requiredFieldsCheck } from '../../../lambdas/core/screening/required-fields-check.ts';
import { fakeClock } from '../fixtures.ts';
import { candidate, findingsOf } from './candidate.ts';

const payload = { id: 'a', empty: '', none: null, zero: 0, 'a/b': { '~': [1, { x: false }] } };

describe('a JSON pointer', () => {
  it.each([
    ['/id', 'a'],
    ['/a~1b/~0/0', 1],
    ['/a~1b/~0/1/x', false],
    ['/nothing', undefined],
    ['/id/0', undefined],
    ['/id/length', undefined],
    ['/toString', undefined],
    ['/constructor/name', undefined],
    ['/a~1b/~0/length', 2],
  ])('%s finds own values only', (pointer, expected) => {
    expect(valueAt(payload, pointer)).toEqual(expected);
  });
});

describe('the check of required fields', () => {
  it('names what is missing, and takes null for nothing but not what is merely empty', () => {
    const check = requiredFieldsCheck(['/id', '/empty', '/zero', '/none', '/a~1b/~0/9', '/toString']);
    expect(findingsOf(check, candidate('', payload))).toEqual(
      ['/none', '/a~1b/~0/9', '/toString'].map((pointer) => ({ pointer, message: 'is missing' })),
    );
    expect(findingsOf(requiredFieldsCheck(['/id']), candidate('', payload))).toEqual([]);
    expect(findingsOf(requiredFieldsCheck(['/id']), candidate('', null))).toHaveLength(1);
  });
});

describe('the check of denied sources', () => {
  const denied = { has: async (source: string) => source === 'bad' || source === '7' };
  const reasonOf = async (document: unknown, attributes = {}) => {
    const where = 'tenant' in attributes ? { attribute: 'tenant' } : { pointer: '/source' };
    return (await deniedSourceCheck(where, denied).inspect(candidate('', document, attributes)))?.reason;
  };

  it.each([
    [{ source: 'good' }, undefined],
    [{ source: 'bad' }, 'DENIED_SOURCE'],
    [{ source: 7 }, 'DENIED_SOURCE'],
    [{ source: 8 }, undefined],
  ])('looks the source up: %j', async (document, expected) => {
    expect(await reasonOf(document)).toBe(expected);
  });

  it.each([
    [{}],
    [{ source: '' }],
    [{ source: null }],
    [{ source: ['bad'] }],
    [{ source: 'x'.repeat(257) }],
    ['text'],
  ])('refuses a message that does not say where it comes from: %j', async (document) => {
    expect(await reasonOf(document)).toBe('DENIED_SOURCE');
  });

  it('reads it from an attribute where it is told so', async () => {
    expect(await reasonOf({ source: 'bad' }, { tenant: 'good' })).toBeUndefined();
    expect(await reasonOf({ source: 'good' }, { tenant: 'bad' })).toBe('DENIED_SOURCE');
  });

  it('is not made when the list cannot be read', async () => {
    const down = { has: () => Promise.reject(new Error('down')) };
    const check = deniedSourceCheck({ pointer: '/source' }, down);
    await expect(check.inspect(candidate('', { source: 'good' }))).rejects.toThrow('down');
  });
});

describe('the check of reputation', () => {
  const scores = new Map([
    ['good', 50],
    ['bad', 49.9],
  ]);
  const check = reputationCheck(
    { source: { pointer: '/source' }, minimumScore: 50 },
    { scoreOf: async (source) => scores.get(source) },
  );

  it.each([
    ['good', undefined],
    ['bad', 'LOW_REPUTATION'],
    ['unknown', undefined],
    ['', 'LOW_REPUTATION'],
  ])('asks for a score: %j', async (source, expected) => {
    expect((await check.inspect(candidate('', { source })))?.reason).toBe(expected);
  });
});

describe('a cache of lookups', () => {
  function setup(mostEntries = 2) {
    const clock = fakeClock();
    const asked: string[] = [];
    let works = true;
    const get = lookupCache({
      clock,
      goodForMs: 1_000,
      mostEntries,
      async lookUp(key) {
        asked.push(key);
        if (!works) throw new Error('down');
        return key.toUpperCase();
      },
    });
    const fail = (): void => {
      works = false;
    };
    return { clock, asked, get, fail };
  }

  it('asks once for as long as an answer is good, also for who asks meanwhile', async () => {
    const { clock, asked, get } = setup();
    expect(await Promise.all([get('a'), get('a')])).toEqual(['A', 'A']);
    clock.advance(999);
    await get('a');
    expect(asked).toEqual(['a']);
    clock.advance(1);
    await get('a');
    expect(asked).toEqual(['a', 'a']);
  });

  it('forgets the oldest when there are too many', async () => {
    const { asked, get } = setup();
    for (const key of ['a', 'b', 'c', 'b', 'a']) await get(key);
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });

  it('does not remember a failure', async () => {
    const { asked, get, fail } = setup();
    fail();
    await expect(get('a')).rejects.toThrow('down');
    await expect(get('a')).rejects.toThrow('down');
    expect(asked).toEqual(['a', 'a']);
  });
});
