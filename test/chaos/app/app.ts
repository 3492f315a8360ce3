import { join } from 'node:path';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { Backoff, ResilientConsumer, ResilientQueue } from 'spillway';

const SECOND = Duration.seconds(1);

const app = new App();
const stack = new Stack(app, 'Chaos');
const queue = new ResilientQueue(stack, 'Jobs', {
  fifo: app.node.getContext('fifo') === true,
});
// Six times the function's time-out is asked for; here what was killed comes back sooner, so that runs end.
for (const part of queue.node.findAll()) {
  if (part instanceof CfnQueue && part.redrivePolicy !== undefined) part.visibilityTimeout = 8;
}
const consumer = new ResilientConsumer(stack, 'Worker', {
  queue,
  entry: join(import.meta.dirname, 'worker.ts'),
  consumerId: 'chaos',
  maxConcurrency: 8,
  functionProps: { timeout: Duration.seconds(6), memorySize: 128 },
  attempts: { max: 6, byReason: { PROCESSING_ERROR: 3, TIMEOUT: 3 } },
  backoff: Backoff.fullJitter({ firstDelay: SECOND, cap: Duration.seconds(4) }),
  // The plan has more bad messages of one kind than a healthy queue: they are counted, but are to be dead-lettered.
  killSwitch: { minMessages: 1_000 },
  circuits: { tracker: { openFor: SECOND, maxOpenFor: Duration.seconds(4) } },
});
new CfnOutput(stack, 'QueueUrl', { value: queue.queueUrl });
new CfnOutput(stack, 'DeadLetterQueueUrl', { value: consumer.deadLetterQueue.queueUrl });
new CfnOutput(stack, 'QuarantineQueueUrl', { value: consumer.quarantineQueue.queueUrl });
app.synth();
