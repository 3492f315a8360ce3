import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { CfnQueue, type IQueue, Queue, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { ResilientConsumer, ResilientQueue, type WrappedQueueProps } from '../../lib/index.ts';
import { consumerIn, ENTRY, problemsOf, resourcesOf, synth, UNBUNDLED, warningsOf } from './synth.ts';

const QUEUE = 'AWS::SQS::Queue';
const ARN = 'arn:aws:sqs:eu-west-1:111122223333:orders';
const imported = (stack: Stack, name = 'orders'): ReturnType<typeof Queue.fromQueueArn> =>
  Queue.fromQueueArn(stack, `Imported-${name}`, ARN.replace(/orders$/, name));
const KEY = '11111111-1111-4111-8111-111111111111';
const OTHER_KEY = '22222222-2222-4222-8222-222222222222';
const withKey = (stack: Stack, name: string, key = KEY): IQueue =>
  Queue.fromQueueAttributes(stack, `Encrypted-${name}`, {
    queueArn: ARN.replace(/orders$/, name),
    keyArn: `arn:aws:kms:eu-west-1:111122223333:key/${key}`,
  });

describe('around a queue construct', () => {
  it('leaves the queue where it is, and sets its redrive policy', () => {
    const template = synth((stack) => {
      ResilientQueue.wrap(stack, 'Wrapped', { queue: new Queue(stack, 'Plain') });
    });
    template.resourceCountIs(QUEUE, 3);
    template.hasResource(QUEUE, {
      Properties: {
        QueueName: Match.absent(),
        RedrivePolicy: {
          deadLetterTargetArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^WrappedDeadLetterQueue'), 'Arn'] },
          maxReceiveCount: 1_000,
        },
      },
    });
    expect(Object.keys(resourcesOf(template))).toContain('Plain295EB121');
  });

  it('lets the dead-letter queue allow the source where its name is known', () => {
    const named = synth((stack) => {
      ResilientQueue.wrap(stack, 'Wrapped', { queue: new Queue(stack, 'Plain', { queueName: 'plain' }) });
    });
    named.resourcePropertiesCountIs(QUEUE, { RedriveAllowPolicy: { redrivePermission: 'byQueue' } }, 1);
    const unnamed = synth((stack) => {
      ResilientQueue.wrap(stack, 'Wrapped', { queue: new Queue(stack, 'Plain') });
    });
    unnamed.resourcePropertiesCountIs(QUEUE, { RedriveAllowPolicy: { redrivePermission: 'byQueue' } }, 0);
  });

  it('says so where the dead-letter queue that it makes has to let every queue in', () => {
    const wrap =
      (props: QueueProps, companions: Partial<WrappedQueueProps> = {}) =>
      (stack: Stack): void => {
        ResilientQueue.wrap(stack, 'Wrapped', { queue: new Queue(stack, 'Plain', props), ...companions });
      };
    expect(warningsOf(wrap({}))).toEqual([
      expect.stringMatching(
        /Shop\/Wrapped\/DeadLetterQueue takes redrives from every queue of the account: the name of Shop\/Plain is not/,
      ),
    ]);
    expect(warningsOf(wrap({ queueName: 'plain' }))).toEqual([]);
  });

  it('keeps the dead-letter queue that it has, and raises its maxReceiveCount', () => {
    const template = synth((stack) => {
      const deadLetters = new Queue(stack, 'DeadLetters', { retentionPeriod: Duration.days(14) });
      const queue = new Queue(stack, 'Plain', {
        deadLetterQueue: { queue: deadLetters, maxReceiveCount: 3 },
      });
      const wrapped = ResilientQueue.wrap(stack, 'Wrapped', { queue });
      expect(wrapped.deadLetterQueue).toBe(deadLetters);
    });
    template.resourceCountIs(QUEUE, 3);
    template.resourcePropertiesCountIs(
      QUEUE,
      { RedrivePolicy: { maxReceiveCount: 1_000, deadLetterTargetArn: Match.anyValue() } },
      1,
    );
  });

  it('takes companions that are given', () => {
    const template = synth((stack) => {
      const deadLetterQueue = new Queue(stack, 'D', { retentionPeriod: Duration.days(14) });
      const quarantineQueue = new Queue(stack, 'Q');
      const queue = new Queue(stack, 'Plain');
      const wrapped = ResilientQueue.wrap(stack, 'Wrapped', { queue, deadLetterQueue, quarantineQueue });
      expect(wrapped.quarantineQueue).toBe(quarantineQueue);
    });
    template.resourceCountIs(QUEUE, 3);
  });

  it('refuses companions of the other kind', () => {
    const problems = problemsOf((stack) => {
      const queue = new Queue(stack, 'Plain', { fifo: true });
      ResilientQueue.wrap(stack, 'Wrapped', {
        queue,
        deadLetterQueue: new Queue(stack, 'D', { retentionPeriod: Duration.days(14) }),
      });
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /^\[Shop\/Wrapped\] deadLetterQueue must be a FIFO queue like its source, got 'standard'/,
      ),
    ]);
  });

  it('refuses a dead-letter queue that keeps messages no longer than the source', () => {
    const problems = problemsOf((stack) => {
      const queue = new Queue(stack, 'Plain');
      ResilientQueue.wrap(stack, 'Wrapped', { queue, deadLetterQueue: new Queue(stack, 'D') });
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /deadLetterRetentionPeriod must be longer than the source's 345,600 seconds, got 345,600/,
      ),
    ]);
  });

  it('raises a visibility timeout that nobody set', () => {
    const template = synth((stack) => {
      consumerIn(stack, { queue: new Queue(stack, 'Plain') });
    });
    template.resourcePropertiesCountIs(QUEUE, { VisibilityTimeout: 180 }, 1);
  });

  it('leaves one that somebody set, and warns if it is short', () => {
    const build =
      (seconds: number) =>
      (stack: Stack): void => {
        consumerIn(stack, {
          queue: new Queue(stack, 'Plain', { visibilityTimeout: Duration.seconds(seconds) }),
          intake: false,
        });
      };
    synth(build(60)).resourcePropertiesCountIs(QUEUE, { VisibilityTimeout: 60 }, 1);
    expect(warningsOf(build(179)).join()).toMatch(/queue.visibilityTimeout must be at least 180 seconds/);
    expect(warningsOf(build(180)).join()).not.toMatch(/visibilityTimeout/);
    expect(problemsOf(build(30))).toEqual([]);
    expect(problemsOf(build(29))).toEqual([
      expect.stringMatching(/queue.visibilityTimeout must be at least 180 seconds.*Lambda refuses/),
    ]);
  });

  it('refuses to be done twice', () => {
    const problems = problemsOf((stack) => {
      const queue = new Queue(stack, 'Plain');
      consumerIn(stack, { queue }, 'One');
      consumerIn(stack, { queue }, 'Two');
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /^\[Shop\/Two\/Queue\] queue must be wrapped only once, got 'Shop\/One\/Queue' \(.*one consumer: .*fan out/,
      ),
    ]);
  });

  it('adds to the one policy of the queue', () => {
    const template = synth((stack) => {
      const wrapped = ResilientQueue.wrap(stack, 'Wrapped', {
        queue: new Queue(stack, 'Plain', { enforceSSL: true }),
      });
      new Topic(stack, 'Topic').addSubscription(new SqsSubscription(wrapped));
    });
    template.resourceCountIs('AWS::SQS::QueuePolicy', 3);
  });
});

describe('around an imported queue', () => {
  it('makes the companions, and lets the dead-letter queue allow the source', () => {
    const template = synth((stack) => {
      ResilientQueue.wrap(stack, 'Wrapped', { queue: imported(stack) });
    });
    template.resourceCountIs(QUEUE, 2);
    template.hasResourceProperties(QUEUE, {
      RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns: [ARN] },
    });
  });

  it('names every check that could not be made', () => {
    const warnings = warningsOf((stack) => {
      consumerIn(stack, { queue: imported(stack) });
    }).join('\n');
    expect(warnings).toMatch(/redrive policy of Shop\/Imported-orders is not this stack's to set/);
    expect(warnings).toMatch(/retryUntil against the queue's retention \(4 days assumed\)/);
    expect(warnings).toMatch(/attempts against the queue's maxReceiveCount \(1000 assumed\)/);
    expect(warnings).toMatch(/visibility timeout against the function's time-out/);
    expect(warnings).toMatch(/dead-letter queue's retention against the source's/);
    expect(warnings).toMatch(/the encryption key of Shop\/Imported-orders \(.*fromQueueAttributes/);
    expect(warnings).not.toMatch(/MaximumMessageSize/);
  });

  it('names the companions of which it knows neither key nor size', () => {
    const companions = (stack: Stack, of: (name: string) => IQueue): void => {
      ResilientQueue.wrap(stack, 'Wrapped', {
        queue: new Queue(stack, 'Plain', { queueName: 'plain' }),
        deadLetterRetentionPeriod: Duration.days(14),
        deadLetterQueue: of('dead'),
        quarantineQueue: of('bad'),
      });
    };
    const unknown = warningsOf((stack) => companions(stack, (name) => imported(stack, name))).join('\n');
    expect(unknown).toMatch(/the encryption key of Shop\/Imported-dead, Shop\/Imported-bad \(/);
    expect(unknown).toMatch(/the MaximumMessageSize of Shop\/Imported-dead, Shop\/Imported-bad against/);
    expect(warningsOf((stack) => companions(stack, (name) => withKey(stack, name)))).toEqual([]);
  });

  it('lets the function use the keys that it knows', () => {
    const template = synth((stack) => {
      const deadLetterQueue = withKey(stack, 'dead', OTHER_KEY);
      const queue = ResilientQueue.wrap(stack, 'Wrapped', {
        queue: withKey(stack, 'orders'),
        deadLetterQueue,
      });
      consumerIn(stack, { queue });
    });
    const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
    expect(policies).toContain('"Action":"kms:Decrypt"');
    expect(policies).toContain('"Action":["kms:Decrypt","kms:GenerateDataKey"]');
    expect(policies).toContain(OTHER_KEY);
  });

  it('makes the checks for which it is told enough', () => {
    const build =
      (visibility: Duration) =>
      (stack: Stack): void => {
        const queue = ResilientQueue.wrap(stack, 'Wrapped', {
          queue: withKey(stack, 'orders'),
          maxReceiveCount: 1_000,
          retentionPeriod: Duration.days(2),
          visibilityTimeout: visibility,
        });
        const consumer = consumerIn(stack, { queue });
        expect(consumer.settings.retryUntilSeconds).toBe(2 * 86_400 - 3_600);
      };
    expect(warningsOf(build(Duration.seconds(180))).join()).not.toMatch(/not checked/);
    expect(problemsOf(build(Duration.seconds(29)))).toHaveLength(1);
  });

  it('works with an imported function, of which it says what it could not check and set', () => {
    const build = (stack: Stack): void => {
      consumerIn(stack, {
        function: lambda.Function.fromFunctionAttributes(stack, 'Imported', {
          functionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:orders',
          sameEnvironment: true,
        }),
      });
    };
    const warnings = warningsOf(build).join('\n');
    expect(warnings).toMatch(/give it SPILLWAY_SETTINGS/);
    expect(warnings).toMatch(/without its role, so nothing was granted/);
    expect(warnings).toMatch(/maxConcurrency against the function's reserved concurrency/);
    expect(warnings).toMatch(/the size of the function's environment/);
    synth(build).resourcePropertiesCountIs(QUEUE, { VisibilityTimeout: 5_400 }, 1);
  });
});

it('treats a queue of another stack as one that it cannot change', () => {
  const app = new App({ context: UNBUNDLED });
  const queue = new Queue(new Stack(app, 'Other'), 'Plain');
  const stack = new Stack(app, 'Shop');
  new ResilientConsumer(stack, 'Consumer', { queue, entry: ENTRY });
  const other = Template.fromStack(Stack.of(queue));
  expect(queue.node.defaultChild).toBeInstanceOf(CfnQueue);
  other.hasResourceProperties(QUEUE, { RedrivePolicy: Match.absent() });
});
