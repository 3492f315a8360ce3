import { type Duration, Token } from 'aws-cdk-lib';
import type { Observability } from '../../lambdas/core/metric-names.ts';
import { Problems, secondsOf } from '../private/problems.ts';
import type { ResilienceAlarmsOptions } from './alarm-options.ts';
import { closeToExpirySeconds } from './queue-watches.ts';
import type { Watch } from './watch.ts';

const MINUTE_SECONDS = 60;
/** CloudWatch: periods of a minute may look back a day in all. */
const MAX_GRACE_SECONDS = 86_400;

/**
 * Of all that can be watched, what is: what the level has, and what was asked for. A wrong threshold is a problem, and so
 * is an alarm that was asked for whose metric the level has not.
 */
export function chosenWatches(
  watches: readonly Watch[],
  level: Observability,
  problems: Problems,
): readonly Watch[] {
  // Two alarms may have one option, and say the same of it.
  const told = new Set<string>();
  return watches.filter((watch) => {
    const once = told.has(watch.property) ? new Problems() : problems;
    const chosen = isChosen(watch, level, once);
    if (!chosen) told.add(watch.property);
    return chosen;
  });
}

function isChosen(watch: Watch, level: Observability, problems: Problems): boolean {
  const { property, given, threshold, needs } = watch;
  if (threshold === false) return false;
  if (given === undefined) return level === 'full' || level === watch.level;
  if (level === 'off' || (level === 'essential' && needs === 'full')) {
    const rule = `must be left out or false with observability '${level}'`;
    const levels = needs === 'full' ? "observability 'full'" : "observability 'essential' or 'full'";
    problems.add(property, rule, shown(given), `alarm ${watch.id} needs ${levels}`);
    return false;
  }
  return isUsable(watch, threshold, problems);
}

function isUsable({ property, most = Infinity }: Watch, threshold: number, problems: Problems): boolean {
  if (Token.isUnresolved(threshold)) return true;
  if (Number.isFinite(threshold) && threshold >= 0 && threshold <= most) return true;
  const rule = most === Infinity ? 'must be 0 or more' : `must be from 0 to ${most}`;
  problems.add(property, rule, threshold, 'CloudWatch compares it with a count, a share or an age');
  return false;
}

function shown(given: unknown): unknown {
  const isDuration = (value: unknown): value is Duration =>
    typeof value === 'object' && value !== null && 'toSeconds' in value;
  return isDuration(given) ? `${secondsOf(given) ?? 'a token of'} seconds` : given;
}

/** Check the options that set no threshold of their own. */
export function checkTimes(
  options: ResilienceAlarmsOptions,
  retryUntilSeconds: number | undefined,
  problems: Problems,
): void {
  const { recoveryGrace } = options;
  if (recoveryGrace !== undefined && recoveryGrace !== false) {
    const range = { min: MINUTE_SECONDS, max: MAX_GRACE_SECONDS };
    const because = 'CloudWatch looks back over a day at most, minute by minute';
    problems.seconds('recoveryGrace', recoveryGrace, range, because);
  }
  if (options.closeToExpiry === undefined || retryUntilSeconds === undefined) return;
  const left = closeToExpirySeconds(options, retryUntilSeconds);
  if (left === false || left < retryUntilSeconds) return;
  const rule = `must be shorter than retryUntil, which is ${retryUntilSeconds} seconds`;
  problems.add(
    'closeToExpiry',
    rule,
    `${left} seconds`,
    'every message would be close to its expiry at once',
  );
}
