import { CfnParameter, Duration, type Stack } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { parseConsumerSettings } from '../../lambdas/core/parse-settings.ts';
import type { CallPolicyProps, ResilientConsumerProps } from '../../lib/index.ts';
import { consumerIn, problemsOf, stackWith, warningsOf } from './synth.ts';

const seconds = Duration.seconds;
const calls = (tracker: CallPolicyProps, props: Partial<ResilientConsumerProps> = {}) => {
  return (stack: Stack): void => void consumerIn(stack, { ...props, circuits: { tracker } });
};

/** What the runtime is told of the policies of a circuit. */
function settingsOf(tracker: CallPolicyProps) {
  let found: unknown;
  stackWith((stack) => {
    const { circuits } = consumerIn(stack, { circuits: { tracker } }).settings;
    found = circuits.tracker;
  });
  return found;
}

describe('the policies around calls', () => {
  it('are off unless somebody asks for them', () => {
    expect(Object.keys(settingsOf({}) ?? {})).not.toEqual(
      expect.arrayContaining(['timeoutMs', 'retry', 'rateLimit', 'bulkhead', 'adaptiveConcurrency']),
    );
  });

  it('have defaults for the rest, which are those of the runtime', () => {
    const given = {
      timeout: seconds(2),
      totalTimeout: seconds(10),
      retry: {},
      rateLimit: { limit: 50, per: seconds(1) },
      bulkhead: { maxConcurrent: 5 },
    };
    const settings = settingsOf(given);
    expect(settings).toMatchObject({
      timeoutMs: 2_000,
      totalTimeoutMs: 10_000,
      retry: {
        attempts: 3,
        kind: 'full-jitter',
        firstDelayMs: 1_000,
        capMs: 60_000,
        base: 2,
        budget: { capacity: 10, perSecond: 1, perCall: 0.1 },
      },
      rateLimit: { limit: 50, perMs: 1_000, burst: 50, shards: 1, maxWaitMs: 2_000 },
      bulkhead: { maxConcurrent: 5, maxQueued: 100, maxWaitMs: 1_000 },
    });
    const queue = { url: 'https://sqs.eu-west-1.amazonaws.com/1/q' };
    const parsed = parseConsumerSettings({
      consumerId: 'c',
      queue,
      deadLetterQueue: queue,
      quarantineQueue: queue,
      stateTable: 't',
      circuits: {
        tracker: {
          timeoutMs: 2_000,
          totalTimeoutMs: 10_000,
          retry: {},
          rateLimit: { limit: 50, perMs: 1_000 },
          bulkhead: { maxConcurrent: 5 },
        },
      },
    });
    expect(settings).toEqual(parsed.circuits.tracker);
  });

  it('take what is said', () => {
    const settings = settingsOf({
      retry: {
        attempts: 5,
        strategy: 'fixed',
        firstDelay: seconds(90),
        base: 3,
        budget: { capacity: 3, perSecond: 0, perCall: 1 },
      },
      rateLimit: { limit: 600, per: Duration.minutes(1), burst: 20, shards: 4, maxWait: seconds(3) },
      adaptiveConcurrency: {
        initial: 8,
        min: 2,
        max: 20,
        latency: seconds(3),
        decrease: 0.5,
        maxQueued: 7,
        maxWait: seconds(4),
      },
    });
    expect(settings).toMatchObject({
      retry: {
        attempts: 5,
        kind: 'fixed',
        firstDelayMs: 90_000,
        capMs: 90_000,
        base: 3,
        budget: { capacity: 3, perSecond: 0, perCall: 1 },
      },
      rateLimit: { limit: 600, perMs: 60_000, burst: 20, shards: 4, maxWaitMs: 3_000 },
      adaptiveConcurrency: {
        initial: 8,
        min: 2,
        max: 20,
        latencyMs: 3_000,
        decrease: 0.5,
        maxQueued: 7,
        maxWaitMs: 4_000,
      },
    });
    expect(settingsOf({ retry: { budget: false } })).toMatchObject({ retry: { budget: false } });
  });

  it('count into the warning of attempts that multiply', () => {
    expect(warningsOf(calls({ retry: { attempts: 2 } }))).toEqual([]);
    expect(warningsOf(calls({ retry: {} })).join()).toMatch(
      /attempts within the function × attempts.max should be at most 10, got 3 × 5 = 15/,
    );
  });
});

/** What just passes, what just does not, and what is said of it. */
const RULES: [CallPolicyProps, CallPolicyProps, string][] = [
  [{ timeout: Duration.millis(1) }, { timeout: Duration.millis(0) }, 'timeout must be an integer from 1'],
  [
    { timeout: Duration.millis(26_999) },
    { timeout: seconds(27) },
    'timeout must be less than the time of a handler, 27 seconds, got 27',
  ],
  [
    { totalTimeout: Duration.millis(26_999) },
    { totalTimeout: seconds(27) },
    'totalTimeout must be less than the time of a handler',
  ],
  [
    { timeout: seconds(5), totalTimeout: seconds(5) },
    { timeout: seconds(5), totalTimeout: seconds(4) },
    'totalTimeout must be at least timeout, 5 seconds, got 4',
  ],
  [{ retry: { attempts: 1 } }, { retry: { attempts: 0 } }, 'retry.attempts must be an integer from 1 to 100'],
  [{ retry: { attempts: 2 } }, { retry: { attempts: 101 } }, 'retry.attempts must be'],
  [{ retry: { base: 10 } }, { retry: { base: 11 } }, 'retry.base must be a number from 1 to 10, got 11'],
  [
    { retry: { cap: Duration.minutes(15) } },
    { retry: { cap: Duration.minutes(16) } },
    'retry.cap must be an integer from 0 to 900,000',
  ],
  [
    { retry: { firstDelay: seconds(2), cap: seconds(2) } },
    { retry: { firstDelay: seconds(3), cap: seconds(2) } },
    'retry.cap must be at least firstDelay, 3 seconds, got 2',
  ],
  [
    { retry: { budget: { capacity: 1 } } },
    { retry: { budget: { capacity: 0 } } },
    'retry.budget.capacity must be a number from 1',
  ],
  [
    { retry: { budget: { perSecond: 0 } } },
    { retry: { budget: { perSecond: -1 } } },
    'retry.budget.perSecond must be a number from 0',
  ],
  [
    { retry: { budget: { perCall: 1 } } },
    { retry: { budget: { perCall: 1.1 } } },
    'retry.budget.perCall must be a number from 0 to 1',
  ],
  [
    { rateLimit: { limit: 1, per: seconds(1) } },
    { rateLimit: { limit: 0, per: seconds(1) } },
    'rateLimit.limit must be a number from 1',
  ],
  [
    { rateLimit: { limit: 200, per: Duration.millis(2) } },
    { rateLimit: { limit: 201, per: Duration.millis(2) } },
    'rateLimit.limit must be at most 100 for each millisecond of per, 200, got 201',
  ],
  [
    { rateLimit: { limit: 1, per: Duration.days(1) } },
    { rateLimit: { limit: 1, per: Duration.days(2) } },
    'rateLimit.per must be an integer from 1',
  ],
  [
    { rateLimit: { limit: 9, per: seconds(1), burst: 1 } },
    { rateLimit: { limit: 9, per: seconds(1), burst: 0 } },
    'rateLimit.burst must be a number from 1',
  ],
  [
    { rateLimit: { limit: 900, per: seconds(1), shards: 100 } },
    { rateLimit: { limit: 900, per: seconds(1), shards: 101 } },
    'rateLimit.shards must be an integer from 1 to 100',
  ],
  [
    { rateLimit: { limit: 9, per: seconds(1), maxWait: Duration.minutes(15) } },
    { rateLimit: { limit: 9, per: seconds(1), maxWait: Duration.minutes(16) } },
    'rateLimit.maxWait must be',
  ],
  [
    { rateLimit: { limit: 9, per: seconds(1), part: { name: 'a', share: 0.001 } } },
    { rateLimit: { limit: 9, per: seconds(1), part: { name: 'a', share: 0 } } },
    'rateLimit.part.share must be a number from 0.001 to 1',
  ],
  [
    { rateLimit: { limit: 9, per: seconds(1), part: { name: 'a.B-c_9', share: 1 } } },
    { rateLimit: { limit: 9, per: seconds(1), part: { name: 'a#0', share: 1 } } },
    'rateLimit.part.name must be 1 to 64 letters',
  ],
  [
    { bulkhead: { maxConcurrent: 1 } },
    { bulkhead: { maxConcurrent: 0 } },
    'bulkhead.maxConcurrent must be an integer from 1',
  ],
  [
    { bulkhead: { maxConcurrent: 1, maxQueued: 0 } },
    { bulkhead: { maxConcurrent: 1, maxQueued: -1 } },
    'bulkhead.maxQueued must be an integer from 0',
  ],
  [
    { adaptiveConcurrency: { min: 3, max: 3 } },
    { adaptiveConcurrency: { min: 3, max: 2 } },
    'adaptiveConcurrency.max must be at least min, 3, got 2',
  ],
  [
    { adaptiveConcurrency: { initial: 100 } },
    { adaptiveConcurrency: { initial: 101 } },
    'adaptiveConcurrency.initial must be an integer from 1 to 100',
  ],
  [
    { adaptiveConcurrency: { decrease: 0.99 } },
    { adaptiveConcurrency: { decrease: 1 } },
    'adaptiveConcurrency.decrease must be a number from 0.1 to 0.99',
  ],
  [
    { adaptiveConcurrency: {} },
    { adaptiveConcurrency: {}, bulkhead: { maxConcurrent: 1 } },
    "adaptiveConcurrency must be left out with bulkhead, got 'both'",
  ],
];

it.each(RULES)('%j just passes, %j does not', (passing, failing, message) => {
  expect(problemsOf(calls(passing))).toEqual([]);
  expect(problemsOf(calls(failing))).toEqual([
    expect.stringContaining(`[Shop/Consumer] circuits.tracker.${message}`),
  ]);
});

it('skips the checks of tokens', () => {
  const problems = problemsOf((stack) => {
    const number = new CfnParameter(stack, 'Number', { type: 'Number' }).valueAsNumber;
    calls({
      retry: { attempts: number, base: number, budget: { capacity: number } },
      rateLimit: { limit: number, per: seconds(1) },
      bulkhead: { maxConcurrent: number },
    })(stack);
  });
  expect(problems).toEqual([]);
});
