import { describe, expect, it } from 'vitest';
import { readBatchResponse } from '../../local/sqs/partial-batch.ts';
import { splitBySize } from '../../local/sqs/split-batch.ts';

const IDS = new Set(['a', 'b', 'c']);

describe('the response of a function that reports batch item failures', () => {
  it.each([
    ['null', null],
    ['an empty object', {}],
    ['an empty string', ''],
    ['an empty list', { batchItemFailures: [] }],
    ['a null list', { batchItemFailures: null }],
  ])('is complete success if it is %s', (_name, response) => {
    expect(readBatchResponse(response, IDS)).toEqual({ type: 'success' });
  });

  it.each([
    ['text', 'ok'],
    ['a number', 1],
    ['a list', []],
    ['a list that is no list', { batchItemFailures: 'a' }],
    ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }],
    ['a null identifier', { batchItemFailures: [{ itemIdentifier: null }] }],
    ['a misnamed identifier', { batchItemFailures: [{ messageId: 'a' }] }],
    ['an identifier that is a number', { batchItemFailures: [{ itemIdentifier: 1 }] }],
    ['an item that is no object', { batchItemFailures: ['a'] }],
    [
      'an unknown identifier beside a known one',
      { batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'x' }] },
    ],
  ])('fails the whole batch if it is %s', (_name, response) => {
    expect(readBatchResponse(response, IDS).type).toBe('failure');
  });

  it('fails the items that it names', () => {
    const response = {
      batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'c' }, { itemIdentifier: 'a' }],
    };
    expect(readBatchResponse(response, IDS)).toEqual({ type: 'partial', failed: new Set(['a', 'c']) });
  });
});

describe('splitting a batch by payload size', () => {
  const message = (body: string) => ({
    messageId: body.slice(0, 1),
    receiptHandle: 'r',
    body,
    md5OfBody: 'm',
    attributes: {},
    messageAttributes: {},
  });

  it('leaves a small batch whole', () => {
    expect(splitBySize([message('a'), message('b')])).toHaveLength(1);
  });

  it('starts a new part where the next message would not fit, in order', () => {
    const messages = ['a', 'b', 'c'].map((letter) => message(letter.repeat(400)));
    const parts = splitBySize(messages, 1200);
    expect(parts.map((part) => part.map(({ messageId }) => messageId))).toEqual([['a', 'b'], ['c']]);
  });

  it('sends a message that is too large alone', () => {
    const parts = splitBySize([message('a'.repeat(5000)), message('b')], 1200);
    expect(parts).toHaveLength(2);
  });
});
