import type { Clock } from './clock.ts';
import type { EventSink } from './events.ts';
import { summarizeError } from './failure.ts';
import type { ReceivedMessage } from './message.ts';
import { within } from './parallel.ts';
import type { AttemptStart, MessageRecord, MessageRecords } from './records.ts';
import type { ConsumerSettings } from './settings.ts';
import { RECORD_MARGIN_SECONDS, STORE_PATIENCE_MS } from './settlement-parts.ts';

/**
 * Notes that attempts start and end, so that one that ends with its environment leaves a trace. A first receive is
 * handled without them: the healthy path writes nothing, and what crashes on it is noted from the second receive on.
 * A note that cannot be taken is told; the attempt is made all the same, and what leaves no trace costs nothing.
 */
export interface AttemptNotes {
  /** Note a start. */
  begin(message: ReceivedMessage, record: MessageRecord, start: AttemptStart): Promise<void>;
  /** Note the end. */
  end(message: ReceivedMessage): Promise<void>;
}

/** What notes are taken with. */
export interface AttemptNotesParts {
  readonly settings: ConsumerSettings;
  readonly records: MessageRecords;
  readonly emit: EventSink;
  readonly clock: Clock;
}

/** Take notes in the state table. */
export function attemptNotes({ settings, records, emit, clock }: AttemptNotesParts): AttemptNotes {
  const lifetimeMs = (settings.queue.retentionSeconds + RECORD_MARGIN_SECONDS) * 1_000;

  async function note(operation: string, message: ReceivedMessage, write: Promise<void>): Promise<void> {
    try {
      await within(clock, STORE_PATIENCE_MS, write);
    } catch (error) {
      emit({ kind: 'store-error', operation, error: summarizeError(error), message });
    }
  }

  return {
    async begin(message, record, start) {
      const { messageId, receiveCount } = message;
      if (receiveCount <= 1) return;
      const write = records.startAttempt(messageId, record, start, clock.now() + lifetimeMs);
      await note('note the start of an attempt', message, write);
    },
    async end(message) {
      const { messageId, receiveCount } = message;
      if (receiveCount <= 1) return;
      await note(
        'note the end of an attempt',
        message,
        records.endAttempt(messageId, clock.now() + lifetimeMs),
      );
    },
  };
}
