import { Token } from 'aws-cdk-lib';
import type {
  AdaptiveConcurrencySettings,
  CallSettings,
  RateLimitSettings,
  RetrySettings,
} from '../../lambdas/core/policies/settings.ts';
import { MOST_CALLS_PER_MS, RANGES, type Range } from '../../lambdas/core/ranges.ts';
import { NAME, NAME_RULE } from './names.ts';
import { format, inSeconds, type Problems } from './problems.ts';

const unit = 'milliseconds';
const WAIT = { ...RANGES.callWait, unit };
const TIMEOUT = { ...RANGES.callTimeout, unit };
const PERIOD = { ...RANGES.ratePeriod, unit };
const ENDS = 'a function ends after 15 minutes';

/** Check the policies around the calls through one circuit. A handler of the function has `handlerMs`, if that is known. */
export function checkCalls(
  at: string,
  calls: CallSettings,
  handlerMs: number | undefined,
  problems: Problems,
): void {
  const { timeoutMs, totalTimeoutMs, retry, rateLimit, bulkhead, adaptiveConcurrency } = calls;
  checkTimeouts(at, { timeoutMs, totalTimeoutMs }, handlerMs, problems);
  if (retry !== undefined) checkRetry(`${at}.retry`, retry, problems);
  if (rateLimit !== undefined) checkRateLimit(`${at}.rateLimit`, rateLimit, problems);
  if (bulkhead !== undefined) {
    const calledAtATime = 'it counts calls under way';
    const { maxConcurrent }: Partial<typeof bulkhead> = bulkhead;
    if (maxConcurrent === undefined)
      problems.add(`${at}.bulkhead.maxConcurrent`, 'must be given', maxConcurrent, calledAtATime);
    problems.integer(`${at}.bulkhead.maxConcurrent`, maxConcurrent, RANGES.calls, calledAtATime);
    checkWaiting(`${at}.bulkhead`, bulkhead, problems);
  }
  if (adaptiveConcurrency === undefined) return;
  checkAdaptive(`${at}.adaptiveConcurrency`, adaptiveConcurrency, problems);
  if (bulkhead === undefined) return;
  const because = 'both say how many calls may be under way';
  problems.add(`${at}.adaptiveConcurrency`, 'must be left out with bulkhead', 'both', because);
}

function checkTimeouts(
  at: string,
  { timeoutMs, totalTimeoutMs }: { timeoutMs: number | undefined; totalTimeoutMs: number | undefined },
  handlerMs: number | undefined,
  problems: Problems,
): void {
  for (const [name, value] of [
    ['timeout', timeoutMs],
    ['totalTimeout', totalTimeoutMs],
  ] as const) {
    const usable = problems.integer(`${at}.${name}`, value, TIMEOUT, ENDS);
    if (!usable || value === undefined || handlerMs === undefined || Token.isUnresolved(value)) continue;
    if (value < handlerMs) continue;
    const rule = `must be less than the time of a handler, ${inSeconds(handlerMs)}`;
    const because = "a handler is stopped before its function's time-out, and the call with it";
    problems.add(`${at}.${name}`, rule, value / 1_000, because);
  }
  if (timeoutMs === undefined || totalTimeoutMs === undefined) return;
  if (Token.isUnresolved(timeoutMs) || Token.isUnresolved(totalTimeoutMs) || totalTimeoutMs >= timeoutMs)
    return;
  const rule = `must be at least timeout, ${inSeconds(timeoutMs)}`;
  problems.add(`${at}.totalTimeout`, rule, totalTimeoutMs / 1_000, 'it bounds every attempt');
}

function checkRetry(at: string, retry: RetrySettings, problems: Problems): void {
  const { attempts, firstDelayMs, capMs, base, budget } = retry;
  problems.integer(`${at}.attempts`, attempts, RANGES.attempts, 'each is a call to the dependency');
  problems.integer(`${at}.firstDelay`, firstDelayMs, WAIT, ENDS);
  problems.integer(`${at}.cap`, capMs, WAIT, ENDS);
  checkRange(`${at}.base`, base, RANGES.base, 'delays do not shrink, nor jump to the cap', problems);
  if (!Token.isUnresolved(capMs) && !Token.isUnresolved(firstDelayMs) && capMs < firstDelayMs) {
    const rule = `must be at least firstDelay, ${inSeconds(firstDelayMs)}`;
    problems.add(`${at}.cap`, rule, capMs / 1_000, 'it is the longest delay');
  }
  if (budget === false) return;
  const tokens = 'it counts repetitions';
  checkRange(`${at}.budget.capacity`, budget.capacity, RANGES.tokens, tokens, problems);
  checkRange(`${at}.budget.perSecond`, budget.perSecond, RANGES.tokensPerSecond, tokens, problems);
  checkRange(
    `${at}.budget.perCall`,
    budget.perCall,
    RANGES.tokensPerCall,
    'it is a share of the calls',
    problems,
  );
}

function checkRateLimit(at: string, rateLimit: RateLimitSettings, problems: Problems): void {
  const { limit, perMs, burst, shards, maxWaitMs, part } = rateLimit;
  checkRange(`${at}.limit`, limit, RANGES.calls, 'it counts calls in each period', problems);
  const usable = problems.integer(`${at}.per`, perMs, PERIOD, 'calls are counted for a while, a day at most');
  if (
    usable &&
    !Token.isUnresolved(perMs) &&
    !Token.isUnresolved(limit) &&
    limit > perMs * MOST_CALLS_PER_MS
  ) {
    const rule = `must be at most ${MOST_CALLS_PER_MS} for each millisecond of per, ${format(perMs * MOST_CALLS_PER_MS)}`;
    problems.add(`${at}.limit`, rule, limit, 'calls are given places in whole microseconds');
  }
  // By default they are equal, and so is what is wrong with them.
  if (burst !== limit)
    checkRange(`${at}.burst`, burst, RANGES.calls, 'one call is made at a time at least', problems);
  problems.integer(`${at}.shards`, shards, RANGES.shards, 'each is an item of the state table');
  problems.integer(`${at}.maxWait`, maxWaitMs, WAIT, ENDS);
  if (part === undefined) return;
  checkRange(`${at}.part.share`, part.share, RANGES.part, 'it is a share of the limit', problems);
  if (Token.isUnresolved(part.name) || NAME.test(part.name)) return;
  problems.add(`${at}.part.name`, NAME_RULE, part.name, 'it is part of a key of the state table');
}

function checkAdaptive(at: string, adaptive: AdaptiveConcurrencySettings, problems: Problems): void {
  const { initial, min, max, latencyMs, decrease } = adaptive;
  const calledAtATime = 'it counts calls under way';
  problems.integer(`${at}.min`, min, RANGES.calls, calledAtATime);
  problems.integer(`${at}.max`, max, RANGES.calls, calledAtATime);
  problems.integer(`${at}.latency`, latencyMs, TIMEOUT, ENDS);
  checkRange(`${at}.decrease`, decrease, RANGES.decrease, 'it is what is left of the limit', problems);
  checkWaiting(at, adaptive, problems);
  if ([initial, min, max].some((value) => Token.isUnresolved(value))) return;
  if (min > max) problems.add(`${at}.max`, `must be at least min, ${min}`, max, 'it bounds the limit');
  else problems.integer(`${at}.initial`, initial, { min, max }, 'the limit begins within its bounds');
}

function checkWaiting(
  at: string,
  { maxQueued, maxWaitMs }: { readonly maxQueued: number; readonly maxWaitMs: number },
  problems: Problems,
): void {
  problems.integer(`${at}.maxQueued`, maxQueued, RANGES.queuedCalls, 'it counts calls that wait');
  problems.integer(`${at}.maxWait`, maxWaitMs, WAIT, ENDS);
}

function checkRange(
  property: string,
  value: number,
  { min, max }: Range,
  because: string,
  problems: Problems,
): void {
  if (Token.isUnresolved(value) || (value >= min && value <= max)) return;
  problems.add(property, `must be a number from ${min} to ${max}`, value, because);
}
