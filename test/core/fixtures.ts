import type { Clock } from '../../lambdas/core/clock.ts';
import type { EventSink, PipelineEvent } from '../../lambdas/core/events.ts';
import type { FailureEnvelope } from '../../lambdas/core/failure-envelope.ts';
import type { IdempotencyGuard } from '../../lambdas/core/idempotency.ts';
import type { DeadLetterCounts } from '../../lambdas/core/kill-switch.ts';
import type { MessageIds, QueueMessage, ReceivedMessage } from '../../lambdas/core/message.ts';
import { parseConsumerSettings, type SettingsInput } from '../../lambdas/core/parse-settings.ts';
import type {
  OutgoingMessage,
  RefusedEntry,
  SendResult,
  SourceQueue,
  TargetQueue,
  VisibilityChange,
} from '../../lambdas/core/queues.ts';
import type { CompletedMove, MessageRecord, MessageRecords } from '../../lambdas/core/records.ts';
import type { ConsumerSettings } from '../../lambdas/core/settings.ts';
import { type FakeClock, fakeClock, TEST_START } from '../../lambdas/testing/fake-clock.ts';
import { Faults } from '../../lambdas/testing/faults.ts';
import { MemoryDeadLetterCounts } from '../../lambdas/testing/memory-dead-letter-counts.ts';

export { Faults } from '../../lambdas/testing/faults.ts';
export { type FakeClock, fakeClock };

/** When every test starts. Epoch milliseconds. */
export const START = TEST_START;

/** Let every promise that can go on go on. */
export function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A promise that the test settles. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  return { promise, resolve, reject };
}

/** Settings of a consumer of the queue "orders", with what a test wants to be different. */
export function consumerSettings(overrides: SettingsInput<ConsumerSettings> = {}): ConsumerSettings {
  return parseConsumerSettings({
    consumerId: 'shop-orders',
    environment: 'test',
    serviceVersion: '1.2.3',
    stateTable: 'state',
    ...overrides,
    queue: { url: 'http://sqs.local/1/orders', ...overrides.queue },
    deadLetterQueue: { url: 'http://sqs.local/1/orders-dlq', ...overrides.deadLetterQueue },
    quarantineQueue: { url: 'http://sqs.local/1/orders-quarantine', ...overrides.quarantineQueue },
  });
}

/** A message that was sent a second ago. */
export function queueMessage(overrides: Partial<QueueMessage> = {}): QueueMessage {
  const messageId = overrides.messageId ?? 'message-1';
  return {
    messageId,
    receiptHandle: `receipt-${messageId}`,
    body: '{"order":"42"}',
    attributes: {},
    receiveCount: 1,
    sentAtEpochMs: START - 1_000,
    ...overrides,
  };
}

/** The same as handlers see it. */
/** Ids of a message whose producer said nothing. */
export function idsNamed(messageId: string): MessageIds {
  return { messageId, stableId: messageId, correlationId: messageId };
}

export function receivedMessage(overrides: Partial<ReceivedMessage> = {}): ReceivedMessage {
  const { messageId, body, receiveCount, sentAtEpochMs } = queueMessage();
  return {
    messageId,
    stableId: messageId,
    text: body,
    attributes: {},
    receiveCount,
    sentAtEpochMs,
    groupId: undefined,
    producer: undefined,
    correlationId: messageId,
    ...overrides,
  };
}

/** Gathers events. */
export function eventLog(): {
  readonly emit: EventSink;
  readonly events: PipelineEvent[];
  kinds(): string[];
} {
  const events: PipelineEvent[] = [];
  return { events, emit: (event) => void events.push(event), kinds: () => events.map(({ kind }) => kind) };
}

/** Something that fails as often as a test says. */
export interface Failing {
  /** Calls that are still to fail. */
  failures: number;
}

function failNow(port: Failing): void {
  if (port.failures <= 0) return;
  port.failures -= 1;
  throw Object.assign(new Error('the store is down'), { name: 'StoreDownError' });
}

/** Records in memory, with a journal of the calls. */
export interface FakeRecords extends MessageRecords, Failing {
  readonly stored: Map<string, MessageRecord>;
  readonly begun: Map<string, FailureEnvelope>;
  readonly completed: Map<string, CompletedMove>;
  readonly journal: string[];
  readonly expiries: number[];
  loads: number;
}

export function fakeRecords(journal: string[] = []): FakeRecords {
  const records: FakeRecords = {
    failures: 0,
    loads: 0,
    stored: new Map(),
    begun: new Map(),
    completed: new Map(),
    expiries: [],
    journal,
    async load(ids) {
      records.loads += 1;
      failNow(records);
      return new Map(
        ids.flatMap((id) => {
          const record = records.stored.get(id);
          const pendingMove = records.completed.has(id) ? undefined : records.begun.get(id);
          if (pendingMove === undefined) return record === undefined ? [] : [[id, record] as const];
          const { attempts, history } = pendingMove;
          return [[id, { ...(record ?? { attempts, history }), pendingMove }] as const];
        }),
      );
    },
    async save(id, record, expiresAt) {
      journal.push(`save ${id}`);
      failNow(records);
      records.stored.set(id, record);
      records.expiries.push(expiresAt);
    },
    async startAttempt(id, record, started, expiresAt) {
      journal.push(`start ${id}${started.alone ? ' alone' : ''}`);
      failNow(records);
      records.stored.set(id, { ...record, started });
      records.expiries.push(expiresAt);
    },
    async endAttempt(id) {
      journal.push(`end ${id}`);
      failNow(records);
      const { started: _ended, ...record } = records.stored.get(id) ?? { attempts: 0, history: [] };
      records.stored.set(id, record);
    },
    async beginMove(id, envelope, expiresAt, keepHistory) {
      journal.push(keepHistory ? `begin ${id} keeping its history` : `begin ${id}`);
      failNow(records);
      records.begun.set(id, envelope);
      records.expiries.push(expiresAt);
    },
    async completeMove(id, move, expiresAt) {
      journal.push(`complete ${id}`);
      failNow(records);
      records.completed.set(id, move);
      records.expiries.push(expiresAt);
    },
  };
  return records;
}

/** A queue in memory. `refuse` names the positions of a send that fail. */
export interface FakeTarget extends TargetQueue {
  readonly sent: OutgoingMessage[];
  refuse: (message: OutgoingMessage) => boolean;
  /** Whether what is refused would be refused again. */
  senderFault: boolean;
}

export function fakeTarget(name: string, journal: string[] = []): FakeTarget {
  const sent: OutgoingMessage[] = [];
  const target: FakeTarget = {
    name,
    sent,
    refuse: () => false,
    senderFault: false,
    async send(messages) {
      return messages.map((message): SendResult => {
        journal.push(`send ${name}`);
        if (target.refuse(message))
          return { ok: false, error: new Error('refused by SQS'), refused: target.senderFault };
        sent.push(message);
        return { ok: true, messageId: `${name}-${sent.length}` };
      });
    },
  };
  return target;
}

/** The source queue: what was put back, in order. */
export interface FakeSource extends SourceQueue {
  readonly changes: VisibilityChange[];
  /** Handles that were acknowledged before the function returned. */
  readonly acknowledged: string[];
  errors: readonly RefusedEntry[];
}

export function fakeSource(): FakeSource {
  const source: FakeSource = {
    changes: [],
    acknowledged: [],
    errors: [],
    async acknowledge(handles) {
      source.acknowledged.push(...handles);
      return [];
    },
    async changeVisibility(changes) {
      source.changes.push(...changes);
      return source.errors;
    },
  };
  return source;
}

/** A guard in memory: completed keys are duplicates, running ones in progress. */
export interface FakeGuard extends IdempotencyGuard, Failing {
  readonly completed: Set<string>;
  readonly running: Map<string, number>;
  readonly runs: { readonly key: string; readonly remainingMs: number }[];
}

export function fakeGuard(clock: Clock): FakeGuard {
  const guard: FakeGuard = {
    failures: 0,
    completed: new Set(),
    running: new Map(),
    runs: [],
    async run(key, remainingMs, effect) {
      guard.runs.push({ key, remainingMs });
      try {
        failNow(guard);
      } catch (error) {
        return { kind: 'unavailable', error };
      }
      if (guard.completed.has(key)) return { kind: 'duplicate' };
      const untilEpochMs = guard.running.get(key);
      if (untilEpochMs !== undefined) return { kind: 'in-progress', untilEpochMs };
      guard.running.set(key, clock.now() + remainingMs);
      try {
        await effect();
        guard.completed.add(key);
        return { kind: 'completed' };
      } catch (error) {
        return { kind: 'failed', error };
      } finally {
        guard.running.delete(key);
      }
    },
  };
  return guard;
}

/** What the kill switch counts, in memory. */
export function memoryCounts(faults = new Faults()): DeadLetterCounts {
  return new MemoryDeadLetterCounts(faults).of('shop-orders');
}

/** A logger that says nothing. */
export const silent = { debug() {}, info() {}, warn() {}, error() {} };
