import type { MessageRecord } from './records.ts';
import type { AttemptSettings, FailureReason } from './settings.ts';

/** What a budget looks at of a record. */
type Spent = Pick<MessageRecord, 'attempts' | 'history'>;

/** Whether the attempts are used up: all of them, or those for this reason as far as the history goes back. */
export function isExhausted(
  { max, byReason }: AttemptSettings,
  { attempts, history }: Spent,
  reason: FailureReason,
): boolean {
  const forReason = history.filter((attempt) => attempt.reason === reason).length;
  return attempts >= max || forReason >= (byReason[reason] ?? max);
}

/** What the last attempt failed for. */
export function lastReasonOf({ history }: Pick<MessageRecord, 'history'>): FailureReason {
  return history.at(-1)?.reason ?? 'UNKNOWN';
}

/** Give so much back that one attempt is left. */
export function withOneLeft<Record extends Spent>(limits: AttemptSettings, record: Record): Record {
  const attempts = Math.min(record.attempts, limits.max) - 1;
  let { history } = record;
  while (isExhausted(limits, { attempts, history }, lastReasonOf({ history })))
    history = history.slice(0, -1);
  return { ...record, attempts, history };
}
