import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { synthesize } from '../../examples/synthesize.ts';
import { type LocalFunction, type LocalQueue, type LocalStack, startLocalStack } from '../../local/index.ts';
import { COMMON, type ContenderName, scaledMs, scaledSeconds } from './contenders.ts';
import { progress } from './progress.ts';

/** A change of a circuit, or of a breaker of one environment. */
export interface CircuitChange {
  /** When the line was written. Epoch milliseconds. */
  readonly atEpochMs: number;
  readonly to: string;
  /** `fleet`, or `environment` where one of them decided for itself. */
  readonly decidedBy: string;
  readonly retryAtEpochMs: number;
}

/** A contender that runs. */
export interface Deployment {
  readonly name: ContenderName;
  readonly stack: LocalStack;
  readonly sqs: SQSClient;
  readonly queue: LocalQueue;
  readonly deadLetters: LocalQueue;
  readonly consumer: LocalFunction;
  /** Every change of a circuit so far. */
  readonly circuitChanges: readonly CircuitChange[];
  stop(): Promise<void>;
}

const APP = join(import.meta.dirname, 'app', 'app.ts');
const outputsSchema = z.object({
  QueueUrl: z.string(),
  DeadLetterQueueUrl: z.string(),
  ConsumerName: z.string(),
});
const changeSchema = z.object({
  message: z.literal('circuit changed'),
  to: z.string(),
  decided_by: z.string(),
  retry_at: z.number().optional(),
});

/** Synthesize a contender's stack and run it, its visibility timeout scaled. */
export async function deployContender(
  name: ContenderName,
  scale: number,
  trackerUrl: string,
): Promise<Deployment> {
  const assembly = await mkdtemp(join(tmpdir(), 'spillway-bench-'));
  await synthesize(APP, assembly, { contender: name, scale, trackerUrl });
  const circuitChanges: CircuitChange[] = [];
  const stack = await startLocalStack({
    assembly,
    stateChangeMs: scaledMs(COMMON.stateChangeMs, scale),
    onLog: ({ text }) => {
      const change = readChange(text);
      if (change === undefined) return;
      circuitChanges.push(change);
      const { to, decidedBy, retryAtEpochMs } = change;
      if (decidedBy === 'environment') return;
      const left = to === 'open' ? ` for ${((retryAtEpochMs - Date.now()) / 1_000).toFixed(1)} s` : '';
      progress(name, `the circuit is ${to}${left}`);
    },
    onWarning: (warning) => progress(name, `warning: ${warning}`),
  });
  const sqs = new SQSClient(stack.clientConfig('sqs'));
  const [outputs] = Object.values(stack.outputs);
  const { QueueUrl, DeadLetterQueueUrl, ConsumerName } = outputsSchema.parse(outputs);
  const Attributes = { VisibilityTimeout: String(scaledSeconds(COMMON.visibilityMs, scale)) };
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
  return {
    name,
    stack,
    sqs,
    queue: stack.queue(QueueUrl),
    deadLetters: stack.queue(DeadLetterQueueUrl),
    consumer: stack.function(ConsumerName),
    circuitChanges,
    async stop() {
      sqs.destroy();
      await stack.stop();
      await rm(assembly, { recursive: true, force: true });
    },
  };
}

function readChange(line: string): CircuitChange | undefined {
  if (!line.includes('"circuit changed"')) return undefined;
  const { success, data } = changeSchema.safeParse(JSON.parse(line));
  if (!success) return undefined;
  const { to, decided_by: decidedBy, retry_at: retryAtEpochMs = 0 } = data;
  return { atEpochMs: Date.now(), to, decidedBy, retryAtEpochMs };
}
