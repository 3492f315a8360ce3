import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../lambdas/core/errors.ts';
import { parseConsumerSettings } from '../../lambdas/core/parse-settings.ts';
import { DEFAULTS } from '../../lambdas/core/settings.ts';

const DAY = 86_400;
const least = {
  consumerId: 'shop-orders',
  stateTable: 'state',
  queue: { url: 'https://sqs.eu-west-1.amazonaws.com/1/orders' },
  deadLetterQueue: { url: 'https://sqs.eu-west-1.amazonaws.com/1/orders-dlq' },
  quarantineQueue: { url: 'https://sqs.eu-west-1.amazonaws.com/1/orders-quarantine' },
};

/** The least settings with one option, given by its path, set to a value. */
function withOption(path: string, value: unknown): Record<string, unknown> {
  const copy: Record<string, unknown> = structuredClone(least);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at = copy;
  for (const key of keys) {
    at[key] ??= {};
    at = at[key] as Record<string, unknown>;
  }
  at[last] = value;
  return copy;
}

function problemsOf(input: unknown): readonly string[] {
  try {
    parseConsumerSettings(input);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map(({ option }) => option);
  }
}

describe('consumer settings', () => {
  it('need only names and queues', () => {
    expect(parseConsumerSettings(least)).toEqual({
      consumerId: 'shop-orders',
      stateTable: 'state',
      queue: {
        ...least.queue,
        name: 'orders',
        fifo: false,
        retentionSeconds: 4 * DAY,
        maxReceiveCount: 1_000,
      },
      deadLetterQueue: { ...least.deadLetterQueue, name: 'orders-dlq', retentionSeconds: 14 * DAY },
      quarantineQueue: { ...least.quarantineQueue, name: 'orders-quarantine', retentionSeconds: 14 * DAY },
      envelope: 'raw',
      concurrency: 10,
      attempts: { max: 5, byReason: { TIMEOUT: 3 } },
      backoff: { kind: 'full-jitter', firstDelayMs: 5_000, capMs: 900_000, base: 2 },
      retryUntilSeconds: 4 * DAY - 3_600,
      screening: { maxBytes: 1_048_576, json: true },
      circuits: {
        default: {
          failureThreshold: 5,
          failureRatio: 0.5,
          minReporters: 1,
          localThreshold: 5,
          successThreshold: 2,
          openForMs: 60_000,
          maxOpenForMs: 300_000,
          windowMs: 60_000,
          probeTimeoutMs: 30_000,
          cacheForMs: 5_000,
        },
      },
      killSwitch: {
        minMessages: 10,
        share: 0.15,
        windowMs: 60_000,
        openForMs: 60_000,
        maxOpenForMs: 300_000,
      },
      onExhausted: 'dead-letter',
      observability: 'essential',
    });
  });

  it('take a queue whose name ends in .fifo for a FIFO queue', () => {
    expect(parseConsumerSettings(withOption('queue.url', 'https://sqs/1/orders.fifo')).queue.fifo).toBe(true);
  });

  it('keep named circuits and add no default one', () => {
    const { circuits } = parseConsumerSettings(withOption('circuits.tracker.openForMs', 400_000));
    expect(Object.keys(circuits)).toEqual(['tracker']);
    expect(circuits.tracker).toMatchObject({
      openForMs: 400_000,
      maxOpenForMs: 400_000,
      failureThreshold: 5,
    });
  });

  it('raise the default cap of the back-off to a longer first delay', () => {
    expect(parseConsumerSettings(withOption('backoff.firstDelayMs', 1_000_000)).backoff.capMs).toBe(
      1_000_000,
    );
  });

  it.each([
    [60, 30],
    [3_600, 1_800],
    [7_200, 3_600],
    [DAY, DAY - 3_600],
  ])('leave a queue that keeps messages for %i s a default deadline of %i s', (retention, expected) => {
    expect(parseConsumerSettings(withOption('queue.retentionSeconds', retention)).retryUntilSeconds).toBe(
      expected,
    );
  });

  it.each([
    ['consumerId', ['a'], ['', 1, undefined]],
    ['idempotencyScope', ['orders', undefined], ['', 1]],
    ['stateTable', ['a'], ['', {}]],
    ['environment', ['prod'], ['', 3]],
    ['serviceVersion', ['1'], ['', false]],
    ['envelope', ['raw', 'sns', 'eventbridge', 's3'], ['kafka', 1]],
    ['concurrency', [1, 10_000], [0, 10_001, 1.5, '10']],
    ['queue.url', ['http://q/1/a'], ['', 7]],
    ['queue.fifo', [true, false], ['yes']],
    ['queue.retentionSeconds', [60, 14 * DAY], [59, 14 * DAY + 1]],
    ['queue.maxReceiveCount', [2, 1_000], [1, 1_001]],
    ['deadLetterQueue.retentionSeconds', [60, 14 * DAY], [59, 14 * DAY + 1]],
    ['attempts.max', [1, 100], [0, 101, 2.5]],
    ['attempts.byReason.TIMEOUT', [1, 100], [0, 101]],
    ['backoff.kind', ['fixed', 'exponential', 'full-jitter'], ['linear']],
    ['backoff.firstDelayMs', [0, 43_200_000], [-1, 43_200_001, Number.NaN]],
    ['backoff.capMs', [5_000, 43_200_000], [4_999, 43_200_001, Number.POSITIVE_INFINITY]],
    ['backoff.base', [1, 10], [0.9, 10.1]],
    ['retryUntilSeconds', [1, 4 * DAY - 1], [0, 4 * DAY]],
    ['screening.maxBytes', [1, 1_048_576, false], [0, 1_048_577, true]],
    ['screening.json', [true, false], ['no']],
    ['screening.requiredFields', [['/a', '/b/0/~0c~1']], [[], ['a'], '/a', ['/~'], [1]]],
    [
      'screening.suspiciousPatterns',
      [['sql-injection'], ['path-traversal', 'script-injection']],
      [['sql'], true],
    ],
    ['circuits.tracker.failureThreshold', [1, 10_000], [0, 10_001]],
    ['circuits.tracker.successThreshold', [1, 1_000], [0, 1_001]],
    ['circuits.tracker.openForMs', [1, DAY * 1_000], [0, DAY * 1_000 + 1]],
    ['circuits.tracker.maxOpenForMs', [60_000, DAY * 1_000], [59_999, DAY * 1_000 + 1]],
    ['circuits.tracker.windowMs', [1, DAY * 1_000], [0, DAY * 1_000 + 1]],
  ])('bound %s', (option, allowed, refused) => {
    for (const value of allowed) expect(problemsOf(withOption(option, value))).toEqual([]);
    for (const value of refused) expect(problemsOf(withOption(option, value))).toEqual([option]);
  });

  it('read a signature with its defaults, and need secret and attribute', () => {
    const signature = { secretId: 'key', attribute: 'signature' };
    expect(parseConsumerSettings(withOption('screening.signature', signature)).screening.signature).toEqual({
      ...signature,
      prefix: '',
      algorithm: 'sha256',
      acceptPrevious: true,
    });
    expect(problemsOf(withOption('screening.signature', { algorithm: 'md5' }))).toEqual([
      'screening.signature.secretId',
      'screening.signature.attribute',
      'screening.signature.algorithm',
    ]);
  });

  it('read where the source of a message is named', () => {
    for (const source of [{ attribute: 'tenant' }, { pointer: '/sender/id' }]) {
      const { screening } = parseConsumerSettings(withOption('screening.deniedSources', source));
      expect(screening.deniedSources).toEqual(source);
      const reputation = { source, minimumScore: 40 };
      const other = parseConsumerSettings(withOption('screening.reputation', reputation));
      expect(other.screening.reputation).toEqual(reputation);
    }
    expect(problemsOf(withOption('screening.deniedSources', {}))).toEqual([
      'screening.deniedSources.attribute',
    ]);
    const both = { attribute: 'a', pointer: '/a' };
    expect(problemsOf(withOption('screening.deniedSources', both))).toEqual([
      'screening.deniedSources.attribute',
    ]);
    expect(problemsOf(withOption('screening.reputation', { source: { pointer: 'a' } }))).toEqual([
      'screening.reputation.source.pointer',
      'screening.reputation.minimumScore',
    ]);
  });

  it('need JSON for what is looked for in fields', () => {
    const screening = { json: false, requiredFields: ['/a'], deniedSources: { pointer: '/b' } };
    expect(problemsOf(withOption('screening', screening))).toEqual([
      'screening.requiredFields',
      'screening.deniedSources.pointer',
    ]);
  });

  it.each([
    'retryUntill',
    'queue.visibility',
    'attempts.maximum',
    'backoff.jitter',
    'circuits.tracker.threshold',
    'screening.signature.secret',
  ])('refuse the unknown option %s', (option) => {
    expect(problemsOf(withOption(option, 1))).toContain(option);
  });

  it('refuse an attempt limit for a reason that does not exist', () => {
    expect(problemsOf(withOption('attempts.byReason.OUTAGE', 2))).toEqual(['attempts.byReason.OUTAGE']);
  });

  it('switch the kill switch off, and bound what it may be set to', () => {
    expect(parseConsumerSettings(withOption('killSwitch', false)).killSwitch).toBe(false);
    const { killSwitch } = parseConsumerSettings(withOption('killSwitch.minMessages', 3));
    expect(killSwitch).toEqual({ ...DEFAULTS.killSwitch, minMessages: 3 });
    const wrong = { minMessages: 1, share: 0, openForMs: 10, maxOpenForMs: 9 };
    expect(problemsOf(withOption('killSwitch', wrong))).toEqual([
      'killSwitch.minMessages',
      'killSwitch.share',
      'killSwitch.maxOpenForMs',
    ]);
  });

  it('halt at a failed message only where there is an order to keep', () => {
    expect(problemsOf(withOption('onExhausted', 'halt'))).toEqual(['onExhausted']);
    const fifo = { ...least, queue: { url: `${least.queue.url}.fifo` }, onExhausted: 'halt' };
    expect(parseConsumerSettings(fifo).onExhausted).toBe('halt');
  });

  it('refuse a circuit by the name of the intake', () => {
    expect(problemsOf(withOption('circuits.intake', {}))).toContain('circuits.intake');
  });

  it('tell all problems at once, with rule and value', () => {
    const broken = { ...least, consumerId: '', concurrency: 0, backof: {}, queue: { url: 5 } };
    expect(problemsOf(broken)).toEqual(['queue.url', 'consumerId', 'concurrency', 'backof']);
    expect(() => parseConsumerSettings(broken)).toThrow(
      /concurrency must be an integer from 1 to 10000, got 0/,
    );
  });

  it.each([[undefined], [null], ['text'], [[least]], [42]])('refuse %j as a whole', (input) => {
    expect(problemsOf(input)).toContain('settings');
  });
});
