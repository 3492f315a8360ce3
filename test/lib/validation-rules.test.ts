import { Duration, Size, type Stack } from 'aws-cdk-lib';
import { expect, it } from 'vitest';
import {
  Backoff,
  type KillSwitchProps,
  type ResilientConsumerProps,
  ResilientQueue,
  type ResilientQueueProps,
} from '../../lib/index.ts';
import { consumerIn, problemsOf } from './synth.ts';

/** Properties of a consumer, and of the queue that is made for it. */
type Case = Partial<ResilientConsumerProps> & { readonly of?: ResilientQueueProps };

const build =
  ({ of, ...props }: Case) =>
  (stack: Stack): void => {
    consumerIn(stack, { ...props, queue: props.queue ?? new ResilientQueue(stack, 'Orders', of) });
  };

const fixed = (delay: Duration): Backoff => Backoff.fixed(delay);
const timeout = (seconds: number): Case => ({ functionProps: { timeout: Duration.seconds(seconds) } });
const circuit = (props: object): Case => ({ circuits: { tracker: props } });
const killSwitch = (props: KillSwitchProps): Case => ({ killSwitch: props });

/** Name, what just passes, what just does not, and what is said of it. */
const RULES: [string, Case, Case, string][] = [
  [
    'attempts, least',
    { attempts: { max: 1 } },
    { attempts: { max: 0 } },
    'attempts.max must be an integer from 1 to 100, got 0',
  ],
  [
    'attempts, most',
    { attempts: { max: 100 } },
    { attempts: { max: 101 } },
    'attempts.max must be an integer from 1 to 100, got 101',
  ],
  [
    'attempts, whole',
    { attempts: { max: 2 } },
    { attempts: { max: 2.5 } },
    'attempts.max must be an integer',
  ],
  [
    'attempts by reason',
    { attempts: { byReason: { TIMEOUT: 100 } } },
    { attempts: { byReason: { TIMEOUT: 0 } } },
    'attempts.byReason.TIMEOUT must be',
  ],
  [
    'backstop against budget',
    { of: { maxReceiveCount: 26 }, attempts: { max: 8 }, retryUntil: Duration.hours(12) },
    { of: { maxReceiveCount: 25 }, attempts: { max: 8 }, retryUntil: Duration.hours(12) },
    'queue.maxReceiveCount must be at least 26 with 8 attempts: twice the attempts and 10, got 25',
  ],
  [
    'backstop against a deadline of 12 hours',
    { of: { maxReceiveCount: 24 }, attempts: { max: 7 }, retryUntil: Duration.hours(12) },
    { of: { maxReceiveCount: 23 }, attempts: { max: 7 }, retryUntil: Duration.hours(12) },
    'queue.maxReceiveCount must be at least 24 to last for a retryUntil of 43,200 seconds, got 23',
  ],
  [
    'backstop against a deadline beyond 12 hours',
    { of: { maxReceiveCount: 26 }, retryUntil: Duration.seconds(43_201) },
    { of: { maxReceiveCount: 25 }, retryUntil: Duration.seconds(43_201) },
    'queue.maxReceiveCount must be at least 26 to last for a retryUntil of 43,201 seconds, got 25',
  ],
  [
    'backstop against both, and tells the larger of the two',
    { of: { maxReceiveCount: 38 } },
    { of: { maxReceiveCount: 2 } },
    'queue.maxReceiveCount must be at least 38 to last for a retryUntil of 342,000 seconds, got 2',
  ],
  [
    'batch size, least',
    { batchSize: 1 },
    { batchSize: 0 },
    'batchSize must be an integer from 1 to 10,000, got 0',
  ],
  [
    'batch size without a window',
    { batchSize: 10 },
    { batchSize: 11 },
    'batchSize must be at most 10 without a maxBatchingWindow, got 11',
  ],
  [
    'batch size with a window',
    { batchSize: 11, maxBatchingWindow: Duration.seconds(1) },
    { batchSize: 11, maxBatchingWindow: Duration.seconds(0) },
    'batchSize must be at most 10 without',
  ],
  [
    'batch size, most',
    { batchSize: 10_000, maxBatchingWindow: Duration.seconds(1) },
    { batchSize: 10_001, maxBatchingWindow: Duration.seconds(1) },
    'batchSize must be an integer from 1 to 10,000',
  ],
  [
    'batching window',
    { maxBatchingWindow: Duration.seconds(300) },
    { maxBatchingWindow: Duration.seconds(301) },
    'maxBatchingWindow must be an integer from 0 to 300 seconds',
  ],
  [
    'batch size of FIFO',
    { of: { fifo: true }, batchSize: 10 },
    { of: { fifo: true }, batchSize: 11 },
    'batchSize must be at most 10 for a FIFO queue',
  ],
  [
    'batching window of FIFO',
    { of: { fifo: true } },
    { of: { fifo: true }, maxBatchingWindow: Duration.seconds(1) },
    'maxBatchingWindow must be left out for a FIFO queue',
  ],
  [
    'maximum concurrency, least',
    { maxConcurrency: 2 },
    { maxConcurrency: 1 },
    'maxConcurrency must be an integer from 2 to 1,000, got 1',
  ],
  [
    'maximum concurrency, most',
    { maxConcurrency: 1_000 },
    { maxConcurrency: 1_001 },
    'maxConcurrency must be an integer from 2 to 1,000',
  ],
  [
    'maximum against reserved concurrency',
    { maxConcurrency: 7, functionProps: { reservedConcurrentExecutions: 7 } },
    { maxConcurrency: 8, functionProps: { reservedConcurrentExecutions: 7 } },
    "maxConcurrency must, summed over the function's event sources, be at most its reserved concurrency of 7, got 8",
  ],
  [
    'reserved concurrency that a controller can open to',
    { functionProps: { reservedConcurrentExecutions: 2 } },
    { functionProps: { reservedConcurrentExecutions: 1 } },
    'reservedConcurrentExecutions must be 2 or more for a function whose intake is controlled, or intake must be false, got 1',
  ],
  [
    'reserved concurrency without a controller',
    { intake: false, functionProps: { reservedConcurrentExecutions: 1 } },
    { functionProps: { reservedConcurrentExecutions: 0 } },
    'or intake must be false, got 0',
  ],
  [
    'concurrency, least',
    { concurrency: 1 },
    { concurrency: 0 },
    'concurrency must be an integer from 1 to 10,000',
  ],
  [
    'level of observability',
    { observability: 'off' },
    { observability: 'detailed' as never },
    "observability must be one of essential, full, off, got 'detailed'",
  ],
  ['concurrency, most', { concurrency: 10_000 }, { concurrency: 10_001 }, 'concurrency must be'],
  [
    'visibility of 6 time-outs',
    { of: { visibilityTimeout: Duration.seconds(180) } },
    { of: { visibilityTimeout: Duration.seconds(179) } },
    "queue.visibilityTimeout must be at least 180 seconds: 6 times the function's time-out plus the batching window, got 179",
  ],
  [
    'visibility of 6 time-outs and the window',
    { of: { visibilityTimeout: Duration.seconds(190) }, maxBatchingWindow: Duration.seconds(10) },
    { of: { visibilityTimeout: Duration.seconds(189) }, maxBatchingWindow: Duration.seconds(10) },
    'must be at least 190 seconds',
  ],
  [
    'visibility of one time-out',
    { of: { visibilityTimeout: Duration.seconds(60) }, ...timeout(10) },
    { of: { visibilityTimeout: Duration.seconds(9) }, ...timeout(10) },
    'must be at least 60 seconds',
  ],
  [
    'deadline inside the retention',
    { retryUntil: Duration.seconds(345_420) },
    { retryUntil: Duration.seconds(345_421) },
    "retryUntil must be at most 345,420 seconds: the queue's retention of 345,600 less its visibility timeout of 180, got 345,421",
  ],
  [
    'deadline inside the retention, with a visibility timeout that was given',
    { of: { visibilityTimeout: Duration.hours(1) }, retryUntil: Duration.seconds(342_000) },
    { of: { visibilityTimeout: Duration.hours(1) }, retryUntil: Duration.seconds(342_001) },
    'retryUntil must be at most 342,000 seconds',
  ],
  [
    "time-out within Lambda's",
    timeout(900),
    timeout(901),
    'functionProps.timeout must be an integer from 1 to 900 seconds, got 901',
  ],
  [
    'deadline, least',
    { retryUntil: Duration.seconds(1), attempts: { max: 1 } },
    { retryUntil: Duration.seconds(0), attempts: { max: 1 } },
    'retryUntil must be an integer of 1 seconds or more',
  ],
  [
    'back-off schedule inside the deadline',
    { retryUntil: Duration.seconds(76) },
    { retryUntil: Duration.seconds(75) },
    'backoff must have all delays of 5 attempts within retryUntil, 75 seconds, got 75',
  ],
  [
    'back-off schedule with its cap',
    { backoff: fixed(Duration.hours(11)), attempts: { max: 9 } },
    { backoff: fixed(Duration.hours(11)), attempts: { max: 10 } },
    'backoff must have all delays of 10 attempts within retryUntil',
  ],
  [
    'back-off within 12 hours',
    { backoff: fixed(Duration.seconds(43_170)) },
    { backoff: fixed(Duration.seconds(43_171)) },
    "backoff.cap must be at most 43,170 seconds: 12 hours less the function's time-out and batching window",
  ],
  [
    'back-off within 12 hours less the window',
    { backoff: fixed(Duration.seconds(43_160)), maxBatchingWindow: Duration.seconds(10) },
    { backoff: fixed(Duration.seconds(43_161)), maxBatchingWindow: Duration.seconds(10) },
    'backoff.cap must be at most 43,160 seconds',
  ],
  [
    'back-off cap over first delay',
    { backoff: Backoff.fullJitter({ firstDelay: Duration.minutes(15) }) },
    { backoff: Backoff.fullJitter({ firstDelay: Duration.seconds(901) }) },
    'backoff.cap must be at least backoff.firstDelay',
  ],
  [
    'back-off base, least',
    { backoff: Backoff.exponential({ base: 1 }) },
    { backoff: Backoff.exponential({ base: 0.9 }) },
    'backoff.base must be from 1 to 10, got 0.9',
  ],
  [
    'back-off base, most',
    { backoff: Backoff.exponential({ base: 10 }) },
    { backoff: Backoff.exponential({ base: 10.1 }) },
    'backoff.base must be from 1 to 10',
  ],
  [
    'body size, least',
    { screening: { maxSize: Size.bytes(1) } },
    { screening: { maxSize: Size.bytes(0) } },
    'screening.maxSize must be an integer from 1 to 1,048,576 bytes',
  ],
  [
    'body size, most',
    { screening: { maxSize: Size.mebibytes(1) } },
    { screening: { maxSize: Size.bytes(1_048_577) } },
    'screening.maxSize must be',
  ],
  [
    'required fields',
    { screening: { requiredFields: ['/a', '/b/0', '/c~1d~0'] } },
    { screening: { requiredFields: ['a'] } },
    "screening.requiredFields must be a JSON pointer, such as /customer/id, got 'a'",
  ],
  [
    'required fields of text',
    { screening: { requiredFields: ['/a'] } },
    { screening: { requiredFields: ['/a'], json: false } },
    'screening.requiredFields needs json to be on, got false',
  ],
  [
    'denied sources by attribute',
    { screening: { deniedSources: { attribute: 'tenant' } } },
    { screening: { deniedSources: { attribute: 'AWS.tenant' } } },
    "screening.deniedSources.attribute must be the name of a message attribute, got 'AWS.tenant'",
  ],
  [
    'denied sources by field',
    { screening: { deniedSources: { pointer: '/sender/id' } } },
    { screening: { deniedSources: { pointer: 'sender.id' } } },
    "screening.deniedSources.pointer must be a JSON pointer, such as /customer/id, got 'sender.id'",
  ],
  [
    'suspicious patterns',
    { screening: { suspiciousPatterns: true } },
    { screening: { suspiciousPatterns: [] } },
    "screening.suspiciousPatterns must name a kind, got '[]'",
  ],
  [
    'reputation',
    { screening: { reputation: { source: { attribute: 'tenant' }, minimumScore: 100 } } },
    { screening: { reputation: { source: { attribute: 'tenant' }, minimumScore: 100.5 } } },
    'screening.reputation.minimumScore must be from 0 to 100, got 100.5',
  ],
  [
    'consumer id',
    { consumerId: 'a.B-c_9' },
    { consumerId: 'orders#*' },
    "consumerId must be 1 to 64 letters, digits, dots, hyphens or underscores, got 'orders#*'",
  ],
  [
    'consumer id, length',
    { consumerId: 'a'.repeat(64) },
    { consumerId: 'a'.repeat(65) },
    'consumerId must be',
  ],
  [
    'idempotency scope',
    { idempotencyScope: 'a.B-c_9' },
    { idempotencyScope: '*' },
    "idempotencyScope must be 1 to 64 letters, digits, dots, hyphens or underscores, got '*'",
  ],
  [
    'circuit name',
    { circuits: { 'a.B-c_9': {} } },
    { circuits: { 'a b': {} } },
    'circuits.a b must be 1 to 64',
  ],
  [
    'failure threshold',
    circuit({ failureThreshold: 1 }),
    circuit({ failureThreshold: 0 }),
    'circuits.tracker.failureThreshold must be',
  ],
  [
    'success threshold',
    circuit({ successThreshold: 1_000 }),
    circuit({ successThreshold: 1_001 }),
    'circuits.tracker.successThreshold must be',
  ],
  [
    'open time',
    circuit({ openFor: Duration.millis(1) }),
    circuit({ openFor: Duration.millis(0) }),
    'circuits.tracker.openFor must be',
  ],
  [
    'longest open time',
    circuit({ openFor: Duration.days(1) }),
    circuit({ maxOpenFor: Duration.seconds(86_401) }),
    'circuits.tracker.maxOpenFor must be an integer from 1',
  ],
  [
    'longest over first open time',
    circuit({ maxOpenFor: Duration.seconds(60) }),
    circuit({ maxOpenFor: Duration.seconds(59) }),
    'circuits.tracker.maxOpenFor must be at least openFor, 60 seconds, got 59',
  ],
  [
    'window of failures',
    circuit({ window: Duration.millis(1) }),
    circuit({ window: Duration.millis(0) }),
    'circuits.tracker.window must be',
  ],
  [
    'names of circuits against that of the intake',
    { circuits: { intakes: {} } },
    { circuits: { intake: {} } },
    "circuits.intake must have another name, got 'intake'",
  ],
  [
    'least messages of the kill switch',
    killSwitch({ minMessages: 2 }),
    killSwitch({ minMessages: 1 }),
    'killSwitch.minMessages must be an integer from 2 to 100,000, got 1',
  ],
  [
    'most messages of the kill switch',
    killSwitch({ minMessages: 100_000 }),
    killSwitch({ minMessages: 100_001 }),
    'killSwitch.minMessages must be',
  ],
  [
    'least share of the kill switch',
    killSwitch({ share: 0.01 }),
    killSwitch({ share: 0.009 }),
    'killSwitch.share must be a number from 0.01 to 1, got 0.009',
  ],
  [
    'most share of the kill switch',
    killSwitch({ share: 1 }),
    killSwitch({ share: 1.1 }),
    'killSwitch.share must be',
  ],
  [
    'window of the kill switch',
    killSwitch({ window: Duration.millis(1) }),
    killSwitch({ window: Duration.millis(0) }),
    'killSwitch.window must be',
  ],
  [
    'hold of the kill switch',
    killSwitch({ openFor: Duration.days(1) }),
    killSwitch({ openFor: Duration.millis(0) }),
    'killSwitch.openFor must be',
  ],
  [
    'longest hold of the kill switch',
    killSwitch({ maxOpenFor: Duration.days(1) }),
    killSwitch({ maxOpenFor: Duration.seconds(86_401) }),
    'killSwitch.maxOpenFor must be an integer from 1',
  ],
  [
    'longest over first hold of the kill switch',
    killSwitch({ maxOpenFor: Duration.seconds(60) }),
    killSwitch({ maxOpenFor: Duration.seconds(59) }),
    'killSwitch.maxOpenFor must be at least openFor, 60 seconds, got 59',
  ],
  [
    'a halt against an order',
    { of: { fifo: true }, onExhausted: 'halt' },
    { onExhausted: 'halt' },
    "onExhausted must be 'dead-letter' for a standard queue, got 'halt'",
  ],
  [
    'alarm thresholds',
    { alarms: { queueDepth: 0 } },
    { alarms: { queueDepth: -1 } },
    'queueDepth must be 0 or more, got -1',
  ],
  [
    'an entry that exists',
    {},
    { entry: 'test/lib/fixtures/none.ts' },
    "entry must be a file that exists, got 'test/lib/fixtures/none.ts'",
  ],
];

it.each(RULES)('checks %s', (_name, good, bad, expected) => {
  expect(problemsOf(build(good))).toEqual([]);
  const problems = problemsOf(build(bad));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(expected);
  expect(problems[0]).toMatch(/^\[Shop\/Consumer.*\] .* \(.+\)$/);
});
