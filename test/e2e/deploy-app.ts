import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type LocalStack, type LocalStackOptions, startLocalStack } from 'spillway/local';
import { onTestFinished } from 'vitest';
import { synthesize } from '../../examples/synthesize.ts';
import { type EmfCounter, emfCounter } from '../../examples/webhook-intake/run/emf-counter.ts';

/** A CDK app that runs on the local stack until the test is over. */
export interface DeployedApp {
  readonly stack: LocalStack;
  /** Outputs of its only stack. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly sqs: SQSClient;
  readonly metrics: EmfCounter;
  /** Lines that its functions wrote. */
  readonly logs: readonly string[];
  /** How many of these lines have a message, which any level of observability tells. */
  said(message: string): number;
}

/** Synthesize an app and run it. */
export async function deployApp(
  app: string,
  context: Readonly<Record<string, unknown>> = {},
  options: Partial<LocalStackOptions> = {},
): Promise<DeployedApp> {
  const assembly = await mkdtemp(join(tmpdir(), 'spillway-e2e-'));
  await synthesize(app, assembly, context);
  const metrics = emfCounter();
  const logs: string[] = [];
  const stack = await startLocalStack({
    assembly,
    ...options,
    onLog: ({ text }) => {
      logs.push(text);
      metrics.take(text);
    },
  });
  onTestFinished(async () => {
    await stack.stop();
    await rm(assembly, { recursive: true });
  });
  const said = (message: string): number =>
    logs.filter((line) => line.includes(`"message":${JSON.stringify(message)}`)).length;
  const [outputs = {}] = Object.values(stack.outputs);
  return { stack, outputs, sqs: new SQSClient(stack.clientConfig('sqs')), metrics, logs, said };
}
