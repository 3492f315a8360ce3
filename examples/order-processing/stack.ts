import { join } from 'node:path';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Backoff, ResilientConsumer, ResilientQueue } from 'spillway';

/** Properties of the {@link OrderProcessingStack}. */
export interface OrderProcessingStackProps extends StackProps {
  /** Address of the customer service. */
  readonly customerServiceUrl: string;
  /**
   * Wait seconds rather than minutes, to watch.
   *
   * @default false
   */
  readonly hurried?: boolean;
}

/** Orders, confirmed with a customer service that is not always there. */
export class OrderProcessingStack extends Stack {
  constructor(scope: Construct, id: string, props: OrderProcessingStackProps) {
    super(scope, id, props);
    const { customerServiceUrl, hurried = false } = props;
    const queue = new ResilientQueue(this, 'Orders');
    const consumer = new ResilientConsumer(this, 'OrderProcessor', {
      queue,
      entry: join(import.meta.dirname, 'consumer.ts'),
      functionProps: { environment: { CUSTOMER_SERVICE_URL: customerServiceUrl } },
      circuits: {
        'customer-service': hurried ? { openFor: Duration.seconds(1), maxOpenFor: Duration.seconds(2) } : {},
      },
      ...(hurried ? { backoff: Backoff.fixed(Duration.seconds(1)) } : {}),
    });
    new CfnOutput(this, 'QueueUrl', { value: queue.queueUrl });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: consumer.deadLetterQueue.queueUrl });
    new CfnOutput(this, 'QuarantineQueueUrl', { value: consumer.quarantineQueue.queueUrl });
  }
}
