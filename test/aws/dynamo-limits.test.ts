import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dynamoLimits } from '../../lambdas/aws/dynamo-limits.ts';
import { rateLimiter, withRateLimit } from '../../lambdas/aws/rate-limiter.ts';
import { systemClock } from '../../lambdas/aws/system-clock.ts';
import type { Clock } from '../../lambdas/core/clock.ts';
import { ConfigurationError, RateLimitedError } from '../../lambdas/core/errors.ts';
import { type LimitStep, takeStep } from '../../lambdas/core/policies/rate-limiter/gcra.ts';
import type { RateLimiter } from '../../lambdas/core/policies/rate-limiter/rate-limiter-types.ts';
import { fakeClock, START } from '../core/fixtures.ts';
import { excess, randomFrom, type Scenario, simulate } from '../core/policies/rate-limiter-simulation.ts';
import { itemOf, TABLE, useEmulators } from './emulators.ts';

const emulators = useEmulators();
const ENVIRONMENTS = 20;
let names = 0;

function freshName(): string {
  names += 1;
  return `limit-${names}`;
}

const START_US = START * 1_000;
const near = fc.integer({ min: -2, max: 4 }).map((us) => START_US + us);
const intervalUs = fc.constantFrom(1, 1, 2, 333);
const reachUs = fc.constantFrom(0, 1, 7_001);
const permits = fc.integer({ min: 1, max: 3 });

const anyStep: fc.Arbitrary<LimitStep> = fc.oneof(
  fc
    .record({ nowUs: near, reachUs, each: intervalUs, permits })
    .map(({ permits: count, each, ...rest }) => ({ name: 'begin', costUs: count * each, ...rest }) as const),
  fc
    .record({ nowUs: near, mostUs: near, reachUs, each: intervalUs, permits })
    .map(({ permits: count, each, ...rest }) => ({ name: 'extend', costUs: count * each, ...rest }) as const),
  fc
    .record({ nowUs: near, seenUs: near, toUs: near, reachUs })
    .map((rest) => ({ name: 'clamp', ...rest }) as const),
);

/** The same step, on the edge of what it asks of the item. */
function onEdge(step: LimitStep, tatUs: number): LimitStep {
  switch (step.name) {
    case 'begin':
      return { ...step, nowUs: tatUs };
    case 'extend':
      return { ...step, nowUs: tatUs - 1, mostUs: tatUs };
    case 'clamp':
      return { ...step, seenUs: tatUs };
  }
}

describe('timelines in DynamoDB', () => {
  it('take steps as those in memory do, to the microsecond', async () => {
    const store = dynamoLimits(emulators.dynamodb, TABLE);
    let runs = 0;
    const applied = { begin: 0, extend: 0, clamp: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(anyStep, fc.boolean()), { minLength: 4, maxLength: 12 }),
        async (steps) => {
          runs += 1;
          const key = `limit#steps-${runs}`;
          let item: Parameters<typeof takeStep>[0];
          for (const [given, edge] of steps) {
            const step = edge && item !== undefined ? onEdge(given, item.tatUs) : given;
            const expected = takeStep(item, step);
            expect(await store.apply(key, step, START)).toEqual(expected);
            if (expected.applied) applied[step.name] += 1;
            item = expected.item;
          }
        },
      ),
      { numRuns: 100 },
    );
    for (const times of Object.values(applied)) expect(times).toBeGreaterThan(20);
  });

  it('are items that an operator can read, and that expire', async () => {
    const store = dynamoLimits(emulators.dynamodb, TABLE);
    const step = { name: 'begin', nowUs: START_US, costUs: 20_007, reachUs: 6_669 } as const;
    await store.apply('limit#readable', step, START + 500);
    expect(await itemOf(emulators, 'limit#readable')).toEqual({
      pk: { S: 'limit#readable' },
      tat: { N: '1700000000020.007' },
      reach: { N: '6.669' },
      ttl: { N: '1700000001' },
    });
  });

  it('need no read where DynamoDB tells what stood in the way', async () => {
    const asked: string[] = [];
    const { ConditionalCheckFailedException } = await import('@aws-sdk/client-dynamodb');
    const client = {
      send: async (command: object) => {
        asked.push(command.constructor.name);
        expect(command).toHaveProperty('input.ReturnValuesOnConditionCheckFailure', 'ALL_OLD');
        throw new ConditionalCheckFailedException({
          message: 'no',
          $metadata: {},
          Item: { pk: { S: 'limit#x' }, tat: { N: '1700000000000.5' }, reach: { N: '10' } },
        });
      },
    } as unknown as DynamoDBClient;
    const step = { name: 'begin', nowUs: START_US, costUs: 1, reachUs: 1 } as const;
    expect(await dynamoLimits(client, TABLE).apply('limit#x', step, START)).toEqual({
      applied: false,
      item: { tatUs: START_US + 500, reachUs: 10_000 },
    });
    expect(asked).toEqual(['UpdateItemCommand']);
  });
});

/** The fleets of the simulation in memory, on the emulator: time is the simulation's, so its speed does not matter. */
function fleet(given: Partial<Scenario['settings']>, load: number, rest: Partial<Scenario> = {}): Scenario {
  const settings = { limit: 50, perMs: 1_000, burst: 50, shards: 1, maxWaitMs: 0, ...given };
  return {
    seed: 11,
    settings,
    lastsMs: 5_000,
    skewMs: 50,
    skews: Array.from({ length: ENVIRONMENTS }, (_, index) => Math.round((50 * index) / (ENVIRONMENTS - 1))),
    callEveryMs: (ENVIRONMENTS * settings.perMs) / settings.limit / load,
    latencyMs: 20,
    lost: 0,
    hung: 0,
    ...rest,
  };
}

describe('20 environments on a table', () => {
  it.each([
    ['a steady load that saturates it', {}, 2],
    ['a load far beyond it', { limit: 40, burst: 20 }, 4],
    ['shards', { limit: 60, burst: 60, shards: 3 }, 2],
    ['callers that wait', { limit: 40, burst: 20, maxWaitMs: 500 }, 1.5],
  ] as const)('keep the bound, and admit at least 0.95 of the limit, with %s', async (_name, given, load) => {
    const scenario = fleet(given, load);
    const { limit, perMs } = scenario.settings;
    const store = dynamoLimits(emulators.dynamodb, TABLE);
    const life = await simulate(scenario, store, freshName());
    expect(life.violations, `seed ${scenario.seed}`).toEqual([]);
    const steady = life.uses.filter((at) => at >= scenario.lastsMs / 4).length;
    expect(steady, `seed ${scenario.seed}`).toBeGreaterThan((0.95 * 0.75 * scenario.lastsMs * limit) / perMs);
  });

  it('keep the bound under lost and late replies, skewed clocks, stalls, crashes and outages', async () => {
    const uses: number[] = [];
    for (const burst of [1, 3, 30]) {
      const scenario = fleet({ limit: 30, burst, maxWaitMs: burst === 3 ? 1_000 : 0 }, 2, {
        lastsMs: 6_000,
        skewMs: 300,
        skews: Array.from({ length: ENVIRONMENTS }, (_, index) => (index % 3) * 150),
        latencyMs: 120,
        lost: 0.2,
        hung: 0.1,
        aborted: 0.1,
        hurried: 0.1,
        givenBack: 0.1,
        outages: [{ from: 3_000, forMs: 500 }],
        stalls: [{ from: 1_000, forMs: 800, environment: 3 }],
        crashes: [{ at: 2_000, environment: 7 }],
      });
      const life = await simulate(scenario, dynamoLimits(emulators.dynamodb, TABLE), freshName());
      expect(life.violations, `seed ${scenario.seed}`).toEqual([]);
      uses.push(...life.uses);
    }
    expect(uses.length).toBeGreaterThan(30);
  });
});

describe('in real time, all at once', () => {
  it('keeps the bound with replies that are lost and clocks that differ', async () => {
    const lastsMs = 2_500;
    const random = randomFrom(11);
    const settings = { limit: 60, perMs: 1_000, burst: 60 };
    const name = freshName();
    const client = losing(emulators.dynamodb, () => random() < 0.1);
    const uses: number[] = [];
    const begun = Date.now();
    const environments = Array.from({ length: ENVIRONMENTS }, (_, index): RateLimiter => {
      const skew = (index % 3) * 25;
      const clock: Clock = { now: () => Date.now() + skew, after: systemClock.after };
      return rateLimiter({ name, ...settings, table: TABLE, client, telemetry: false, skewMs: 50, clock });
    });
    await Promise.all(
      environments.map(async (limiter) => {
        while (Date.now() - begun < lastsMs) {
          try {
            await limiter.call(() => void uses.push(Date.now() - begun));
          } catch (error) {
            if (!(error instanceof RateLimitedError)) throw error;
          }
          await new Promise((resolve) => setTimeout(resolve, 40 * random()));
        }
      }),
    );
    expect(excess(uses, settings)).toEqual([]);
    expect(uses.length).toBeGreaterThan(60);
  });
});

/** A client that does what it is told, and loses some of the answers. */
function losing(client: DynamoDBClient, loses: () => boolean): DynamoDBClient {
  return {
    send: async (command: UpdateItemCommand) => {
      const answer = await client.send(command);
      if (command instanceof UpdateItemCommand && loses()) throw new Error('the reply was lost');
      return answer;
    },
  } as unknown as DynamoDBClient;
}

describe('a rate limiter by itself', () => {
  it('needs no table', async () => {
    const clock = fakeClock();
    const limiter = rateLimiter({ name: 'tracker', limit: 2, perMs: 1_000, telemetry: false, clock });
    expect(await limiter.call(() => 'made')).toBe('made');
    expect(await limiter.call(() => 'made')).toBe('made');
    await expect(limiter.call(() => 'made')).rejects.toMatchObject({
      name: 'RateLimitedError',
      policy: 'tracker',
      retryAfterMs: 500,
    });
    clock.advance(500);
    expect(await limiter.call(() => 'made')).toBe('made');
  });

  it('stands around functions, which share it', async () => {
    const guard = withRateLimit({
      name: 'tracker',
      limit: 1,
      perMs: 1_000,
      telemetry: false,
      clock: fakeClock(),
    });
    const double = guard(async (_signal, value: number) => value * 2);
    const half = guard((_signal, value: number) => value / 2);
    expect(await double(21)).toBe(42);
    await expect(half(1)).rejects.toThrow(RateLimitedError);
    expect(double.policy).toBe(half.policy);
    expect(double.policy.statistics()).toMatchObject({ admitted: 1, refused: 1 });
  });

  it('refuses calls while the table is down, or goes by itself, and throws no error of the table', async () => {
    const client = Object.create(emulators.dynamodb, {
      send: { value: () => Promise.reject(new Error('the store is down')) },
    }) as DynamoDBClient;
    const options = { name: freshName(), limit: 2, perMs: 1_000, table: TABLE, client, telemetry: false };
    await expect(rateLimiter(options).call(() => 'made')).rejects.toThrow(RateLimitedError);
    const local = rateLimiter({ ...options, onStoreFailure: 'local' });
    expect(await local.call(() => 'made')).toBe('made');
  });

  it('refuses options that make no sense, all at once', () => {
    const problems = (options: Partial<Parameters<typeof rateLimiter>[0]>): unknown => {
      try {
        return rateLimiter({ name: 'tracker', limit: 1, perMs: 1_000, ...options });
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        return error.problems.map(({ option }) => option);
      }
    };
    expect(problems({ limit: 0, perMs: 0, burst: 0, shards: 0, maxWaitMs: -1, skewMs: -1 })).toEqual([
      'limit',
      'perMs',
      'burst',
      'shards',
      'maxWaitMs',
      'skewMs',
    ]);
    expect(problems({ limit: 101, perMs: 1 })).toEqual(['limit']);
    expect(problems({ name: 'a b' })).toEqual(['name']);
    expect(problems({ onStoreFailure: 'panic' as 'local' })).toEqual(['onStoreFailure']);
    expect(problems({ bursts: 2 } as object)).toEqual(['bursts']);
  });
});
