import {
  causes,
  field,
  headerOf,
  httpStatusOf,
  isInstance,
  numberField,
  objectField,
  textField,
} from './error-shape.ts';
import {
  CallTimeoutError,
  DeferError,
  HandlerTimeoutError,
  PermanentError,
  RefusedError,
  RetryAfterError,
} from './errors.ts';
import type { FailureReason } from './settings.ts';

/** What an error means for the message and for the circuit of its dependency. */
export interface Classification {
  /** Whether another attempt can mend it. */
  readonly retryable: boolean;
  /** Reason under which the message would be dead-lettered. */
  readonly reason: FailureReason;
  /** Whether it speaks of the dependency's health: only such errors count against a circuit. */
  readonly dependency: boolean;
  /** Wait at least this long, where the dependency said so. Milliseconds. */
  readonly retryAfterMs?: number;
}

/**
 * Decides what an error means. Return `undefined` to leave the decision to {@link classifyError}.
 *
 * @example
 * const classify: Classifier = (error) =>
 *   error instanceof StockError ? { retryable: false, reason: 'INVALID_DATA', dependency: false } : undefined;
 */
export type Classifier = (error: unknown, now: number) => Classification | undefined;

const outage = (retryAfterMs?: number): Classification => ({
  retryable: true,
  reason: 'EXTERNAL_SERVICE_ERROR',
  dependency: true,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});
const timeout: Classification = { retryable: true, reason: 'TIMEOUT', dependency: true };
const invalid: Classification = { retryable: false, reason: 'INVALID_DATA', dependency: false };
const refused: Classification = { retryable: false, reason: 'PROCESSING_ERROR', dependency: false };
const bug: Classification = { retryable: true, reason: 'PROCESSING_ERROR', dependency: false };
const contention: Classification = { retryable: true, reason: 'EXTERNAL_SERVICE_ERROR', dependency: false };
const unknown: Classification = { retryable: true, reason: 'UNKNOWN', dependency: false };

/** Codes of Node's sockets, DNS and undici when the other side cannot be reached or breaks off. */
const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'UND_ERR_SOCKET',
]);

/** Codes of the same when it does not answer in time. */
const TIMEOUT_CODES = new Set([
  'ETIMEDOUT',
  'ESOCKETTIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/** AWS SDK error names that mean "slower"; some of them come with HTTP status 400. */
const THROTTLING_NAMES =
  /Throttl|^(TooManyRequests|ProvisionedThroughputExceeded|RequestLimitExceeded|RequestThrottled|SlowDown|BandwidthLimitExceeded|LimitExceeded|PriorRequestNotComplete)/;

/** AWS SDK error names of writes that met each other: the service is well, and the next attempt may succeed. */
const CONTENTION_NAMES = /^(TransactionConflict|TransactionInProgress|ReplicatedWriteConflict)/;

/** Reasons in a cancelled DynamoDB transaction that another attempt can mend. */
const PASSING_CANCELLATIONS = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);

/** AWS SDK error names of credentials that have to be fetched anew. */
const STALE_CREDENTIALS_NAMES =
  /^(ExpiredToken|RequestExpired|CredentialsProviderError|TokenRefreshRequired)/;

/** AWS SDK error names of a service that is ill, and of a client that cannot reach it. */
const UNAVAILABLE_NAMES =
  /^(ServiceUnavailable|InternalServerError|InternalFailure|InternalError|ServiceException|IDPCommunicationError)/;

/** Names of the errors that validation libraries throw. */
const VALIDATION_NAMES = new Set([
  'ZodError',
  '$ZodError',
  'ValiError',
  'TraversalError',
  'ValidationError',
  'SchemaError',
]);

/**
 * The default classifier: Node's network errors, HTTP statuses of the common clients, AWS SDK errors, validation
 * errors and Spillway's own. Causes are looked through, so a `fetch failed` is what made it fail.
 *
 * | error | retried | reason | counts against the circuit |
 * |---|---|---|---|
 * | connection refused, reset, unknown host | yes | EXTERNAL_SERVICE_ERROR | yes |
 * | time-out, HTTP 408 | yes | TIMEOUT | yes |
 * | HTTP 429, throttling | yes, after `Retry-After` | EXTERNAL_SERVICE_ERROR | yes |
 * | HTTP 500, 502, 503, 504 and other 5xx | yes, after `Retry-After` | EXTERNAL_SERVICE_ERROR | yes |
 * | HTTP 501, 505 | no | PROCESSING_ERROR | no |
 * | HTTP 400, 413, 422, validation | no | INVALID_DATA | no |
 * | a conflict of AWS SDK writes | yes | EXTERNAL_SERVICE_ERROR | no |
 * | expired AWS credentials | yes | PROCESSING_ERROR | no |
 * | HTTP 401, 403, 404 and other 4xx | no | PROCESSING_ERROR | no |
 * | any other `Error` | yes | PROCESSING_ERROR | no |
 * | anything else that was thrown | yes | UNKNOWN | no |
 *
 * @param now epoch milliseconds, for a `Retry-After` that is a date
 * @example
 * classifyError(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' }), Date.now()).reason; // EXTERNAL_SERVICE_ERROR
 */
export function classifyError(error: unknown, now: number): Classification {
  for (const cause of causes(error)) {
    const classification = classifyOne(cause, now);
    if (classification !== undefined) return classification;
  }
  return isInstance(error, Error) ? bug : unknown;
}

function classifyOne(error: object, now: number): Classification | undefined {
  if (isInstance(error, PermanentError)) return { ...refused, reason: error.reason };
  if (isInstance(error, RetryAfterError)) return outage(error.retryAfterMs);
  if (isInstance(error, HandlerTimeoutError)) return timeout;
  // Where the time of the caller was over before its own, the dependency had less than it may take, or was not asked.
  if (isInstance(error, CallTimeoutError)) return { ...timeout, dependency: !error.cutShort };
  if (isInstance(error, DeferError) || isInstance(error, RefusedError)) return bug;
  const name = textField(error, 'name') ?? '';
  if (VALIDATION_NAMES.has(name)) return invalid;
  if (THROTTLING_NAMES.test(name) || isThrottling(error)) return outage(retryAfterOf(error, now));
  if (CONTENTION_NAMES.test(name) || isPassingCancellation(error)) return contention;
  if (STALE_CREDENTIALS_NAMES.test(name)) return bug;
  if (/^RequestTimeout/.test(name)) return timeout;
  const code = textField(error, 'code') ?? '';
  if (TIMEOUT_CODES.has(code) || name === 'TimeoutError') return timeout;
  if (CONNECTION_CODES.has(code)) return outage();
  const status = httpStatusOf(error);
  if (UNAVAILABLE_NAMES.test(name)) return outage(retryAfterOf(error, now));
  if (status !== undefined) return classifyStatus(status, error, now);
  return undefined;
}

/**
 * Whether an error says that the dependency is asked for too much: HTTP 429, throttling, a time to come back, no answer
 * in time.
 *
 * @param classification what the error means otherwise
 */
export function isOverload(error: unknown, classification: Classification): boolean {
  const { dependency, reason, retryAfterMs } = classification;
  if (!dependency) return false;
  return retryAfterMs !== undefined || reason === 'TIMEOUT' || causes(error).some(asksForLess);
}

function asksForLess(error: object): boolean {
  const name = textField(error, 'name') ?? '';
  return THROTTLING_NAMES.test(name) || isThrottling(error) || httpStatusOf(error) === 429;
}

/** The AWS SDK marks what its service says may be retried, and what of that is throttling. */
function isThrottling(error: object): boolean {
  const mark = objectField(error, '$retryable');
  return mark !== undefined && field(mark, 'throttling') === true;
}

function isPassingCancellation(error: object): boolean {
  const reasons = field(error, 'CancellationReasons');
  if (!Array.isArray(reasons)) return false;
  return reasons.some((reason: unknown) => {
    return (
      typeof reason === 'object' &&
      reason !== null &&
      PASSING_CANCELLATIONS.has(textField(reason, 'Code') ?? '')
    );
  });
}

function classifyStatus(status: number, error: object, now: number): Classification | undefined {
  if (status === 429) return outage(retryAfterOf(error, now));
  if (status === 408) return timeout;
  if (status === 425) return { ...bug, reason: 'EXTERNAL_SERVICE_ERROR' };
  if (status === 501 || status === 505) return refused;
  if (status >= 500 && status <= 599) return outage(retryAfterOf(error, now));
  if (status === 400 || status === 413 || status === 422) return invalid;
  if (status >= 400 && status <= 499) return refused;
  return undefined;
}

function retryAfterOf(error: object, now: number): number | undefined {
  const hint = numberField(error, 'retryAfterMs');
  if (hint !== undefined) return Math.max(0, hint);
  const header = headerOf(error, 'retry-after');
  return header === undefined ? undefined : parseRetryAfter(header, now);
}

/**
 * Read a `Retry-After` header: seconds or an HTTP date (RFC 9110, section 10.2.3). Milliseconds to wait, 0 for a date
 * that has passed, `undefined` for anything else.
 *
 * @example
 * parseRetryAfter('120', Date.now()); // 120_000
 */
export function parseRetryAfter(header: string, now: number): number | undefined {
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  const date = HTTP_DATE.test(text) ? parseDate(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

const HTTP_DATE = /^[A-Z][a-z]{2,8},? [\d A-Za-z:-]+(GMT|\d{4})$/;

function parseDate(text: string): number {
  // biome-ignore lint/style/noRestrictedGlobals: parsing a date reads no clock
  return Date.parse(text.endsWith('GMT') ? text : `${text} GMT`); // the old format without a zone is GMT too
}
