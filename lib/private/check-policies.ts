import { Token } from 'aws-cdk-lib';
import { longestWaitMs, RECEIVES_TO_SPARE, receivesFor } from '../../lambdas/core/configuration/schedule.ts';
import { OBSERVABILITY_LEVELS } from '../../lambdas/core/metric-names.ts';
import { RANGES } from '../../lambdas/core/ranges.ts';
import {
  type ConsumerSettings,
  LIMITS,
  ON_EXHAUSTED,
  settlingReserveMs,
} from '../../lambdas/core/settings.ts';
import type { ResilientQueue } from '../resilient-queue.ts';
import { checkCircuits, checkKillSwitch } from './check-circuits.ts';
import { checkScreening } from './check-screening.ts';
import { NAME, NAME_RULE } from './names.ts';
import { format, inSeconds, type Problems } from './problems.ts';
import { literal } from './queue-facts.ts';

const ATTEMPTS_RULE = 'each attempt costs a receive, of which SQS counts at most 1,000';
const UNBOUNDED = Number.POSITIVE_INFINITY;

/** Times of a consumer's function, as far as they are known. */
export interface FunctionTimes {
  /** Its time-out. Seconds. */
  readonly timeout: number | undefined;
  /** Its batching window. Seconds. */
  readonly window: number;
}

/** Check attempts, back-off, deadline, screening, circuits and kill switch, each by itself and against the queue. */
export function checkPolicies(
  settings: ConsumerSettings,
  queue: ResilientQueue,
  { timeout, window }: FunctionTimes,
  problems: Problems,
): void {
  const { consumerId, idempotencyScope, concurrency } = settings;
  if (!Token.isUnresolved(consumerId) && !NAME.test(consumerId)) {
    problems.add('consumerId', NAME_RULE, consumerId, 'it is part of keys, of IAM conditions and of metrics');
  }
  if (
    idempotencyScope !== undefined &&
    !Token.isUnresolved(idempotencyScope) &&
    !NAME.test(idempotencyScope)
  ) {
    problems.add('idempotencyScope', NAME_RULE, idempotencyScope, 'it is part of keys and of IAM conditions');
  }
  problems.integer('concurrency', concurrency, RANGES.concurrency, 'a batch has at most 10,000 messages');
  checkAttempts(settings, queue, problems);
  // A receive holds a message for so long before it is put back.
  checkBackoff(settings, (timeout ?? 0) + window, problems);
  checkDeadline(settings, problems);
  checkScreening(settings, problems);
  const handlerMs = timeout === undefined ? undefined : timeout * 1_000 - settlingReserveMs(timeout * 1_000);
  checkCircuits(settings, handlerMs, problems);
  checkKillSwitch(settings, problems);
  checkExhausted(settings, problems);
  checkObservability(settings, problems);
}

function checkAttempts(settings: ConsumerSettings, queue: ResilientQueue, problems: Problems): void {
  const { max, byReason } = settings.attempts;
  const usable = problems.integer('attempts.max', max, RANGES.attempts, ATTEMPTS_RULE);
  for (const [reason, attempts] of Object.entries(byReason)) {
    problems.integer(`attempts.byReason.${reason}`, attempts, RANGES.attempts, ATTEMPTS_RULE);
  }
  const backstop = literal(queue.facts.maxReceiveCount);
  if (!usable || Token.isUnresolved(max) || backstop === undefined) return;
  const forAttempts = {
    least: receivesFor(max),
    rule: `with ${max} attempts: twice the attempts and ${RECEIVES_TO_SPARE}`,
    because:
      'deferrals and receives without a trace count for SQS too, and it moves a message that has used them up',
  };
  const forSpan = spanRule(settings.retryUntilSeconds);
  const { least, rule, because } =
    forSpan === undefined || forSpan.least < forAttempts.least ? forAttempts : forSpan;
  if (backstop >= least) return;
  problems.add('queue.maxReceiveCount', `must be at least ${least} ${rule}`, backstop, because);
}

/**
 * Past half of the receives the runtime spreads those that are left over the time that is left; each can hide a message
 * for 12 hours at the most.
 */
function spanRule(retryUntilSeconds: number): { least: number; rule: string; because: string } | undefined {
  if (Token.isUnresolved(retryUntilSeconds)) return undefined;
  return {
    least: 2 * (Math.ceil(retryUntilSeconds / LIMITS.maxVisibilitySeconds) + RECEIVES_TO_SPARE + 1),
    rule: `to last for a retryUntil of ${format(retryUntilSeconds)} seconds`,
    because: 'SQS hides a message for at most 12 hours from each receive',
  };
}

function checkBackoff(settings: ConsumerSettings, heldSeconds: number, problems: Problems): void {
  const { firstDelayMs, capMs, base } = settings.backoff;
  const unit = 'milliseconds';
  const because = 'the delay is a visibility timeout';
  problems.integer('backoff.firstDelay', firstDelayMs, { min: 0, max: UNBOUNDED, unit }, because);
  problems.integer('backoff.cap', capMs, { min: 0, max: UNBOUNDED, unit }, because);
  if (!Token.isUnresolved(base) && !(base >= RANGES.base.min && base <= RANGES.base.max)) {
    problems.add(
      'backoff.base',
      `must be from ${RANGES.base.min} to ${RANGES.base.max}`,
      base,
      'delays do not shrink, nor jump to the cap',
    );
  }
  if (Token.isUnresolved(capMs)) return;
  if (!Token.isUnresolved(firstDelayMs) && capMs < firstDelayMs) {
    const rule = `must be at least backoff.firstDelay, ${inSeconds(firstDelayMs)}`;
    problems.add('backoff.cap', rule, capMs / 1_000, 'it is the longest delay');
  }
  const longest = (LIMITS.maxVisibilitySeconds - heldSeconds) * 1_000;
  if (capMs <= longest) return;
  problems.add(
    'backoff.cap',
    `must be at most ${inSeconds(longest)}: 12 hours less the function's time-out and batching window`,
    capMs / 1_000,
    'SQS hides a message for at most 12 hours from its receive, the time it was collected and worked on included',
  );
}

function checkDeadline(settings: ConsumerSettings, problems: Problems): void {
  const { retryUntilSeconds } = settings;
  const range = { min: 1, max: UNBOUNDED, unit: 'seconds' };
  const usable = problems.integer('retryUntil', retryUntilSeconds, range, 'SQS counts whole seconds');
  if (!usable || Token.isUnresolved(retryUntilSeconds)) return;
  const schedule = longestScheduleMs(settings);
  if (schedule === undefined || schedule < retryUntilSeconds * 1_000) return;
  problems.add(
    'backoff',
    `must have all delays of ${settings.attempts.max} attempts within retryUntil, ${format(retryUntilSeconds)} seconds`,
    Math.ceil(schedule / 1_000),
    'a message that expires leaves attempts unused, and its retention bounds it',
  );
}

function checkExhausted({ onExhausted, queue }: ConsumerSettings, problems: Problems): void {
  if (!ON_EXHAUSTED.includes(onExhausted)) {
    const because = 'a message that failed for good is dead-lettered, or its queue halts';
    problems.add('onExhausted', `must be one of ${ON_EXHAUSTED.join(', ')}`, onExhausted, because);
  }
  if (onExhausted !== 'halt' || queue.fifo) return;
  const rule = "must be 'dead-letter' for a standard queue";
  problems.add('onExhausted', rule, onExhausted, 'a standard queue has no order to keep');
}

function checkObservability({ observability }: ConsumerSettings, problems: Problems): void {
  if (OBSERVABILITY_LEVELS.includes(observability)) return;
  const because = 'at any other level there would be no alarm, and nothing would say so';
  problems.add('observability', `must be one of ${OBSERVABILITY_LEVELS.join(', ')}`, observability, because);
}

/**
 * Check that a message whose last receive crashed comes back before SQS deletes it, with the visibility timeout as it
 * ends up.
 */
export function checkRetention(settings: ConsumerSettings, queue: ResilientQueue, problems: Problems): void {
  const { retryUntilSeconds } = settings;
  const retention = literal(queue.facts.retention);
  const visibility = queue.visibilitySeconds() ?? 0;
  if (Token.isUnresolved(retryUntilSeconds) || retention === undefined || visibility >= retention) return;
  const longest = retention - Math.max(visibility, 1);
  if (retryUntilSeconds <= longest) return;
  problems.add(
    'retryUntil',
    `must be at most ${format(longest)} seconds: the queue's retention of ${format(retention)} less its visibility timeout of ${format(visibility)}`,
    retryUntilSeconds,
    'a crash hides a message for that long, and SQS deletes what is older than its retention without moving it to the dead-letter queue',
  );
}

/** Longest time that a message spends waiting between its attempts. */
export function longestScheduleMs(settings: ConsumerSettings): number | undefined {
  const { firstDelayMs, capMs, base } = settings.backoff;
  const { max } = settings.attempts;
  if ([firstDelayMs, capMs, base, max].some((value) => Token.isUnresolved(value))) return undefined;
  return longestWaitMs(settings.backoff, Math.min(max, RANGES.attempts.max));
}
