import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { COMMON, type ContenderName, PLAIN_CDK, POWERTOOLS } from '../contenders.ts';
import { type BenchProps, functionProps, outputs } from './common.ts';

/** Properties of the {@link PeerStack}. */
export interface PeerStackProps extends BenchProps {
  readonly contender: Exclude<ContenderName, 'spillway'>;
}

/** Queue, dead-letter queue, function and event source, and with Powertools the table of its idempotency. */
export class PeerStack extends Stack {
  constructor(scope: Construct, id: string, props: PeerStackProps) {
    super(scope, id);
    const { contender } = props;
    const plain = contender === 'plain-cdk';
    const { maxReceiveCount } = plain ? PLAIN_CDK : POWERTOOLS;
    const deadLetters = new sqs.Queue(this, 'DeadLetters', { retentionPeriod: Duration.days(14) });
    const queue = new sqs.Queue(this, 'Orders', {
      visibilityTimeout: Duration.millis(COMMON.visibilityMs),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount },
    });
    const consumer = new NodejsFunction(this, 'Consumer', {
      ...functionProps(props),
      runtime: lambda.Runtime.NODEJS_24_X,
      entry: join(import.meta.dirname, `${contender}.ts`),
      // The SDK is bundled, as ours is.
      bundling: { minify: true, externalModules: [] },
    });
    consumer.addEventSource(
      new SqsEventSource(queue, {
        batchSize: COMMON.batchSize,
        maxConcurrency: COMMON.maxConcurrency,
        reportBatchItemFailures: true,
      }),
    );
    if (!plain) {
      const table = new dynamodb.Table(this, 'Idempotency', {
        partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
        timeToLiveAttribute: 'expiration',
        billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      });
      table.grantReadWriteData(consumer);
      consumer.addEnvironment('TABLE_NAME', table.tableName);
    }
    outputs(this, { queue, deadLetters, consumer });
  }
}
