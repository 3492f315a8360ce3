/** State of an event source mapping, as Lambda names it. */
export type EventSourceState =
  | 'Creating'
  | 'Enabling'
  | 'Enabled'
  | 'Disabling'
  | 'Disabled'
  | 'Updating'
  | 'Deleting';

/** An event source mapping, as Lambda describes it. */
export interface EventSourceStatus {
  readonly state: EventSourceState;
  /** Invocations at a time; absent: no limit. */
  readonly maximumConcurrency?: number | undefined;
  /** When it was changed last. Epoch milliseconds; absent where Lambda does not say. */
  readonly modifiedAtEpochMs?: number;
}

/** A change of an event source mapping. */
export interface EventSourceChange {
  readonly enabled?: boolean;
  /** 2 to 1,000; `null` takes the limit away. */
  readonly maximumConcurrency?: number | null;
}

/**
 * The event source mappings of the consumers. Changes take effect seconds to a minute later; meanwhile the mapping is
 * in a state of transition, and Lambda refuses others. Both calls reject when Lambda does not do what was asked.
 */
export interface EventSources {
  /** `undefined` if there is no such mapping. */
  describe(mappingId: string): Promise<EventSourceStatus | undefined>;
  change(mappingId: string, change: EventSourceChange): Promise<void>;
}

/** The least that Lambda lets an event source be limited to. Invocations at a time. */
export const LEAST_CONCURRENCY = 2;
