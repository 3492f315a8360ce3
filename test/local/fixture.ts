import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { onTestFinished } from 'vitest';
import { type LocalStack, type LocalStackOptions, type LogLine, startLocalStack } from '../../local/index.ts';

/** A stack of a test assembly: resources, and code by asset hash and file name. */
export interface StackFixture {
  readonly resources: Record<string, unknown>;
  readonly outputs?: Record<string, unknown>;
  readonly template?: Record<string, unknown>;
  readonly environment?: string;
}

/** Code by asset hash, then by file name. */
export type CodeFixture = Record<string, Record<string, string>>;

/** Write a cloud assembly as `cdk synth` would; it is removed after the test. */
export async function writeAssembly(
  stacks: Record<string, StackFixture>,
  code: CodeFixture = {},
): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'assembly-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const artifacts: Record<string, unknown> = {};
  for (const [name, { resources, outputs, template, environment }] of Object.entries(stacks)) {
    const file = `${name}.template.json`;
    await writeFile(
      join(directory, file),
      JSON.stringify({ ...template, Resources: resources, Outputs: outputs }),
    );
    artifacts[name] = {
      type: 'aws:cloudformation:stack',
      environment: environment ?? 'aws://unknown-account/unknown-region',
      properties: { templateFile: file },
    };
  }
  const files: Record<string, unknown> = {};
  for (const [hash, sources] of Object.entries(code)) {
    await mkdir(join(directory, `asset.${hash}`));
    for (const [name, text] of Object.entries(sources)) {
      await writeFile(join(directory, `asset.${hash}`, name), text);
    }
    files[hash] = {
      source: { path: `asset.${hash}`, packaging: 'zip' },
      destinations: { current: { bucketName: 'assets', objectKey: `${hash}.zip` } },
    };
  }
  await writeFile(join(directory, 'App.assets.json'), JSON.stringify({ version: '44.0.0', files }));
  artifacts['App.assets'] = { type: 'cdk:asset-manifest', properties: { file: 'App.assets.json' } };
  await writeFile(join(directory, 'manifest.json'), JSON.stringify({ version: '44.0.0', artifacts }));
  return directory;
}

/** A function resource whose code is the asset `hash`. */
export function functionResource(hash: string, properties: Record<string, unknown> = {}): unknown {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 5,
      Code: { S3Bucket: { 'Fn::Join': ['-', ['assets', { Ref: 'AWS::AccountId' }]] }, S3Key: `${hash}.zip` },
      ...properties,
    },
  };
}

/** An event source mapping from the queue resource to the function resource. */
export function mappingResource(
  queue: string,
  fn: string,
  properties: Record<string, unknown> = {},
): unknown {
  return {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: { 'Fn::GetAtt': [queue, 'Arn'] },
      FunctionName: { Ref: fn },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ...properties,
    },
  };
}

/** A queue resource. */
export function queueResource(properties: Record<string, unknown> = {}): unknown {
  return { Type: 'AWS::SQS::Queue', Properties: properties };
}

/** A running stack with what tests need around it. */
export interface RunningStack {
  readonly stack: LocalStack;
  readonly sqs: SQSClient;
  readonly lines: LogLine[];
  /** What the functions wrote as JSON lines. */
  events(): unknown[];
  send(queue: string, body: string, extra?: { groupId?: string }): Promise<string>;
}

/** Start the stack of an assembly; it is stopped after the test. */
export async function run(
  stacks: Record<string, StackFixture>,
  code: CodeFixture = {},
  options: Partial<LocalStackOptions> = {},
): Promise<RunningStack> {
  const assembly = await writeAssembly(stacks, code);
  const lines: LogLine[] = [];
  const stack = await startLocalStack({ assembly, onLog: (line) => lines.push(line), ...options });
  onTestFinished(() => stack.stop({ graceMs: 500 }));
  const sqs = new SQSClient(stack.clientConfig('sqs'));
  onTestFinished(() => sqs.destroy());
  return {
    stack,
    sqs,
    lines,
    events: () => lines.filter(({ text }) => text.startsWith('{')).map(({ text }) => JSON.parse(text)),
    async send(queue, body, { groupId } = {}) {
      const { MessageId = '' } = await sqs.send(
        new SendMessageCommand({
          QueueUrl: stack.queue(queue).url,
          MessageBody: body,
          ...(groupId === undefined
            ? {}
            : { MessageGroupId: groupId, MessageDeduplicationId: crypto.randomUUID() }),
        }),
      );
      return MessageId;
    },
  };
}

/** Receive one message and delete it. */
export async function take(sqs: SQSClient, queueUrl: string): Promise<Message | undefined> {
  const { Messages: [message] = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      WaitTimeSeconds: 5,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }),
  );
  if (message?.ReceiptHandle !== undefined) {
    await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }));
  }
  return message;
}

/** Wait until a condition holds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`gave up waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
