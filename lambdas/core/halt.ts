import type { SharedCircuit } from './circuit/shared-circuit-options.ts';
import type { Clock, Random } from './clock.ts';
import type { EventSink } from './events.ts';
import { summarizeError } from './failure.ts';
import type { ReceivedMessage } from './message.ts';
import { within } from './parallel.ts';
import { STORE_PATIENCE_MS } from './settlement-parts.ts';
import { defer, type MoveVerdict, type PutBackVerdict } from './verdict.ts';
import { type Until, untilAnswered } from './waiting.ts';

/** What a halt needs. */
export interface HaltParts {
  readonly intake: Pick<SharedCircuit, 'set' | 'snapshot'>;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly random: Random;
}

/** Longest summary of a hold. */
const LONGEST_SUMMARY = 400;
/** How the summary of a halt begins, by which it is told from an operator's hold. */
const HALTED = 'halted at message ';

/** Whether a hold of the intake is a halt of its queue, by the hold's summary. */
export function isHalt(summary: string | undefined): boolean {
  return summary?.startsWith(HALTED) ?? false;
}

/**
 * Keep a message where it is, at the head of its group, and hold the intake of its queue until an operator resumes it.
 * From there the message goes on with all its attempts. The hold comes first: were it the budget, a message whose hold
 * cannot be written would go on for ever.
 */
export async function haltAt(
  { intake, emit, clock, random }: HaltParts,
  message: ReceivedMessage,
  { envelope }: MoveVerdict,
  until: Until,
): Promise<PutBackVerdict> {
  const { messageId, stableId } = message;
  const { error, firstAttemptAt, history } = envelope;
  const name = error?.name ?? history.at(-1)?.error ?? 'unknown';
  const summary = `${HALTED}${messageId} (${stableId}): ${name}`.slice(0, LONGEST_SUMMARY);
  try {
    const held = intake.set('forced-open', { summary, decidedBy: 'fleet' });
    await within(clock, STORE_PATIENCE_MS, held);
  } catch (thrown) {
    emit({ kind: 'store-error', operation: 'hold the intake', error: summarizeError(thrown), message });
    return defer(message, 'store-unavailable', untilAnswered(random), error);
  }
  emit({ kind: 'halted', message, ...(error === undefined ? {} : { error }) });
  const { retryAtEpochMs = clock.now() } = intake.snapshot();
  const since = firstAttemptAt === undefined ? {} : { firstAttemptAt };
  const fresh = { attempts: 0, history: [], ...since, ...(error === undefined ? {} : { lastError: error }) };
  return { ...defer(message, 'halted', until(retryAtEpochMs), error), record: fresh };
}
