import type { Clock } from '../core/clock.ts';
import type { FailureEnvelope } from '../core/failure-envelope.ts';
import type { MessageAttribute } from '../core/message.ts';
import type { OutgoingMessage, SendResult, TargetQueue } from '../core/queues.ts';
import { FAILURE_ATTRIBUTE } from '../core/settings.ts';
import type { Faults, FaultTarget } from './faults.ts';

/** A message that lies in the dead-letter or quarantine queue. */
export interface StoredMessage {
  /** Id that the queue gave it. */
  readonly messageId: string;
  /** Body, as it was received. */
  readonly body: string;
  /** Message attributes: its own, and the failure envelope's where it had room. */
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  /** Message group. */
  readonly groupId: string | undefined;
  /** Failure envelope that it carries; `undefined` where it had no room for one. */
  readonly envelope: FailureEnvelope | undefined;
}

/** SQS discards a send whose deduplication id it saw within this time. Milliseconds. */
const DEDUPLICATION_MS = 300_000;

/** A queue in memory that messages are moved to. */
export class MemoryQueue {
  readonly messages: StoredMessage[] = [];
  readonly #seen = new Map<string, { readonly messageId: string; readonly at: number }>();
  readonly #target: FaultTarget;
  readonly #faults: Faults;
  readonly #clock: Clock;

  constructor(target: FaultTarget, faults: Faults, clock: Clock) {
    this.#target = target;
    this.#faults = faults;
    this.#clock = clock;
  }

  named(name: string): TargetQueue {
    return { name, send: async (messages) => messages.map((each) => this.#send(name, each)) };
  }

  #send(name: string, message: OutgoingMessage): SendResult {
    const error = this.#faults.next(this.#target);
    if (error !== undefined) return { ok: false, error, refused: false };
    const { body, attributes, groupId, deduplicationId } = message;
    const now = this.#clock.now();
    const seen = deduplicationId === undefined ? undefined : this.#seen.get(`${name}\n${deduplicationId}`);
    if (seen !== undefined && now - seen.at < DEDUPLICATION_MS) {
      return { ok: true, messageId: seen.messageId };
    }
    const messageId = `${name}-${this.messages.length + 1}`;
    this.messages.push({ messageId, body, attributes, groupId, envelope: envelopeIn(attributes) });
    if (deduplicationId !== undefined) this.#seen.set(`${name}\n${deduplicationId}`, { messageId, at: now });
    return { ok: true, messageId };
  }
}

function envelopeIn(attributes: StoredMessage['attributes']): FailureEnvelope | undefined {
  const text = attributes[FAILURE_ATTRIBUTE]?.stringValue;
  return text === undefined ? undefined : JSON.parse(text);
}
