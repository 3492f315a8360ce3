import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { expect, it, vi } from 'vitest';
import { type DeployedApp, deployApp } from './deploy-app.ts';

const PATIENCE = { timeout: 30_000, interval: 50 };

/** Log lines of one request, in order. */
function linesOf({ logs }: DeployedApp, correlationId: string): readonly Record<string, unknown>[] {
  return logs
    .filter((line) => line.startsWith('{') && line.includes(`"correlation_id":"${correlationId}"`))
    .map((line): Record<string, unknown> => JSON.parse(line));
}

/** Send a dead letter back, as a redrive does: body, attributes, group and trace header as they are. */
async function redrive(sqs: SQSClient, from: string, to: string): Promise<void> {
  const { Messages: [letter] = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: from,
      WaitTimeSeconds: 5,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  );
  const { AWSTraceHeader, MessageGroupId, MessageDeduplicationId } = letter?.Attributes ?? {};
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: to,
      MessageBody: letter?.Body,
      MessageAttributes: letter?.MessageAttributes,
      ...(MessageGroupId !== undefined && { MessageGroupId, MessageDeduplicationId }),
      ...(AWSTraceHeader !== undefined && {
        MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: AWSTraceHeader } },
      }),
    }),
  );
  await sqs.send(new DeleteMessageCommand({ QueueUrl: from, ReceiptHandle: letter?.ReceiptHandle }));
}

it('follows one request, and one trace, through queue, retry, dead-letter queue and redelivery', async () => {
  const app = await deployApp('test/e2e/fixtures/tracing/app.ts');
  const urlOf = (output: string): string => app.outputs[output] ?? '';
  for (const kind of ['Standard', 'Fifo']) {
    const correlationId = `request-${kind}`;
    const { payload: traceId, error } = await app.stack
      .function(`Tracing/${kind}Producer`)
      .invoke({ id: `parcel-${kind}`, correlationId });
    expect(error).toBeUndefined();
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);

    const letters = app.stack.queue(urlOf(`${kind}DeadLetterQueueUrl`));
    await vi.waitUntil(async () => (await letters.counts()).visible === 1, PATIENCE);
    const [letter] = await letters.messages();
    expect(letter?.traceHeader?.replaceAll('-', '')).toContain(traceId);
    await redrive(app.sqs, letters.url, urlOf(`${kind}QueueUrl`));
    const told = () => linesOf(app, correlationId).map(({ message }) => message);
    await vi.waitUntil(() => told().includes('parcel delivered'), PATIENCE);

    expect(told()).toEqual([
      'parcel sent',
      'call retried',
      'call failed for good',
      'attempt failed',
      'call retried',
      'call failed for good',
      'dead-lettered',
      'parcel delivered',
    ]);
    const lines = linesOf(app, correlationId);
    expect(lines.map(({ trace_id }) => trace_id)).toEqual(lines.map(() => traceId));
    const [stableId] = lines.slice(1).map(({ stable_id }) => stable_id);
    expect(lines.slice(1).map(({ stable_id }) => stable_id)).toEqual(lines.slice(1).map(() => stableId));
    expect(lines.at(-1)?.traceparent).toMatch(new RegExp(`^00-${String(traceId)}-[0-9a-f]{16}-00$`));
  }
  // Nobody listens for segments here, and nobody complains.
  expect(app.logs.filter((line) => /segment|X-Ray/i.test(line))).toEqual([]);
}, 120_000);
