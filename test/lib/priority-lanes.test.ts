import { Duration, Lazy, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { PriorityLanes, type PriorityLanesProps } from '../../lib/index.ts';
import {
  consumerIn,
  ENTRY,
  idsByType,
  intakeSettings,
  problemsOf,
  resourcesOf,
  stackWith,
  synth,
  warningsOf,
} from './synth.ts';

const QUEUE = 'AWS::SQS::Queue';
const FUNCTION = 'AWS::Lambda::Function';
const MAPPING = 'AWS::Lambda::EventSourceMapping';

type Props = Partial<PriorityLanesProps>;

function lanesIn(stack: Stack, props: Props = {}, id = 'Orders'): PriorityLanes {
  return new PriorityLanes(stack, id, { entry: ENTRY, maxConcurrency: 20, ...props });
}

/** Lanes with their stack, for tests of what they say of themselves. */
function lanes(props: Props = {}): { orders: PriorityLanes; stack: Stack } {
  const made: PriorityLanes[] = [];
  const stack = stackWith((scope) => made.push(lanesIn(scope, props)));
  const [orders] = made;
  if (orders === undefined) throw new Error('no lanes were made');
  return { orders, stack };
}

function producerIn(stack: Stack, id = 'Producer'): lambda.Function {
  return new lambda.Function(stack, id, {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => {};'),
  });
}

/** Event sources of the lanes by the queue that they read, most urgent first. */
function mappings(template: Template): unknown[] {
  return ['Critical', 'High', 'Normal', 'Low'].map((lane) => {
    const EventSourceArn = {
      'Fn::GetAtt': [Match.stringLikeRegexp(`^Orders${lane}Queue[0-9A-F]{8}$`), 'Arn'],
    };
    const [mapping] = Object.values(template.findResources(MAPPING, { Properties: { EventSourceArn } }));
    return mapping?.Properties;
  });
}

describe('the lanes', () => {
  it('have queues and functions whose ids stay, since a queue that is renamed is replaced', () => {
    const ids = idsByType(synth((stack) => lanesIn(stack)));
    expect(ids[QUEUE]?.filter((id) => id.startsWith('Orders'))).toEqual([
      'OrdersCriticalQueueAF3B545B',
      'OrdersCriticalQueueDeadLetterQueue63B488FB',
      'OrdersCriticalQueueQuarantineQueueA929AA35',
      'OrdersHighQueue9C391DEC',
      'OrdersHighQueueDeadLetterQueue2ED035FD',
      'OrdersHighQueueQuarantineQueueB945309C',
      'OrdersLowQueue32A07F4D',
      'OrdersLowQueueDeadLetterQueue6DBC6DC4',
      'OrdersLowQueueQuarantineQueueAC13FD27',
      'OrdersNormalQueue76724095',
      'OrdersNormalQueueDeadLetterQueue633CCA78',
      'OrdersNormalQueueQuarantineQueue53338962',
    ]);
    expect(ids[FUNCTION]?.filter((id) => id.startsWith('Orders'))).toEqual([
      'OrdersCriticalFunctionA3FCDFA6',
      'OrdersHighFunction4BC1107C',
      'OrdersLowFunctionD358BA01',
      'OrdersNormalFunction2B282938',
    ]);
  });

  it('share the budget by their weights, and take small batches at once where it is critical', () => {
    const template = synth((stack) =>
      lanesIn(stack, { batchSize: 50, maxBatchingWindow: Duration.seconds(5) }),
    );
    const polled = (MaximumConcurrency: number, rest: object): object => ({
      ScalingConfig: { MaximumConcurrency },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ...rest,
    });
    const patient = { BatchSize: 50, MaximumBatchingWindowInSeconds: 5 };
    expect(mappings(template)).toEqual([
      expect.objectContaining(polled(8, { BatchSize: 5 })),
      expect.objectContaining(polled(6, patient)),
      expect.objectContaining(polled(4, patient)),
      expect.objectContaining(polled(2, patient)),
    ]);
    expect(mappings(template)[0]).not.toHaveProperty('MaximumBatchingWindowInSeconds');
  });

  it('say what they got', () => {
    const weights = { CRITICAL: 2, LOW: 2 };
    expect(lanes({ maxConcurrency: 18, weights }).orders.shares).toEqual({
      CRITICAL: 4,
      HIGH: 6,
      NORMAL: 4,
      LOW: 4,
    });
  });

  it('may differ one by one', () => {
    const { orders, stack } = lanes({
      attempts: { max: 7 },
      functionProps: { memorySize: 512, environment: { SHOP: 'a', MODE: 'all' } },
      alarms: { deadLetterAny: true },
      lanes: {
        CRITICAL: { batchSize: 1, attempts: { max: 3 } },
        LOW: {
          batchSize: 100,
          maxBatchingWindow: Duration.seconds(20),
          functionProps: { memorySize: 1_024, environment: { MODE: 'low' } },
          alarms: { queueAge: Duration.hours(1) },
        },
        NORMAL: { alarms: false },
      },
    });
    const template = Template.fromStack(stack);
    expect(mappings(template)).toMatchObject([
      { BatchSize: 1 },
      { BatchSize: 10 },
      { BatchSize: 10 },
      { BatchSize: 100, MaximumBatchingWindowInSeconds: 20 },
    ]);
    const attempts = orders.consumers.map(({ settings }) => settings.attempts.max);
    expect(attempts).toEqual([3, 7, 7, 7]);
    template.hasResourceProperties(FUNCTION, {
      MemorySize: 1_024,
      Environment: { Variables: { SHOP: 'a', MODE: 'low' } },
    });
    template.resourcePropertiesCountIs(
      FUNCTION,
      { MemorySize: 512, Environment: { Variables: { SHOP: 'a', MODE: 'all' } } },
      3,
    );
    const ids = (lane: 'HIGH' | 'LOW'): string[] =>
      (orders.lanes[lane].consumer.alarms?.alarms ?? []).map(({ node }) => node.id);
    expect(ids('LOW')).toEqual(ids('HIGH'));
    expect(ids('LOW')).toContain('DeadLetterAny');
    expect(orders.lanes.NORMAL.consumer.alarms).toBeUndefined();
    template.resourcePropertiesCountIs(
      'AWS::CloudWatch::Alarm',
      { MetricName: 'ApproximateAgeOfOldestMessage', Threshold: 3_600 },
      1,
    );
  });

  it('are named for operators: consumers, URLs, and the queue for replays, which is HIGH’s', () => {
    const { orders, stack } = lanes({ consumerId: 'orders' });
    expect(orders.consumers.map(({ consumerId }) => consumerId)).toEqual([
      'orders-critical',
      'orders-high',
      'orders-normal',
      'orders-low',
    ]);
    expect(orders.replayQueue).toBe(orders.lanes.HIGH.queue);
    expect(stack.resolve(orders.queueUrls)).toEqual({
      CRITICAL: { Ref: expect.stringMatching(/^OrdersCriticalQueue/) },
      HIGH: { Ref: expect.stringMatching(/^OrdersHighQueue/) },
      NORMAL: { Ref: expect.stringMatching(/^OrdersNormalQueue/) },
      LOW: { Ref: expect.stringMatching(/^OrdersLowQueue/) },
    });
  });

  it('are looked after by the stack’s one controller, each for itself', () => {
    const template = synth((stack) => {
      lanesIn(stack, { consumerId: 'orders' });
      consumerIn(stack, { consumerId: 'invoices' });
    });
    expect(intakeSettings(template)).toMatchObject({
      consumers: [
        { consumerId: 'orders-critical', maxConcurrency: 8, circuits: ['default'] },
        { consumerId: 'orders-high', maxConcurrency: 6 },
        { consumerId: 'orders-normal', maxConcurrency: 4 },
        { consumerId: 'orders-low', maxConcurrency: 2 },
        { consumerId: 'invoices' },
      ],
    });
  });

  it('divide the rate limits of circuits as they divide the concurrency', () => {
    const rateLimit = { limit: 50, per: Duration.seconds(1) };
    const { orders } = lanes({ circuits: { mail: { rateLimit }, stock: {} } });
    const parts = orders.consumers.map(({ settings }) => settings.circuits.mail?.rateLimit?.part);
    expect(parts).toEqual([
      { name: 'critical', share: 0.4 },
      { name: 'high', share: 0.3 },
      { name: 'normal', share: 0.2 },
      { name: 'low', share: 0.1 },
    ]);
    const own = { name: 'urgent', share: 1 };
    const given = lanes({ circuits: { mail: { rateLimit: { ...rateLimit, part: own } } } }).orders;
    expect(given.consumers.map(({ settings }) => settings.circuits.mail?.rateLimit?.part)).toEqual([
      own,
      own,
      own,
      own,
    ]);
  });

  it('are given the properties of their queues alike, and one key if KMS encrypts them', () => {
    const queues = { encryption: QueueEncryption.KMS, retentionPeriod: Duration.days(2) };
    const template = synth((stack) => lanesIn(stack, { queues }));
    template.resourceCountIs('AWS::KMS::Key', 1);
    template.resourcePropertiesCountIs(
      QUEUE,
      { MessageRetentionPeriod: 172_800, KmsMasterKeyId: Match.anyValue() },
      4,
    );
    const given = synth((stack) =>
      lanesIn(stack, { queues: { encryptionMasterKey: new Key(stack, 'Mine') } }),
    );
    given.resourceCountIs('AWS::KMS::Key', 1);
  });

  it('may be FIFO queues', () => {
    const { orders } = lanes({ queues: { fifo: true }, onExhausted: 'halt' });
    expect(orders.consumers.map(({ queue }) => queue.fifo)).toEqual([true, true, true, true]);
  });
});

describe('what a lane has handled', () => {
  it('the others know by their scope, and it is no mistake of ids', () => {
    const { orders } = lanes({ consumerId: 'orders' });
    expect(orders.consumerId).toBe('orders');
    expect(orders.consumers.map(({ settings }) => settings.idempotencyScope)).toEqual(
      Array.from({ length: 4 }, () => 'orders'),
    );
    expect(warningsOf((stack) => lanesIn(stack, { consumerId: 'orders' }))).toEqual([]);
  });

  it('is known to a consumer whose id is their scope, which is no mistake either', () => {
    const warnings = warningsOf((stack) => {
      consumerIn(stack, { consumerId: 'orders' });
      lanesIn(stack, { consumerId: 'orders' });
    });
    expect(warnings).toEqual([]);
  });

  it('is told apart from what other lanes have handled, by their paths', () => {
    const made: PriorityLanes[] = [];
    const warnings = warningsOf((stack) => {
      made.push(lanesIn(stack, {}, 'Orders'), lanesIn(stack, {}, 'Invoices'));
    });
    expect(new Set(made.map(({ consumerId }) => consumerId)).size).toBe(2);
    expect(warnings).toEqual([]);
  });

  it('is mistaken for what namesakes have handled, which is warned of', () => {
    const warnings = warningsOf((stack) => {
      lanesIn(stack, { consumerId: 'orders' }, 'Orders');
      lanesIn(stack, { consumerId: 'orders' }, 'Others');
    });
    expect(warnings).toHaveLength(4);
    expect(warnings[0]).toContain("got 'orders-critical' twice");
  });

  it('stands under keys that each lane may reach, beside its own records and nobody else’s', () => {
    const template = synth((stack) => lanesIn(stack, { consumerId: 'orders' }));
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('^OrdersCriticalRole'),
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Condition: {
              'ForAllValues:StringLike': {
                'dynamodb:LeadingKeys': [
                  'idempotency#orders#*',
                  Match.stringLikeRegexp('^message#Shop-Orders-CriticalQueue-[0-9a-f]{8}#\\*$'),
                  Match.stringLikeRegexp('-dlq#\\*$'),
                  Match.stringLikeRegexp('-quarantine#\\*$'),
                  'dead-letters#orders-critical#*',
                ],
              },
            },
          }),
        ]),
      },
    });
  });
});

describe('a producer', () => {
  const PRODUCER = { Environment: { Variables: { SPILLWAY_LANES: Match.anyValue() } } };

  it('is told the URLs of all lanes, and may send to them and nothing else', () => {
    const template = synth((stack) => {
      lanesIn(stack).connectProducer(producerIn(stack));
    });
    const [producer] = Object.values(template.findResources(FUNCTION, { Properties: PRODUCER }));
    const parts: unknown[] = producer?.Properties.Environment.Variables.SPILLWAY_LANES['Fn::Join'][1];
    const text = parts.map((part) => (typeof part === 'string' ? part : 'url')).join('');
    expect(JSON.parse(text)).toEqual({ CRITICAL: 'url', HIGH: 'url', NORMAL: 'url', LOW: 'url' });
    const policies = Object.values(resourcesOf(template)).filter(
      ({ Type, Properties }) =>
        Type === 'AWS::IAM::Policy' && JSON.stringify(Properties).includes('"Ref":"ProducerServiceRole'),
    );
    expect(policies.map(({ Properties }) => Properties)).toEqual([
      expect.objectContaining({
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: ['Critical', 'High', 'Normal', 'Low'].map((lane) => ({
            Action: 'sqs:SendMessage',
            Effect: 'Allow',
            Resource: { 'Fn::GetAtt': [expect.stringMatching(`^Orders${lane}Queue[0-9A-F]{8}$`), 'Arn'] },
          })),
        },
      }),
    ]);
  });

  it('may use the queues’ key where they have one', () => {
    const template = synth((stack) => {
      const orders = lanesIn(stack, { queues: { encryption: QueueEncryption.KMS } });
      const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
      orders.grantSend(role).assertSuccess();
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: [{ Ref: Match.stringLikeRegexp('^Role') }],
      PolicyDocument: {
        Statement: [
          ...Array.from({ length: 4 }, () => Match.objectLike({ Action: 'sqs:SendMessage' })),
          {
            Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
            Effect: 'Allow',
            Resource: { 'Fn::GetAtt': [Match.stringLikeRegexp('^OrdersKey'), 'Arn'] },
          },
        ],
      },
    });
  });

  it('of several lanes reads a variable for each', () => {
    const connect =
      (variable?: string) =>
      (stack: Stack): void => {
        const producer = producerIn(stack);
        const [orders, invoices] = [lanesIn(stack), lanesIn(stack, {}, 'Invoices')];
        orders.connectProducer(producer);
        orders.connectProducer(producer);
        invoices.connectProducer(producer, variable === undefined ? {} : { variable });
      };
    expect(problemsOf(connect('INVOICE_LANES'))).toEqual([]);
    expect(problemsOf(connect())).toEqual([
      expect.stringMatching(
        /^\[Shop\/Invoices\] variable of Shop\/Producer must name no other lanes, got 'Shop\/Orders'/,
      ),
    ]);
  });
});

describe('lanes are refused, with everything that is wrong,', () => {
  const refused = (props: Props): string[] => problemsOf((stack) => lanesIn(stack, props));

  it.each([7, 8.5, 0, -1, 4_001, Number.NaN])('with a budget of %d', (maxConcurrency) => {
    expect(refused({ maxConcurrency })).toEqual([
      expect.stringContaining('[Shop/Orders] maxConcurrency must be an integer from 8 to 4,000, got'),
    ]);
  });

  it('with a budget of which one lane would get more than an event source can', () => {
    expect(refused({ maxConcurrency: 2_500 })).toEqual([]);
    expect(refused({ maxConcurrency: 2_502 })).toEqual([
      expect.stringContaining(
        'maxConcurrency must give CRITICAL at most 1,000 of its invocations, by the weights, got 1,001',
      ),
    ]);
  });

  it.each([0, 1.5, -1, 1_001])('with a weight of %d', (LOW) => {
    expect(refused({ weights: { LOW } })).toEqual([
      expect.stringContaining('weights.LOW must be an integer from 1 to 1,000, got'),
    ]);
  });

  it('with a budget or a weight that only the deployment knows', () => {
    const token = Lazy.number({ produce: () => 20 });
    expect(refused({ maxConcurrency: token, weights: { HIGH: token } })).toEqual([
      expect.stringContaining('weights.HIGH must be known at synthesis'),
      expect.stringContaining('maxConcurrency must be known at synthesis'),
    ]);
  });

  it.each(['', 'a b', 'a#b', 'a*', 'x'.repeat(56)])('with the id %j', (consumerId) => {
    expect(refused({ consumerId })).toEqual([
      expect.stringContaining('consumerId must be 1 to 55 letters, digits, dots, hyphens or underscores'),
    ]);
  });

  it('with lanes that there are not, or names that four resources would have', () => {
    const props = {
      weights: { URGENT: 5 },
      lanes: { critical: { batchSize: 1 } },
      functionProps: { functionName: 'orders' },
      queues: { queueName: 'orders' },
    } as Props;
    expect(refused(props)).toEqual([
      expect.stringContaining('weights must be of the lanes CRITICAL, HIGH, NORMAL, LOW, got'),
      expect.stringContaining('lanes must be of the lanes CRITICAL, HIGH, NORMAL, LOW, got'),
      expect.stringContaining('functionProps.functionName must be left out'),
      expect.stringContaining('queues.queueName must be left out'),
    ]);
  });

  it('with more than is reserved for the function of a lane', () => {
    expect(refused({ functionProps: { reservedConcurrentExecutions: 7 } })).toEqual([
      expect.stringMatching(/^\[Shop\/Orders\/Critical\] maxConcurrency must, summed over/),
    ]);
  });

  it('unless an id is a token', () => {
    expect(refused({ consumerId: 'x'.repeat(55) })).toEqual([]);
    expect(refused({ consumerId: Lazy.string({ produce: () => 'orders' }) })).toEqual([]);
  });
});
