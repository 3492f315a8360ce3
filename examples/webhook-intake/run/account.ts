import type { LocalQueue, StoredMessage } from 'spillway/local';
import { FAILURE_ATTRIBUTE, type FailureEnvelope } from 'spillway/runtime';
import { DELIVERY_ATTRIBUTE } from '../headers.ts';
import type { Delivery } from './deliveries.ts';
import { completed, type LedgerCall } from './ledger.ts';

/** Counts by reason. */
export type ByReason = Readonly<Record<string, number>>;

/** Where every message of a run ended, and what the tracker got to see. */
export interface Account {
  /** Deliveries that the intake accepted. */
  readonly sent: number;
  /** Effects: distinct keys that the tracker completed. */
  readonly handled: number;
  /** Deliveries whose effect another delivery had brought about. */
  readonly duplicates: number;
  readonly quarantined: ByReason;
  readonly deadLettered: ByReason;
  /** Deliveries that are in no queue and whose effect did not happen. */
  readonly lost: number;
  /** Calls that reached the tracker, and those beyond the first of their key. */
  readonly calls: number;
  readonly repeatedCalls: number;
  /** Calls that completed although a call for the same key had completed before. */
  readonly duplicateEffects: number;
  /** Deliveries that did not end where they should have. */
  readonly misplaced: readonly string[];
}

/** The queues that a message can be in. */
export interface PhysicalQueues {
  readonly source: LocalQueue;
  readonly deadLetter: LocalQueue;
  readonly quarantine: LocalQueue;
}

/**
 * Take stock. It rests on the ids that were sent, on the tracker's ledger, and on what physically lies in the
 * queues; the consumer's own counters are not asked.
 */
export async function account(
  sent: readonly Delivery[],
  calls: readonly LedgerCall[],
  queues: PhysicalQueues,
): Promise<Account> {
  const quarantined = await reasonsById(queues.quarantine);
  const deadLettered = await reasonsById(queues.deadLetter);
  const waiting = new Set((await queues.source.messages()).map(deliveryId));
  const effects = new Set(calls.filter(completed).map(({ idempotencyKey }) => idempotencyKey));
  const accountedEffects = new Set<string>();
  const tally = { handled: 0, duplicates: 0, lost: 0 };
  const misplaced: string[] = [];
  for (const { id, event, key, expected } of sent) {
    const place =
      quarantined.get(id) ?? deadLettered.get(id) ?? (waiting.has(id) ? 'source queue' : undefined);
    if (place === undefined) {
      if (!effects.has(key)) tally.lost += 1;
      else if (accountedEffects.has(key)) tally.duplicates += 1;
      else tally.handled += 1;
      accountedEffects.add(key);
    }
    if ((place ?? 'handled') !== expected)
      misplaced.push(`${id} (${event}): expected ${expected}, is ${place ?? 'handled'}`);
  }
  return {
    sent: sent.length,
    ...tally,
    quarantined: countByReason(quarantined),
    deadLettered: countByReason(deadLettered),
    ...callCounts(calls),
    misplaced,
  };
}

function callCounts(
  calls: readonly LedgerCall[],
): Pick<Account, 'calls' | 'repeatedCalls' | 'duplicateEffects'> {
  const keys = new Set(calls.map(({ idempotencyKey }) => idempotencyKey));
  const effects = calls.filter(completed);
  const effectKeys = new Set(effects.map(({ idempotencyKey }) => idempotencyKey));
  return {
    calls: calls.length,
    repeatedCalls: calls.length - keys.size,
    duplicateEffects: effects.length - effectKeys.size,
  };
}

/** Reason of each delivery in a queue of set-aside messages. One that lies there twice is told apart by its name. */
async function reasonsById(queue: LocalQueue): Promise<ReadonlyMap<string, string>> {
  const reasons = new Map<string, string>();
  for (const message of await queue.messages()) {
    const id = deliveryId(message);
    reasons.set(reasons.has(id) ? `${id} (again, as ${message.messageId})` : id, reasonOf(message));
  }
  return reasons;
}

function deliveryId({ messageAttributes, messageId }: StoredMessage): string {
  return messageAttributes[DELIVERY_ATTRIBUTE]?.StringValue ?? `message ${messageId}`;
}

function reasonOf({ messageAttributes }: StoredMessage): string {
  const text = messageAttributes[FAILURE_ATTRIBUTE]?.StringValue;
  if (text === undefined) return 'NO_ENVELOPE';
  const { reason }: Pick<FailureEnvelope, 'reason'> = JSON.parse(text);
  return reason;
}

function countByReason(reasons: ReadonlyMap<string, string>): ByReason {
  const counts: Record<string, number> = {};
  for (const reason of reasons.values()) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** Sum of counts by reason. */
export function total(counts: ByReason): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
