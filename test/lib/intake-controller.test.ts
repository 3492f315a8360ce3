import { Duration, type Stack } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { describe, expect, it } from 'vitest';
import { IntakeController, type IntakeControllerProps } from '../../lib/index.ts';
import { consumerIn, intakeSettings, problemsOf, synth } from './synth.ts';

const FUNCTION = 'AWS::Lambda::Function';
const QUEUE = 'AWS::SQS::Queue';
const POLICY = 'AWS::IAM::Policy';

const alone =
  (props: IntakeControllerProps = {}) =>
  (stack: Stack): void => {
    new IntakeController(stack, 'Intake', props);
  };

/** Two consumers, of which the shop's own controller looks after both. */
const two = (stack: Stack): void => {
  consumerIn(
    stack,
    { consumerId: 'orders', circuits: { tracker: {}, mail: {} }, maxConcurrency: 5 },
    'Orders',
  );
  consumerIn(stack, { consumerId: 'invoices', retryUntil: Duration.hours(2) }, 'Invoices');
};

/** Statements of the controller's role. */
function statementsOf(template: Template): unknown[] {
  const policies = Object.entries(template.findResources(POLICY));
  const [, policy] = policies.find(([id]) => /IntakeController|^Intake/.test(id)) ?? [];
  return policy?.Properties.PolicyDocument.Statement;
}

describe('the control queue', () => {
  const template = synth(alone());

  it('keeps hints for an hour, encrypted, and lets them come back soon', () => {
    template.hasResource(QUEUE, {
      DeletionPolicy: 'Delete',
      Properties: {
        QueueName: 'Shop-Intake-5d368886',
        MessageRetentionPeriod: 3_600,
        VisibilityTimeout: 60,
        SqsManagedSseEnabled: true,
        RedrivePolicy: {
          deadLetterTargetArn: {
            'Fn::GetAtt': [Match.stringLikeRegexp('^IntakeControlDeadLetterQueue'), 'Arn'],
          },
          maxReceiveCount: 10,
        },
      },
    });
  });

  it('has a dead-letter queue that takes from it alone', () => {
    template.hasResourceProperties(QUEUE, {
      QueueName: 'Shop-Intake-5d368886-dlq',
      MessageRetentionPeriod: 1_209_600,
      SqsManagedSseEnabled: true,
      RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns: [Match.anyValue()] },
    });
  });

  it('takes TLS only, and so does its dead-letter queue', () => {
    template.resourcePropertiesCountIs(
      'AWS::SQS::QueuePolicy',
      {
        PolicyDocument: {
          Statement: [
            Match.objectLike({
              Effect: 'Deny',
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            }),
          ],
        },
      },
      2,
    );
  });
});

describe('the function', () => {
  it('may send to the queue that invokes it without being taken for a loop', () => {
    synth(alone()).hasResourceProperties(FUNCTION, {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: 60,
      MemorySize: 256,
      RecursiveLoop: 'Allow',
      LoggingConfig: { LogGroup: { Ref: Match.stringLikeRegexp('^IntakeLogs') } },
    });
  });

  it('is invoked by the control queue, a few at a time, and every minute', () => {
    const template = synth(alone());
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^IntakeControlQueue'), 'Arn'] },
    });
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [
        {
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^IntakeFunction'), 'Arn'] },
          Id: 'Target0',
          RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
        },
      ],
    });
  });

  it('logs where it is told to', () => {
    const template = synth((stack) => alone({ logGroup: new LogGroup(stack, 'Mine') })(stack));
    template.resourceCountIs('AWS::Logs::LogGroup', 1);
  });

  it('is told of every consumer that it looks after', () => {
    expect(intakeSettings(synth(two))).toEqual({
      stateTable: '<SpillwayStateTable9919068D>',
      controlQueueUrl: '<SpillwayIntakeControllerControlQueue77194EBF>',
      rampStepMs: 10_000,
      consumers: [
        {
          consumerId: 'orders',
          mappingId: '<OrdersFunctionSqsEventSourceShopOrdersQueue07867C98BE1BD0A0>',
          circuits: ['tracker', 'mail'],
          maxConcurrency: 5,
          retryUntilSeconds: 342_000,
          retentionSeconds: 345_600,
        },
        {
          consumerId: 'invoices',
          mappingId: '<InvoicesFunctionSqsEventSourceShopInvoicesQueue7A9D4F4265765C39>',
          circuits: ['default'],
          retryUntilSeconds: 7_200,
          retentionSeconds: 345_600,
        },
      ],
    });
  });

  it('is told how fast to go back to full concurrency', () => {
    const template = synth(alone({ rampStep: Duration.seconds(30) }));
    expect(intakeSettings(template)).toMatchObject({ rampStepMs: 30_000, consumers: [] });
  });
});

describe('the permissions', () => {
  const get = (id: string): unknown => ({ 'Fn::GetAtt': [expect.stringMatching(id), 'Arn'] });
  const own = [
    {
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Effect: 'Allow',
      Resource: get('IntakeController?Logs|^IntakeLogs'),
    },
    {
      Action: [
        'sqs:ReceiveMessage',
        'sqs:ChangeMessageVisibility',
        'sqs:GetQueueUrl',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
      ],
      Effect: 'Allow',
      Resource: get('ControlQueue'),
    },
    { Action: 'sqs:SendMessage', Effect: 'Allow', Resource: get('ControlQueue') },
  ];
  const mapping = (id: string): unknown => ({
    'Fn::Join': [
      '',
      [
        'arn:',
        { Ref: 'AWS::Partition' },
        ':lambda:',
        { Ref: 'AWS::Region' },
        ':',
        { Ref: 'AWS::AccountId' },
        ':event-source-mapping:',
        { Ref: expect.stringMatching(id) },
      ],
    ],
  });
  const keys = (...of: string[]): unknown => ({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': of },
  });

  it('reach its own consumers and items, and nothing else', () => {
    expect(statementsOf(synth(two))).toEqual([
      ...own,
      {
        Action: ['lambda:GetEventSourceMapping', 'lambda:UpdateEventSourceMapping'],
        Effect: 'Allow',
        Resource: [mapping('^OrdersFunctionSqsEventSource'), mapping('^InvoicesFunctionSqsEventSource')],
      },
      {
        Action: 'dynamodb:BatchGetItem',
        Condition: keys('circuit#*', 'intake#orders', 'intake#invoices', 'timer#*'),
        Effect: 'Allow',
        Resource: get('SpillwayStateTable'),
      },
      {
        Action: 'dynamodb:PutItem',
        Condition: keys('intake#orders', 'intake#invoices', 'timer#*'),
        Effect: 'Allow',
        Resource: get('SpillwayStateTable'),
      },
      {
        Action: 'dynamodb:DeleteItem',
        Condition: keys('intake#orders', 'intake#invoices'),
        Effect: 'Allow',
        Resource: get('SpillwayStateTable'),
      },
    ]);
  });

  it('are no more than its queue and its log as long as it has no consumer', () => {
    expect(statementsOf(synth(alone()))).toEqual(own);
  });
});

it('says when its consumers are too many for one environment', () => {
  const many = (count: number) => (stack: Stack) => {
    for (let i = 10; i < 10 + count; i += 1) consumerIn(stack, { consumerId: `consumer-${i}` }, `C${i}`);
  };
  expect(problemsOf(many(15))).toEqual([]);
  expect(problemsOf(many(30))).toEqual([
    expect.stringMatching(
      /^\[Shop\/SpillwayIntakeController\] consumers must fit 4096 bytes.*got \d,\d+.*give some of the 30 consumers a controller of their own, by their property intake/,
    ),
  ]);
});

it.each([
  ['a second', Duration.seconds(1), Duration.millis(999)],
  ['15 minutes', Duration.minutes(15), Duration.seconds(901)],
])('takes steps of %s', (_name, good, bad) => {
  expect(problemsOf(alone({ rampStep: good }))).toEqual([]);
  expect(problemsOf(alone({ rampStep: bad }))).toEqual([
    expect.stringContaining('[Shop/Intake] rampStep must be an integer from 1,000 to 900,000 milliseconds'),
  ]);
});
