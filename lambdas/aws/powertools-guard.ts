import {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  makeIdempotent,
} from '@aws-lambda-powertools/idempotency';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../core/clock.ts';
import { causes, textField } from '../core/error-shape.ts';
import type { EventSink } from '../core/events.ts';
import type { IdempotencyGuard, IdempotentOutcome } from '../core/idempotency.ts';
import type { ConsumerSettings } from '../core/settings.ts';
import { idempotencyKeyPrefix } from '../core/table-keys.ts';
import { FencedPersistence } from './fenced-persistence.ts';

/** A record lives long enough for a replay out of the dead-letter queue, and a day at the least. Seconds. */
export function idempotencyLifetimeSeconds({ queue, deadLetterQueue }: ConsumerSettings): number {
  const day = 86_400;
  return Math.max(day, queue.retentionSeconds + deadLetterQueue.retentionSeconds + day);
}

/** What the wrapped function throws: Powertools has to see a failure, and must not mistake the error for its own. */
class EffectFailed extends Error {}

/** Idempotency by Powertools: two writes an effect, records in the state table, keys of this consumer's scope alone. */
export function powertoolsGuard(
  client: DynamoDBClient,
  settings: ConsumerSettings,
  clock: Clock,
  emit: EventSink,
): IdempotencyGuard {
  const config = new IdempotencyConfig({
    hashFunction: 'sha256',
    expiresAfterSeconds: idempotencyLifetimeSeconds(settings),
    throwOnNoIdempotencyKey: true,
  });
  if (!config.isEnabled()) emit({ kind: 'idempotency-disabled' });
  const keyPrefix = idempotencyKeyPrefix(settings);
  const idle: FencedPersistence[] = [];

  async function run(
    key: string,
    remainingMs: number,
    effect: () => Promise<void>,
  ): Promise<IdempotentOutcome> {
    const persistenceStore = idle.pop() ?? new FencedPersistence(client, settings.stateTable, clock);
    persistenceStore.begin(remainingMs);
    let ended: { readonly error?: { readonly thrown: unknown } } | undefined;
    const guarded = makeIdempotent(
      async (_key: string): Promise<void> => {
        try {
          await effect();
          ended = {};
        } catch (thrown) {
          ended = { error: { thrown } };
          throw new EffectFailed();
        }
      },
      { persistenceStore, config, keyPrefix },
    );
    let refusal: unknown;
    try {
      await guarded(key);
    } catch (error) {
      refusal = error;
    }
    const { recordError, heldUntil } = persistenceStore;
    idle.push(persistenceStore);
    const noted = recordError === undefined ? {} : { recordError };
    if (ended?.error !== undefined) return { kind: 'failed', error: ended.error.thrown, ...noted };
    if (ended !== undefined) return { kind: 'completed', ...noted };
    if (refusal === undefined) return { kind: 'duplicate' };
    if (refusal instanceof IdempotencyAlreadyInProgressError) {
      return { kind: 'in-progress', untilEpochMs: heldUntil ?? clock.now() };
    }
    if (lockVanished(refusal)) return { kind: 'in-progress', untilEpochMs: clock.now() };
    return { kind: 'unavailable', error: refusal };
  }

  return { run };
}

/** Whether the lock that stood in the way was released before it could be looked at. */
function lockVanished(refusal: unknown): boolean {
  for (const cause of causes(refusal)) {
    if (textField(cause, 'name') === 'IdempotencyItemNotFoundError') return true;
  }
  return false;
}
