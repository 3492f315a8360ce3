import type { EnvelopeKind } from './settings.ts';

/** A message body after its envelope was taken off. */
export interface Unwrapped {
  /** Text of the payload; a signature covers it. */
  readonly text: string;
  /** The payload, where the envelope had to be parsed to find it. */
  readonly parsed?: { readonly value: unknown };
  /** Attributes that travelled inside the envelope. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** A message that carries nothing to do, such as S3's test event. */
  readonly empty?: true;
}

/** The body is not what its envelope says it should be. */
export interface EnvelopeProblem {
  /** What is wrong, without any of the content. */
  readonly problem: string;
}

/** An object that an S3 event notification tells of. */
export interface S3Record {
  /** Name of the event, such as `ObjectCreated:Put`. */
  readonly eventName: string;
  /** Bucket. */
  readonly bucket: string;
  /** Object key, decoded. */
  readonly key: string;
  /** Size in bytes; absent for deletions. */
  readonly size?: number;
  /** ETag; absent for deletions. */
  readonly eTag?: string;
  /** Version, where the bucket keeps versions. */
  readonly versionId?: string;
  /** Orders the events of one key. */
  readonly sequencer?: string;
}

/** Parses JSON and throws on anything that is not safe to use. */
export type ParseJson = (text: string) => unknown;

/**
 * Take the envelope off a message body.
 *
 * - `raw`: the body is the payload.
 * - `sns`: an SNS notification without raw delivery; the payload is its `Message`.
 * - `eventbridge`: the payload is the event's `detail`.
 * - `s3`: the payload is the list of {@link S3Record}s; the test event that S3 sends once is {@link Unwrapped.empty}.
 */
export function unwrap(kind: EnvelopeKind, body: string, parse: ParseJson): Unwrapped | EnvelopeProblem {
  if (kind === 'raw') return { text: body };
  let envelope: unknown;
  try {
    envelope = parse(body);
  } catch {
    return { problem: `the ${kind} envelope is not JSON` };
  }
  if (!isObject(envelope)) return { problem: `the ${kind} envelope is not an object` };
  if (kind === 'sns') return unwrapSns(envelope);
  if (kind === 'eventbridge') return unwrapEventBridge(envelope, body);
  return unwrapS3(envelope, body);
}

function unwrapSns(envelope: Record<string, unknown>): Unwrapped | EnvelopeProblem {
  if (typeof envelope.Message !== 'string') return { problem: 'the sns envelope has no "Message"' };
  const attributes: Record<string, string> = Object.create(null);
  for (const [name, attribute] of Object.entries(objectOr(envelope.MessageAttributes))) {
    const { Type: type, Value: value } = objectOr(attribute);
    if (type !== 'Binary' && typeof value === 'string') attributes[name] = value;
  }
  return { text: envelope.Message, attributes };
}

function unwrapEventBridge(envelope: Record<string, unknown>, body: string): Unwrapped | EnvelopeProblem {
  if (!('detail' in envelope) || typeof envelope['detail-type'] !== 'string') {
    return { problem: 'the eventbridge envelope has no "detail" or no "detail-type"' };
  }
  const attributes: Record<string, string> = Object.create(null);
  for (const name of ['id', 'detail-type', 'source', 'account', 'region', 'time']) {
    const value = envelope[name];
    if (typeof value === 'string') attributes[name] = value;
  }
  return { text: body, parsed: { value: envelope.detail }, attributes };
}

function unwrapS3(envelope: Record<string, unknown>, body: string): Unwrapped | EnvelopeProblem {
  if (envelope.Event === 's3:TestEvent' && envelope.Records === undefined) return { text: body, empty: true };
  if (!Array.isArray(envelope.Records)) return { problem: 'the s3 envelope has no "Records"' };
  const records: S3Record[] = [];
  for (const raw of envelope.Records) {
    const record = s3Record(raw);
    if (record === undefined) return { problem: 'an s3 record has no bucket or no key' };
    records.push(record);
  }
  return { text: body, parsed: { value: records } };
}

function s3Record(raw: unknown): S3Record | undefined {
  const { eventName, s3 } = objectOr(raw);
  const { bucket, object } = objectOr(s3);
  const { name } = objectOr(bucket);
  const { key, size, eTag, versionId, sequencer } = objectOr(object);
  if (typeof eventName !== 'string' || typeof name !== 'string' || typeof key !== 'string') return undefined;
  const decoded = decodeKey(key);
  if (decoded === undefined) return undefined;
  return {
    eventName,
    bucket: name,
    key: decoded,
    ...(typeof size === 'number' ? { size } : {}),
    ...(typeof eTag === 'string' ? { eTag } : {}),
    ...(typeof versionId === 'string' ? { versionId } : {}),
    ...(typeof sequencer === 'string' ? { sequencer } : {}),
  };
}

/** S3 writes keys as in a URL's query: `+` for a space, the rest percent-encoded. */
function decodeKey(key: string): string | undefined {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectOr(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}
