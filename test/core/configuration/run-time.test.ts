import { describe, expect, it } from 'vitest';
import { type Knob, walk } from '../../../lambdas/core/configuration/knob.ts';
import { LANGUAGE } from '../../../lambdas/core/configuration/language.ts';
import { changesBetween, judgeConfiguration } from '../../../lambdas/core/configuration/run-time.ts';
import { parseConsumerSettings } from '../../../lambdas/core/parse-settings.ts';
import { consumerSettings } from '../fixtures.ts';

const deployed = consumerSettings({
  circuits: {
    tracker: {
      timeoutMs: 2_000,
      totalTimeoutMs: 20_000,
      retry: {},
      rateLimit: { limit: 50, perMs: 1_000 },
      bulkhead: { maxConcurrent: 5 },
    },
    search: { adaptiveConcurrency: {} },
  },
  screening: {
    deniedSources: { attribute: 'sender' },
    reputation: { source: { attribute: 'sender' }, minimumScore: 20 },
  },
});

function changed(text: string, from = deployed): Record<string, unknown> {
  const judgement = judgeConfiguration(text, from, 'orders');
  if (judgement.kind === 'bad') throw new Error(JSON.stringify(judgement.problems));
  // What changes must be such as the runtime would have started with.
  expect(parseConsumerSettings(JSON.parse(JSON.stringify(judgement.settings)))).toEqual(judgement.settings);
  return Object.fromEntries(changesBetween(from, judgement.settings).map(({ option, to }) => [option, to]));
}

function problems(text: string, from = deployed) {
  const judgement = judgeConfiguration(text, from, 'orders');
  return judgement.kind === 'bad' ? judgement.problems : [];
}

const circuit = (option: string, name = 'tracker'): string => `circuits: { ${name}: { ${option} } }`;
const profile = (option: string): string => `retryProfiles: { p: { ${option} } }\n${circuit('retry: p')}`;
const queue = (option: string): string => `queues: { orders: { ${option} } }`;
const at = (option: string, name = 'tracker'): string => `circuits.${name}.${option}`;

/** Path of an option that may change, a text that changes it, and what that makes of the settings. */
const CHANGES: [string, string, Record<string, unknown>][] = [
  ['retryProfiles.*.attempts', profile('attempts: 4'), { [at('retry.attempts')]: 4 }],
  ['retryProfiles.*.strategy', profile('strategy: fixed'), { [at('retry.kind')]: 'fixed' }],
  ['retryProfiles.*.firstDelay', profile('firstDelay: 2s'), { [at('retry.firstDelayMs')]: 2_000 }],
  ['retryProfiles.*.cap', profile('cap: 90s'), { [at('retry.capMs')]: 90_000 }],
  ['retryProfiles.*.base', profile('base: 3'), { [at('retry.base')]: 3 }],
  ['retryProfiles.*.budget', profile('budget: false'), { [at('retry.budget')]: false }],
  [
    'retryProfiles.*.budget.capacity',
    profile('budget: { capacity: 3 }'),
    { [at('retry.budget.capacity')]: 3 },
  ],
  [
    'retryProfiles.*.budget.perSecond',
    profile('budget: { perSecond: 2 }'),
    { [at('retry.budget.perSecond')]: 2 },
  ],
  ['retryProfiles.*.budget.perCall', profile('budget: { perCall: 0 }'), { [at('retry.budget.perCall')]: 0 }],
  [
    'circuits.*.preset',
    circuit('preset: aggressive'),
    {
      [at('failureThreshold')]: 3,
      [at('localThreshold')]: 3,
      [at('successThreshold')]: 1,
      [at('openForMs')]: 30_000,
    },
  ],
  [
    'circuits.*.failureThreshold',
    circuit('failureThreshold: 9'),
    { [at('failureThreshold')]: 9, [at('localThreshold')]: 9 },
  ],
  ['circuits.*.failureRatio', circuit('failureRatio: 0.7'), { [at('failureRatio')]: 0.7 }],
  ['circuits.*.minReporters', circuit('minReporters: 3'), { [at('minReporters')]: 3 }],
  ['circuits.*.localThreshold', circuit('localThreshold: 2'), { [at('localThreshold')]: 2 }],
  ['circuits.*.successThreshold', circuit('successThreshold: 4'), { [at('successThreshold')]: 4 }],
  ['circuits.*.openFor', circuit('openFor: 20s'), { [at('openForMs')]: 20_000 }],
  ['circuits.*.maxOpenFor', circuit('maxOpenFor: 1h'), { [at('maxOpenForMs')]: 3_600_000 }],
  ['circuits.*.window', circuit('window: 2m'), { [at('windowMs')]: 120_000 }],
  ['circuits.*.slowCallThreshold', circuit('slowCallThreshold: 1s'), { [at('slowCallMs')]: 1_000 }],
  ['circuits.*.cacheFor', circuit('cacheFor: 1s'), { [at('cacheForMs')]: 1_000 }],
  ['circuits.*.timeout', circuit('timeout: 3s'), { [at('timeoutMs')]: 3_000 }],
  ['circuits.*.totalTimeout', circuit('totalTimeout: 9s'), { [at('totalTimeoutMs')]: 9_000 }],
  ['circuits.*.retry', profile('attempts: 2'), { [at('retry.attempts')]: 2 }],
  [
    'circuits.*.rateLimit.limit',
    circuit('rateLimit: { limit: 20 }'),
    { [at('rateLimit.limit')]: 20, [at('rateLimit.burst')]: 20 },
  ],
  ['circuits.*.rateLimit.per', circuit('rateLimit: { per: 2s }'), { [at('rateLimit.perMs')]: 2_000 }],
  ['circuits.*.rateLimit.burst', circuit('rateLimit: { burst: 5 }'), { [at('rateLimit.burst')]: 5 }],
  [
    'circuits.*.rateLimit.maxWait',
    circuit('rateLimit: { maxWait: 3s }'),
    { [at('rateLimit.maxWaitMs')]: 3_000 },
  ],
  [
    'circuits.*.bulkhead.maxConcurrent',
    circuit('bulkhead: { maxConcurrent: 2 }'),
    { [at('bulkhead.maxConcurrent')]: 2 },
  ],
  ['circuits.*.bulkhead.maxQueued', circuit('bulkhead: { maxQueued: 2 }'), { [at('bulkhead.maxQueued')]: 2 }],
  [
    'circuits.*.bulkhead.maxWait',
    circuit('bulkhead: { maxWait: 2s }'),
    { [at('bulkhead.maxWaitMs')]: 2_000 },
  ],
  ...(
    [
      ['min', '2', 'min', 2],
      ['max', '50', 'max', 50],
      ['latency', '300ms', 'latencyMs', 300],
      ['decrease', '0.5', 'decrease', 0.5],
      ['maxQueued', '3', 'maxQueued', 3],
      ['maxWait', '2s', 'maxWaitMs', 2_000],
    ] as const
  ).map(([key, text, setting, value]): [string, string, Record<string, unknown>] => [
    `circuits.*.adaptiveConcurrency.${key}`,
    circuit(`adaptiveConcurrency: { ${key}: ${text} }`, 'search'),
    { [at(`adaptiveConcurrency.${setting}`, 'search')]: value },
  ]),
  ['queues.*.concurrency', queue('concurrency: 3'), { concurrency: 3 }],
  [
    'queues.*.retry',
    `retryProfiles: { p: { attempts: 7, firstDelay: 1s } }\n${queue('retry: p')}`,
    { 'attempts.max': 7, 'backoff.firstDelayMs': 1_000 },
  ],
  ['queues.*.attempts.max', queue('attempts: { max: 8 }'), { 'attempts.max': 8 }],
  ...(
    ['INVALID_DATA', 'EXTERNAL_SERVICE_ERROR', 'TIMEOUT', 'PROCESSING_ERROR', 'EXPIRED', 'UNKNOWN'] as const
  ).map((reason): [string, string, Record<string, unknown>] => [
    `queues.*.attempts.byReason.${reason}`,
    queue(`attempts: { byReason: { ${reason}: 2 } }`),
    { [`attempts.byReason.${reason}`]: 2 },
  ]),
  ['queues.*.screening.maxSize', queue('screening: { maxSize: 64KiB }'), { 'screening.maxBytes': 65_536 }],
  [
    'queues.*.screening.requiredFields',
    queue('screening: { requiredFields: [/id] }'),
    { 'screening.requiredFields': ['/id'] },
  ],
  [
    'queues.*.screening.suspiciousPatterns',
    queue('screening: { suspiciousPatterns: true }'),
    { 'screening.suspiciousPatterns': ['sql-injection', 'script-injection', 'path-traversal'] },
  ],
  [
    'queues.*.screening.deniedSources.attribute',
    queue('screening: { deniedSources: { attribute: from } }'),
    { 'screening.deniedSources.attribute': 'from' },
  ],
  [
    'queues.*.screening.deniedSources.pointer',
    queue('screening: { deniedSources: { pointer: /from } }'),
    { 'screening.deniedSources.attribute': undefined, 'screening.deniedSources.pointer': '/from' },
  ],
  [
    'queues.*.screening.reputation.attribute',
    queue('screening: { reputation: { attribute: from } }'),
    { 'screening.reputation.source.attribute': 'from' },
  ],
  [
    'queues.*.screening.reputation.pointer',
    queue('screening: { reputation: { pointer: /from } }'),
    { 'screening.reputation.source.attribute': undefined, 'screening.reputation.source.pointer': '/from' },
  ],
  [
    'queues.*.screening.reputation.minimumScore',
    queue('screening: { reputation: { attribute: sender, minimumScore: 60 } }'),
    { 'screening.reputation.minimumScore': 60 },
  ],
  ...(
    [
      ['minMessages', '20', 'minMessages', 20],
      ['share', '0.3', 'share', 0.3],
      ['window', '2m', 'windowMs', 120_000],
      ['openFor', '90s', 'openForMs', 90_000],
      ['maxOpenFor', '10m', 'maxOpenForMs', 600_000],
    ] as const
  ).map(([key, text, setting, value]): [string, string, Record<string, unknown>] => [
    `queues.*.killSwitch.${key}`,
    queue(`killSwitch: { ${key}: ${text} }`),
    { [`killSwitch.${setting}`]: value },
  ]),
];

it.each(CHANGES)('%s changes what it says, and nothing else', (_path, text, expected) => {
  expect(changed(text)).toEqual(expected);
});

const LEAVES: [string, Knob][] = [];
walk(LANGUAGE, (path, knob) => {
  if (knob.type !== 'section' && knob.type !== 'map') LEAVES.push([path, knob]);
});

it('has a test of the change of every option that may change', () => {
  const tested = new Set(CHANGES.map(([path]) => path));
  const changeable = LEAVES.filter(([, { live }]) => live === true).map(([path]) => path);
  // A budget is a section or false.
  expect(changeable.filter((path) => !tested.has(path))).toEqual([]);
});

function sample(knob: Knob): string {
  switch (knob.type) {
    case 'duration':
      return '60s';
    case 'size':
      return '1KiB';
    case 'integer':
    case 'number':
      return String(knob.range.min);
    case 'flag':
      return 'true';
    case 'choice':
      return knob.of[0] ?? '';
    case 'list':
      return '[tracker]';
    default:
      return 'orders';
  }
}

const FIXED = LEAVES.filter(([, { live }]) => live !== true);

it.each(FIXED)('%s takes a deployment, and says so with its line', (path, knob) => {
  const names = path.replaceAll('*', 'tracker').split('.');
  const text = `${names.map((name, depth) => `${'  '.repeat(depth)}${name}:`).join('\n')} ${sample(knob)}\n`;
  const found = problems(text).filter(({ rule }) => rule.includes('it takes a deployment'));
  expect(found).toHaveLength(1);
  expect(names.join('.').startsWith(found[0]?.path ?? '?')).toBe(true);
  expect(found[0]?.line).toBeLessThanOrEqual(names.length);
});

it('leaves what it does not name as deployed', () => {
  expect(changed('')).toEqual({});
  expect(changed('{}')).toEqual({});
  expect(changed('circuits:\n  tracker:\nqueues:\n  orders:\n')).toEqual({});
});

it('switches checks off, and on again where they were deployed', () => {
  const off =
    'screening: { maxSize: false, deniedSources: false, reputation: false, requiredFields: false, suspiciousPatterns: false }';
  expect(changed(queue(off))).toEqual({
    'screening.maxBytes': false,
    'screening.deniedSources': undefined,
    'screening.reputation': undefined,
  });
});

it('switches the kill switch off, and on with its defaults', () => {
  expect(changed(queue('killSwitch: false'))).toEqual({ killSwitch: false });
  const without = consumerSettings({ killSwitch: false });
  expect(changed(queue('killSwitch: { minMessages: 50 }'), without)).toMatchObject({
    killSwitch: { minMessages: 50, share: 0.15 },
  });
});

it('lets follow what follows by default, and keeps what was set', () => {
  const own = consumerSettings({
    circuits: {
      tracker: { localThreshold: 8, maxOpenForMs: 60_000, rateLimit: { limit: 5, perMs: 1_000, burst: 2 } },
    },
  });
  const text = circuit('failureThreshold: 20, openFor: 10m, rateLimit: { limit: 9 }');
  expect(changed(text, own)).toEqual({
    [at('failureThreshold')]: 20,
    [at('openForMs')]: 600_000,
    [at('maxOpenForMs')]: 600_000,
    [at('rateLimit.limit')]: 9,
  });
});

/** What is refused, and what is said of it. */
const REFUSED: [string, string, string, number][] = [
  [
    circuit('timeout: 5s', 'search'),
    'circuits.search.timeout',
    'must be deployed before it can change at run time',
    1,
  ],
  [
    circuit('rateLimit: { limit: 5, per: 1s }', 'search'),
    'circuits.search.rateLimit',
    'must be deployed before it can change at run time',
    1,
  ],
  [
    'circuits:\n  tracker:\n    openFor: 10m\n    maxOpenFor: 5m',
    'circuits.tracker.maxOpenFor',
    'must be at least openFor, 10m',
    4,
  ],
  [
    circuit('timeout: 30s'),
    'circuits.tracker.timeout',
    'must leave totalTimeout, 20s, at least timeout, 30s',
    1,
  ],
  [
    circuit('totalTimeout: 1s'),
    'circuits.tracker.totalTimeout',
    'must leave totalTimeout, 1s, at least timeout, 2s',
    1,
  ],
  [
    profile('firstDelay: 5s, cap: 1s'),
    'circuits.tracker.retry',
    'must be a profile whose cap is at least its firstDelay',
    2,
  ],
  [profile('cap: 1h'), 'circuits.tracker.retry', 'must be a profile whose delays are at most 15m', 2],
  [
    circuit('adaptiveConcurrency: { min: 5, max: 4 }', 'search'),
    'circuits.search.adaptiveConcurrency.max',
    'must be at least min, 5',
    1,
  ],
  [
    circuit('retry: p'),
    'circuits.tracker.retry',
    'must be the name of one of the retryProfiles of this file',
    1,
  ],
  [
    'retryProfiles:\n  p: { attempts: 2 }',
    'retryProfiles.p',
    'must be named by a circuit or a queue of this text',
    2,
  ],
  [
    queue('killSwitch: { openFor: 5m, maxOpenFor: 1m }'),
    'queues.orders.killSwitch.maxOpenFor',
    'must be at least openFor, 5m',
    1,
  ],
  [
    `retryProfiles: { p: { attempts: 90, cap: 6h, firstDelay: 6h } }\n${queue('retry: p')}`,
    'queues.orders.retry',
    'must leave all delays of 90 attempts',
    2,
  ],
];

it.each(REFUSED)('refuses %s', (text, path, rule, line) => {
  expect(problems(text)).toContainEqual(
    expect.objectContaining({ path, line, rule: expect.stringContaining(rule), value: expect.any(String) }),
  );
});

it('refuses more attempts than the queue lets a message be received', () => {
  const tight = consumerSettings({ queue: { maxReceiveCount: 40 } });
  expect(problems(queue('attempts: { max: 15 }'), tight)).toEqual([]);
  expect(problems(queue('attempts: { max: 16 }'), tight)).toMatchObject([
    {
      path: 'queues.orders.attempts.max',
      rule: 'must leave the deployed maxReceiveCount of 40 at least 42 for 16 attempts',
      value: '16',
    },
  ]);
});

it('refuses what would spread a rate limit over more or fewer shards', () => {
  const rateLimit = { limit: 50, perMs: 1_000, burst: 20, shards: 8 };
  const spread = consumerSettings({ circuits: { tracker: { rateLimit } } });
  expect(problems(circuit('rateLimit: { burst: 8 }'), spread)).toEqual([]);
  expect(problems(circuit('rateLimit: { burst: 7 }'), spread)).toMatchObject([
    {
      path: at('rateLimit.burst'),
      rule: 'must leave the limit spread over as many shards as deployed, 8: there are no more than burst, 7',
      value: '7',
    },
  ]);
  const few = consumerSettings({
    circuits: { tracker: { rateLimit: { limit: 4, perMs: 1_000, shards: 8 } } },
  });
  expect(problems(circuit('rateLimit: { limit: 5 }'), few)).toMatchObject([{ path: at('rateLimit.limit') }]);
  expect(problems(circuit('rateLimit: { limit: 5, burst: 4 }'), few)).toEqual([]);
});

it('does not answer for what was deployed', () => {
  const odd = consumerSettings({ queue: { maxReceiveCount: 3 }, retryUntilSeconds: 1 });
  expect(changed(queue('concurrency: 2'), odd)).toEqual({ concurrency: 2 });
});

it('refuses checks that the function has no permission for, and fields of what is no JSON', () => {
  const plain = consumerSettings({ screening: { json: false } });
  const found = problems(
    queue(
      'screening: { deniedSources: { attribute: a }, reputation: { attribute: a, minimumScore: 1 }, requiredFields: [/a] }',
    ),
    plain,
  );
  expect(found.map(({ path, rule }) => `${path} ${rule}`)).toEqual([
    'queues.orders.screening.deniedSources must be deployed before it can change at run time: the function may not read the list',
    'queues.orders.screening.reputation must be deployed before it can change at run time: the function may not read the scores',
    'queues.orders.screening.requiredFields must be left out: a payload that is not parsed has no fields',
  ]);
});

it('looks at all of a text, whoever it is meant for', () => {
  expect(problems('queues: { invoices: { concurrency: 0 } }')).toMatchObject([
    { path: 'queues.invoices.concurrency' },
  ]);
  const judgement = judgeConfiguration(
    'circuits: { other: { openFor: 1s } }\nqueues: { orders: }',
    deployed,
    'orders',
  );
  expect(judgement).toMatchObject({ kind: 'good', ignored: ['circuits.other'] });
});

describe('a name that is nearly this consumer’s', () => {
  const problemsIn = (text: string): readonly string[] => {
    const judgement = judgeConfiguration(text, deployed, 'orders');
    return judgement.kind === 'bad' ? judgement.problems.map(({ path, rule }) => `${path} ${rule}`) : [];
  };

  it('is refused, since what the text says of the right one would be taken back without a word', () => {
    expect(problemsIn('circuits: { trakcer: { openFor: 2m } }')).toEqual([
      "circuits.trakcer is not this consumer's: did you mean tracker? If not, name that too, as tracker: {}",
    ]);
    expect(problemsIn('queues: { order: { concurrency: 2 } }')).toEqual([
      "queues.order is not this consumer's: did you mean orders? If not, name that too, as orders: {}",
    ]);
  });

  it('is another consumer’s where the right one is named as well, or no name is near', () => {
    expect(problemsIn('circuits: { trakcer: { openFor: 2m }, tracker: {} }')).toEqual([]);
    expect(
      problemsIn('circuits: { mail: { openFor: 2m } }\nqueues: { invoices: { concurrency: 2 } }'),
    ).toEqual([]);
  });
});
