import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { functionResource, mappingResource, queueResource, run } from './fixture.ts';

const ECHO = {
  'index.js': 'exports.handler = async (event) => { for (const r of event.Records) console.log(r.body); };',
};

const CONSUMER = {
  Queue: queueResource({
    VisibilityTimeout: 30,
    RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dlq', 'Arn'] }, maxReceiveCount: 3 },
  }),
  Dlq: queueResource(),
  Table: {
    Type: 'AWS::DynamoDB::GlobalTable',
    Metadata: { 'aws:cdk:path': 'App/State/Table/Resource' },
    Properties: {
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      Replicas: [{ Region: { Ref: 'AWS::Region' } }],
    },
  },
  Function: functionResource('echo', {
    Environment: { Variables: { QUEUE_URL: { Ref: 'Queue' }, TABLE: { Ref: 'Table' } } },
  }),
  Mapping: mappingResource('Queue', 'Function'),
};

it('moves a message from the queue through the bundled handler', async () => {
  const { stack, lines, send } = await run({ App: { resources: CONSUMER } }, { echo: ECHO });
  await send('Queue', 'hello');
  await stack.whenIdle({ timeoutMs: 5000 });
  expect(lines).toEqual([{ functionId: 'Function', stream: 'stdout', text: 'hello' }]);
  expect(await stack.queue('Queue').messages()).toEqual([]);
});

it('creates what the template describes and hands out its ids', async () => {
  const { stack, sqs } = await run(
    {
      App: { resources: CONSUMER, outputs: { Url: { Value: { Ref: 'Queue' } } } },
    },
    { echo: ECHO },
  );
  const { url, arn } = stack.queue('Queue');
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/000000000000\/App-Queue$/);
  expect(stack.outputs).toEqual({ App: { Url: url } });
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  );
  expect(Attributes).toMatchObject({
    QueueArn: arn,
    VisibilityTimeout: '30',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: stack.queue('Dlq').arn, maxReceiveCount: 3 }),
  });
  const dynamodb = new DynamoDBClient(stack.clientConfig('dynamodb'));
  expect((await dynamodb.send(new ListTablesCommand())).TableNames).toEqual([
    stack.resource('App/State/Table'),
  ]);
  dynamodb.destroy();
});
