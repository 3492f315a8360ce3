import { setTimeout as delay } from 'node:timers/promises';
import type { InvocationResult } from '../lambda/function.ts';
import { readBatchResponse } from './partial-batch.ts';
import type { QueueSource, SourceMessage } from './queue-source.ts';
import { splitBySize } from './split-batch.ts';
import { sqsEvent } from './sqs-event.ts';

/** How an SQS event source is polled. */
export interface PollerSettings {
  /** Messages per invocation at most. */
  readonly batchSize: number;
  /** How long to gather a batch after its first message. */
  readonly batchingWindowMs: number;
  /** Batches that are handled at a time. */
  readonly maxConcurrency: number;
  /** Whether the function reports which items failed (`ReportBatchItemFailures`). */
  readonly reportsFailures: boolean;
}

/** What a poller works with. */
export interface PollerOptions {
  readonly source: QueueSource;
  readonly queueArn: string;
  readonly region: string;
  readonly settings: PollerSettings;
  /** Upper bound of the concurrency, whatever the settings say: the environments there can be. */
  readonly concurrencyLimit: number;
  readonly invoke: (event: unknown) => Promise<InvocationResult>;
  readonly onWarning: (warning: string) => void;
}

/** Moves messages from a queue to a function. */
export interface Poller {
  /** Batches that are being handled now. */
  readonly busy: number;
  start(): void;
  /** Stop receiving; resolves when the batches already received are settled. */
  stop(): Promise<void>;
  configure(settings: Partial<PollerSettings>): void;
}

const MAX_MESSAGES_PER_RECEIVE = 10;
const LONG_POLL_MS = 20_000;
const RETRY_AFTER_ERROR_MS = 1_000;

/**
 * Poll a queue as Lambda's event source mapping does. One lane always polls; as soon as it has a batch, the next lane
 * takes over, up to the maximum concurrency, and a lane that finds nothing while another polls ends. So an idle queue
 * costs one long poll, a busy one is read as fast as the function handles it, and no message is received before there is
 * an invocation for it.
 *
 * Messages of a failed or throttled invocation stay invisible until their visibility timeout ends, as on AWS.
 */
export function createPoller(options: PollerOptions): Poller {
  const { source, queueArn, region, invoke, onWarning } = options;
  let settings = options.settings;
  let abort = new AbortController();
  let running = false;
  let lanes = 0;
  let polling = 0;
  let busy = 0;
  let stopped: (() => void)[] = [];

  const maxLanes = (): number => Math.min(settings.maxConcurrency, options.concurrencyLimit);

  const receiveBatch = async (signal: AbortSignal): Promise<readonly SourceMessage[]> => {
    const { batchSize, batchingWindowMs } = settings;
    const first = Math.min(MAX_MESSAGES_PER_RECEIVE, batchSize);
    const messages = [...(await source.receive(first, polling > 1 ? 0 : LONG_POLL_MS, signal))];
    const deadline = Date.now() + batchingWindowMs;
    while (messages.length > 0 && messages.length < batchSize && batchingWindowMs > 0) {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0 || signal.aborted) break;
      const wanted = Math.min(MAX_MESSAGES_PER_RECEIVE, batchSize - messages.length);
      messages.push(...(await source.receive(wanted, leftMs, signal)));
    }
    return messages;
  };

  const settle = async (messages: readonly SourceMessage[], result: InvocationResult): Promise<void> => {
    if (result.error !== undefined) return;
    let done = messages;
    if (settings.reportsFailures) {
      const outcome = readBatchResponse(result.payload, new Set(messages.map(({ messageId }) => messageId)));
      if (outcome.type === 'failure') {
        onWarning(`${queueArn}: the whole batch failed: ${outcome.reason}`);
        return;
      }
      if (outcome.type === 'partial')
        done = messages.filter(({ messageId }) => !outcome.failed.has(messageId));
    }
    for (let index = 0; index < done.length; index += MAX_MESSAGES_PER_RECEIVE) {
      const handles = done
        .slice(index, index + MAX_MESSAGES_PER_RECEIVE)
        .map((message) => message.receiptHandle);
      const failed = await source.delete(handles);
      const stillFailed = failed.length === 0 ? [] : await source.delete(failed);
      if (stillFailed.length > 0)
        onWarning(`${queueArn}: ${stillFailed.length} messages could not be deleted`);
    }
  };

  const poll = async (signal: AbortSignal): Promise<readonly SourceMessage[]> => {
    polling += 1;
    try {
      return await receiveBatch(signal);
    } catch (error) {
      if (!signal.aborted) {
        onWarning(`${queueArn}: polling failed, trying again: ${String(error)}`);
        await delay(RETRY_AFTER_ERROR_MS, undefined, { signal }).catch(() => undefined);
      }
      return [];
    } finally {
      polling -= 1;
    }
  };

  const handle = async (messages: readonly SourceMessage[]): Promise<void> => {
    busy += 1;
    try {
      for (const batch of splitBySize(messages))
        await settle(batch, await invoke(sqsEvent(batch, queueArn, region)));
    } catch (error) {
      onWarning(`${queueArn}: a batch could not be settled: ${String(error)}`);
    } finally {
      busy -= 1;
    }
  };

  const lane = async (signal: AbortSignal): Promise<void> => {
    lanes += 1;
    while (!signal.aborted && lanes <= maxLanes()) {
      const messages = await poll(signal);
      if (messages.length > 0) {
        openLane(signal);
        await handle(messages);
      } else if (polling > 0) {
        break;
      }
    }
    lanes -= 1;
    // Polling may have been stopped and started again since this lane began: the next one belongs to what holds now.
    if (running) openLane(abort.signal);
    if (lanes === 0) for (const resolve of stopped.splice(0)) resolve();
  };

  const openLane = (signal: AbortSignal): void => {
    if (!signal.aborted && polling === 0 && lanes < maxLanes()) void lane(signal);
  };

  return {
    get busy() {
      return busy;
    },
    start() {
      if (running) return;
      running = true;
      abort = new AbortController();
      openLane(abort.signal);
    },
    async stop() {
      running = false;
      abort.abort();
      if (lanes === 0) return;
      await new Promise<void>((resolve) => {
        stopped = [...stopped, resolve];
      });
    },
    configure(change) {
      settings = { ...settings, ...change };
      if (running) openLane(abort.signal);
    },
  };
}
