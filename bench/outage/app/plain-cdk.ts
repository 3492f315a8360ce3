import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { callTracker, keyOf } from './call-tracker.ts';

/** Report what threw, as the CDK's and Lambda's documentation show it. */
export async function handler({ Records }: SQSEvent): Promise<SQSBatchResponse> {
  const results = await Promise.allSettled(Records.map(({ body }) => callTracker(keyOf(body))));
  const batchItemFailures = Records.filter((_record, at) => results[at]?.status === 'rejected').map(
    ({ messageId }) => ({ itemIdentifier: messageId }),
  );
  return { batchItemFailures };
}
