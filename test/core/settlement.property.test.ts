import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FailureEnvelope } from '../../lambdas/core/failure-envelope.ts';
import type { QueueMessage } from '../../lambdas/core/message.ts';
import type { OutgoingMessage, SendResult } from '../../lambdas/core/queues.ts';
import type { MessageRecords } from '../../lambdas/core/records.ts';
import { createSettlement, type Settlement } from '../../lambdas/core/settlement.ts';
import type { MoveVerdict, PutBackVerdict, Verdict } from '../../lambdas/core/verdict.ts';
import {
  consumerSettings,
  eventLog,
  fakeClock,
  idle,
  queueMessage,
  receivedMessage,
  START,
} from './fixtures.ts';

/** What happens to one operation, in the order in which operations are made. */
const FATES = ['works', 'fails', 'loses its reply', 'crashes before', 'crashes after'] as const;
type Fate = (typeof FATES)[number];

const fates = fc.array(fc.constantFrom<Fate>('works', 'works', 'works', 'works', ...FATES.slice(1)), {
  maxLength: 40,
  size: 'max',
});
const kinds = fc.array(fc.constantFrom('move', 'retry', 'done'), {
  minLength: 1,
  maxLength: 12,
  size: 'max',
});

class Failure extends Error {}

/** SQS and the state table, as far as settlement sees them, and a process that can crash at any of its calls. */
function world(tape: readonly Fate[], fifo: boolean) {
  const steps = tape.values();
  const crashed = Promise.withResolvers<'crashed'>();
  const trouble = new Set<string>();
  const begun = new Map<string, FailureEnvelope>();
  const movedTo = new Map<string, string>();
  const charged = new Map<string, number>();
  const arrived: OutgoingMessage[] = [];
  const sends: OutgoingMessage[] = [];
  const deduplicated = new Map<string, string>();
  let alive = true;

  async function operate<T>(subject: string, effect: () => T): Promise<T> {
    if (!alive) return new Promise(() => {});
    const fate = steps.next().value ?? 'works';
    if (fate !== 'works') trouble.add(subject);
    if (fate === 'fails') throw new Failure(fate);
    if (fate === 'crashes before') return crash();
    const result = effect();
    if (fate === 'loses its reply') throw new Failure(fate);
    return fate === 'crashes after' ? crash() : result;
  }

  function crash(): Promise<never> {
    alive = false;
    crashed.resolve('crashed');
    return new Promise(() => {});
  }

  function accept(message: OutgoingMessage): string {
    const { deduplicationId } = message;
    const known = deduplicationId === undefined ? undefined : deduplicated.get(deduplicationId);
    if (known !== undefined) return known;
    arrived.push(message);
    const messageId = `dlq-${arrived.length}`;
    if (deduplicationId !== undefined) deduplicated.set(deduplicationId, messageId);
    return messageId;
  }

  const records: MessageRecords = {
    load: async () => new Map(),
    save: (id, { attempts }) => operate(id, () => void charged.set(id, attempts)),
    startAttempt: async () => {},
    endAttempt: async () => {},
    beginMove: (id, envelope) => operate(id, () => void begun.set(id, envelope)),
    completeMove: (id, { messageId }) => operate(id, () => void movedTo.set(id, messageId)),
  };
  const { emit } = eventLog();
  const settlement: Settlement = createSettlement({
    settings: consumerSettings(fifo ? { queue: { url: 'http://sqs.local/1/orders.fifo' } } : {}),
    source: { acknowledge: async () => [], changeVisibility: async () => [] },
    deadLetterQueue: { name: 'orders-dlq', send },
    quarantineQueue: { name: 'orders-quarantine', send },
    records,
    emit,
    clock: fakeClock(),
  });

  /** Entries of a batch meet fates of their own: SQS takes some and refuses others. */
  async function send(messages: readonly OutgoingMessage[]): Promise<readonly SendResult[]> {
    const results: SendResult[] = [];
    for (const message of messages) {
      sends.push(message);
      try {
        results.push({ ok: true, messageId: await operate(message.body, () => accept(message)) });
      } catch (error) {
        results.push({ ok: false, error: error instanceof Error ? error : new Failure(), refused: false });
      }
    }
    return results;
  }

  return {
    settlement,
    crashed: crashed.promise,
    trouble,
    begun,
    movedTo,
    charged,
    arrived,
    sends,
    deduplicated,
  };
}

type World = ReturnType<typeof world>;

function moveOf(message: QueueMessage, at: number, { begun }: World): MoveVerdict {
  const { messageId } = message;
  const announce = {
    kind: 'dead-lettered',
    message: receivedMessage({ messageId }),
    reason: 'UNKNOWN',
    attempts: 1,
    exhausted: true,
  } as const;
  const fresh: FailureEnvelope = {
    v: 1,
    kind: 'dead-letter',
    reason: 'UNKNOWN',
    stableId: `stable-${messageId}`,
    originalMessageId: messageId,
    originalQueue: 'orders',
    consumer: 'c',
    attempts: 1,
    sentAt: START,
    movedAt: START + at,
    correlationId: 'c',
    history: [],
  };
  const envelope = begun.get(messageId) ?? fresh;
  return {
    kind: 'move',
    about: receivedMessage(),
    target: 'dead-letter',
    envelope,
    regardlessOfStore: false,
    announce,
  };
}

function retryOf(attempts: number): PutBackVerdict {
  return {
    kind: 'put-back',
    about: receivedMessage(),
    delayMs: 1_000,
    record: { attempts, history: [] },
    announce: (delaySeconds) => ({
      kind: 'retried',
      message: receivedMessage(),
      attempt: attempts,
      reason: 'UNKNOWN',
      delaySeconds,
      error: { name: 'Error', message: '', fingerprint: '' },
    }),
  };
}

describe.each([
  ['standard', false],
  ['FIFO', true],
])('whatever happens between any two steps of settling, on a %s queue', (_what, fifo) => {
  it('what is acknowledged has arrived, what is charged is noted, and nothing arrives twice without a reason', async () => {
    await fc.assert(
      fc.asyncProperty(kinds, fc.array(fates, { minLength: 1, maxLength: 4 }), async (given, tapes) => {
        const messages = given.map((kind, at) => ({
          kind,
          message: queueMessage({ messageId: `m-${at}`, body: `m-${at}`, ...(fifo ? { groupId: 'g' } : {}) }),
        }));
        const stages = [...tapes, []];
        const waiting = new Set(messages);
        const troubled = new Set<string>();
        let past: World | undefined;
        for (const [round, tape] of stages.entries()) {
          const now = world(tape, fifo);
          if (past !== undefined) inherit(now, past);
          past = now;
          const judged = [...waiting].flatMap((each) => {
            const { kind, message } = each;
            if (now.movedTo.has(message.messageId)) {
              waiting.delete(each);
              return [];
            }
            const verdict: Verdict =
              kind === 'move'
                ? moveOf(message, round, now)
                : kind === 'retry'
                  ? retryOf((now.charged.get(message.messageId) ?? 0) + 1)
                  : { kind: 'done' };
            return [{ message, verdict }];
          });
          const before = new Map(now.charged);
          const committed = await Promise.race([now.settlement.commit(judged), now.crashed]);
          await idle();
          for (const id of now.trouble) troubled.add(id);
          if (committed === 'crashed') {
            // A crash interrupts all who were on their way.
            for (const { message } of judged) troubled.add(message.messageId);
            continue;
          }
          expect(committed.map(({ message }) => message.messageId).sort()).toEqual(
            judged.map(({ message }) => message.messageId).sort(),
          );
          for (const { message, verdict } of committed) {
            const { messageId } = message;
            const entry = messages.find((each) => each.message === message);
            if (verdict.kind === 'done') {
              if (entry !== undefined) waiting.delete(entry);
              if (entry?.kind === 'move') expect(now.arrived.map(({ body }) => body)).toContain(messageId);
            } else if (verdict.announce(1).kind === 'retried') {
              expect(now.charged.get(messageId)).toBe((before.get(messageId) ?? 0) + 1);
            }
          }
        }
        const { arrived = [], sends = [] } = past ?? {};
        for (const { kind, message } of messages) {
          const copies = arrived.filter(({ body }) => body === message.body);
          if (kind !== 'move') expect(copies).toEqual([]);
          else if (fifo || !troubled.has(message.messageId)) expect(copies).toHaveLength(1);
          else expect(copies.length).toBeGreaterThanOrEqual(1);
          const ids = sends.filter(({ body }) => body === message.body).map((each) => each.deduplicationId);
          expect(new Set(ids).size).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** A new process finds what the former one left. */
function inherit(now: World, { begun, movedTo, charged, arrived, sends, deduplicated }: World): void {
  for (const [id, envelope] of begun) now.begun.set(id, envelope);
  for (const [id, place] of movedTo) now.movedTo.set(id, place);
  for (const [id, attempts] of charged) now.charged.set(id, attempts);
  for (const [id, messageId] of deduplicated) now.deduplicated.set(id, messageId);
  now.arrived.push(...arrived);
  now.sends.push(...sends);
}
