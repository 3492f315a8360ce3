import { mkdir, rm, writeFile } from 'node:fs/promises';
import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type LocalStack, startLocalStack } from '../local/index.ts';
import { writeNoOpAssembly } from './local-assembly.ts';
import { median } from './statistics.ts';

const MESSAGES = 10_000;
const ROUNDS = 5;
const CLIENTS = 5;
const REQUIRED_RATIO = 0.4;
const BODY = JSON.stringify({ orderId: 'order-0001', customerId: 'customer-0001', items: [1, 2, 3] });

/** Message rates of one round, each a drain of the same number of messages. */
interface Round {
  /** The emulator alone, asked through the SDK. */
  readonly bare: number;
  /** The local stack as it runs by default, its pollers in the emulator's process. */
  readonly local: number;
  /** The local stack asking the same emulator through the SDK, as it does with an endpoint of one's own. */
  readonly localOverHttp: number;
}

/**
 * How fast the local stack moves messages through a no-op function, against the bare emulator: as many SDK loops as the
 * stack has lanes, receiving and deleting batches of ten. All run in this process and alternate. The stack has to reach
 * the required share both ways, in process and over HTTP.
 */
export async function run(): Promise<boolean> {
  const assembly = await writeNoOpAssembly();
  const stack = await startLocalStack({ assembly, stateChangeMs: 0 });
  const endpoints = { sqs: stack.endpoints.sqs };
  const overHttp = await startLocalStack({ assembly, stateChangeMs: 0, endpoints });
  const sqs = new SQSClient(stack.clientConfig('sqs'));
  const { url } = stack.queue('Queue');
  const rounds: Round[] = [];
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      const bare = await rate(sqs, url, () => drainBare(sqs, url));
      const local = await rate(sqs, url, () => drainThrough(stack));
      const localOverHttp = await rate(sqs, url, () => drainThrough(overHttp));
      if (round > 0) rounds.push({ bare, local, localOverHttp }); // the first one warms up
    }
    assertInvoked(stack);
    assertInvoked(overHttp);
  } finally {
    sqs.destroy();
    await overHttp.stop();
    await stack.stop();
    await rm(assembly, { recursive: true, force: true });
  }
  return report(rounds);
}

async function report(rounds: readonly Round[]): Promise<boolean> {
  const medianRatio = median(rounds.map(({ bare, local }) => local / bare));
  const medianRatioOverHttp = median(rounds.map(({ bare, localOverHttp }) => localOverHttp / bare));
  const pairs = rounds.map(({ bare, local, localOverHttp }) => ({
    bareMessagesPerSecond: Math.round(bare),
    localMessagesPerSecond: Math.round(local),
    ratio: rounded(local / bare),
    localOverHttpMessagesPerSecond: Math.round(localOverHttp),
    ratioOverHttp: rounded(localOverHttp / bare),
  }));
  const result = {
    messages: MESSAGES,
    pairs,
    medianRatio: rounded(medianRatio),
    medianRatioOverHttp: rounded(medianRatioOverHttp),
    requiredRatio: REQUIRED_RATIO,
  };
  await mkdir('out', { recursive: true });
  await writeFile('out/bench-local.json', `${JSON.stringify(result, null, 2)}\n`);
  console.table(pairs);
  console.log(
    `median ratio ${result.medianRatio}, over HTTP ${result.medianRatioOverHttp}, required ${REQUIRED_RATIO}`,
  );
  return Math.min(medianRatio, medianRatioOverHttp) >= REQUIRED_RATIO;
}

/** The figures mean nothing unless every message went through the function. */
function assertInvoked(stack: LocalStack): void {
  const { invocations, errors } = stack.function('Consumer').stats();
  const least = ((ROUNDS + 1) * MESSAGES) / 10;
  if (invocations < least || errors > 0) {
    throw new Error(`expected ${least} invocations or more and no errors, got ${invocations} and ${errors}`);
  }
}

async function rate(sqs: SQSClient, queueUrl: string, drain: () => Promise<void>): Promise<number> {
  await fill(sqs, queueUrl);
  const start = performance.now();
  await drain();
  return (MESSAGES * 1000) / (performance.now() - start);
}

async function fill(sqs: SQSClient, queueUrl: string): Promise<void> {
  const batches = MESSAGES / 10;
  const entries = Array.from({ length: 10 }, (_, index) => ({ Id: String(index), MessageBody: BODY }));
  const send = async (count: number): Promise<void> => {
    for (let batch = 0; batch < count; batch += 1) {
      await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, () => send(batches / CLIENTS)));
}

async function drainBare(sqs: SQSClient, queueUrl: string): Promise<void> {
  const consume = async (): Promise<void> => {
    for (;;) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
      );
      if (Messages.length === 0) return;
      const entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, consume));
}

/** The time to enable the mapping and to notice that the queue is empty counts; the time to disable it again, too. */
async function drainThrough(stack: LocalStack): Promise<void> {
  await settleMapping(stack, true);
  await stack.whenIdle({ timeoutMs: 120_000 });
  await settleMapping(stack, false);
}

/** Enable or disable the mapping and wait until it is so. */
async function settleMapping(stack: LocalStack, enabled: boolean): Promise<void> {
  const [mapping] = stack.mappings;
  const wanted = enabled ? 'Enabled' : 'Disabled';
  if (mapping === undefined || mapping.state === wanted) return;
  mapping.update({ enabled });
  while (mapping.state !== wanted) await new Promise((resolve) => setTimeout(resolve, 1));
}

const rounded = (value: number): number => Number(value.toFixed(3));
