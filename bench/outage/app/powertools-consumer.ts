import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { POWERTOOLS } from '../contenders.ts';
import { keyOf } from './call-tracker.ts';

/** A consumer made of Powertools' batch processor and idempotency, around a protected call. */
export function powertoolsConsumer(
  call: (key: string) => Promise<void>,
): (event: SQSEvent, context: Context) => Promise<SQSBatchResponse> {
  const processor = new BatchProcessor(EventType.SQS);
  const persistenceStore = new DynamoDBPersistenceLayer({ tableName: process.env.TABLE_NAME ?? '' });
  const config = new IdempotencyConfig({ eventKeyJmesPath: POWERTOOLS.keyPath });
  const handleRecord = makeIdempotent(async ({ body }: SQSRecord) => call(keyOf(body)), {
    persistenceStore,
    config,
  });
  return (event, context) => {
    config.registerLambdaContext(context);
    return processPartialResponse(event, handleRecord, processor, { context });
  };
}
