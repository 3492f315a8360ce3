import { resilientConsumer, type SqsBatchResponse, type SqsEventRecord } from 'spillway/runtime';
import { createTestStores, rawMessage, testSettings } from 'spillway/testing';
import * as z from 'zod';
import { rebuilt } from '../../lambdas/aws/consumer-ports.ts';
import { NO_TRACER } from '../../lambdas/aws/message-tracer.ts';
import { powertoolsTelemetry } from '../../lambdas/aws/telemetry.ts';
import { powertoolsMetrics } from '../../lambdas/aws/telemetry-metrics.ts';
import { interiorOf } from '../../lambdas/testing/stores.ts';
import { CANARY, DENIED_SOURCE, DISTRUSTED_SOURCE, type HostileMessage } from './bodies.ts';

const SECRET = `the key is a ${CANARY}`;

const settings = testSettings({
  consumerId: 'hostile',
  screening: {
    signature: { secretId: 'hostile', attribute: 'signature', prefix: 'sha256=' },
    requiredFields: ['/id', '/source', '/total'],
    deniedSources: { pointer: '/source' },
    suspiciousPatterns: ['sql-injection', 'script-injection', 'path-traversal'],
    reputation: { source: { pointer: '/source' }, minimumScore: 50 },
  },
});

const purchaseSchema = z.looseObject({
  id: z.string().regex(/^[a-z0-9-]{1,40}$/),
  source: z.string().max(256),
  total: z.number().positive(),
  note: z.string().optional(),
  items: z.array(z.object({ sku: z.string(), count: z.int() })),
});

/** A consumer with every check switched on, as it is deployed but for its stores, which are in memory. */
export interface Target {
  /** Payloads that reached the handler. */
  readonly handled: unknown[];
  /** Deliver a message; gives the reason for which it lies in quarantine, if it does. */
  deliver(message: HostileMessage): Promise<string | undefined>;
}

/** Make the consumer. It logs as it would on AWS. */
export function createTarget(): Target {
  const handled: unknown[] = [];
  const stores = createTestStores({ secrets: { hostile: SECRET } });
  stores.denySource(DENIED_SOURCE);
  stores.setReputation(DISTRUSTED_SOURCE, 10);
  const interior = interiorOf(stores);
  const consumer = resilientConsumer({
    schema: purchaseSchema,
    settings,
    idempotencyKey: ({ id }) => id,
    handle: (payload) => void handled.push(payload),
  });
  const handler = rebuilt(consumer, () => ({
    clock: stores.clock,
    random: interior.random,
    telemetry: powertoolsTelemetry(settings.consumerId, powertoolsMetrics(settings.consumerId, 'full')),
    records: interior.records.of(settings.queue.name, () => undefined),
    source: { acknowledge: async () => [], changeVisibility: async () => [] },
    deadLetterQueue: interior.deadLetters.named(settings.deadLetterQueue.name),
    quarantineQueue: interior.quarantined.named(settings.quarantineQueue.name),
    circuits: interior.circuits.of(settings),
    intake: interior.intakes.of(settings),
    deadLetterCounts: interior.deadLetterCounts.of(settings.consumerId),
    limits: interior.limits,
    notices: { circuitChanged() {}, async settle() {} },
    linger: async () => {},
    guard: () => interior.guards.of(settings),
    signatureKeys: (signature) => interior.signatureKeys(signature),
    deniedSources: () => interior.deniedSources,
    reputation: () => interior.reputation,
    configuration: () => ({ name: 'none', read: async () => undefined }),
    tracer: () => NO_TRACER,
    exit() {},
  }));
  return {
    handled,
    async deliver(message) {
      const before = stores.quarantine.length;
      await invoke(recordOf(message));
      const moved = stores.quarantine[before];
      // A message that fills SQS's 1 MiB has no room for its envelope: that it was moved for its size is all there is.
      return moved === undefined ? undefined : (moved.envelope?.reason ?? 'SIZE_LIMIT_EXCEEDED');
    },
  };

  function invoke(record: SqsEventRecord): Promise<SqsBatchResponse> {
    return handler({ Records: [record] }, { getRemainingTimeInMillis: () => 30_000 });
  }
}

function recordOf({ body, attributes = {}, signature }: HostileMessage): SqsEventRecord {
  const signed =
    signature === undefined ? { signature: { key: SECRET, attribute: 'signature', prefix: 'sha256=' } } : {};
  const given = signature === undefined || signature === null ? {} : { signature };
  return rawMessage(body, { attributes: { ...attributes, ...given }, ...signed });
}
