import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyError, parseRetryAfter } from '../../lambdas/core/classifier.ts';
import {
  CallTimeoutError,
  CircuitOpenError,
  DeferError,
  HandlerTimeoutError,
  PermanentError,
  RetryAfterError,
} from '../../lambdas/core/errors.ts';
import { START } from './fixtures.ts';

const classify = (error: unknown) => classifyError(error, START);
const thrown = (fields: object, name = 'Error') => Object.assign(new Error('no'), { name }, fields);

const outage = { retryable: true, reason: 'EXTERNAL_SERVICE_ERROR', dependency: true };
const timeout = { retryable: true, reason: 'TIMEOUT', dependency: true };
const invalid = { retryable: false, reason: 'INVALID_DATA', dependency: false };
const refused = { retryable: false, reason: 'PROCESSING_ERROR', dependency: false };
const bug = { retryable: true, reason: 'PROCESSING_ERROR', dependency: false };

describe('the retry matrix', () => {
  it.each([
    ['ECONNREFUSED', outage],
    ['ECONNRESET', outage],
    ['ECONNABORTED', outage],
    ['EPIPE', outage],
    ['ENOTFOUND', outage],
    ['EAI_AGAIN', outage],
    ['EHOSTUNREACH', outage],
    ['ENETUNREACH', outage],
    ['UND_ERR_SOCKET', outage],
    ['ETIMEDOUT', timeout],
    ['ESOCKETTIMEDOUT', timeout],
    ['UND_ERR_CONNECT_TIMEOUT', timeout],
    ['UND_ERR_HEADERS_TIMEOUT', timeout],
    ['UND_ERR_BODY_TIMEOUT', timeout],
    ['ENOENT', bug],
  ])('code %s', (code, expected) => {
    expect(classify(thrown({ code }))).toEqual(expected);
  });

  it('a time-out of a call counts against the dependency, unless the time of the caller cut it short', () => {
    const late = { policy: 'tracker', afterMs: 50 };
    expect(classify(new CallTimeoutError(late))).toEqual(timeout);
    expect(classify(new CallTimeoutError({ ...late, cutShort: true }))).toEqual({
      ...timeout,
      dependency: false,
    });
  });

  it.each([
    [500, outage],
    [502, outage],
    [503, outage],
    [504, outage],
    [599, outage],
    [429, outage],
    [408, timeout],
    [425, { ...outage, dependency: false }],
    [501, refused],
    [505, refused],
    [400, invalid],
    [413, invalid],
    [422, invalid],
    [401, refused],
    [403, refused],
    [404, refused],
    [409, refused],
    [302, bug],
    [200, bug],
  ])('HTTP status %i, however the client writes it', (status, expected) => {
    expect(classify(thrown({ status }))).toEqual(expected);
    expect(classify(thrown({ statusCode: status }))).toEqual(expected);
    expect(classify(thrown({ response: { status } }, 'AxiosError'))).toEqual(expected);
    expect(classify(thrown({ response: { statusCode: status } }, 'HTTPError'))).toEqual(expected);
    expect(classify(thrown({ $metadata: { httpStatusCode: status } }, 'SomeFault'))).toEqual(expected);
    expect(classify(new Error('wrapped', { cause: thrown({ status }) }))).toEqual(expected);
  });

  it.each([
    ['ThrottlingException', 400],
    ['TooManyRequestsException', 429],
    ['ProvisionedThroughputExceededException', 400],
    ['RequestLimitExceeded', 503],
    ['SlowDown', 503],
    ['KMSThrottlingException', 400],
    ['EC2ThrottledException', 400],
    ['IDPCommunicationError', 400],
  ])('throttling by AWS: %s with status %i', (name, httpStatusCode) => {
    expect(classify(thrown({ $metadata: { httpStatusCode } }, name))).toEqual(outage);
  });

  it.each([
    ['ResourceNotFoundException', 400, invalid],
    ['AccessDeniedException', 403, refused],
    ['InternalServerError', 500, outage],
    ['ServiceUnavailableException', undefined, outage],
  ])('the AWS error %s with status %s', (name, httpStatusCode, expected) => {
    expect(classify(thrown({ $metadata: { httpStatusCode } }, name))).toEqual(expected);
  });

  it('what the AWS SDK marks as throttling', () => {
    const marked = thrown({ $retryable: { throttling: true }, $metadata: { httpStatusCode: 400 } }, 'Busy');
    expect(classify(marked)).toEqual(outage);
  });

  it.each([
    'TransactionConflictException',
    'TransactionInProgressException',
    'ReplicatedWriteConflictException',
  ])('the conflict of writes %s, which says nothing about the health of the service', (name) => {
    const expected = { retryable: true, reason: 'EXTERNAL_SERVICE_ERROR', dependency: false };
    expect(classify(thrown({ $metadata: { httpStatusCode: 400 } }, name))).toEqual(expected);
  });

  it.each([
    ['TransactionConflict', true],
    ['ThrottlingError', true],
    ['ConditionalCheckFailed', false],
  ])('a transaction that was cancelled because of %s', (Code, retryable) => {
    const fields = { CancellationReasons: [{ Code: 'None' }, { Code }], $metadata: { httpStatusCode: 400 } };
    expect(classify(thrown(fields, 'TransactionCanceledException')).retryable).toBe(retryable);
  });

  it('credentials that expired, and requests that were too slow for AWS', () => {
    expect(classify(thrown({ $metadata: { httpStatusCode: 400 } }, 'ExpiredTokenException'))).toEqual(bug);
    expect(classify(thrown({ $metadata: { httpStatusCode: 400 } }, 'RequestTimeout'))).toEqual(timeout);
  });

  it.each(['ZodError', '$ZodError', 'ValiError', 'TraversalError', 'ValidationError', 'SchemaError'])(
    'the validation error %s',
    (name) => expect(classify(thrown({}, name))).toEqual(invalid),
  );

  it('malformed JSON is an answer gone wrong: payloads are parsed before the handler', () =>
    expect(classify(new SyntaxError('Unexpected token'))).toMatchObject({
      retryable: true,
      reason: 'PROCESSING_ERROR',
    }));
  it('any other error', () => expect(classify(new TypeError('x is not a function'))).toEqual(bug));
  it.each([['text'], [7], [undefined], [null], [{}], [Symbol('s')]])('no error at all', (value) => {
    expect(classify(value)).toEqual({ retryable: true, reason: 'UNKNOWN', dependency: false });
  });

  it('a time-out of AbortSignal.timeout', () => {
    expect(classify(new DOMException('too slow', 'TimeoutError'))).toEqual(timeout);
  });

  it("fetch's TypeError by what made it fail", () => {
    const cause = thrown({ code: 'ECONNREFUSED' });
    expect(classify(new TypeError('fetch failed', { cause }))).toEqual(outage);
  });

  it("the AggregateError of Node's address selection by its members", () => {
    const cause = new AggregateError([new Error('?'), thrown({ code: 'ETIMEDOUT' })]);
    expect(classify(new TypeError('fetch failed', { cause }))).toEqual(timeout);
  });
});

describe("Spillway's own errors", () => {
  it('say what they mean', () => {
    expect(classify(new PermanentError('no', { reason: 'EXPIRED' }))).toEqual({
      ...refused,
      reason: 'EXPIRED',
    });
    expect(classify(new RetryAfterError('later', { retryAfterMs: 7 }))).toEqual({
      ...outage,
      retryAfterMs: 7,
    });
    expect(classify(new HandlerTimeoutError(1))).toEqual(timeout);
    expect(classify(new DeferError('later', { deferForMs: 1 }))).toEqual(bug);
    expect(classify(new CircuitOpenError({ circuit: 'tracker', retryAfterMs: 1 }))).toEqual(bug);
  });

  it('decide over their causes', () => {
    expect(classify(new PermanentError('no', { cause: thrown({ status: 503 }) }))).toEqual(refused);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuse a delay of %d', (delay) => {
    expect(() => new RetryAfterError('later', { retryAfterMs: delay })).toThrow(/retryAfterMs/);
    expect(() => new DeferError('later', { deferForMs: delay })).toThrow(/deferForMs/);
  });
});

describe('Retry-After', () => {
  const inTwoMinutes = new Date(START + 120_000).toUTCString();
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    [inTwoMinutes, 120_000],
    [inTwoMinutes.replace(' GMT', ''), undefined],
    ['Tue Nov 14 22:13:25 2023', 5_000],
    ['Tuesday, 14-Nov-23 22:13:25 GMT', 5_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['', undefined],
    ['soon', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['99999999999', undefined],
    ['Xxx, 99 Foo 2023 99:99:99 GMT', undefined],
  ])('reads %j as %s ms', (header, expected) => {
    expect(parseRetryAfter(header, START)).toBe(expected);
  });

  it('is found in Headers, in plain headers of any case, and on the error itself', () => {
    const expected = { ...outage, retryAfterMs: 30_000 };
    const headers = new Headers({ 'Retry-After': '30' });
    expect(classify(thrown({ status: 429, response: { headers } }))).toEqual(expected);
    expect(classify(thrown({ status: 503, headers: { 'Retry-After': '30' } }))).toEqual(expected);
    expect(classify(thrown({ response: { status: 429, headers: { 'retry-after': 30 } } }))).toEqual(expected);
    const $response = { statusCode: 400, headers: { 'retry-after': '30' } };
    expect(classify(thrown({ $response }, 'ThrottlingException'))).toEqual(expected);
  });

  it('takes a hint in milliseconds first, and ignores garbage', () => {
    expect(classify(thrown({ status: 429, retryAfterMs: 250 }))).toEqual({ ...outage, retryAfterMs: 250 });
    expect(classify(thrown({ status: 429, headers: { 'retry-after': 'soon' } }))).toEqual(outage);
    expect(classify(thrown({ status: 400, headers: { 'retry-after': '5' } }))).toEqual(invalid);
  });
});

describe('whatever was thrown', () => {
  const explosive = new Proxy(new Error('x'), {
    get() {
      throw new Error('trap');
    },
    getPrototypeOf() {
      throw new Error('trap');
    },
    ownKeys() {
      throw new Error('trap');
    },
  });
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const getter = Object.defineProperty(new Error('x'), 'code', {
    get() {
      throw new Error('getter');
    },
  });
  const cyclic: Error & { errors?: unknown } = new AggregateError([]);
  cyclic.cause = cyclic;
  cyclic.errors = Array.from({ length: 100 }, () => cyclic);

  it.each([
    ['a proxy that throws', explosive],
    ['a revoked proxy', revoked.proxy],
    ['a getter that throws', getter],
    ['a cycle of causes', cyclic],
    ['headers that throw', thrown({ status: 429, headers: explosive })],
    ['a proxy among the causes', new Error('x', { cause: explosive })],
    ['members that are revoked', Object.assign(new AggregateError([]), { errors: revoked.proxy })],
  ])('classifies %s', (_what, value) => {
    expect(classify(value)).toMatchObject({ retryable: true });
  });

  it('never throws', () => {
    const value = fc.oneof(
      fc.anything({ withNullPrototype: true, withBigInt: true, withSparseArray: true }),
      fc.record({
        cause: fc.anything(),
        errors: fc.anything(),
        headers: fc.anything(),
        response: fc.anything(),
      }),
    );
    fc.assert(
      fc.property(value, (anything) => {
        expect(classify(anything).reason).toBeTypeOf('string');
        expect(classify(Object.assign(new Error('x'), { cause: anything })).reason).toBeTypeOf('string');
      }),
    );
  });
});
