import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { walk } from '../../lambdas/core/configuration/knob.ts';
import { type FileContent, LANGUAGE } from '../../lambdas/core/configuration/language.ts';
import { parseConsumerSettings } from '../../lambdas/core/parse-settings.ts';
import { consumerProps, queueProps } from '../../lib/config/content-props.ts';
import {
  ConfigurationFileError,
  ResilientConsumer,
  ResilientQueue,
  SpillwayConfig,
} from '../../lib/index.ts';
import { type Problem, Problems } from '../../lib/private/problems.ts';
import { withoutDefaults } from '../../lib/private/without-defaults.ts';
import { files } from '../core/configuration/arbitrary-file.ts';
import { fileWith, target } from './config-parts.ts';
import { ENTRY, problemsOf, stackWith, warningsOf } from './synth.ts';

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
          const told = JSON.parse(JSON.stringify(withoutDefaults(settings)));
          const plain = JSON.parse(JSON.stringify(settings));
          expect(parseConsumerSettings(told)).toEqual(parseConsumerSettings(plain));
        }
      }
    }),
    { numRuns: 120 },
  );
  expect(good).toBeGreaterThan(5);
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
