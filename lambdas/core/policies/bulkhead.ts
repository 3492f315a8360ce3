import type { Clock } from '../clock.ts';
import type { EventSink } from '../events.ts';
import type { Policy } from './policy.ts';
import type { BulkheadSettings } from './settings.ts';
import { type SlotLineStatistics, slotLine } from './slot-line.ts';
import { type SlotCalls, slotCalls } from './slots.ts';

/** Lets a limited number of calls be under way at a time in this process. */
export interface Bulkhead extends Policy, SlotCalls {
  readonly kind: 'bulkhead';
  call: SlotCalls['call'];
  statistics(): SlotLineStatistics;
}

/** Options of {@link bulkheadOn}. */
export interface BulkheadParts {
  readonly name: string;
  /**
   * Read at each call, so that they may change at run time: a higher limit lets in who waits when the next one comes,
   * goes or gives up; a lower one lets those under way finish.
   */
  readonly settings: BulkheadSettings;
  readonly clock: Clock;
  readonly emit: EventSink;
}

/** Make a bulkhead. {@link slotLine} says who waits, for how long, and when who is refused should come back. */
export function bulkheadOn({ name, settings, clock, emit }: BulkheadParts): Bulkhead {
  const line = slotLine({ name, clock, emit, limit: () => settings.maxConcurrent, settings });
  return { kind: 'bulkhead', name, ...slotCalls(line, clock), statistics: line.statistics };
}
