import type { Clock } from '../clock.ts';

/** Something that ends at a time, unless it is removed before. The links are the queue's. */
export interface Expiring {
  /** Epoch milliseconds. */
  readonly deadline: number;
  before: Expiring | undefined;
  after: Expiring | undefined;
  /** Called once, at the deadline; it must not throw. */
  expire(now: number): void;
}

/** Ends what is under way at its deadline. */
export interface DeadlineQueue {
  add(entry: Expiring): void;
  /** Forget an entry; one that has expired, or was never added, is left as it is. */
  remove(entry: Expiring): void;
}

/**
 * The alarm is set for no longer than this, so that a process that has nothing left to do lives on for no longer.
 * Milliseconds.
 */
const LONGEST_ALARM_MS = 250;

/**
 * Make a queue of what is under way, by deadline, with one alarm for the first of it. To set a timer for each call and
 * to clear it again takes several times as long as everything else that a policy does. Entries with (nearly) the same
 * time to live go to the end of the queue in the order in which they begin, so adding and removing is a change of two
 * links, and a timer is set a few times a second, however many calls there are. An alarm that finds nothing to do does
 * nothing, and sets no other one.
 *
 * What is due is decided by the clock: alarms ring early (rounding) and late (a Lambda environment that was frozen).
 */
export function deadlineQueue(clock: Clock): DeadlineQueue {
  let first: Expiring | undefined;
  let last: Expiring | undefined;
  let alarmAt = Number.POSITIVE_INFINITY;
  let cancelAlarm = (): void => {};

  function add(entry: Expiring): void {
    let before = last;
    while (before !== undefined && before.deadline > entry.deadline) before = before.before;
    const after = before === undefined ? first : before.after;
    entry.before = before;
    entry.after = after;
    if (before === undefined) first = entry;
    else before.after = entry;
    if (after === undefined) last = entry;
    else after.before = entry;
    if (entry.deadline < alarmAt) setAlarm(entry.deadline);
  }

  function remove(entry: Expiring): void {
    const { before, after } = entry;
    if (before === undefined && first !== entry) return;
    if (before === undefined) first = after;
    else before.after = after;
    if (after === undefined) last = before;
    else after.before = before;
    entry.before = undefined;
    entry.after = undefined;
  }

  function setAlarm(deadline: number): void {
    cancelAlarm();
    const now = clock.now();
    alarmAt = Math.min(deadline, now + LONGEST_ALARM_MS);
    cancelAlarm = clock.after(Math.max(0, alarmAt - now), ring);
  }

  function ring(): void {
    alarmAt = Number.POSITIVE_INFINITY;
    const now = clock.now();
    while (first !== undefined && first.deadline <= now) {
      const due = first;
      remove(due);
      due.expire(now);
    }
    if (first !== undefined && first.deadline < alarmAt) setAlarm(first.deadline);
  }

  return { add, remove };
}
