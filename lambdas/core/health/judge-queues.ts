import type { HealthFinding } from './health.ts';
import type { MetricPoint } from './readings.ts';
import type { HealthLimits } from './settings.ts';

/** Why a queue may be old without anybody having failed: its consumer is kept from taking messages. */
export type Excuse = string | undefined;

/** Share of the time until expiry after which no excuse counts. */
const NEAR_EXPIRY = 0.8;

/** Growth is judged over so many minutes. */
const GROWTH_MINUTES = 5;
const MINUTE_MS = 60_000;

/**
 * Judge the age of a queue's oldest message. Where its consumer is paused for a cause that is known, the queue grows old
 * as it should; that is DEGRADED until its messages come near to their expiry.
 */
export function judgeAge(
  points: readonly MetricPoint[],
  { degraded, unhealthy }: HealthLimits,
  { retryUntilSeconds, excuse }: { readonly retryUntilSeconds: number; readonly excuse: Excuse },
): HealthFinding {
  const last = points.at(-1);
  if (last === undefined) return { status: 'HEALTHY', reason: 'SQS reports no age: the queue has been idle' };
  const age = `the oldest message is ${duration(last.value)} old`;
  if (last.value <= degraded) return { status: 'HEALTHY', reason: age };
  const nearExpiry = retryUntilSeconds * NEAR_EXPIRY;
  if (last.value > nearExpiry && last.value > degraded) {
    const reason = `${age}, and messages expire after ${duration(retryUntilSeconds)}`;
    return { status: 'UNHEALTHY', reason, sinceEpochMs: crossed(points, Math.max(degraded, nearExpiry)) };
  }
  if (last.value > unhealthy && excuse === undefined) {
    const reason = `${age}, more than ${duration(unhealthy)}`;
    return { status: 'UNHEALTHY', reason, sinceEpochMs: crossed(points, unhealthy), atLatest: true };
  }
  const because = excuse === undefined ? '' : ` (${excuse})`;
  const reason = `${age}, more than ${duration(degraded)}${because}`;
  return { status: 'DEGRADED', reason, sinceEpochMs: crossed(points, degraded), atLatest: true };
}

/** When the age crossed a limit: the oldest message of the first point above it did so that long before. */
function crossed(points: readonly MetricPoint[], limit: number): number {
  const below = points.findLastIndex(({ value }) => value <= limit);
  const first = points[below + 1];
  return first === undefined ? 0 : first.atEpochMs - (first.value - limit) * 1_000;
}

/** Judge by how much a queue grew in any of the last minutes. */
export function judgeGrowth(
  points: readonly MetricPoint[],
  { degraded, unhealthy }: HealthLimits,
  now: number,
): HealthFinding {
  const last = points.at(-1);
  if (last === undefined)
    return { status: 'HEALTHY', reason: 'SQS reports no messages: the queue has been idle' };
  const recent = growths(points).filter(
    ({ atEpochMs }) => atEpochMs > now - (GROWTH_MINUTES + 1) * MINUTE_MS,
  );
  const holds = `it holds ${messages(last.value)}`;
  const worst = Math.max(0, ...recent.map(({ value }) => value));
  if (worst <= degraded) return { status: 'HEALTHY', reason: holds };
  const limit = worst > unhealthy ? unhealthy : degraded;
  const began = recent.find(({ value }) => value > limit)?.atEpochMs ?? now;
  return {
    status: worst > unhealthy ? 'UNHEALTHY' : 'DEGRADED',
    reason: `${holds}, and grew by ${messages(worst)} within a minute (more than ${limit})`,
    sinceEpochMs: began,
    atLatest: true,
  };
}

/** What a queue gained a minute, from point to point; a gap between points makes no jump. */
function growths(points: readonly MetricPoint[]): readonly MetricPoint[] {
  return points.slice(1).map(({ atEpochMs, value }, at) => {
    const before = points[at];
    if (before === undefined) return { atEpochMs, value: 0 };
    const minutes = Math.max(1, (atEpochMs - before.atEpochMs) / MINUTE_MS);
    return { atEpochMs, value: Math.round((value - before.value) / minutes) };
  });
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

/** A time in its largest unit, rounded down, such as `7 min`. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
