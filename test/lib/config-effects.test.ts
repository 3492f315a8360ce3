import type { Template } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { type Knob, walk } from '../../lambdas/core/configuration/knob.ts';
import { LANGUAGE } from '../../lambdas/core/configuration/language.ts';
import { parseConsumerSettings } from '../../lambdas/core/parse-settings.ts';
import type { ConsumerSettings } from '../../lambdas/core/settings.ts';
import { ResilientConsumer, ResilientQueue } from '../../lib/index.ts';
import { built, fileWith, type Parts, target } from './config-parts.ts';
import { stackWith } from './synth.ts';

const circuitOf = (key: string) => (settings: ConsumerSettings) =>
  Reflect.get(settings.circuits.tracker ?? {}, key);
const within = (section: string, key: string) => (settings: ConsumerSettings) =>
  Reflect.get(Object(circuitOf(section)(settings)), key);

type Seen = (settings: ConsumerSettings, template: () => Template) => unknown;
const queueHas =
  (properties: Record<string, unknown>, count = 1): Seen =>
  (_settings, template) => {
    template().resourcePropertiesCountIs('AWS::SQS::Queue', properties, count);
    return true;
  };
const sourceHas =
  (properties: Record<string, unknown>): Seen =>
  (_settings, template) => {
    template().hasResourceProperties('AWS::Lambda::EventSourceMapping', properties);
    return true;
  };
const alarm =
  (id: string, threshold: number | undefined): Seen =>
  (_settings, template) => {
    const found = Object.entries(template().findResources('AWS::CloudWatch::Alarm')).filter(([name]) =>
      name.startsWith(`HandlerAlarms${id}`),
    );
    return found[0]?.[1].Properties.Threshold === threshold;
  };

const RATE = 'rateLimit: { limit: 7, per: 2s';
/** Path of an option, what is written, where it shows, and as what. */
const EFFECTS: [string, Parts, Seen, unknown][] = [
  ['retryProfiles.*.attempts', { profile: 'attempts: 4' }, within('retry', 'attempts'), 4],
  ['retryProfiles.*.strategy', { profile: 'strategy: fixed' }, within('retry', 'kind'), 'fixed'],
  ['retryProfiles.*.firstDelay', { profile: 'firstDelay: 2s' }, within('retry', 'firstDelayMs'), 2_000],
  ['retryProfiles.*.cap', { profile: 'cap: 90s' }, within('retry', 'capMs'), 90_000],
  ['retryProfiles.*.base', { profile: 'base: 3' }, within('retry', 'base'), 3],
  ['retryProfiles.*.budget: false', { profile: 'budget: false' }, within('retry', 'budget'), false],
  [
    'retryProfiles.*.budget.capacity',
    { profile: 'budget: { capacity: 3 }' },
    within('retry', 'budget'),
    { capacity: 3, perSecond: 1, perCall: 0.1 },
  ],
  [
    'retryProfiles.*.budget.perSecond',
    { profile: 'budget: { perSecond: 0.5 }' },
    within('retry', 'budget'),
    { capacity: 10, perSecond: 0.5, perCall: 0.1 },
  ],
  [
    'retryProfiles.*.budget.perCall',
    { profile: 'budget: { perCall: 0.2 }' },
    within('retry', 'budget'),
    { capacity: 10, perSecond: 1, perCall: 0.2 },
  ],
  ['circuits.*.preset', { circuit: 'preset: conservative' }, circuitOf('openForMs'), 120_000],
  ['circuits.*.failureThreshold', { circuit: 'failureThreshold: 7' }, circuitOf('failureThreshold'), 7],
  ['circuits.*.failureRatio', { circuit: 'failureRatio: 0.7' }, circuitOf('failureRatio'), 0.7],
  ['circuits.*.minReporters', { circuit: 'minReporters: 3' }, circuitOf('minReporters'), 3],
  ['circuits.*.localThreshold', { circuit: 'localThreshold: 9' }, circuitOf('localThreshold'), 9],
  ['circuits.*.successThreshold', { circuit: 'successThreshold: 4' }, circuitOf('successThreshold'), 4],
  ['circuits.*.openFor', { circuit: 'openFor: 20s' }, circuitOf('openForMs'), 20_000],
  ['circuits.*.maxOpenFor', { circuit: 'maxOpenFor: 20m' }, circuitOf('maxOpenForMs'), 1_200_000],
  ['circuits.*.window', { circuit: 'window: 30s' }, circuitOf('windowMs'), 30_000],
  ['circuits.*.slowCallThreshold', { circuit: 'slowCallThreshold: 800ms' }, circuitOf('slowCallMs'), 800],
  ['circuits.*.cacheFor', { circuit: 'cacheFor: 2s' }, circuitOf('cacheForMs'), 2_000],
  ['circuits.*.timeout', { circuit: 'timeout: 2s' }, circuitOf('timeoutMs'), 2_000],
  ['circuits.*.totalTimeout', { circuit: 'totalTimeout: 9s' }, circuitOf('totalTimeoutMs'), 9_000],
  ['circuits.*.retry', {}, within('retry', 'attempts'), 3],
  ['circuits.*.rateLimit.limit', { circuit: `${RATE} }` }, within('rateLimit', 'limit'), 7],
  ['circuits.*.rateLimit.per', { circuit: `${RATE} }` }, within('rateLimit', 'perMs'), 2_000],
  ['circuits.*.rateLimit.burst', { circuit: `${RATE}, burst: 2 }` }, within('rateLimit', 'burst'), 2],
  ['circuits.*.rateLimit.shards', { circuit: `${RATE}, shards: 4 }` }, within('rateLimit', 'shards'), 4],
  [
    'circuits.*.rateLimit.maxWait',
    { circuit: `${RATE}, maxWait: 1s }` },
    within('rateLimit', 'maxWaitMs'),
    1_000,
  ],
  [
    'circuits.*.bulkhead.maxConcurrent',
    { circuit: 'bulkhead: { maxConcurrent: 5 }' },
    within('bulkhead', 'maxConcurrent'),
    5,
  ],
  [
    'circuits.*.bulkhead.maxQueued',
    { circuit: 'bulkhead: { maxConcurrent: 5, maxQueued: 2 }' },
    within('bulkhead', 'maxQueued'),
    2,
  ],
  [
    'circuits.*.bulkhead.maxWait',
    { circuit: 'bulkhead: { maxConcurrent: 5, maxWait: 2s }' },
    within('bulkhead', 'maxWaitMs'),
    2_000,
  ],
  ...(
    [
      ['initial', '6', 'initial', 6],
      ['min', '2', 'min', 2],
      ['max', '50', 'max', 50],
      ['latency', '300ms', 'latencyMs', 300],
      ['decrease', '0.5', 'decrease', 0.5],
      ['maxQueued', '3', 'maxQueued', 3],
      ['maxWait', '2s', 'maxWaitMs', 2_000],
    ] as const
  ).map(([key, text, setting, value]): [string, Parts, Seen, unknown] => [
    `circuits.*.adaptiveConcurrency.${key}`,
    { circuit: `adaptiveConcurrency: { ${key}: ${text} }` },
    within('adaptiveConcurrency', setting),
    value,
  ]),
  ['queues.*.queueName', { queue: 'queueName: the-orders' }, queueHas({ QueueName: 'the-orders' }), true],
  ['queues.*.fifo', { queue: 'fifo: true' }, ({ queue }) => queue.fifo, true],
  ['queues.*.retention', { queue: 'retention: 2d' }, ({ queue }) => queue.retentionSeconds, 172_800],
  [
    'queues.*.visibilityTimeout',
    { queue: 'visibilityTimeout: 10m' },
    queueHas({ VisibilityTimeout: 600 }),
    true,
  ],
  ['queues.*.deliveryDelay', { queue: 'deliveryDelay: 5s' }, queueHas({ DelaySeconds: 5 }), true],
  ['queues.*.maxReceiveCount', { queue: 'maxReceiveCount: 500' }, ({ queue }) => queue.maxReceiveCount, 500],
  ['queues.*.batchSize', { queue: 'batchSize: 5' }, sourceHas({ BatchSize: 5 }), true],
  [
    'queues.*.maxBatchingWindow',
    { queue: 'batchSize: 50, maxBatchingWindow: 2s' },
    sourceHas({ BatchSize: 50, MaximumBatchingWindowInSeconds: 2 }),
    true,
  ],
  [
    'queues.*.maxConcurrency',
    { queue: 'maxConcurrency: 7' },
    sourceHas({ ScalingConfig: { MaximumConcurrency: 7 } }),
    true,
  ],
  ['queues.*.concurrency', { queue: 'concurrency: 3' }, ({ concurrency }) => concurrency, 3],
  ['queues.*.envelope', { queue: 'envelope: sns' }, ({ envelope }) => envelope, 'sns'],
  [
    'queues.*.onExhausted',
    { queue: 'fifo: true, onExhausted: halt' },
    ({ onExhausted }) => onExhausted,
    'halt',
  ],
  [
    'queues.*.retry',
    { profile: 'attempts: 4, firstDelay: 7s, strategy: exponential', queue: 'retry: gentle' },
    ({ attempts, backoff }) => [attempts.max, backoff],
    [4, { kind: 'exponential', firstDelayMs: 7_000, capMs: 900_000, base: 2 }],
  ],
  [
    'queues.*.attempts.max',
    { queue: 'retry: gentle, attempts: { max: 6 }' },
    ({ attempts }) => attempts.max,
    6,
  ],
  ...(
    ['INVALID_DATA', 'EXTERNAL_SERVICE_ERROR', 'TIMEOUT', 'PROCESSING_ERROR', 'EXPIRED', 'UNKNOWN'] as const
  ).map((reason): [string, Parts, Seen, unknown] => [
    `queues.*.attempts.byReason.${reason}`,
    { queue: `attempts: { byReason: { ${reason}: 2 } }` },
    ({ attempts }) => attempts.byReason,
    { [reason]: 2 },
  ]),
  ['queues.*.retryUntil', { queue: 'retryUntil: 1d' }, ({ retryUntilSeconds }) => retryUntilSeconds, 86_400],
  ['queues.*.circuits', {}, ({ circuits }) => Object.keys(circuits), ['tracker']],
  [
    'queues.*.screening.maxSize',
    { queue: 'screening: { maxSize: 256KiB }' },
    ({ screening }) => screening.maxBytes,
    262_144,
  ],
  [
    'queues.*.screening.json',
    { queue: 'screening: { json: false }' },
    ({ screening }) => screening.json,
    false,
  ],
  [
    'queues.*.screening.requiredFields',
    { queue: 'screening: { requiredFields: [/id] }' },
    ({ screening }) => screening.requiredFields,
    ['/id'],
  ],
  [
    'queues.*.screening.suspiciousPatterns',
    { queue: 'screening: { suspiciousPatterns: [path-traversal] }' },
    ({ screening }) => screening.suspiciousPatterns,
    ['path-traversal'],
  ],
  [
    'queues.*.screening.deniedSources.attribute',
    { queue: 'screening: { deniedSources: { attribute: sender } }' },
    ({ screening }) => screening.deniedSources,
    { attribute: 'sender' },
  ],
  [
    'queues.*.screening.deniedSources.pointer',
    { queue: 'screening: { deniedSources: { pointer: /from } }' },
    ({ screening }) => screening.deniedSources,
    { pointer: '/from' },
  ],
  [
    'queues.*.screening.reputation.attribute',
    { queue: 'screening: { reputation: { attribute: sender, minimumScore: 30 } }' },
    ({ screening }) => screening.reputation,
    { source: { attribute: 'sender' }, minimumScore: 30 },
  ],
  [
    'queues.*.screening.reputation.pointer',
    { queue: 'screening: { reputation: { pointer: /from, minimumScore: 30 } }' },
    ({ screening }) => screening.reputation?.source,
    { pointer: '/from' },
  ],
  [
    'queues.*.screening.reputation.minimumScore',
    { queue: 'screening: { reputation: { pointer: /from, minimumScore: 0 } }' },
    ({ screening }) => screening.reputation?.minimumScore,
    0,
  ],
  ...(
    [
      ['minMessages', '20', 20],
      ['share', '0.3', 0.3],
      ['window', '2m', 120_000],
      ['openFor', '90s', 90_000],
      ['maxOpenFor', '10m', 600_000],
    ] as const
  ).map(([key, text, value]): [string, Parts, Seen, unknown] => [
    `queues.*.killSwitch.${key}`,
    { queue: `killSwitch: { ${key}: ${text} }` },
    ({ killSwitch }) => Object.values(killSwitch).includes(value),
    true,
  ]),
  ...(
    [
      ['queueDepth', '50', 'QueueDepth', 50],
      ['queueAge', '10m', 'QueueAge', 600],
      ['inFlight', '90', 'InFlight', 90],
      ['closeToExpiry', '30m', 'CloseToExpiry', 1_800],
      ['deadLetterDepth', '5', 'DeadLetterDepth', 5],
      ['deadLetterAny', 'true', 'DeadLetterAny', 0],
      ['deadLetterGrowth', '3', 'DeadLetterGrowth', 3],
      ['deadLetterExternal', '7', 'DeadLetterExternal', 7],
      ['backstopRedrives', '1', 'BackstopRedrives', 1],
      ['poison', '4', 'Poison', 4],
      ['quarantineGrowth', '6', 'QuarantineGrowth', 6],
      ['functionErrors', '20', 'FunctionErrors', 20],
      ['retriesExhausted', '8', 'RetriesExhausted', 8],
      ['averageAttempts', '1.5', 'AverageAttempts', 1.5],
      ['settlementFailures', '2', 'SettlementFailures', 2],
      ['noRetryHelps', 'false', 'NoRetryHelps', undefined],
      ['configurationRefused', 'false', 'ConfigurationRefused', undefined],
      ['circuitOpen', 'false', 'CircuitOpen', undefined],
      ['circuitHalfOpenFor', '10m', 'CircuitHalfOpenFor', 600],
      ['controlLoopSilent', 'false', 'ControlLoopSilent', undefined],
      ['intakeWithoutCause', 'false', 'IntakeWithoutCause', undefined],
      ['intakePausedFor', '2h', 'IntakePausedFor', 7_200],
      ['intakeHeld', 'false', 'IntakeHeld', undefined],
      ['killSwitch', 'false', 'KillSwitch', undefined],
      ['queueDepth: false', 'false', 'QueueDepth', undefined],
      ['queueAge: false', 'false', 'QueueAge', undefined],
      ['inFlight: false', 'false', 'InFlight', undefined],
      ['functionErrors: false', 'false', 'FunctionErrors', undefined],
      ['closeToExpiry: false', 'false', 'CloseToExpiry', undefined],
      ['deadLetterDepth: false', 'false', 'DeadLetterDepth', undefined],
      ['deadLetterGrowth: false', 'false', 'DeadLetterGrowth', undefined],
      ['deadLetterExternal: false', 'false', 'DeadLetterExternal', undefined],
      ['backstopRedrives: false', 'false', 'BackstopRedrives', undefined],
      ['poison: false', 'false', 'Poison', undefined],
      ['quarantineGrowth: false', 'false', 'QuarantineGrowth', undefined],
      ['retriesExhausted: false', 'false', 'RetriesExhausted', undefined],
      ['averageAttempts: false', 'false', 'AverageAttempts', undefined],
      ['settlementFailures: false', 'false', 'SettlementFailures', undefined],
      ['circuitHalfOpenFor: false', 'false', 'CircuitHalfOpenFor', undefined],
      ['intakePausedFor: false', 'false', 'IntakePausedFor', undefined],
      ['recoveryGrace: false', 'false', 'OutageHandled', undefined],
    ] as const
  ).map(([key, text, id, threshold]): [string, Parts, Seen, unknown] => [
    `queues.*.alarms.${key}`,
    {
      queue: `observability: full, alarms: { ${key.replace(': false', '')}: ${text} }`,
      plain: 'observability: full',
      runtime: true,
    },
    alarm(id, threshold),
    true,
  ]),
  [
    'queues.*.alarms.needsPerson',
    { queue: 'alarms: { needsPerson: false }' },
    (_settings, template) => Object.keys(template().findResources('AWS::CloudWatch::CompositeAlarm')).length,
    0,
  ],
  [
    'queues.*.alarms.recoveryGrace',
    { queue: 'alarms: { recoveryGrace: 20m }' },
    (_settings, template) => {
      template().resourcePropertiesCountIs('AWS::CloudWatch::Alarm', { EvaluationPeriods: 20 }, 1);
      return true;
    },
    true,
  ],
  ['queues.*.observability', { queue: 'observability: full' }, ({ observability }) => observability, 'full'],
  ['queues.*.alarms: false', { queue: 'alarms: false' }, alarm('', undefined), true],
  ['queues.*.killSwitch: false', { queue: 'killSwitch: false' }, ({ killSwitch }) => killSwitch, false],
  [
    'queues.*.screening.maxSize: false',
    { queue: 'screening: { maxSize: false }' },
    ({ screening }) => screening.maxBytes,
    false,
  ],
  [
    'queues.*.screening.suspiciousPatterns: true',
    { queue: 'screening: { suspiciousPatterns: true }' },
    ({ screening }) => screening.suspiciousPatterns,
    ['sql-injection', 'script-injection', 'path-traversal'],
  ],
  [
    'queues.*.deadLetterQueue.retention',
    { queue: 'deadLetterQueue: { retention: 10d }' },
    ({ deadLetterQueue }) => deadLetterQueue.retentionSeconds,
    864_000,
  ],
  [
    'queues.*.quarantineQueue.retention',
    { queue: 'quarantineQueue: { retention: 5d }' },
    ({ quarantineQueue }) => quarantineQueue.retentionSeconds,
    432_000,
  ],
];

it.each(EFFECTS)('%s takes effect', (_path, parts, seen, expected) => {
  const { settings, template } = built(fileWith(parts), parts.runtime);
  expect(seen(settings, template)).toEqual(expected);
  const plain = built(`queues: { orders: { ${parts.plain ?? ''} } }`, parts.runtime);
  expect(() => expect(seen(plain.settings, plain.template)).toEqual(expected)).toThrow();
});

/** Where nothing is said, these are off: to say so changes nothing. */
const OFF = ['requiredFields', 'suspiciousPatterns', 'deniedSources', 'reputation'];

it.each(OFF)('leaves screening.%s off where it is false', (check) => {
  const { settings } = built(fileWith({ queue: `screening: { ${check}: false }` }));
  expect(settings.screening).toEqual(built(fileWith({})).settings.screening);
});

it('has a test of the effect of every option', () => {
  const options: string[] = [];
  walk(LANGUAGE, (path, knob: Knob) => {
    if (knob.type !== 'section' && knob.type !== 'map') options.push(path);
    if (knob.orFalse !== undefined) options.push(`${path}: false`);
    if (knob.type === 'list' && knob.orTrue !== undefined) options.push(`${path}: true`);
  });
  const off = OFF.map((check) => `queues.*.screening.${check}: false`);
  const tested = new Set([...EFFECTS.map(([path]) => path), ...off]);
  expect([...tested].sort()).toEqual(options.sort());
});

it('leaves everything at its default that it does not say', () => {
  const plain = built('queues: { orders: }').settings;
  let usual: ConsumerSettings | undefined;
  stackWith((stack) => {
    const queue = new ResilientQueue(stack, 'Orders');
    usual = new ResilientConsumer(stack, 'Handler', { queue, function: target(stack) }).settings;
  });
  const withoutTokens = (settings?: ConsumerSettings): unknown =>
    JSON.parse(JSON.stringify(settings).replaceAll(/\$\{Token\[[^\]]*\]\}/g, 'token'));
  expect(withoutTokens(plain)).toEqual(withoutTokens(usual));
});

it('makes settings that the runtime takes', () => {
  const everything = EFFECTS.filter(([path]) => path.startsWith('queues.*.killSwitch')).map(
    ([, parts]) => parts,
  );
  for (const parts of everything) {
    const { settings } = built(fileWith(parts));
    expect(() => parseConsumerSettings(JSON.parse(JSON.stringify(settings)))).not.toThrow();
  }
});
