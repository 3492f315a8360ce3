import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { InvalidResourceError } from '../errors.ts';
import { countMessages, emulatedQueue, foreignQueue, type QueueFacts } from '../queue.ts';
import type { Player } from './context.ts';

const ATTRIBUTES = [
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoQueue',
  'FifoThroughputLimit',
  'KmsMasterKeyId',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedriveAllowPolicy',
  'RedrivePolicy',
  'SqsManagedSseEnabled',
  'VisibilityTimeout',
];

/** Create a queue with the attributes of the template. */
export const playQueue: Player = async (resource, context) => {
  const properties = resource.properties();
  const attributes: Record<string, string> = {};
  for (const name of ATTRIBUTES) {
    const value = properties[name];
    if (value !== undefined)
      attributes[name] = typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
  if (attributes.FifoQueue === 'false') delete attributes.FifoQueue;
  const facts: QueueFacts = {
    stack: resource.stack,
    logicalId: resource.logicalId,
    constructPath: resource.constructPath,
    name: resource.attribute('QueueName'),
    url: resource.physicalId,
    arn: resource.attribute('Arn'),
    region: resource.region,
    fifo: attributes.FifoQueue === 'true',
  };
  const client = context.sqs(resource.region);
  try {
    await client.send(new CreateQueueCommand({ QueueName: facts.name, Attributes: attributes }));
  } catch (cause) {
    throw new InvalidResourceError(`cannot create the queue ${resource.constructPath}: ${String(cause)}`, {
      cause,
    });
  }
  const emulated = context.fauxqs?.store.getQueueByArn(facts.arn);
  context.queues.push(emulated === undefined ? foreignQueue(facts, client) : emulatedQueue(facts, emulated));
  const activity = context.fauxqs?.activity(facts.arn);
  if (emulated !== undefined && activity !== undefined) {
    context.cloudwatch.queues.push({ name: facts.name, activity, counts: () => countMessages(emulated) });
  } else {
    context.warn('metrics of queues are not reported with an SQS endpoint of your own');
  }
  if (context.fauxqs !== undefined && 'MessageRetentionPeriod' in attributes) {
    context.warn(
      'message retention periods are not enforced by the queue emulator: messages stay until deleted',
    );
  }
};
