import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyResultV2, LambdaFunctionURLEvent } from 'aws-lambda';
import { required } from './environment.ts';
import { DELIVERY_ATTRIBUTE, EVENT_ATTRIBUTE, SIGNATURE_ATTRIBUTE } from './headers.ts';

const QUEUE_URL = required('QUEUE_URL');
const sqs = new SQSClient();

/** Largest body that fits SQS together with the attributes. Bytes. */
const LARGEST_BODY = 1_048_576 - 2_048;

/** Characters that SQS takes (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html). */
const SENDABLE = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;

const HEADERS = [EVENT_ATTRIBUTE, DELIVERY_ATTRIBUTE, SIGNATURE_ATTRIBUTE];

/**
 * Take a GitHub webhook: put it on the queue as it is and answer. Nothing is looked at here but whether it can be
 * queued; signature and content are the consumer's to judge.
 */
export async function handler(event: LambdaFunctionURLEvent): Promise<APIGatewayProxyResultV2> {
  if (event.requestContext.http.method !== 'POST') return answer(405, { error: 'only POST is taken' });
  const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.byteLength === 0) return answer(400, { error: 'the body is empty' });
  if (bytes.byteLength > LARGEST_BODY)
    return answer(413, { error: `the body has over ${LARGEST_BODY} bytes` });
  const body = bytes.toString('utf8');
  if (!Buffer.from(body).equals(bytes) || !SENDABLE.test(body)) {
    return answer(400, { error: 'the body is not text that can be queued' });
  }
  const attributes = HEADERS.flatMap((name) => {
    const value = event.headers[name];
    return value === undefined || value === ''
      ? []
      : [[name, { DataType: 'String', StringValue: value }] as const];
  });
  const sent = await sqs.send(
    new SendMessageCommand({
      QueueUrl: QUEUE_URL,
      MessageBody: body,
      MessageAttributes: Object.fromEntries(attributes),
    }),
  );
  return answer(202, { messageId: sent.MessageId });
}

function answer(statusCode: number, body: Record<string, unknown>): APIGatewayProxyResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
