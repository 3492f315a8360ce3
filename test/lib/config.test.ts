import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { type Knob, walk } from '../../lambdas/core/configuration/knob.ts';
import { type FileContent, LANGUAGE } from '../../lambdas/core/configuration/language.ts';
import { parseConsumerSettings } from '../../lambdas/core/parse-settings.ts';
import type { ConsumerSettings } from '../../lambdas/core/settings.ts';
import { consumerProps, queueProps } from '../../lib/config/content-props.ts';
import {
  ConfigurationFileError,
  ResilientConsumer,
  ResilientQueue,
  RuntimeConfig,
  SpillwayConfig,
} from '../../lib/index.ts';
import { type Problem, Problems } from '../../lib/private/problems.ts';
import { files } from '../core/configuration/arbitrary-file.ts';
import { ENTRY, problemsOf, stackWith, warningsOf } from './synth.ts';

/** A file with one circuit, one profile and one queue, and what is asked for in it. */
function fileWith({ circuit = '', profile = '', queue = '' }: Parts): string {
  return `retryProfiles:
  gentle: { ${profile} }
circuits:
  tracker: { retry: gentle${circuit === '' ? '' : `, ${circuit}`} }
queues:
  orders: { circuits: [tracker]${queue === '' ? '' : `, ${queue}`} }
`;
}

interface Parts {
  readonly circuit?: string;
  readonly profile?: string;
  readonly queue?: string;
  /** The consumer reads a configuration at run time, too. */
  readonly runtime?: true;
}

interface Built {
  readonly settings: ConsumerSettings;
  readonly template: () => Template;
}

/** What synthesis makes of a file. */
function built(text: string, runtime = false): Built {
  let settings: ConsumerSettings | undefined;
  const stack = stackWith((scope) => {
    const config = SpillwayConfig.fromText(text, 'spillway.yaml', scope);
    const queue = new ResilientQueue(scope, 'Orders', config.queueProps('orders'));
    const consumer = new ResilientConsumer(scope, 'Handler', {
      ...config.consumerProps('orders'),
      queue,
      function: target(scope),
      ...(runtime && { runtimeConfig: tuned(scope) }),
    });
    settings = consumer.settings;
  });
  expect(Problems.below(stack)).toEqual([]);
  if (settings === undefined) throw new Error('nothing was built');
  return { settings, template: () => Template.fromStack(stack) };
}

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

function tuned(scope: Construct): RuntimeConfig {
  return RuntimeConfig.parameter(new StringParameter(scope, 'Tuning', { stringValue: '{}' }));
}

/** A function whose code does not matter. */
function target(scope: Construct, timeout = Duration.seconds(30)): lambda.Function {
  return new lambda.Function(scope, 'Function', {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => {};'),
    timeout,
  });
}

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
      ['deadLetterDepth', '5', 'DeadLetterDepth', 5],
      ['deadLetterAny', 'true', 'DeadLetterAny', 0],
      ['deadLetterGrowth', '3', 'DeadLetterGrowth', 3],
      ['poison', '4', 'Poison', 4],
      ['settlementFailures', '2', 'SettlementFailures', 2],
      ['intakeWithoutCause', 'false', 'IntakeWithoutCause', undefined],
      ['intakePausedFor', '2h', 'IntakePausedFor', 7_200],
      ['intakeHeld', 'false', 'IntakeHeld', undefined],
      ['killSwitch', 'false', 'KillSwitch', undefined],
      ['configurationRefused', 'false', 'ConfigurationRefused', undefined],
      ['queueDepth: false', 'false', 'QueueDepth', undefined],
      ['queueAge: false', 'false', 'QueueAge', undefined],
      ['deadLetterDepth: false', 'false', 'DeadLetterDepth', undefined],
      ['deadLetterGrowth: false', 'false', 'DeadLetterGrowth', undefined],
      ['poison: false', 'false', 'Poison', undefined],
      ['settlementFailures: false', 'false', 'SettlementFailures', undefined],
      ['intakePausedFor: false', 'false', 'IntakePausedFor', undefined],
    ] as const
  ).map(([key, text, id, threshold]): [string, Parts, Seen, unknown] => [
    `queues.*.alarms.${key}`,
    { queue: `alarms: { ${key.replace(': false', '')}: ${text} }`, runtime: true },
    alarm(id, threshold),
    true,
  ]),
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
  const plain = built('queues: { orders: }', parts.runtime);
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

/** What stands beside an option, so that it can be given. */
const BESIDE: Readonly<Record<string, object>> = {
  'circuits.*.rateLimit': { limit: 1, per: 1_000 },
  'circuits.*.bulkhead': { maxConcurrent: 1 },
  'queues.*.screening.reputation': { attribute: 'sender', minimumScore: 1 },
};

/** A file's content with one option, whatever it is. */
function contentWith(path: string, value: unknown): FileContent {
  const names = path.split('.');
  const nested = names.reduceRight<unknown>((below, name, at) => {
    const beside = BESIDE[names.slice(0, at).join('.')] ?? {};
    return { ...beside, [name === '*' ? 'it' : name]: below };
  }, value);
  return nested as FileContent;
}

function problemsWith(path: string, value: unknown): readonly Problem[] {
  const { circuits = {}, retryProfiles = {}, queues = {} } = contentWith(path, value);
  const queue = { ...queues.it, ...(circuits.it === undefined ? {} : { circuits: ['it'] }) };
  const viaProfile = Object.keys(retryProfiles).length > 0;
  const usedBy = viaProfile ? { ...circuits, it: { retry: 'it' } } : circuits;
  const own = viaProfile ? { circuits: ['it'] } : queue;
  return Problems.below(
    stackWith((stack) => {
      const source = new ResilientQueue(stack, 'Orders', queueProps(own));
      const props = consumerProps(own, usedBy, retryProfiles);
      new ResilientConsumer(stack, 'Handler', { ...props, queue: source, function: target(stack) });
    }),
  );
}

const RANGED: [string, number[]][] = [];
walk(LANGUAGE, (path, knob) => {
  if (!('range' in knob) || path.includes('.alarms.')) return;
  const step = knob.type === 'duration' ? (knob.step ?? 1) : knob.type === 'number' ? 0.001 : 1;
  const beyond = [knob.range.min - step, knob.range.max + step];
  RANGED.push([path, beyond.filter((value) => value >= 0 || knob.type !== 'duration')]);
});

it.each(RANGED)('the constructs refuse, too, what is beyond the range of %s', (path, beyond) => {
  for (const value of beyond) expect(problemsWith(path, value), `${path} ${value}`).not.toEqual([]);
});

/** What hides messages for the shortest time; calls may take less, too. */
const SHORT = Duration.seconds(1);

it('takes of any file only what synthesis takes and the runtime starts with, but for what the function decides', () => {
  let good = 0;
  fc.assert(
    fc.property(files(false), (file) => {
      const text = stringify(file);
      let config: SpillwayConfig;
      try {
        config = SpillwayConfig.fromText(text);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigurationFileError);
        return;
      }
      good += config.queueNames.length;
      for (const name of config.queueNames) {
        const built: ResilientConsumer[] = [];
        const stack = stackWith((scope) => {
          const queue = new ResilientQueue(scope, 'Orders', config.queueProps(name));
          const props = { ...config.consumerProps(name), queue, function: target(scope, SHORT) };
          built.push(new ResilientConsumer(scope, 'Handler', props));
        });
        const found = Problems.below(stack).filter(
          ({ property, rule }) => !/time of a handler|time-out/.test(`${property} ${rule}`),
        );
        expect(found).toEqual([]);
        for (const { settings } of built) {
          const plain = JSON.parse(JSON.stringify(settings));
          expect(() => parseConsumerSettings(plain)).not.toThrow();
        }
      }
    }),
    { numRuns: 120 },
  );
  expect(good).toBeGreaterThan(5);
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

/** What is wrong with what options say together, and what is said of it. */
const TOGETHER: [string, string][] = [
  [
    fileWith({ circuit: 'openFor: 10m, maxOpenFor: 5m' }),
    "spillway.yaml:4:55 circuits.tracker.maxOpenFor must be at least openFor, 600 seconds (it is the longest open time), got '5m'",
  ],
  [
    fileWith({ circuit: 'timeout: 10s, totalTimeout: 2s' }),
    "4:57 circuits.tracker.totalTimeout must be at least timeout, 10 seconds (it bounds every attempt), got '2s'",
  ],
  [
    fileWith({ circuit: 'bulkhead: { maxConcurrent: 1 }, adaptiveConcurrency: {}' }),
    'circuits.tracker.adaptiveConcurrency must be left out with bulkhead',
  ],
  [
    fileWith({ circuit: 'rateLimit: { limit: 5 }' }),
    '4:40 circuits.tracker.rateLimit.per must be given, got nothing',
  ],
  [
    fileWith({ profile: 'firstDelay: 5s, cap: 1s' }),
    '4:21 circuits.tracker.retry.cap must be at least firstDelay',
  ],
  [
    fileWith({ profile: 'cap: 1h' }),
    "4:21 circuits.tracker.retry must be a profile whose delays are at most 15m, since a function ends then, got 'gentle' with cap 1h",
  ],
  [
    'circuits: { a: { retry: gental } }\nretryProfiles: { gentle: }',
    "1:25 circuits.a.retry must be the name of one of the retryProfiles of this file (did you mean gentle?), got 'gental'",
  ],
  [
    'queues: { orders: { circuits: [tracker], retry: x } }',
    "1:32 queues.orders.circuits[0] must be the name of one of the circuits of this file: there are none, got 'tracker'",
  ],
  [
    fileWith({ queue: 'batchSize: 11' }),
    'queues.orders.batchSize must be at most 10 without a maxBatchingWindow',
  ],
  [
    fileWith({ queue: 'onExhausted: halt' }),
    "queues.orders.onExhausted must be 'dead-letter' for a standard queue",
  ],
  [fileWith({ queue: 'retention: 2d, retryUntil: 3d' }), 'queues.orders.retryUntil must be at most'],
  [
    fileWith({ queue: 'retention: 1m, retryUntil: 1000s' }),
    'queues.orders.retryUntil must be at most 30 seconds',
  ],
  [
    fileWith({ queue: 'maxReceiveCount: 5' }),
    '6:51 queues.orders.maxReceiveCount must be at least 38 to last for a retryUntil of 342,000 seconds (SQS hides a message for at most 12 hours from each receive), got 5',
  ],
  [
    fileWith({ queue: 'deadLetterQueue: { retention: 1d }' }),
    "queues.orders.deadLetterQueue.retention must be longer than the source's",
  ],
  [
    fileWith({ profile: 'firstDelay: 15m, attempts: 90', queue: 'retry: gentle, retryUntil: 1h' }),
    '6:41 queues.orders.retry must have all delays of 90 attempts within retryUntil',
  ],
  [
    fileWith({ queue: 'screening: { reputation: { minimumScore: 5 } }' }),
    'queues.orders.screening.reputation must have attribute or pointer, but not both, got neither',
  ],
  [
    fileWith({ queue: 'screening: { json: false, requiredFields: [/id] }' }),
    'queues.orders.screening.requiredFields',
  ],
  [
    'circuits: { lonely: { openFor: 10m, maxOpenFor: 5m } }',
    '1:49 circuits.lonely.maxOpenFor must be at least openFor',
  ],
  [
    'circuits: { intake: }',
    "1:13 circuits.intake must be 1 to 64 letters, digits, dots, hyphens or underscores, but not intake, got 'intake'",
  ],
];

it.each(TOGETHER)('refuses with its line: %s', (text, said) => {
  const attempt = (): unknown => SpillwayConfig.fromText(text, 'spillway.yaml');
  expect(attempt).toThrow(ConfigurationFileError);
  expect(attempt).toThrow(said);
});

it('tells what two queues find wrong with one circuit once', () => {
  const text = `circuits:\n  a: { openFor: 10m, maxOpenFor: 5m }\nqueues: { x: { circuits: [a] }, y: { circuits: [a] } }`;
  try {
    SpillwayConfig.fromText(text);
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ problems: [{ path: 'circuits.a.maxOpenFor', line: 2 }] });
  }
});

it('takes what a function may still make possible, and leaves the rest to the construct', () => {
  const text = fileWith({ circuit: 'timeout: 60s' });
  expect(SpillwayConfig.fromText(text).warnings).toEqual([]);
  const found = problemsOf((stack) => {
    const config = SpillwayConfig.fromText(text);
    const queue = new ResilientQueue(stack, 'Orders', config.queueProps('orders'));
    new ResilientConsumer(stack, 'Handler', { ...config.consumerProps('orders'), queue, entry: ENTRY });
  });
  expect(found).toEqual([
    expect.stringContaining('circuits.tracker.timeout must be less than the time of a handler'),
  ]);
});

it('leaves nothing behind that would write an assembly of its own', () => {
  const before = process.listenerCount('beforeExit');
  vi.stubEnv('CDK_OUTDIR', join(tmpdir(), 'spillway-no-assembly'));
  SpillwayConfig.fromText(fileWith({}));
  vi.unstubAllEnvs();
  expect(process.listenerCount('beforeExit')).toBe(before);
});

it('warns of what nothing uses, on the construct that it is given', () => {
  const text = 'circuits:\n  lonely:\nretryProfiles:\n  spare:\nqueues:\n  orders:\n';
  expect(SpillwayConfig.fromText(text, 's.yaml').warnings).toEqual([
    's.yaml:2:10 circuits.lonely should be used by a queue, is used by none',
    's.yaml:4:9 retryProfiles.spare should be used, is used by none',
  ]);
  expect(warningsOf((stack) => void SpillwayConfig.fromText(text, 's.yaml', stack)).join('\n')).toContain(
    'circuits.lonely should be used by a queue',
  );
});

it('names what there is if the app asks for something else', () => {
  const config = SpillwayConfig.fromText(fileWith({}), 's.yaml');
  expect(config.queueNames).toEqual(['orders']);
  expect(() => config.queueProps('order')).toThrow(
    "s.yaml:6:3 queues must have an entry for what the app asks for (did you mean orders?), got 'order'",
  );
  expect(() => config.circuit('toString')).toThrow('there are tracker');
  expect(() => config.retryProfile('none')).toThrow('there are gentle');
  expect(config.circuit('tracker').retry).toEqual({});
});

it('reads YAML and JSON files, and says which file cannot be read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-config-'));
  const path = join(folder, 'spillway.json');
  writeFileSync(path, '{ "queues": { "orders": { "retention": "1w" } } }');
  expect(() => SpillwayConfig.fromFile(path)).toThrow(
    `${path}:1:40 queues.orders.retention must be a duration`,
  );
  expect(() => SpillwayConfig.fromFile(`${path}.none`)).toThrow(
    /none:1:1 must be a file that can be read, got ENOENT/,
  );
});
