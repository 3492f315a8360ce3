import { CfnParameter, Duration, type Stack, Token } from 'aws-cdk-lib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConsumerSettings } from '../../lambdas/core/parse-settings.ts';
import { CONSUMER_CALL_DEFAULTS } from '../../lambdas/core/policies/settings.ts';
import { type ConsumerSettings, DEFAULTS } from '../../lambdas/core/settings.ts';
import { withoutDefaults } from '../../lib/private/without-defaults.ts';
import { consumerIn, stackWith } from './synth.ts';

const REQUIRED = {
  consumerId: 'shop-orders',
  stateTable: 'state',
  queue: { url: 'http://sqs.local/1/orders', name: 'orders' },
  deadLetterQueue: { url: 'http://sqs.local/1/orders-dlq', name: 'orders-dlq' },
  quarantineQueue: { url: 'http://sqs.local/1/orders-quarantine', name: 'orders-quarantine' },
};

/** Options, each of which may be left out. */
const some = <T>(options: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(options, { requiredKeys: [] });
/** A number near a default more often than not, so that options meet their defaults, and each other. */
const near = (usual: number, ...others: number[]) => fc.constantFrom(usual, usual, usual + 1, ...others);
const ordered =
  (least: string, most: string, lowest: number, highest: number) =>
  (section: object): boolean =>
    (Reflect.get(section, least) ?? lowest) <= (Reflect.get(section, most) ?? highest);

const { circuit, killSwitch, backoff, screening, signature } = DEFAULTS;
const { retry, retryBudget, rateLimit, bulkhead, adaptiveConcurrency } = CONSUMER_CALL_DEFAULTS;
const KINDS = fc.constantFrom('fixed', 'exponential', 'full-jitter');
const waiting = (usual: { readonly maxQueued: number; readonly maxWaitMs: number }) => ({
  maxQueued: near(usual.maxQueued, 0),
  maxWaitMs: near(usual.maxWaitMs, 0),
});
const delays = (usual: typeof retry | typeof backoff) => ({
  kind: KINDS,
  firstDelayMs: near(usual.firstDelayMs, 0, usual.capMs),
  capMs: near(usual.capMs, 900_000),
  base: near(usual.base, 1),
});
const retries = some({
  attempts: near(retry.attempts, 1),
  ...delays(retry),
  budget: fc.oneof(
    fc.constant(false),
    some({
      capacity: near(retryBudget.capacity),
      perSecond: near(retryBudget.perSecond, 0),
      perCall: fc.constantFrom(retryBudget.perCall, 0, 1),
    }),
  ),
});
const limits = fc
  .record({ limit: fc.constantFrom(1, 5), perMs: fc.constantFrom(1_000, 60_000) })
  .chain(({ limit, perMs }) =>
    some({ burst: near(limit), shards: near(rateLimit.shards), maxWaitMs: near(rateLimit.maxWaitMs, 0) }).map(
      (rest) => ({ limit, perMs, ...rest }),
    ),
  );
const bulkheads = some(waiting(bulkhead)).map((rest) => ({ maxConcurrent: 1, ...rest }));
const adaptives = some({
  initial: near(adaptiveConcurrency.initial, 100),
  min: near(adaptiveConcurrency.min),
  max: near(adaptiveConcurrency.max, 200),
  latencyMs: near(adaptiveConcurrency.latencyMs),
  decrease: fc.constantFrom(adaptiveConcurrency.decrease, 0.5),
  ...waiting(adaptiveConcurrency),
}).filter(({ initial = 4, min = 1, max = 100 }) => min <= initial && initial <= max);
const openTimes = (usual: typeof circuit | typeof killSwitch) => ({
  openForMs: near(usual.openForMs, usual.maxOpenForMs, 600_000),
  maxOpenForMs: near(usual.maxOpenForMs, 600_000),
  windowMs: near(usual.windowMs),
});
const opensInOrder = ordered('openForMs', 'maxOpenForMs', 60_000, 600_000);
const circuits = some({
  failureThreshold: near(circuit.failureThreshold, 9),
  failureRatio: fc.constantFrom(circuit.failureRatio, 1),
  minReporters: near(circuit.minReporters),
  localThreshold: near(circuit.localThreshold, 9),
  successThreshold: near(circuit.successThreshold),
  ...openTimes(circuit),
  slowCallMs: near(800),
  probeTimeoutMs: near(circuit.probeTimeoutMs),
  cacheForMs: near(circuit.cacheForMs),
  timeoutMs: near(2_000),
  totalTimeoutMs: near(9_000),
  retry: retries.filter(ordered('firstDelayMs', 'capMs', 1_000, 900_000)),
  rateLimit: limits,
  limitOfCalls: fc.oneof(
    fc.record({ bulkhead: bulkheads }),
    fc.record({ adaptiveConcurrency: adaptives }),
    fc.constant({}),
  ),
})
  .filter(opensInOrder)
  .map(({ limitOfCalls, ...rest }) => ({ ...rest, ...limitOfCalls }));
const retention = near(DEFAULTS.retentionSeconds, 86_400);
const queues = fc.constantFrom('', '.fifo').chain((suffix) =>
  some({
    fifo: fc.constant(suffix !== ''),
    retentionSeconds: retention,
    maxReceiveCount: near(1_000 - 1, 1_000),
  }).map((rest) => ({ ...REQUIRED.queue, name: `orders${suffix}`, ...rest })),
);
const target = (queue: object) =>
  some({ retentionSeconds: near(DEFAULTS.deadLetterRetentionSeconds - 1) }).map((rest) => ({
    ...queue,
    ...rest,
  }));

/** Settings of any consumer, defaults filled in. */
const anySettings: fc.Arbitrary<ConsumerSettings> = some({
  environment: fc.constant('prod'),
  envelope: fc.constantFrom('raw', 'sns'),
  concurrency: near(DEFAULTS.concurrency),
  attempts: some({
    max: near(DEFAULTS.attempts.max),
    byReason: fc.constantFrom({}, { TIMEOUT: 3 }, { TIMEOUT: 2 }, { TIMEOUT: 3, EXPIRED: 1 }),
  }),
  backoff: some(delays(backoff)),
  retryUntilSeconds: fc.constantFrom(342_000, 82_800, 60),
  screening: some({
    maxBytes: fc.constantFrom(screening.maxBytes, 1, false),
    json: fc.constant(true),
    signature: some({
      prefix: fc.constantFrom(signature.prefix, 'sha256='),
      algorithm: fc.constantFrom('sha256', 'sha512'),
      acceptPrevious: fc.boolean(),
    }).map((rest) => ({ secretId: 'key', attribute: 'signature', ...rest })),
    requiredFields: fc.constant(['/id']),
  }),
  circuits: fc.dictionary(fc.constantFrom('default', 'tracker', 'search'), circuits),
  killSwitch: fc.oneof(
    fc.constant(false),
    some({
      minMessages: near(killSwitch.minMessages),
      share: fc.constantFrom(killSwitch.share, 1),
      ...openTimes(killSwitch),
    }).filter(opensInOrder),
  ),
  runTimeConfiguration: some({
    queue: fc.constantFrom('shop-orders', 'orders'),
    refreshSeconds: near(60),
  }).map((rest) => ({ kind: 'parameter', parameter: '/tuning', ...rest })),
}).chain((rest) =>
  fc
    .record({
      queue: queues,
      deadLetterQueue: target(REQUIRED.deadLetterQueue),
      quarantineQueue: target(REQUIRED.quarantineQueue),
    })
    .map((named) => parsed({ ...REQUIRED, ...rest, ...named }))
    .filter((settings) => settings !== undefined),
);

function parsed(input: object): ConsumerSettings | undefined {
  try {
    return parseConsumerSettings(input);
  } catch {
    return undefined;
  }
}

/** As the runtime gets them. */
const handedOver = (settings: ConsumerSettings): object =>
  JSON.parse(JSON.stringify(withoutDefaults(settings)));

/** What there is a name for though none is needed, and what tells one form of a section from another. */
const NAMES = /ueue\.name$|^circuits(\.default)?$|^runTimeConfiguration\.kind$/;

/** Every form of a document that has one option less. */
function* oneLess(document: object): Generator<[string, object]> {
  for (const [key, value] of Object.entries(document)) {
    const rest = Object.fromEntries(Object.entries(document).filter(([name]) => name !== key));
    yield [key, rest];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    for (const [path, less] of oneLess(value)) yield [`${key}.${path}`, { ...rest, [key]: less }];
  }
}

describe('what is handed over', () => {
  it('is to the runtime what the settings are', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        expect(parseConsumerSettings(handedOver(settings))).toEqual(settings);
      }),
      { numRuns: 500 },
    );
  });

  it('has nothing that could be left out', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const spare = [...oneLess(handedOver(settings))].filter(
          ([, less]) => JSON.stringify(parsed(less)) === JSON.stringify(settings),
        );
        const paths = spare.map(([path]) => path).filter((path) => !NAMES.test(path));
        expect(paths).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('is what has no default, for a consumer that asks for nothing and says in its settings what it got', () => {
    expect(handedOver(parseConsumerSettings(REQUIRED))).toEqual({ ...REQUIRED, circuits: { default: {} } });
    const told: unknown[] = [];
    stackWith((stack) => {
      const { settings } = consumerIn(stack, {});
      told.push(withoutDefaults(settings));
      const { concurrency, killSwitch } = DEFAULTS;
      expect(settings).toMatchObject({ concurrency, killSwitch });
    });
    expect(Object.keys(Object(told[0]))).toEqual([
      'consumerId',
      'stateTable',
      'controlQueueUrl',
      'queue',
      'deadLetterQueue',
      'quarantineQueue',
    ]);
  });

  it('has the tokens, which nobody can compare with a default', () => {
    stackWith((stack: Stack) => {
      const number = (id: string) => new CfnParameter(stack, id, { type: 'Number' }).valueAsNumber;
      const [failures, limit, openFor] = [number('Failures'), number('Limit'), number('OpenFor')];
      const { settings } = consumerIn(stack, {
        circuits: {
          tracker: {
            failureThreshold: failures,
            openFor: Duration.millis(openFor),
            rateLimit: { limit, per: Duration.seconds(1) },
          },
        },
      });
      const { queue, stateTable, circuits } = withoutDefaults(settings);
      expect([queue?.url, stateTable].every((value) => Token.isUnresolved(value))).toBe(true);
      expect(circuits?.tracker).toEqual({
        failureThreshold: failures,
        openForMs: openFor,
        rateLimit: { limit, perMs: 1_000 },
      });
      expect(settings.circuits.tracker).toMatchObject({ localThreshold: failures, maxOpenForMs: 300_000 });
    });
  });
});
