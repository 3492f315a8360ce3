import { CfnParameter, Duration, type Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import {
  Backoff,
  ResilientConsumer,
  type ResilientConsumerProps,
  ResilientQueue,
  type ResilientQueueProps,
} from '../../lib/index.ts';
import { consumerIn, problemsOf, synth, warningsOf } from './synth.ts';

/** Properties of a consumer, and of the queue that is made for it. */
type Case = Partial<ResilientConsumerProps> & { readonly of?: ResilientQueueProps };

const build =
  ({ of, ...props }: Case) =>
  (stack: Stack): void => {
    consumerIn(stack, { ...props, queue: props.queue ?? new ResilientQueue(stack, 'Orders', of) });
  };

const timeout = (seconds: number): Case => ({ functionProps: { timeout: Duration.seconds(seconds) } });

describe('a signature', () => {
  const signed =
    (props: Case, attribute = 'x-hub-signature-256') =>
    (stack: Stack) => {
      const secret = new Secret(stack, 'Secret');
      build({ ...props, screening: { signature: { secret, attribute } } })(stack);
    };

  it('is checked on what came as it was sent', () => {
    for (const envelope of ['raw', 'sns'] as const) expect(problemsOf(signed({ envelope }))).toEqual([]);
    for (const envelope of ['eventbridge', 's3'] as const) {
      expect(problemsOf(signed({ envelope }))).toEqual([
        expect.stringContaining(
          `screening.signature must be left out unless envelope is 'raw' or 'sns', got '${envelope}'`,
        ),
      ]);
    }
  });

  it.each(['a', 'A.b-c_9', 'a'.repeat(256)])('may come in the attribute %s', (attribute) => {
    expect(problemsOf(signed({}, attribute))).toEqual([]);
  });

  it.each(['', 'AWS.x', 'amazon.x', '.a', 'a.', 'a..b', 'a b', 'a'.repeat(257)])(
    'may not in %s',
    (attribute) => {
      expect(problemsOf(signed({}, attribute))).toEqual([
        expect.stringContaining('screening.signature.attribute must be'),
      ]);
    },
  );
});

describe('the function', () => {
  const plain = (stack: Stack, props: Partial<lambda.FunctionProps> = {}): lambda.Function =>
    new lambda.Function(stack, 'Mine', {
      runtime: lambda.Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline('exports.handler = async () => {};'),
      ...props,
    });

  it('comes from exactly one place', () => {
    const neither = problemsOf((stack) => {
      new ResilientConsumer(stack, 'Consumer', { queue: new ResilientQueue(stack, 'Q') });
    });
    expect(neither).toEqual([expect.stringContaining('entry or function must be given')]);
    const both = problemsOf((stack) => {
      build({ function: plain(stack), entry: 'a.ts', functionProps: {} })(stack);
    });
    expect(both).toEqual([
      expect.stringContaining('entry must be left out with function'),
      expect.stringContaining('functionProps must be left out with function'),
    ]);
  });

  it('serves one consumer', () => {
    const problems = problemsOf((stack) => {
      const fn = plain(stack);
      consumerIn(stack, { function: fn }, 'One');
      consumerIn(stack, { function: fn }, 'Two');
    });
    expect(problems).toEqual([
      expect.stringMatching(/^\[Shop\/Two\] function must serve no other consumer, got 'Shop\/One'/),
    ]);
  });

  it('is told of its own time-out, too', () => {
    const lasting = (seconds: number) => (stack: Stack) => {
      build({ function: plain(stack, { timeout: Duration.seconds(seconds) }) })(stack);
    };
    expect(problemsOf(lasting(900))).toEqual([]);
    expect(problemsOf(lasting(901))).toEqual([expect.stringContaining('function.timeout must be')]);
  });

  it('is warned of a variable that lets effects repeat', () => {
    const set = (value: string): Case => ({
      functionProps: { environment: { POWERTOOLS_IDEMPOTENCY_DISABLED: value } },
    });
    for (const value of ['true', 'True', '1', 'on']) {
      expect(warningsOf(build(set(value)))).toEqual([
        expect.stringContaining('POWERTOOLS_IDEMPOTENCY_DISABLED is set: the effects'),
      ]);
    }
    for (const value of ['false', '0', '']) expect(warningsOf(build(set(value)))).toEqual([]);
  });

  it('has its other event sources counted against its reserved concurrency', () => {
    const withOther = (maxConcurrency: number) => (stack: Stack) => {
      const fn = plain(stack, { reservedConcurrentExecutions: 10 });
      fn.addEventSource(new SqsEventSource(new Queue(stack, 'Other'), { maxConcurrency: 6 }));
      build({ function: fn, maxConcurrency })(stack);
    };
    expect(problemsOf(withOther(4))).toEqual([]);
    expect(problemsOf(withOther(5))).toEqual([expect.stringContaining('reserved concurrency of 10, got 11')]);
  });

  it('has the two counted that a controller opens it to, where it has no maximum', () => {
    const withOther =
      (maxConcurrency: number, props: Case = {}) =>
      (stack: Stack) => {
        const fn = plain(stack, { reservedConcurrentExecutions: 10 });
        fn.addEventSource(new SqsEventSource(new Queue(stack, 'Other'), { maxConcurrency }));
        build({ function: fn, ...props })(stack);
      };
    expect(problemsOf(withOther(8))).toEqual([]);
    expect(problemsOf(withOther(9))).toEqual([expect.stringContaining('reserved concurrency of 10, got 11')]);
    expect(problemsOf(withOther(10, { intake: false }))).toEqual([]);
  });

  it('is warned of a source that its reserved concurrency does not hold back', () => {
    const reserved = { functionProps: { reservedConcurrentExecutions: 10 } };
    expect(warningsOf(build(reserved)).join()).toMatch(/maxConcurrency should be given/);
    expect(warningsOf(build({ ...reserved, maxConcurrency: 10 }))).toEqual([]);
  });

  it('takes no more variables than 4 KB', () => {
    const filled = (bytes: number): Case => ({ functionProps: { environment: { FILL: 'x'.repeat(bytes) } } });
    expect(problemsOf(build(filled(3_000)))).toEqual([]);
    expect(problemsOf(build(filled(4_000)))).toEqual([
      expect.stringMatching(
        /functionProps.environment must fit 4096 bytes with all its variables, got 4,\d+/,
      ),
    ]);
  });

  it('takes what six circuits with ordinary policies need, where it is given', () => {
    const tracker = {
      failureThreshold: 8,
      openFor: Duration.seconds(30),
      timeout: Duration.seconds(2),
      totalTimeout: Duration.seconds(10),
      retry: { attempts: 2 },
      rateLimit: { limit: 50, per: Duration.seconds(1) },
      bulkhead: { maxConcurrent: 5 },
    };
    const problems = problemsOf((stack) => {
      const circuits = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`circuit-${i}`, tracker]));
      build({ circuits, function: plain(stack, { timeout: Duration.seconds(30) }) })(stack);
    });
    expect(problems).toEqual([]);
  });

  it('has to be bundled where the settings do not fit its environment', () => {
    const circuits = Object.fromEntries(
      Array.from({ length: 80 }, (_, i) => [
        `circuit-${i}`,
        { failureThreshold: 8, openFor: Duration.seconds(30), slowCallThreshold: Duration.seconds(2) },
      ]),
    );
    expect(problemsOf(build({ circuits }))).toEqual([]);
    const problems = problemsOf((stack) => {
      build({ circuits, function: plain(stack) })(stack);
    });
    expect(problems).toContainEqual(
      expect.stringContaining(
        'entry must be given rather than function where the settings take more than 4079 bytes',
      ),
    );
  });
});

describe('a queue', () => {
  it('has one consumer', () => {
    const problems = problemsOf((stack) => {
      const queue = new ResilientQueue(stack, 'Orders');
      consumerIn(stack, { queue }, 'One');
      consumerIn(stack, { queue }, 'Two');
      consumerIn(stack, {}, 'Three');
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /^\[Shop\/Two\] queue must have no other consumer, got 'Shop\/One' \(.*random.* SNS or EventBridge.*\)$/,
      ),
    ]);
  });

  it('keeps messages for longer than a crash hides them', () => {
    const kept = (seconds: number): Case => ({
      of: { retentionPeriod: Duration.seconds(seconds) },
      retryUntil: Duration.seconds(1),
      attempts: { max: 1 },
      ...timeout(900),
    });
    expect(problemsOf(build(kept(5_401)))).toEqual([]);
    expect(problemsOf(build(kept(5_400)))).toEqual([
      expect.stringMatching(
        /^\[Shop\/Orders\] visibilityTimeout, 6 times .*, must be shorter than the retention of 5,400 seconds, got 5,400/,
      ),
    ]);
    expect(problemsOf(build({ ...timeout(900), of: { retentionPeriod: Duration.hours(1) } }))).toEqual([
      expect.stringContaining('must be shorter than the retention of 3,600 seconds, got 5,400'),
    ]);
  });

  it('is looked at with its visibility timeout as it ends up', () => {
    const raised = (seconds: number) => (stack: Stack) => {
      const { queue } = consumerIn(stack);
      queue.raiseVisibilityTimeout(Duration.seconds(seconds));
    };
    expect(problemsOf(raised(3_600))).toEqual([]);
    expect(problemsOf(raised(3_601))).toEqual([
      expect.stringContaining('retryUntil must be at most 341,999 seconds'),
    ]);
  });
});

describe('attempts that multiply', () => {
  it('are warned of beyond 10', () => {
    expect(warningsOf(build({ inProcessAttempts: 2, attempts: { max: 5 } }))).toEqual([]);
    expect(warningsOf(build({ inProcessAttempts: 3, attempts: { max: 4 } })).join()).toMatch(
      /attempts within the function × attempts.max should be at most 10, got 3 × 4 = 12/,
    );
    expect(warningsOf(build({ attempts: { max: 11 } }))).toEqual([]);
  });
});

describe('tokens', () => {
  it('skip their checks', () => {
    const problems = problemsOf((stack) => {
      const number = new CfnParameter(stack, 'Number', { type: 'Number' }).valueAsNumber;
      const seconds = Duration.seconds(number);
      build({
        of: { maxReceiveCount: number, retentionPeriod: seconds, visibilityTimeout: seconds },
        attempts: { max: number },
        backoff: Backoff.exponential({
          firstDelay: Duration.millis(number),
          cap: Duration.millis(number),
          base: number,
        }),
        batchSize: number,
        maxConcurrency: number,
        concurrency: number,
        retryUntil: seconds,
        consumerId: new CfnParameter(stack, 'Id').valueAsString,
        circuits: { tracker: { failureThreshold: number, openFor: Duration.millis(number) } },
        functionProps: { timeout: seconds, reservedConcurrentExecutions: number },
      })(stack);
    });
    expect(problems).toEqual([]);
  });

  it('of the retention ask for a deadline', () => {
    const problems = problemsOf((stack) => {
      const number = new CfnParameter(stack, 'Number', { type: 'Number' }).valueAsNumber;
      build({ of: { retentionPeriod: Duration.seconds(number) } })(stack);
    });
    expect(problems).toEqual([expect.stringContaining('retryUntil must be given')]);
  });
});

it('tells all problems at once, each with the path, the property, the rule, the value and the reason', () => {
  let message = '';
  try {
    synth((stack) => {
      build({ of: { maxReceiveCount: 1 }, attempts: { max: 0 }, maxConcurrency: 1, batchSize: 50 })(stack);
    });
  } catch (error) {
    message = String(error);
  }
  expect(message.split('\n').filter((line) => line.includes('[Shop/'))).toEqual([
    expect.stringMatching(
      /^ *\[Shop\/Orders\] maxReceiveCount must be an integer from 2 to 1,000, got 1 \(SQS .*\)$/,
    ),
    expect.stringMatching(/^ *\[Shop\/Consumer\] batchSize must be at most 10 .*, got 50 \(Lambda .*\)$/),
    expect.stringMatching(
      /^ *\[Shop\/Consumer\] maxConcurrency must be an integer from 2 to 1,000, got 1 \(Lambda .*\)$/,
    ),
    expect.stringMatching(
      /^ *\[Shop\/Consumer\] attempts.max must be an integer from 1 to 100, got 0 \(.*\)$/,
    ),
  ]);
});
