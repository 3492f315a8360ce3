import { MissingEmulatorError } from '../errors.ts';
import {
  type FauxqsBuckets,
  type FauxqsStore,
  type FauxqsTopics,
  isFauxqs,
  isS3StoreModule,
  isSnsStoreModule,
  isSqsStoreModule,
} from './fauxqs-types.ts';
import { receiveWholeGroups } from './fifo-receive.ts';
import { isLoopbackHost, LOOPBACK } from './loopback.ts';
import { isSqsTypesModule, takeAllCharacters } from './message-characters.ts';
import { importInside, importOptional } from './optional-package.ts';
import { type QueueActivity, watchQueue } from './queue-activity.ts';
import { keepReceiveCount } from './redrive-count.ts';
import { type RequestLog, targetOperation } from './request-log.ts';

const VERSION = '2.4.1';

/** The running emulator of SQS, SNS and S3. */
export interface Fauxqs {
  readonly url: string;
  readonly store: FauxqsStore;
  readonly topics: FauxqsTopics;
  readonly buckets: FauxqsBuckets;
  /** What happened to the messages of a queue so far. */
  activity(queueArn: string): QueueActivity | undefined;
  /**
   * Publish to a topic.
   *
   * @throws {Error} if there is no such topic, or the message is too long
   */
  publish(topicArn: string, subject: string, message: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Start fauxqs on a free loopback port.
 *
 * Its queue URLs name the address that the request came to, so that the SDK, which follows the host of a QueueUrl, finds
 * the way back. FIFO queues receive whole groups (see `receiveWholeGroups`).
 *
 * @throws {MissingEmulatorError} if the package is not installed or has changed inside
 */
export async function startFauxqs(region: string, requests: RequestLog): Promise<Fauxqs> {
  const entry = await importOptional('fauxqs', VERSION);
  const sqs = await importInside('fauxqs', 'dist/sqs/sqsStore.js', VERSION);
  const types = await importInside('fauxqs', 'dist/sqs/sqsTypes.js', VERSION);
  const sns = await importInside('fauxqs', 'dist/sns/snsStore.js', VERSION);
  const s3 = await importInside('fauxqs', 'dist/s3/s3Store.js', VERSION);
  const known = isFauxqs(entry) && isSqsStoreModule(sqs) && isSqsTypesModule(types);
  if (!known || !isSnsStoreModule(sns) || !isS3StoreModule(s3)) {
    throw new MissingEmulatorError(
      `this version of fauxqs is not known to the local stack: install fauxqs@${VERSION}`,
    );
  }
  takeAllCharacters(types);
  const store = new sqs.SqsStore();
  store.host = '';
  const createQueue = store.createQueue.bind(store);
  const activities = new Map<string, QueueActivity>();
  store.createQueue = (...definition) => {
    const queue = createQueue(...definition);
    const corrected = queue.isFifo() ? receiveWholeGroups(queue) : keepReceiveCount(queue);
    activities.set(corrected.arn, watchQueue(corrected));
    return corrected;
  };
  const topics = new sns.SnsStore();
  const buckets = new s3.S3Store();
  const app = entry.buildApp({
    logger: false,
    defaultRegion: region,
    stores: { sqsStore: store, snsStore: topics, s3Store: buckets },
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (!isLoopbackHost(request.headers.host)) {
      reply.code(403).send('only loopback host names are served');
      return;
    }
    const target = request.headers['x-amz-target'];
    if (target !== undefined) requests.add('sqs', targetOperation(target));
    done();
  });
  const address = await app.listen({ port: 0, host: LOOPBACK });
  const { origin: url } = new URL(address);
  return {
    url,
    store,
    topics,
    buckets,
    activity: (arn) => activities.get(arn),
    async publish(TopicArn, Subject, Message) {
      const body = new URLSearchParams({ Action: 'Publish', TopicArn, Subject, Message });
      const response = await fetch(url, { method: 'POST', body });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    },
    close: () => app.close(),
  };
}
