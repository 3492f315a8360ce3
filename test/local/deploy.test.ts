import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  AssemblyError,
  ReferenceCycleError,
  startLocalStack,
  UnknownResourceError,
  UnresolvedReferenceError,
  UnsupportedIntrinsicError,
} from '../../local/index.ts';
import { functionResource, mappingResource, queueResource, run, writeAssembly } from './fixture.ts';

const ENV = { 'index.js': 'exports.handler = async () => process.env;' };
const env = (variables: Record<string, unknown>) =>
  functionResource('main', { Environment: { Variables: variables } });

describe('references', () => {
  it('go between stacks by export, and to physical ids, attributes, parameters and pseudo parameters', async () => {
    const { stack } = await run(
      {
        Base: {
          resources: { Queue: queueResource() },
          outputs: { Arn: { Value: { 'Fn::GetAtt': ['Queue', 'Arn'] }, Export: { Name: 'Base:Arn' } } },
        },
        App: {
          template: {
            Parameters: {
              Given: { Type: 'String' },
              Level: { Type: 'String', Default: 'info' },
              BootstrapVersion: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/cdk/version' },
            },
          },
          resources: {
            Fn: env({
              IMPORTED: { 'Fn::ImportValue': 'Base:Arn' },
              LEVEL: { Ref: 'Level' },
              GIVEN: { Ref: 'Given' },
              STACK: { Ref: 'AWS::StackName' },
              ACCOUNT: { Ref: 'AWS::AccountId' },
              ROLE: { 'Fn::GetAtt': ['Role', 'Arn'] },
              NONE: { Ref: 'AWS::NoValue' },
              FOREIGN: 'https://sqs.us-east-1.amazonaws.com/123456789012/Base-Queue',
            }),
            Role: { Type: 'AWS::IAM::Role', Properties: { Policies: [{ 'Fn::Unknown': 1 }] } },
          },
        },
      },
      { main: ENV },
      { parameters: { Given: 'yes' }, environment: { 'App-Fn': { LEVEL: 'debug' } } },
    );
    const { payload } = await stack.function('Fn').invoke({});
    expect(payload).toMatchObject({
      IMPORTED: stack.queue('Queue').arn,
      LEVEL: 'debug',
      GIVEN: 'yes',
      STACK: 'App',
      ACCOUNT: '000000000000',
      ROLE: 'arn:aws:iam:us-east-1:000000000000:App-Role',
      FOREIGN: stack.queue('Queue').url,
    });
    expect(payload).not.toHaveProperty('NONE');
    expect(stack.outputs.Base).toEqual({ Arn: stack.queue('Queue').arn });
  });

  it('have the region and, whatever it was synthesized for, the local account', async () => {
    const { stack } = await run(
      {
        App: {
          environment: 'aws://123456789012/eu-west-1',
          resources: {
            Queue: queueResource({
              RedrivePolicy: {
                deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:123456789012:dead',
                maxReceiveCount: 1,
              },
            }),
            Dead: queueResource({ QueueName: 'dead' }),
            Fn: env({}),
            Mapping: mappingResource('Queue', 'Fn', {
              EventSourceArn: 'arn:aws:sqs:eu-west-1:123456789012:App-Queue',
            }),
          },
        },
      },
      { main: ENV },
    );
    expect(stack.queue('Dead').arn).toBe('arn:aws:sqs:eu-west-1:000000000000:dead');
    expect(stack.clientConfig('sqs').region).toBe('eu-west-1');
    expect(stack.mappings).toHaveLength(1);
    expect((await stack.function('Fn').invoke({})).payload).toMatchObject({ AWS_REGION: 'eu-west-1' });
  });

  it('leave out what a condition excludes', async () => {
    const { stack } = await run({
      App: {
        template: { Conditions: { Never: { 'Fn::Equals': ['a', 'b'] } } },
        resources: { Queue: queueResource(), Other: { ...Object(queueResource()), Condition: 'Never' } },
        outputs: { Other: { Condition: 'Never', Value: { Ref: 'Other' } } },
      },
    });
    expect(stack.queues.map(({ logicalId }) => logicalId)).toEqual(['Queue']);
    expect(stack.outputs).toEqual({ App: {} });
  });

  it.each([
    [
      'an unsupported function',
      { 'Fn::GetAZs': '' },
      UnsupportedIntrinsicError,
      'Fn::GetAZs at Properties.QueueName of Queue in stack App',
    ],
    [
      'a resource that is not there',
      { Ref: 'Nobody' },
      UnresolvedReferenceError,
      'cannot resolve Nobody at Properties.QueueName of Queue',
    ],
    [
      'an attribute that is not there',
      { 'Fn::GetAtt': ['Other', 'Colour'] },
      UnresolvedReferenceError,
      'AWS::SQS::Queue has no attribute Colour',
    ],
    [
      'an export that is not there',
      { 'Fn::ImportValue': 'gone' },
      UnresolvedReferenceError,
      'no stack of the assembly exports it',
    ],
    ['itself', { 'Fn::GetAtt': ['Queue', 'QueueName'] }, ReferenceCycleError, 'App/Queue'],
  ])('to %s are refused with the place', async (_what, name, type, message) => {
    const assembly = await writeAssembly({
      App: { resources: { Queue: queueResource({ QueueName: name }), Other: queueResource() } },
    });
    const failure = await startLocalStack({ assembly }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(type);
    expect(String(failure)).toContain(message);
  });
});

describe('the assembly', () => {
  it('can be run in part', async () => {
    const resources = { Queue: queueResource() };
    const { stack } = await run({ One: { resources }, Two: { resources } }, {}, { stacks: ['Two'] });
    expect(stack.queues.map(({ name }) => name)).toEqual(['Two-Queue']);
  });

  it('is refused if it lacks a stack that was asked for, or is none', async () => {
    const assembly = await writeAssembly({ One: { resources: {} } });
    await expect(startLocalStack({ assembly, stacks: ['Two'] })).rejects.toThrow(
      /no stack Two in .*, which has One/,
    );
    await expect(startLocalStack({ assembly: '/nowhere' })).rejects.toThrow(AssemblyError);
  });
});

describe('resources', () => {
  it('are found by logical id, construct path and name, or refused by name', async () => {
    const queue = { ...Object(queueResource()), Metadata: { 'aws:cdk:path': 'App/Orders/Queue/Resource' } };
    const { stack } = await run({
      App: { resources: { Q1: queue } },
      Other: { resources: { Q1: queueResource() } },
    });
    expect(stack.queue('App/Orders/Queue').name).toBe('App-Q1');
    expect(stack.queue('Other-Q1').stack).toBe('Other');
    expect(stack.resource('App/Orders/Queue')).toBe(stack.queue('App-Q1').url);
    expect(() => stack.queue('Q1')).toThrow(UnknownResourceError);
    expect(() => stack.queue('Q1')).toThrow('Q1 names 2 queues: use the construct path');
    expect(() => stack.function('Fn')).toThrow('no function Fn; there are: none');
  });

  it('that cannot be played are named in a warning, and the others start', async () => {
    const { stack } = await run(
      {
        App: {
          resources: {
            Machine: { Type: 'AWS::StepFunctions::StateMachine', Properties: {} },
            Custom: {
              Type: 'Custom::Thing',
              Metadata: { 'aws:cdk:path': 'App/Thing/Default' },
              Properties: {},
            },
            Fn: env({ MACHINE: { Ref: 'Machine' } }),
            Python: functionResource('main', { Runtime: 'python3.14' }),
            Zip: functionResource('missing'),
            Stream: mappingResource('Queue', 'Fn', {
              EventSourceArn: 'arn:aws:kinesis:us-east-1:0:stream/x',
            }),
            Filter: mappingResource('Queue', 'Fn', { FilterCriteria: { Filters: [{ Pattern: '{}' }] } }),
            Queue: queueResource({ MessageRetentionPeriod: 60 }),
            Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: {} },
            Policy: { Type: 'AWS::SQS::QueuePolicy', Properties: {} },
            Email: { Type: 'AWS::SNS::Subscription', Properties: { Protocol: 'email' } },
          },
        },
      },
      { main: ENV },
    );
    expect(stack.warnings).toEqual([
      'Machine: resources of type AWS::StepFunctions::StateMachine are not played by the local stack',
      'App/Thing: resources of type Custom::Thing are not played by the local stack',
      'message retention periods are not enforced by the queue emulator: messages stay until deleted',
      'Python: functions of runtime python3.14 are not played',
      'Zip: its code is not a directory of the cloud assembly, so it is not played',
      'Stream: this event source is not played: arn:aws:kinesis:us-east-1:0:stream/x is not a queue of the assembly',
      'Filter: event filters are not played (on AWS they delete what they filter out)',
      'Alarm: this alarm is not played: the comparison operator is not played: none',
      'Email: AWS::SNS::Subscription of protocol email is not played',
    ]);
    expect((await stack.function('Fn').invoke({})).payload).toMatchObject({ MACHINE: 'App-Machine' });
  });

  it('include inline code, buckets and tables with indexes', async () => {
    const { stack } = await run({
      App: {
        resources: {
          Inline: functionResource('none', { Code: { ZipFile: 'exports.handler = async () => 42;' } }),
          Bucket: { Type: 'AWS::S3::Bucket', Properties: {} },
          Table: {
            Type: 'AWS::DynamoDB::Table',
            Properties: {
              AttributeDefinitions: [
                { AttributeName: 'pk', AttributeType: 'S' },
                { AttributeName: 'at', AttributeType: 'N' },
              ],
              KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
              TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
              GlobalSecondaryIndexes: [
                {
                  IndexName: 'byTime',
                  KeySchema: [
                    { AttributeName: 'pk', KeyType: 'HASH' },
                    { AttributeName: 'at', KeyType: 'RANGE' },
                  ],
                  Projection: { ProjectionType: 'KEYS_ONLY' },
                },
              ],
            },
          },
        },
      },
    });
    expect((await stack.function('Inline').invoke({})).payload).toBe(42);
    const dynamodb = new DynamoDBClient(stack.clientConfig('dynamodb'));
    onTestFinished(() => dynamodb.destroy());
    const object = `${stack.endpoints.s3}/${stack.resource('Bucket')}/a`;
    await fetch(object, { method: 'PUT', body: 'text' });
    expect(await (await fetch(object)).text()).toBe('text');
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: stack.resource('Table') }));
    expect(Table).toMatchObject({ TableStatus: 'ACTIVE', GlobalSecondaryIndexes: [{ IndexName: 'byTime' }] });
  });
});
