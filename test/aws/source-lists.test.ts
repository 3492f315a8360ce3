import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { dynamoDeniedSources, dynamoReputation, SOURCE_CACHE_MS } from '../../lambdas/aws/source-lists.ts';
import { consumerSettings, fakeClock, START } from '../core/fixtures.ts';
import { failing, TABLE, useEmulators } from './emulators.ts';

const emulators = useEmulators();
const settings = consumerSettings({ consumerId: 'shop', stateTable: TABLE });

async function put(pk: string, attributes: Record<string, number> = {}): Promise<void> {
  const numbers = Object.entries(attributes).map(([name, value]) => [name, { N: String(value) }]);
  const Item = { pk: { S: pk }, ...Object.fromEntries(numbers) };
  await emulators.dynamodb.send(new PutItemCommand({ TableName: TABLE, Item }));
}

function lists() {
  const clock = fakeClock();
  const options = { client: emulators.dynamodb, settings, clock };
  return { clock, denied: dynamoDeniedSources(options), reputation: dynamoReputation(options) };
}

describe('denied sources in the state table', () => {
  it("are the consumer's own, until they expire", async () => {
    await put('denied-source#shop#bad');
    await put('denied-source#other#good');
    await put('denied-source#shop#pardoned', { ttl: START / 1_000 });
    await put('denied-source#shop#banned', { ttl: START / 1_000 + 1 });
    const { denied } = lists();
    expect(await denied.has('bad')).toBe(true);
    expect(await denied.has('good')).toBe(false);
    expect(await denied.has('pardoned')).toBe(false);
    expect(await denied.has('banned')).toBe(true);
  });

  it('take effect within the time for which an answer is kept, which costs one read', async () => {
    const { denied, clock } = lists();
    emulators.requests.reset();
    expect(await denied.has('later')).toBe(false);
    await put('denied-source#shop#later');
    clock.advance(SOURCE_CACHE_MS - 1);
    expect(await denied.has('later')).toBe(false);
    expect(emulators.requests.counts('dynamodb')).toMatchObject({ GetItem: 1 });
    clock.advance(1);
    expect(await denied.has('later')).toBe(true);
  });

  it('cannot be told while the table does not answer', async () => {
    const { denied } = lists();
    failing(emulators.dynamodb, 'GetItemCommand', 1);
    await expect(denied.has('bad')).rejects.toThrow();
    expect(await denied.has('bad')).toBe(true);
  });
});

describe('reputation in the state table', () => {
  it('is a score, or nothing', async () => {
    await put('reputation#known', { score: 12.5 });
    const { reputation } = lists();
    expect(await reputation.scoreOf('known')).toBe(12.5);
    expect(await reputation.scoreOf('unknown')).toBeUndefined();
  });

  it('that is no number tells nothing, and lets nothing pass', async () => {
    await put('reputation#broken');
    await expect(lists().reputation.scoreOf('broken')).rejects.toThrow('no number "score"');
  });
});
