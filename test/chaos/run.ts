import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type LocalStack, startLocalStack } from 'spillway/local';
import { synthesize } from '../../examples/synthesize.ts';
import { startControl } from './control.ts';
import { type PlannedMessage, planOf } from './plan.ts';
import { startProxy } from './proxy.ts';
import { type Recovery, recoveryOf } from './recovery.ts';
import { createSaboteur } from './saboteur.ts';
import { keyHashes, queueService, stateTableService } from './services.ts';
import { startStoreProcess } from './store-process.ts';
import { beginTrace, type Trace } from './trace.ts';
import { judge, type Tally, type Violation } from './verdict.ts';

/** One run of chaos. */
export interface RunOptions {
  readonly seed: number;
  readonly messages: number;
  readonly fifo: boolean;
  readonly faults: 'all' | 'kills' | 'none';
  readonly kills?: number | undefined;
  /** Kill the state table for the middle third. */
  readonly storeOutage?: boolean;
  readonly withoutIdempotency?: boolean;
  /** Messages sent a second. */
  readonly rate: number;
  /** Told how far the run is, now and then. */
  readonly onProgress?: (text: string) => void;
}

/** How a run ended. */
export interface RunResult {
  readonly seed: number;
  readonly queue: 'standard' | 'fifo';
  readonly messages: number;
  readonly tally: Tally;
  readonly kills: number;
  readonly environmentsDied: number;
  readonly faults: Readonly<Record<string, number>>;
  /** How it came back from the outage of the state table. */
  readonly recovery?: Recovery;
  readonly seconds: number;
  readonly violations: readonly Violation[];
  readonly planned: ReadonlyMap<string, PlannedMessage>;
  readonly trace: Trace;
}

/** A machine with two cores handles some fifteen messages a second while environments are killed all the time. */
const DRAIN_MS = { atLeast: 300_000, perMessage: 100 };
const SEND_EVERY_MS = 100;
const PROGRESS_MS = 5_000;

/** Run a consumer while everything around it breaks, and judge what came of it. */
export async function runChaos(options: RunOptions): Promise<RunResult> {
  const { fifo, onProgress = () => undefined } = options;
  const plan = planOf({
    seed: options.seed,
    messages: options.messages,
    faults: options.faults,
    ...(options.kills === undefined ? {} : { kills: options.kills }),
  });
  const trace = beginTrace();
  const startedAt = performance.now();
  const saboteur = createSaboteur(plan.messages, trace);
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const assembly = await mkdtemp(join(tmpdir(), 'spillway-chaos-'));
    closers.push(() => rm(assembly, { recursive: true, force: true }));
    await synthesize('test/chaos/app/app.ts', assembly, { fifo });
    const store = await startStoreProcess();
    closers.push(() => store.close());
    const names = {
      byMessageId: new Map<string, string>(),
      byKeyHash: keyHashes(plan.messages.map(({ id }) => id)),
    };
    let stack: LocalStack | undefined;
    const problems: Error[] = [];
    const onProblem = (problem: Error): void => void problems.push(problem);
    const sqsProxy = await startProxy(
      queueService(() => stack?.endpoints.sqs ?? '', onProblem),
      saboteur,
    );
    closers.push(() => sqsProxy.close());
    const storeProxy = await startProxy(
      stateTableService(() => store.url, names, trace, onProblem),
      saboteur,
    );
    closers.push(() => storeProxy.close());
    const sent = new Map<string, string>();
    let share = 0;
    const control = await startControl({
      saboteur,
      trace,
      weather: () => plan.weather.find(({ from, to }) => share >= from && share < to)?.kind,
      skewMs: plan.skewMs,
      onReceive: (held) => {
        for (const { id, messageId } of held) names.byMessageId.set(messageId, id);
      },
      redeliver: async ({ receiptHandle }) => {
        const change = { QueueUrl: url, ReceiptHandle: receiptHandle, VisibilityTimeout: 0 };
        await sqs.send(new ChangeMessageVisibilityCommand(change));
      },
    });
    closers.push(() => control.close());
    stack = await startLocalStack({
      assembly,
      isolate: true,
      endpoints: { dynamodb: store.url },
      environment: {
        'Chaos/Worker/Function': {
          CONTROL_URL: control.url,
          SQS_PROXY_URL: sqsProxy.url,
          DYNAMODB_PROXY_URL: storeProxy.url,
          ...(options.withoutIdempotency ? { POWERTOOLS_IDEMPOTENCY_DISABLED: 'true' } : {}),
        },
      },
    });
    const running = stack;
    closers.push(() => running.stop({ graceMs: 500 }));
    const outputs = running.outputs.Chaos ?? {};
    const url = outputs.QueueUrl ?? '';
    const sqs = new SQSClient(running.clientConfig('sqs'));
    closers.push(async () => sqs.destroy());
    const timer = setInterval(() => {
      onProgress(`sent ${sent.size}, effects ${control.effects.length}, kills ${saboteur.kills}`);
    }, PROGRESS_MS);
    closers.push(async () => clearInterval(timer));

    const outage = options.storeOutage ? { from: 1 / 3, to: 2 / 3, startedAt: 0, endedAt: 0 } : undefined;
    let down = false;
    for await (const batch of feed(plan.messages, options.rate)) {
      share = batch.share;
      await send(sqs, url, batch.messages, fifo, sent);
      if (outage === undefined) continue;
      if (!down && share >= outage.from && share < outage.to) {
        down = true;
        await store.kill();
        outage.startedAt = trace.add({ what: 'weather', subjects: [], detail: 'the state table is killed' });
      } else if (down && share >= outage.to) {
        down = false;
        await store.restart();
        outage.endedAt = trace.add({ what: 'weather', subjects: [], detail: 'the state table is back' });
      }
    }
    share = 1;
    onProgress('everything is sent; waiting for the rest');
    const timeoutMs = Math.max(DRAIN_MS.atLeast, options.messages * DRAIN_MS.perMessage);
    await running.whenIdle({ timeoutMs }).catch((error: unknown) => onProgress(String(error)));

    if (problems.length > 0) throw new AggregateError(problems, 'the run cannot be judged');
    const messagesOf = (queueUrl: string | undefined) => running.queue(queueUrl ?? '').messages();
    const { tally, violations } = judge({
      planned: plan.messages,
      sent,
      source: await messagesOf(url),
      deadLetters: await messagesOf(outputs.DeadLetterQueueUrl),
      quarantined: await messagesOf(outputs.QuarantineQueueUrl),
      effects: control.effects,
      trace,
      fifo,
    });
    const at = control.effects.map((effect) => effect.at);
    const recovery = outage && recoveryOf(at, outage, options.rate);
    return {
      seed: options.seed,
      queue: fifo ? 'fifo' : 'standard',
      messages: options.messages,
      tally,
      kills: saboteur.kills,
      environmentsDied: trace.events.filter(({ fault }) => fault === 'died').length,
      faults: countFaults(trace),
      ...(recovery === undefined ? {} : { recovery }),
      seconds: Math.round((performance.now() - startedAt) / 100) / 10,
      violations: recovery === undefined ? violations : [...violations, ...tooLate(recovery)],
      planned: new Map(plan.messages.map((message) => [message.id, message])),
      trace,
    };
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

interface Batch {
  readonly messages: readonly PlannedMessage[];
  /** Share of all messages that is sent with it. */
  readonly share: number;
}

/** Messages at a steady rate, those that a producer sends twice a little apart. */
async function* feed(messages: readonly PlannedMessage[], rate: number): AsyncGenerator<Batch> {
  const each = Math.max(1, Math.round((rate * SEND_EVERY_MS) / 1_000));
  let again: PlannedMessage[] = [];
  let next = performance.now();
  for (let at = 0; at < messages.length; at += each) {
    const fresh = messages.slice(at, at + each);
    yield { messages: [...fresh, ...again], share: Math.min(1, (at + each) / messages.length) };
    again = fresh.filter(({ copies }) => copies > 1);
    next += SEND_EVERY_MS;
    await sleep(Math.max(0, next - performance.now()));
  }
  yield { messages: again, share: 1 };
}

async function send(
  sqs: SQSClient,
  url: string,
  messages: readonly PlannedMessage[],
  fifo: boolean,
  sent: Map<string, string>,
): Promise<void> {
  for (let at = 0; at < messages.length; at += 10) {
    const batch = messages.slice(at, at + 10);
    const Entries = batch.map((message, index) => entryOf(message, String(index), fifo));
    const { Successful = [], Failed = [] } = await sqs.send(
      new SendMessageBatchCommand({ QueueUrl: url, Entries }),
    );
    if (Failed.length > 0) throw new Error(`the emulator refused ${Failed.length} messages of the run`);
    for (const { Id, MessageId = '' } of Successful) sent.set(MessageId, batch[Number(Id)]?.id ?? '');
  }
}

function entryOf(
  { id, kind, group }: PlannedMessage,
  entryId: string,
  fifo: boolean,
): SendMessageBatchRequestEntry {
  return {
    Id: entryId,
    MessageBody: JSON.stringify({ id, does: kind === 'poison' ? 'nothing that is known' : kind }),
    MessageAttributes: { 'chaos-id': { DataType: 'String', StringValue: id } },
    ...(fifo ? { MessageGroupId: group, MessageDeduplicationId: crypto.randomUUID() } : {}),
  };
}

function countFaults({ events }: Trace): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { what, step, fault } of events) {
    if (what !== 'fault') continue;
    const name = step === undefined ? String(fault) : `${step} ${fault}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const SOON_SECONDS = 10;

function tooLate({ seconds }: Recovery): readonly Violation[] {
  if (seconds < SOON_SECONDS) return [];
  const detail = `it took ${seconds} s`;
  return [{ promise: 'the rate is soon back after an outage', subject: 'the state table', detail }];
}
