import { type CfnResource, Duration, Size, type Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { parseConsumerSettings } from '../../lambdas/core/parse-settings.ts';
import { DEFAULTS } from '../../lambdas/core/settings.ts';
import { Backoff, CircuitPreset, type ResilientConsumer, ResilientQueue } from '../../lib/index.ts';
import { consumerIn, idsByType, problemsOf, resourcesOf, stackWith, synth } from './synth.ts';

const FUNCTION = 'AWS::Lambda::Function';

/** Consumer of a stack, for tests of what it says of itself. */
function consumer(props: Parameters<typeof consumerIn>[1] = {}): {
  consumer: ResilientConsumer;
  stack: Stack;
} {
  const made: ResilientConsumer[] = [];
  const stack = stackWith((scope) => made.push(consumerIn(scope, props)));
  const [first] = made;
  if (first === undefined) throw new Error('no consumer was made');
  return { consumer: first, stack };
}

/** Settings as the runtime will read them: tokens replaced by their logical ids. */
function runtimeSettings(stack: Stack): unknown {
  const functions = Object.values(Template.fromStack(stack).findResources(FUNCTION));
  const fn = functions.find(({ Properties }) => 'SPILLWAY_SETTINGS' in Properties.Environment.Variables);
  const parts: unknown[] = fn?.Properties.Environment.Variables.SPILLWAY_SETTINGS['Fn::Join'][1];
  const text = parts.map((part) =>
    typeof part === 'string'
      ? part
      : `<${JSON.stringify(part)
          .match(/\w+"\}$/)?.[0]
          .slice(0, -2)}>`,
  );
  return JSON.parse(text.join(''));
}

describe('the settings', () => {
  it('say everything, with what the runtime fills in', () => {
    const settings = parseConsumerSettings(runtimeSettings(consumer().stack));
    expect(settings).toEqual({
      consumerId: 'Shop-Consumer-B2402C53',
      queue: {
        url: '<ConsumerQueue6928FF8D>',
        name: 'Shop-ConsumerQueue-ee6d2daa',
        fifo: false,
        retentionSeconds: 345_600,
        maxReceiveCount: 1_000,
      },
      deadLetterQueue: {
        url: '<ConsumerQueueDeadLetterQueue4475D397>',
        name: 'Shop-ConsumerQueue-ee6d2daa-dlq',
        retentionSeconds: 1_209_600,
      },
      quarantineQueue: {
        url: '<ConsumerQueueQuarantineQueue0F0942BB>',
        name: 'Shop-ConsumerQueue-ee6d2daa-quarantine',
        retentionSeconds: 1_209_600,
      },
      stateTable: '<SpillwayStateTable9919068D>',
      envelope: 'raw',
      concurrency: 10,
      attempts: { max: 5, byReason: { TIMEOUT: 3 } },
      backoff: { kind: 'full-jitter', firstDelayMs: 5_000, capMs: 900_000, base: 2 },
      retryUntilSeconds: 342_000,
      screening: { maxBytes: 1_048_576, json: true },
      circuits: { default: DEFAULTS.circuit },
      killSwitch: {
        minMessages: 10,
        share: 0.15,
        windowMs: 60_000,
        openForMs: 60_000,
        maxOpenForMs: 300_000,
      },
      onExhausted: 'dead-letter',
      observability: 'essential',
      controlQueueUrl: '<SpillwayIntakeControllerControlQueue77194EBF>',
    });
  });

  it('say what was asked for', () => {
    const { stack } = consumer({
      consumerId: 'orders',
      environmentName: 'prod',
      serviceVersion: '1.2.3',
      envelope: 'sns',
      concurrency: 3,
      attempts: { max: 4, byReason: { EXTERNAL_SERVICE_ERROR: 2 } },
      backoff: Backoff.exponential({ firstDelay: Duration.seconds(1), cap: Duration.minutes(1), base: 3 }),
      retryUntil: Duration.hours(2),
      screening: { maxSize: Size.kibibytes(256), json: false },
      circuits: {
        tracker: { ...CircuitPreset.conservative, window: Duration.seconds(9) },
        mail: { openFor: Duration.minutes(10) },
      },
      killSwitch: {
        minMessages: 20,
        share: 0.5,
        window: Duration.minutes(5),
        openFor: Duration.minutes(10),
      },
    });
    const settings = parseConsumerSettings(runtimeSettings(stack));
    expect(settings).toMatchObject({
      consumerId: 'orders',
      environment: 'prod',
      serviceVersion: '1.2.3',
      envelope: 'sns',
      concurrency: 3,
      attempts: { max: 4, byReason: { EXTERNAL_SERVICE_ERROR: 2 } },
      backoff: { kind: 'exponential', firstDelayMs: 1_000, capMs: 60_000, base: 3 },
      retryUntilSeconds: 7_200,
      screening: { maxBytes: 262_144, json: false },
      circuits: {
        tracker: {
          failureThreshold: 10,
          successThreshold: 5,
          openForMs: 120_000,
          maxOpenForMs: 300_000,
          windowMs: 9_000,
        },
        mail: {
          failureThreshold: 5,
          successThreshold: 2,
          openForMs: 600_000,
          maxOpenForMs: 600_000,
          windowMs: 60_000,
        },
      },
      killSwitch: {
        minMessages: 20,
        share: 0.5,
        windowMs: 300_000,
        openForMs: 600_000,
        maxOpenForMs: 600_000,
      },
    });
    expect(() => parseConsumerSettings(settings)).not.toThrow();
  });

  it('say that a FIFO queue halts, and that the kill switch is off', () => {
    const { stack } = consumer();
    const queue = new ResilientQueue(stack, 'Steps', { fifo: true });
    const { settings } = consumerIn(stack, { queue, onExhausted: 'halt', killSwitch: false }, 'Stepper');
    expect(settings).toMatchObject({ onExhausted: 'halt', killSwitch: false });
  });

  it('name the secret of the signature check, which the function may read', () => {
    const { consumer: made, stack } = consumer();
    const secret = new Secret(stack, 'Secret');
    consumerIn(
      stack,
      { screening: { signature: { secret, attribute: 'sig', prefix: 'sha256=' } } },
      'Signed',
    );
    expect(made.settings.screening.signature).toBeUndefined();
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyName: Match.stringLikeRegexp('^SignedRole'),
      PolicyDocument: {
        Statement: Match.arrayWith([
          {
            Action: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'],
            Effect: 'Allow',
            Resource: { Ref: 'SecretA720EF05' },
          },
        ]),
      },
    });
    const text = JSON.stringify(
      template.findResources(
        FUNCTION,
        Match.objectLike({
          Properties: { Role: { 'Fn::GetAtt': Match.arrayWith([Match.stringLikeRegexp('^SignedRole')]) } },
        }),
      ),
    );
    expect(text).toContain('\\"attribute\\":\\"sig\\",\\"prefix\\":\\"sha256=\\"}');
  });

  it.each([
    [Duration.days(4), 4 * 86_400 - 3_600],
    [Duration.hours(2), 3_600],
    [Duration.hours(1), 1_800],
  ])('expire messages an hour inside a retention of %s, or at half of it', (retentionPeriod, seconds) => {
    const { stack } = consumer();
    const queue = new ResilientQueue(stack, 'Short', { retentionPeriod });
    expect(consumerIn(stack, { queue }, 'Other').settings.retryUntilSeconds).toBe(seconds);
  });

  it.each([
    ['an hour', Duration.days(4), 600, 342_000],
    ['a longer visibility timeout', Duration.days(4), 900, 345_600 - 5_400],
    ['a visibility timeout that leaves less than half', Duration.hours(2), 900, 1_800],
  ])('expire messages %s inside the retention', (_name, retentionPeriod, timeout, seconds) => {
    const { stack } = consumer();
    const queue = new ResilientQueue(stack, 'Kept', { retentionPeriod });
    const functionProps = { timeout: Duration.seconds(timeout) };
    const made = consumerIn(stack, { queue, functionProps }, 'Other');
    expect(made.settings.retryUntilSeconds).toBe(seconds);
    expect(made.queue.node.validate()).toEqual([]);
    expect(made.node.validate()).toEqual([]);
  });

  it('expire messages inside the retention by a visibility timeout that was given', () => {
    const { stack } = consumer();
    const queue = new ResilientQueue(stack, 'Slow', { visibilityTimeout: Duration.hours(12) });
    expect(consumerIn(stack, { queue }, 'Other').settings.retryUntilSeconds).toBe(345_600 - 43_200);
  });
});

describe('the function', () => {
  it('is Node 24 on arm64 with a role and a log group of its own', () => {
    const template = Template.fromStack(consumer().stack);
    template.hasResourceProperties(FUNCTION, {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: 30,
      MemorySize: 256,
      Handler: 'index.handler',
      LoggingConfig: { LogGroup: { Ref: 'ConsumerLogs7B9AAC61' } },
      TracingConfig: Match.absent(),
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
    template.hasResourceProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
  });

  it('takes everything that NodejsFunction takes', () => {
    const template = synth((stack) => {
      const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-0123456789abcdef0',
        availabilityZones: ['eu-west-1a'],
        isolatedSubnetIds: ['subnet-0123456789abcdef0'],
      });
      consumerIn(stack, {
        functionProps: {
          vpc,
          vpcSubnets: { subnetType: SubnetType.PRIVATE_ISOLATED },
          layers: [
            lambda.LayerVersion.fromLayerVersionArn(
              stack,
              'Layer',
              'arn:aws:lambda:eu-west-1:111122223333:layer:l:1',
            ),
          ],
          logGroup: new LogGroup(stack, 'MyLogs'),
          architecture: lambda.Architecture.X86_64,
          memorySize: 1_024,
          timeout: Duration.minutes(1),
          tracing: lambda.Tracing.ACTIVE,
          environment: { STAGE: 'test' },
          reservedConcurrentExecutions: 5,
        },
        maxConcurrency: 5,
      });
    });
    template.hasResourceProperties(FUNCTION, {
      Architectures: ['x86_64'],
      MemorySize: 1_024,
      Timeout: 60,
      Layers: ['arn:aws:lambda:eu-west-1:111122223333:layer:l:1'],
      LoggingConfig: { LogGroup: { Ref: Match.stringLikeRegexp('^MyLogs') } },
      TracingConfig: { Mode: 'Active' },
      Environment: { Variables: { STAGE: 'test', SPILLWAY_SETTINGS: Match.anyValue() } },
      VpcConfig: Match.anyValue(),
    });
    template.hasResourceProperties('AWS::SQS::Queue', { VisibilityTimeout: 360 });
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      ScalingConfig: { MaximumConcurrency: 5 },
    });
  });

  it('can be one that exists in the app, an alias of it included', () => {
    const template = synth((stack) => {
      const fn = new lambda.Function(stack, 'Mine', {
        runtime: lambda.Runtime.NODEJS_24_X,
        handler: 'index.handler',
        code: lambda.Code.fromInline('exports.handler = async () => {};'),
        timeout: Duration.seconds(10),
      });
      consumerIn(stack, { function: fn.addAlias('live'), intake: false });
    });
    template.resourceCountIs(FUNCTION, 1);
    template.hasResourceProperties(FUNCTION, {
      Environment: { Variables: { SPILLWAY_SETTINGS: Match.anyValue() } },
    });
    template.hasResourceProperties('AWS::SQS::Queue', { VisibilityTimeout: 60 });
  });

  it('bundles for CommonJS where it is asked to', () => {
    const problems = problemsOf((stack) => {
      consumerIn(stack, { functionProps: { bundling: { format: OutputFormat.CJS } } });
    });
    expect(problems).toEqual([]);
  });
});

describe('the event source', () => {
  it('answers for each message, in batches of 10', () => {
    Template.fromStack(consumer().stack).hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumBatchingWindowInSeconds: Match.absent(),
    });
  });

  it('raises the visibility timeout to what the most demanding reader needs', () => {
    const template = synth((stack) => {
      const queue = new ResilientQueue(stack, 'Shared');
      queue.raiseVisibilityTimeout(Duration.seconds(200));
      const window = { batchSize: 100, maxBatchingWindow: Duration.seconds(20) };
      consumerIn(stack, { queue, ...window, functionProps: { timeout: Duration.seconds(40) } });
      queue.raiseVisibilityTimeout(Duration.seconds(18));
    });
    template.hasResourceProperties('AWS::SQS::Queue', {
      VisibilityTimeout: 260,
      RedrivePolicy: Match.anyValue(),
    });
  });
});

describe('the permissions', () => {
  it('are these and no others', () => {
    const { stack } = consumer();
    const [policy] = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
    const actions = policy?.Properties.PolicyDocument.Statement.map(
      ({ Action, Resource }: { Action: unknown; Resource: CfnResource }) => [
        Action,
        JSON.stringify(Resource),
      ],
    );
    expect(actions).toEqual([
      [['logs:CreateLogStream', 'logs:PutLogEvents'], '{"Fn::GetAtt":["ConsumerLogs7B9AAC61","Arn"]}'],
      [
        [
          'sqs:ReceiveMessage',
          'sqs:ChangeMessageVisibility',
          'sqs:GetQueueUrl',
          'sqs:DeleteMessage',
          'sqs:GetQueueAttributes',
        ],
        '{"Fn::GetAtt":["ConsumerQueue6928FF8D","Arn"]}',
      ],
      ['sqs:SendMessage', '{"Fn::GetAtt":["ConsumerQueueDeadLetterQueue4475D397","Arn"]}'],
      ['sqs:SendMessage', '{"Fn::GetAtt":["ConsumerQueueQuarantineQueue0F0942BB","Arn"]}'],
      ['sqs:SendMessage', '{"Fn::GetAtt":["SpillwayIntakeControllerControlQueue77194EBF","Arn"]}'],
      [
        [
          'dynamodb:BatchGetItem',
          'dynamodb:DeleteItem',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:UpdateItem',
        ],
        '{"Fn::GetAtt":["SpillwayStateTable9919068D","Arn"]}',
      ],
      [
        ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:UpdateItem'],
        '{"Fn::GetAtt":["SpillwayStateTable9919068D","Arn"]}',
      ],
    ]);
  });

  it.each([
    { circuits: {}, keys: ['circuit#default#orders', 'circuit#intake#orders'] },
    {
      circuits: { tracker: {}, mail: {} },
      keys: ['circuit#tracker', 'circuit#mail', 'circuit#intake#orders'],
    },
    { circuits: { default: {} }, keys: ['circuit#default#orders', 'circuit#intake#orders'] },
  ])('reach the circuits $keys and no others', ({ circuits, keys }) => {
    const template = synth((stack) => {
      consumerIn(stack, { consumerId: 'orders', circuits });
      consumerIn(stack, { consumerId: 'invoices', circuits: { bank: {} } }, 'Invoices');
    });
    const policies = Object.entries(template.findResources('AWS::IAM::Policy'));
    const [, policy] = policies.find(([id]) => id.startsWith('Consumer')) ?? [];
    const lists: string[][] = policy?.Properties.PolicyDocument.Statement.flatMap(
      ({ Condition = {} }: { Condition?: Record<string, Record<string, string[]>> }) =>
        Object.values(Condition).flatMap((each) => each['dynamodb:LeadingKeys'] ?? []),
    );
    expect(lists.filter((key) => String(key).startsWith('circuit#'))).toEqual(keys);
  });

  it('hold no wildcard, with a KMS key either', () => {
    const template = synth((stack) => {
      const queue = new ResilientQueue(stack, 'Orders', { encryption: QueueEncryption.KMS });
      const secret = new Secret(stack, 'Secret');
      consumerIn(stack, { queue, screening: { signature: { secret, attribute: 'sig' } } });
    });
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy'));
    for (const { Action, Resource } of policy?.Properties.PolicyDocument.Statement ?? []) {
      expect(JSON.stringify([Action, Resource])).not.toContain('*');
    }
    expect(JSON.stringify(policy)).toContain('kms:GenerateDataKey');
  });
});

describe('what it makes', () => {
  it('is at most 26 resources for each further consumer, and keeps its ids', () => {
    const one = synth((stack) => {
      consumerIn(stack, {}, 'One');
    });
    const two = synth((stack) => {
      consumerIn(stack, {}, 'One');
      consumerIn(stack, {}, 'Two');
    });
    const further = Object.keys(resourcesOf(two)).length - Object.keys(resourcesOf(one)).length;
    expect(further).toBe(26);
    const own = Object.entries(idsByType(one)).map(
      ([type, ids]) => [type, ids.filter((id) => !id.startsWith('SpillwayIntakeController'))] as const,
    );
    expect(Object.fromEntries(own.filter(([, ids]) => ids.length > 0))).toEqual({
      'AWS::CloudWatch::Alarm': [
        'OneAlarmsBackstopRedrives92C88514',
        'OneAlarmsCloseToExpiry5DC1A128',
        'OneAlarmsControlLoopSilent572EFE77',
        'OneAlarmsDeadLetterDepth14B946CE',
        'OneAlarmsDeadLetterGrowth0B93A3A2',
        'OneAlarmsFunctionErrors100DFC08',
        'OneAlarmsIntakePausedFor99B7FBDB',
        'OneAlarmsIntakeWithoutCause2664FDE0',
        'OneAlarmsNoRetryHelps3A3D324F',
        'OneAlarmsOutageHandled69485B63',
        'OneAlarmsPoisonD9773A2E',
        'OneAlarmsQuarantineGrowth31A873DD',
        'OneAlarmsQueueAge86A40A98',
        'OneAlarmsWaitingCloseToExpiry06A59665',
      ],
      'AWS::CloudWatch::CompositeAlarm': ['OneAlarmsNeedsPerson043C24E4'],
      'AWS::DynamoDB::GlobalTable': ['SpillwayStateTable9919068D'],
      'AWS::IAM::Policy': ['OneRoleDefaultPolicyAA836385'],
      'AWS::IAM::Role': ['OneRoleDD313230'],
      'AWS::Lambda::EventSourceMapping': ['OneFunctionSqsEventSourceShopOneQueue7E866E63C77F464C'],
      'AWS::Lambda::Function': ['OneFunctionFB476CC2'],
      'AWS::Logs::LogGroup': ['OneLogs6CB1B1AE'],
      'AWS::SQS::Queue': [
        'OneQueueDeadLetterQueue107DD001',
        'OneQueueF77913D8',
        'OneQueueQuarantineQueue2E418DB6',
      ],
      'AWS::SQS::QueuePolicy': [
        'OneQueueDeadLetterQueuePolicy236EF875',
        'OneQueuePolicyD096665C',
        'OneQueueQuarantineQueuePolicyC0D4E8B3',
      ],
    });
  });
});
