import type { Clock } from './clock.ts';
import type { EventSink } from './events.ts';
import type { QueueMessage } from './message.ts';
import type { SourceQueue, TargetQueue } from './queues.ts';
import type { MessageRecords } from './records.ts';
import type { ConsumerSettings } from './settings.ts';
import type { MoveVerdict, Verdict } from './verdict.ts';

/** A message and what is to become of it. */
export interface Judged<V extends Verdict = Verdict> {
  readonly message: QueueMessage;
  readonly verdict: V;
}

/** What settlement needs. */
export interface SettlementParts {
  readonly settings: ConsumerSettings;
  readonly source: SourceQueue;
  readonly deadLetterQueue: TargetQueue;
  readonly quarantineQueue: TargetQueue;
  readonly records: MessageRecords;
  readonly emit: EventSink;
  readonly clock: Clock;
}

/** What a call to the state table may cost while settling: the function is about to end. Milliseconds. */
export const STORE_PATIENCE_MS = 1_000;

/** Records that are written at a time. */
export const WRITES_AT_A_TIME = 50;

/** A record outlives what it is about by a day. */
export const RECORD_MARGIN_SECONDS = 86_400;

/** A message that is acknowledged or put back: nothing is left to be written or moved. */
export type Committed = Judged<Exclude<Verdict, MoveVerdict>>;
