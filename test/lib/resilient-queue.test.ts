import { App, CfnParameter, Duration, NestedStack, RemovalPolicy, Stack, Tags, Token } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { DeduplicationScope, FifoThroughputLimit, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { ResilientQueue, type ResilientQueueProps } from '../../lib/index.ts';
import { idsByType, problemsOf, synth, UNBUNDLED } from './synth.ts';

const QUEUE = 'AWS::SQS::Queue';
const orders =
  (props: ResilientQueueProps = {}) =>
  (stack: Stack): void => {
    new ResilientQueue(stack, 'Orders', props);
  };

describe('the queues', () => {
  it('keep the ids and names they were born with', () => {
    const template = synth(orders());
    expect(idsByType(template)).toEqual({
      'AWS::SQS::Queue': [
        'OrdersDeadLetterQueueA73944CE',
        'OrdersQuarantineQueue43FD5920',
        'OrdersQueueC538DD4C',
      ],
      'AWS::SQS::QueuePolicy': [
        'OrdersDeadLetterQueuePolicyBDB38C9A',
        'OrdersQuarantineQueuePolicy645F37D7',
        'OrdersQueuePolicy969D31B6',
      ],
    });
    const names = Object.values(template.findResources(QUEUE)).map(({ Properties }) => Properties.QueueName);
    expect(names).toEqual([
      'Shop-Orders-5d751fba',
      'Shop-Orders-5d751fba-dlq',
      'Shop-Orders-5d751fba-quarantine',
    ]);
  });

  it('redrive from the source to the dead-letter queue, which allows nobody else, and not into quarantine', () => {
    const template = synth(orders());
    template.hasResourceProperties(QUEUE, {
      QueueName: 'Shop-Orders-5d751fba',
      MessageRetentionPeriod: 345_600,
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': ['OrdersDeadLetterQueueA73944CE', 'Arn'] },
        maxReceiveCount: 1_000,
      },
    });
    template.hasResourceProperties(QUEUE, {
      QueueName: 'Shop-Orders-5d751fba-dlq',
      MessageRetentionPeriod: 1_209_600,
      RedriveAllowPolicy: {
        redrivePermission: 'byQueue',
        sourceQueueArns: [
          { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp(':Shop-Orders-5d751fba$')])] },
        ],
      },
    });
    template.hasResourceProperties(QUEUE, {
      QueueName: 'Shop-Orders-5d751fba-quarantine',
      MessageRetentionPeriod: 1_209_600,
      RedriveAllowPolicy: { redrivePermission: 'denyAll' },
    });
  });

  it('do not refer to each other in a circle', () => {
    const resources = synth(orders()).findResources(QUEUE);
    const companions = [resources.OrdersDeadLetterQueueA73944CE, resources.OrdersQuarantineQueue43FD5920];
    expect(JSON.stringify(companions)).not.toContain('Fn::GetAtt');
  });

  it('accept TLS only and are encrypted', () => {
    const template = synth(orders());
    template.allResourcesProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ],
      },
    });
    template.allResourcesProperties(QUEUE, { SqsManagedSseEnabled: true });
  });

  it('share one key where KMS is asked for', () => {
    const template = synth(orders({ encryption: QueueEncryption.KMS, dataKeyReuse: Duration.hours(1) }));
    template.resourceCountIs('AWS::KMS::Key', 1);
    template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true });
    template.allResourcesProperties(QUEUE, {
      KmsMasterKeyId: Match.anyValue(),
      KmsDataKeyReusePeriodSeconds: 3_600,
    });
  });

  it('use the key that is given', () => {
    const template = synth((stack) => {
      new ResilientQueue(stack, 'Orders', { encryptionMasterKey: new Key(stack, 'Mine') });
    });
    template.resourceCountIs('AWS::KMS::Key', 1);
    template.allResourcesProperties(QUEUE, {
      KmsMasterKeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Mine'), 'Arn'] },
    });
  });

  it('are all FIFO where the source is, with high throughput alike', () => {
    const template = synth(
      orders({
        fifo: true,
        contentBasedDeduplication: true,
        deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
        fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
      }),
    );
    template.allResourcesProperties(QUEUE, {
      FifoQueue: true,
      QueueName: Match.stringLikeRegexp('\\.fifo$'),
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    });
    template.resourcePropertiesCountIs(QUEUE, { ContentBasedDeduplication: true }, 1);
  });

  it('take a name, and names from it', () => {
    const template = synth(orders({ queueName: 'orders.fifo', deliveryDelay: Duration.seconds(7) }));
    for (const name of ['orders.fifo', 'orders-dlq.fifo', 'orders-quarantine.fifo']) {
      template.resourcePropertiesCountIs(QUEUE, { QueueName: name }, 1);
    }
    template.hasResourceProperties(QUEUE, { QueueName: 'orders.fifo', DelaySeconds: 7 });
  });

  it('have names of their own in nested stacks of the same id', () => {
    const app = new App({ context: UNBUNDLED });
    const nested = ['Left', 'Right'].map((id) => new NestedStack(new Stack(app, id), 'Queues'));
    for (const stack of nested) orders()(stack);
    const names = nested.flatMap((stack) =>
      Object.values(Template.fromStack(stack).findResources(QUEUE)).map(
        ({ Properties }) => Properties.QueueName,
      ),
    );
    expect(new Set(names).size).toBe(6);
  });

  it('have names of at most 80 characters, however deep they are', () => {
    const template = synth((stack) => {
      new ResilientQueue(stack, 'Long'.repeat(30), { fifo: true });
      new ResilientQueue(stack, 'Named', { queueName: `${'n'.repeat(75)}.fifo` });
    });
    const names = Object.values(template.findResources(QUEUE)).map(({ Properties }) => Properties.QueueName);
    expect(names.map((name) => name.length).filter((length) => length > 80)).toEqual([]);
    expect(new Set(names).size).toBe(6);
  });

  it('go with the stack but stay where an update would replace them, unless told otherwise', () => {
    synth(orders()).allResources(QUEUE, { DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Retain' });
    synth(orders({ removalPolicy: RemovalPolicy.RETAIN })).allResources(QUEUE, {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
    synth(orders({ removalPolicy: RemovalPolicy.DESTROY })).allResources(QUEUE, {
      UpdateReplacePolicy: 'Delete',
    });
  });

  it('get the tags of their scope', () => {
    const template = synth((stack) => {
      orders()(stack);
      Tags.of(stack).add('team', 'shop');
    });
    template.allResourcesProperties(QUEUE, { Tags: [{ Key: 'team', Value: 'shop' }] });
  });

  it('take tokens', () => {
    const template = synth((stack) => {
      const seconds = new CfnParameter(stack, 'Seconds', { type: 'Number' }).valueAsNumber;
      const queueName = new CfnParameter(stack, 'Name').valueAsString;
      orders({ queueName, retentionPeriod: Duration.seconds(seconds), maxReceiveCount: seconds })(stack);
    });
    template.hasResourceProperties(QUEUE, {
      QueueName: { Ref: 'Name' },
      MessageRetentionPeriod: { Ref: 'Seconds' },
      RedrivePolicy: Match.objectLike({ maxReceiveCount: { Ref: 'Seconds' } }),
    });
  });
});

describe('as an IQueue', () => {
  it('is the target of a topic, a bucket and a rule, in one policy', () => {
    const template = synth((stack) => {
      const queue = new ResilientQueue(stack, 'Orders');
      new Topic(stack, 'Topic').addSubscription(new SqsSubscription(queue));
      new Bucket(stack, 'Bucket').addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(queue));
      new Rule(stack, 'Rule', { eventPattern: { source: ['shop'] }, targets: [new SqsQueue(queue)] });
    });
    template.resourceCountIs('AWS::SNS::Subscription', 1);
    template.resourceCountIs('AWS::SQS::QueuePolicy', 3);
    const allowed = ['sns.amazonaws.com', 's3.amazonaws.com', 'events.amazonaws.com'];
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      Queues: [{ Ref: 'OrdersQueueC538DD4C' }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny' }),
          ...allowed.map((Service) => Match.objectLike({ Effect: 'Allow', Principal: { Service } })),
        ]),
      },
    });
  });

  it('lets a topic use its key', () => {
    const template = synth((stack) => {
      const queue = new ResilientQueue(stack, 'Orders', { encryption: QueueEncryption.KMS });
      new Topic(stack, 'Topic').addSubscription(new SqsSubscription(queue));
    });
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([Match.objectLike({ Principal: { Service: 'sns.amazonaws.com' } })]),
      },
    });
  });

  it('grants and measures its source', () => {
    const template = synth((stack) => {
      const queue = new ResilientQueue(stack, 'Orders');
      queue.grantSendMessages(
        new Role(stack, 'Producer', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }),
      );
      const metric = queue.metricApproximateNumberOfMessagesVisible();
      expect(stack.resolve(metric.dimensions)).toEqual({
        QueueName: { 'Fn::GetAtt': ['OrdersQueueC538DD4C', 'QueueName'] },
      });
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: [
          {
            Action: ['sqs:SendMessage', 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'],
            Effect: 'Allow',
            Resource: { 'Fn::GetAtt': ['OrdersQueueC538DD4C', 'Arn'] },
          },
        ],
      },
    });
  });

  it('can be used from another stack', () => {
    const app = new App({ context: UNBUNDLED });
    const queue = new ResilientQueue(new Stack(app, 'Shop'), 'Orders');
    const other = new Stack(app, 'Other');
    new Topic(other, 'Topic').addSubscription(new SqsSubscription(queue));
    expect(() => app.synth()).not.toThrow();
  });
});

describe('what is refused', () => {
  const retention = 'SQS keeps messages from 60 seconds to 14 days';
  const cases: [ResilientQueueProps, ResilientQueueProps, RegExp][] = [
    [
      { retentionPeriod: Duration.seconds(60) },
      { retentionPeriod: Duration.seconds(59) },
      /retentionPeriod must be an integer from 60 to 1,209,600 seconds, got 59/,
    ],
    [
      { deadLetterRetentionPeriod: Duration.days(14) },
      { deadLetterRetentionPeriod: Duration.seconds(1_209_601) },
      /deadLetterRetentionPeriod must be an integer from 60/,
    ],
    [
      { quarantineRetentionPeriod: Duration.minutes(1) },
      { quarantineRetentionPeriod: Duration.seconds(1) },
      new RegExp(`quarantineRetentionPeriod .*${retention}`),
    ],
    [
      { visibilityTimeout: Duration.hours(12) },
      { visibilityTimeout: Duration.seconds(43_201) },
      /visibilityTimeout must be/,
    ],
    [
      { deliveryDelay: Duration.minutes(15) },
      { deliveryDelay: Duration.seconds(901) },
      /deliveryDelay must be/,
    ],
    [
      { deliveryDelay: Duration.millis(1_000) },
      { deliveryDelay: Duration.millis(1_500) },
      /deliveryDelay must be an integer from 0 to 900 seconds, got 1.5/,
    ],
    [
      { maxReceiveCount: 2 },
      { maxReceiveCount: 1 },
      /maxReceiveCount must be an integer from 2 to 1,000, got 1/,
    ],
    [{ maxReceiveCount: 1_000 }, { maxReceiveCount: 1_001 }, /maxReceiveCount must be/],
    [{ dataKeyReuse: Duration.hours(24) }, { dataKeyReuse: Duration.seconds(59) }, /dataKeyReuse must be/],
    [
      { retentionPeriod: Duration.seconds(1_209_599) },
      { retentionPeriod: Duration.days(14) },
      /deadLetterRetentionPeriod must be longer than the source's 1,209,600 seconds, got 1,209,600/,
    ],
    [
      { retentionPeriod: Duration.days(14), fifo: true },
      { retentionPeriod: Duration.days(4), deadLetterRetentionPeriod: Duration.days(3), fifo: true },
      /deadLetterRetentionPeriod must be at least the source's 345,600 seconds/,
    ],
    [
      { queueName: 'a.fifo', fifo: true },
      { queueName: 'a', fifo: true },
      /queueName must end with '.fifo', got 'a'/,
    ],
    [
      { queueName: 'a', fifo: false },
      { queueName: 'a.fifo', fifo: false },
      /queueName must not end with '.fifo'/,
    ],
    [{ queueName: 'a'.repeat(80) }, { queueName: 'a'.repeat(81) }, /queueName must be 1 to 80/],
    [{ queueName: 'a_b-C9' }, { queueName: 'a b' }, /queueName must be 1 to 80 letters/],
    [
      { queueName: Token.asString({ Ref: 'X' }) },
      { queueName: Token.asString({ Ref: 'X' }), fifo: true },
      /queueName must be known/,
    ],
    [
      { contentBasedDeduplication: false },
      { contentBasedDeduplication: true },
      /contentBasedDeduplication must be left out/,
    ],
    [
      { fifo: true, deduplicationScope: DeduplicationScope.QUEUE },
      { deduplicationScope: DeduplicationScope.QUEUE },
      /deduplicationScope must be left out/,
    ],
    [
      { fifo: true, fifoThroughputLimit: FifoThroughputLimit.PER_QUEUE },
      { fifo: true, fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID },
      /deduplicationScope must be 'messageGroup'/,
    ],
    [
      { encryption: QueueEncryption.KMS_MANAGED },
      { encryption: QueueEncryption.UNENCRYPTED },
      /encryption must not be switched off/,
    ],
  ];

  it.each(cases)('%o passes, %o does not', (good, bad, expected) => {
    expect(problemsOf(orders(good))).toEqual([]);
    const problems = problemsOf(orders(bad));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
    expect(problems[0]).toMatch(/^\[Shop\/Orders\] /);
  });

  it('a key beside SQS-managed encryption', () => {
    const problems = problemsOf((stack) => {
      const encryptionMasterKey = new Key(stack, 'Key');
      new ResilientQueue(stack, 'Orders', { encryption: QueueEncryption.SQS_MANAGED, encryptionMasterKey });
    });
    expect(problems).toEqual([
      "[Shop/Orders] encryption must be 'KMS' with encryptionMasterKey, got 'SQS_MANAGED' (SQS uses a key of one kind)",
    ]);
  });

  it('is told all at once, of all constructs', () => {
    expect(() =>
      synth((stack) => {
        new ResilientQueue(stack, 'One', { maxReceiveCount: 1, deliveryDelay: Duration.hours(1) });
        new ResilientQueue(stack, 'Two', { retentionPeriod: Duration.days(15) });
      }),
    ).toThrow(
      /\[Shop\/One\] deliveryDelay [\s\S]*\[Shop\/One\] maxReceiveCount [\s\S]*\[Shop\/Two\] retentionPeriod /,
    );
  });
});
