import { DeleteMessageBatchCommand, type Message } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { type ResilientConsumerOptions, resilientConsumer } from '../../lambdas/aws/resilient-consumer.ts';
import type { FailureEnvelope } from '../../lambdas/core/failure-envelope.ts';
import type { SettingsInput } from '../../lambdas/core/parse-settings.ts';
import { type ConsumerSettings, FAILURE_ATTRIBUTE } from '../../lambdas/core/settings.ts';
import { createQueue, type Emulators, lambdaEvent, receive, TABLE } from './emulators.ts';

/** What the consumers of these tests take. */
export const orderSchema = z.object({ order: z.string() });
export type Order = z.infer<typeof orderSchema>;

/** What a test may want to be different. */
export type ConsumerOptions = Partial<
  Pick<ResilientConsumerOptions<Order>, 'handle' | 'schema' | 'classify' | 'idempotencyKey' | 'idempotency'>
> & { readonly settings?: SettingsInput<ConsumerSettings> };

let consumers = 0;

/** A consumer on queues of its own. Its queues carry a number, so that tests do not meet. */
export async function deployConsumer(emulators: Emulators, options: ConsumerOptions = {}, fifo = false) {
  consumers += 1;
  const name = `orders-${consumers}`;
  const suffix = fifo ? '.fifo' : '';
  const url = await createQueue(emulators, `${name}${suffix}`);
  const deadLetterUrl = await createQueue(emulators, `${name}-dlq${suffix}`);
  const quarantineUrl = await createQueue(emulators, `${name}-quarantine${suffix}`);
  const { settings, ...rest } = options;
  const handled: Order[] = [];
  const handler = resilientConsumer<Order>({
    schema: orderSchema,
    idempotencyKey: ({ order }: Order) => order,
    random: () => 0.5,
    clients: { sqs: emulators.sqs, dynamodb: emulators.dynamodb },
    ...rest,
    handle: (order, context) => {
      handled.push(order);
      return options.handle?.(order, context);
    },
    settings: {
      consumerId: name,
      stateTable: TABLE,
      observability: 'full',
      backoff: { kind: 'fixed', firstDelayMs: 5_000 },
      ...settings,
      queue: { url },
      deadLetterQueue: { url: deadLetterUrl },
      quarantineQueue: { url: quarantineUrl },
    },
  } as ResilientConsumerOptions<Order>);

  /** Invoke the function as the event source does: with what the queue gives, and acknowledging what did not fail. */
  async function poll(): Promise<{
    readonly received: readonly Message[];
    readonly failed: readonly string[];
  }> {
    const received = await receive(emulators, url);
    const { batchItemFailures } = await handler(lambdaEvent(received), {
      getRemainingTimeInMillis: () => 30_000,
    });
    const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    const done = received.filter(({ MessageId = '' }) => !failed.includes(MessageId));
    if (done.length > 0) {
      const Entries = done.map(({ ReceiptHandle }, at) => ({ Id: String(at), ReceiptHandle }));
      await emulators.sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    }
    return { received, failed };
  }

  const deadLetters = () => receive(emulators, deadLetterUrl);
  const quarantined = () => receive(emulators, quarantineUrl);
  return { name, url, deadLetterUrl, quarantineUrl, handler, handled, poll, deadLetters, quarantined };
}

/** The failure envelope that a message carries. */
export function envelopeOf(message: Message | undefined): FailureEnvelope {
  return JSON.parse(message?.MessageAttributes?.[FAILURE_ATTRIBUTE]?.StringValue ?? 'null');
}
