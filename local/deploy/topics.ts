import { isObject, stringAt } from '../json.ts';
import type { Player } from './context.ts';

const FOREIGN = 'is not played with an SQS endpoint of your own';

/** Create a topic. */
export const playTopic: Player = (resource, { fauxqs, warn }) => {
  if (fauxqs === undefined) {
    warn(`${resource.constructPath}: AWS::SNS::Topic ${FOREIGN}`);
    return;
  }
  const { ContentBasedDeduplication: deduplication, FifoTopic: fifo } = resource.properties();
  const attributes: Record<string, string> = {};
  if (String(fifo) === 'true') attributes.FifoTopic = 'true';
  if (deduplication !== undefined) attributes.ContentBasedDeduplication = String(deduplication);
  fauxqs.topics.createTopic(resource.attribute('TopicName'), attributes, {}, resource.region);
};

/** Subscribe a queue to a topic; other protocols are named in a warning. */
export const playSubscription: Player = (resource, { fauxqs, warn }) => {
  const properties = resource.properties();
  const protocol = stringAt(properties, 'Protocol') ?? '';
  if (protocol !== 'sqs' || fauxqs === undefined) {
    const why = fauxqs === undefined ? FOREIGN : `of protocol ${protocol} is not played`;
    warn(`${resource.constructPath}: AWS::SNS::Subscription ${why}`);
    return;
  }
  const attributes: Record<string, string> = {};
  for (const name of ['RawMessageDelivery', 'FilterPolicy', 'FilterPolicyScope', 'RedrivePolicy']) {
    const value = properties[name];
    if (value !== undefined) attributes[name] = isObject(value) ? JSON.stringify(value) : String(value);
  }
  const topic = stringAt(properties, 'TopicArn') ?? '';
  fauxqs.topics.subscribe(topic, 'sqs', stringAt(properties, 'Endpoint') ?? '', attributes);
};

/** Create a bucket. */
export const playBucket: Player = (resource, { fauxqs, warn }) => {
  if (fauxqs === undefined) {
    warn(`${resource.constructPath}: AWS::S3::Bucket ${FOREIGN}`);
    return;
  }
  fauxqs.buckets.createBucket(resource.physicalId);
  if ('NotificationConfiguration' in resource.properties()) {
    warn(`${resource.constructPath}: bucket notifications are not played`);
  }
};
