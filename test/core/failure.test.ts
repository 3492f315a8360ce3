import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { summarizeError } from '../../lambdas/core/failure.ts';

/** Errors of one place in the code. */
const orderError = (id: string): Error => new Error(`order ${id} was refused by "${id}"`);

describe('the summary of an error', () => {
  it('tells name, message and stack', () => {
    const error = new TypeError('no such order');
    expect(summarizeError(error)).toEqual({
      name: 'TypeError',
      message: 'no such order',
      stack: error.stack,
      fingerprint: expect.stringMatching(/^[\da-f]{12}$/),
    });
  });

  it("appends the causes' messages, each once, and a code where there is no message", () => {
    const cause = Object.assign(new AggregateError([new Error('refused')], ''), { code: 'ECONNREFUSED' });
    const error = new TypeError('fetch failed', { cause: new Error('fetch failed', { cause }) });
    expect(summarizeError(error).message).toBe('fetch failed: ECONNREFUSED: refused');
  });

  it.each([
    ['text', { name: 'string', message: 'text' }],
    [undefined, { name: 'undefined', message: '' }],
    [42, { name: 'number', message: '' }],
    [{ message: 'almost an error' }, { name: 'object', message: 'almost an error' }],
  ])('takes %j too', (thrown, expected) => {
    expect(summarizeError(thrown)).toMatchObject(expected);
  });

  it('is bounded', () => {
    const error = new Error('m'.repeat(5_000));
    error.name = 'n'.repeat(5_000);
    const { name, message, stack } = summarizeError(error);
    expect([name.length, message.length, stack?.length]).toEqual([200, 1_000, 4_000]);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (anything) => {
        expect(summarizeError(anything).fingerprint).toHaveLength(12);
        expect(summarizeError(Object.assign(new Error('x'), { cause: anything })).fingerprint).toHaveLength(
          12,
        );
      }),
    );
  });
});

describe('the fingerprint', () => {
  const one = summarizeError(orderError('1')).fingerprint;

  it.each(['42', '9f1b2c3d4e5f', '0b8e6b0e-6c1c-4f8e-9d3a-3f1d2c4b5a69', 'ord_8fK2x-17', 'A-1'])(
    'is the same for another id: %s',
    (id) => expect(summarizeError(orderError(id)).fingerprint).toBe(one),
  );

  it('is the same for any id with a digit in it', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.nat(),
        fc.stringMatching(/^[\w-]{0,12}\d[\w-]{0,12}$/),
        (uuid, number, id) => {
          for (const each of [uuid, String(number), id]) {
            expect(summarizeError(orderError(each)).fingerprint).toBe(one);
          }
        },
      ),
    );
  });

  it('differs by name, by message and by place', () => {
    const other = orderError('1');
    other.name = 'OrderError';
    const elsewhere = new Error('order 1 was refused by "1"');
    const reworded = orderError('1');
    reworded.message = 'order 1 was lost by "1"';
    const all = [other, elsewhere, reworded].map((error) => summarizeError(error).fingerprint);
    expect(new Set([one, ...all]).size).toBe(4);
  });
});
