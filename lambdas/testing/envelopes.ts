import type { S3Record } from '../core/unwrap.ts';
import { TEST_START } from './fake-clock.ts';
import {
  attributeOf,
  attributesOf,
  type MessageOptions,
  messageOf,
  type PayloadOptions,
  type TestMessage,
  textOf,
} from './messages.ts';

const REGION = 'eu-central-1';
const ACCOUNT = '123456789012';

/** Options of {@link snsMessage}: attributes, producer and signature are the notification's. */
export interface SnsOptions extends PayloadOptions {
  /** Topic. @default - an example's */
  readonly topicArn?: string;
  /** Subject. @default - none */
  readonly subject?: string;
}

/**
 * A message that an SNS topic delivered without raw delivery; for the envelope `sns`.
 *
 * @param payload a text is the notification's message as it is, anything else is written as JSON
 * @example
 * const message = snsMessage({ id: '42' }, { attributes: { event: 'order-placed' } });
 */
export function snsMessage(payload: unknown, options: SnsOptions = {}): TestMessage {
  const { topicArn = `arn:aws:sns:${REGION}:${ACCOUNT}:orders`, subject, sentAtEpochMs } = options;
  const text = textOf(payload);
  const attributes = Object.entries(attributesOf(text, options)).map(([name, value]) => {
    const { dataType, stringValue, binaryValue } = attributeOf(value);
    return [name, { Type: dataType, Value: stringValue ?? binaryValue }];
  });
  const notification = {
    Type: 'Notification',
    MessageId: '11111111-1111-4111-8111-111111111111',
    TopicArn: topicArn,
    ...(subject === undefined ? {} : { Subject: subject }),
    Message: text,
    Timestamp: isoTime(sentAtEpochMs),
    SignatureVersion: '1',
    Signature: 'EXAMPLE',
    SigningCertURL: `https://sns.${REGION}.amazonaws.com/example.pem`,
    UnsubscribeURL: `https://sns.${REGION}.amazonaws.com/?Action=Unsubscribe`,
    ...(attributes.length === 0 ? {} : { MessageAttributes: Object.fromEntries(attributes) }),
  };
  return messageOf(JSON.stringify(notification), { ...options, attributes: {} });
}

/** Options of {@link eventBridgeMessage}. */
export interface EventBridgeOptions extends MessageOptions {
  /** Type of the event. @default 'Order Placed' */
  readonly detailType?: string;
  /** Where it comes from. @default 'shop.orders' */
  readonly source?: string;
  /** Id of the event. @default - an example's */
  readonly eventId?: string;
  /** Resources that it concerns. @default - none */
  readonly resources?: readonly string[];
}

/**
 * A message that an EventBridge rule delivered; for the envelope `eventbridge`.
 *
 * @param detail the payload
 * @example
 * const message = eventBridgeMessage({ id: '42' }, { detailType: 'Order Placed' });
 */
export function eventBridgeMessage(detail: unknown, options: EventBridgeOptions = {}): TestMessage {
  const { detailType = 'Order Placed', source = 'shop.orders', resources = [], sentAtEpochMs } = options;
  const { eventId = '22222222-2222-4222-8222-222222222222' } = options;
  const event = {
    version: '0',
    id: eventId,
    'detail-type': detailType,
    source,
    account: ACCOUNT,
    time: isoTime(sentAtEpochMs),
    region: REGION,
    resources,
    detail,
  };
  return messageOf(JSON.stringify(event), options);
}

/** An object that {@link s3Message} tells of. */
export type TestS3Record = Pick<S3Record, 'bucket' | 'key'> & Partial<S3Record>;

/**
 * A message that S3's event notifications sent; for the envelope `s3`.
 *
 * @param records the objects; `eventName` is `ObjectCreated:Put` where it is left out, and keys are written as S3 does
 * @example
 * const message = s3Message({ bucket: 'invoices', key: '2026/May 4.pdf', size: 1_024 });
 */
export function s3Message(
  records: TestS3Record | readonly TestS3Record[],
  options: MessageOptions = {},
): TestMessage {
  const { sentAtEpochMs } = options;
  const all = 'bucket' in records ? [records] : records;
  const Records = all.map(({ eventName = 'ObjectCreated:Put', bucket, key, ...object }) => ({
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: REGION,
    eventTime: isoTime(sentAtEpochMs),
    eventName,
    s3: {
      s3SchemaVersion: '1.0',
      bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` },
      object: { key: encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/'), ...object },
    },
  }));
  return messageOf(JSON.stringify({ Records }), options);
}

/** The message that S3 sends once, when notifications are set up; there is nothing to do for it. */
export function s3TestMessage(options: MessageOptions & { readonly bucket?: string } = {}): TestMessage {
  const { bucket = 'invoices', sentAtEpochMs } = options;
  const event = {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: isoTime(sentAtEpochMs),
    Bucket: bucket,
    RequestId: 'EXAMPLE',
    HostId: 'EXAMPLE',
  };
  return messageOf(JSON.stringify(event), options);
}

function isoTime(epochMs = TEST_START): string {
  return new Date(epochMs).toISOString();
}
