import { CrashError } from './errors.ts';
import { summarizeError } from './failure.ts';
import { type MessageRecord, withCharge } from './records.ts';

/** Clocks of different machines may differ by this much: each may be a second off, either way. Milliseconds. */
export const CLOCK_SKEW_MS = 2_000;

/** What the start of an earlier attempt, which never noted its end, says about a message. */
export type Past =
  /** No such start. */
  | { readonly kind: 'clear'; readonly record: MessageRecord }
  /** The attempt may still be under way somewhere. */
  | { readonly kind: 'under-way'; readonly untilEpochMs: number }
  /**
   * The environment ended while the message was being handled. If it was handled alone, that was its own doing and
   * costs an attempt, which the record has charged.
   */
  | { readonly kind: 'suspect'; readonly record: MessageRecord };

/** Look at the past of a message. */
export function pastOf({ started, ...record }: MessageRecord, now: number): Past {
  if (started === undefined) return { kind: 'clear', record };
  const untilEpochMs = started.endsBy + CLOCK_SKEW_MS;
  if (now < untilEpochMs) return { kind: 'under-way', untilEpochMs };
  if (!started.alone) return { kind: 'suspect', record };
  const error = summarizeError(new CrashError());
  const { name, fingerprint } = error;
  const failure = { at: started.endsBy, reason: 'PROCESSING_ERROR', error: name, fingerprint } as const;
  return { kind: 'suspect', record: withCharge(record, failure, error) };
}
