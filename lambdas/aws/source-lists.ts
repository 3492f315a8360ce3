import { type AttributeValue, type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../core/clock.ts';
import { SpillwayError } from '../core/errors.ts';
import { lookupCache } from '../core/lookup-cache.ts';
import type { DeniedSources } from '../core/screening/denied-source-check.ts';
import type { Reputation } from '../core/screening/reputation-check.ts';
import type { ConsumerSettings } from '../core/settings.ts';
import { KEY_PREFIX, TABLE_KEY, TABLE_TTL } from '../core/table-keys.ts';

/** What is read about a source is good for this long in one environment. Milliseconds. */
export const SOURCE_CACHE_MS = 30_000;

/** Sources that one environment remembers. */
const MOST_SOURCES = 10_000;

/** Where the lists of sources are. */
export interface SourceListOptions {
  readonly client: DynamoDBClient;
  readonly settings: ConsumerSettings;
  readonly clock: Clock;
}

/** The denied sources of a consumer: an item `denied-source#<consumer id>#<source>` each, which may have a `ttl`. */
export function dynamoDeniedSources(options: SourceListOptions): DeniedSources {
  const { consumerId } = options.settings;
  const prefix = `${KEY_PREFIX.deniedSource}${consumerId}#`;
  const has = cachedItems(options, prefix, (item) => item !== undefined);
  return { has };
}

/** Scores of sources: an item `reputation#<source>` each, with the number `score`, which may have a `ttl`. */
export function dynamoReputation(options: SourceListOptions): Reputation {
  const scoreOf = cachedItems(options, KEY_PREFIX.reputation, (item) => {
    if (item === undefined) return undefined;
    const score = Number(item.score?.N ?? Number.NaN);
    if (Number.isFinite(score)) return score;
    throw new SpillwayError('the item of the source has no number "score"');
  });
  return { scoreOf };
}

type Item = Readonly<Record<string, AttributeValue>>;

/** Expired items count as gone: DynamoDB deletes them when it comes to it. */
function cachedItems<T>(
  { client, settings, clock }: SourceListOptions,
  prefix: string,
  read: (item: Item | undefined) => T,
): (source: string) => Promise<T> {
  return lookupCache({
    clock,
    goodForMs: SOURCE_CACHE_MS,
    mostEntries: MOST_SOURCES,
    async lookUp(source) {
      const Key = { [TABLE_KEY]: { S: `${prefix}${source}` } };
      const { Item } = await client.send(new GetItemCommand({ TableName: settings.stateTable, Key }));
      const endsAt = Item?.[TABLE_TTL]?.N;
      const expired = endsAt !== undefined && Number(endsAt) * 1_000 <= clock.now();
      return read(expired ? undefined : Item);
    },
  });
}
