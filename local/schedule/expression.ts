import { type NextCronRun, parseCron } from './cron.ts';

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Parse a schedule expression of EventBridge: `rate(5 minutes)`, `cron(0 12 * * ? *)`, `at(2030-01-01T00:00:00)`.
 *
 * @returns a function from a time to the next run after it, or `undefined` if the expression is not understood
 */
export function parseSchedule(expression: string): NextCronRun | undefined {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  if (rate !== null) {
    const [, count, unit = ''] = rate;
    const intervalMs = Number(count) * (UNIT_MS[unit] ?? 0);
    return intervalMs > 0 ? (after) => after + intervalMs : undefined;
  }
  const at = /^at\((.+)\)$/.exec(expression);
  if (at !== null) {
    const time = Date.parse(`${at[1]}Z`);
    return Number.isNaN(time) ? undefined : (after) => (time > after ? time : undefined);
  }
  const cron = /^cron\((.+)\)$/.exec(expression);
  return cron?.[1] === undefined ? undefined : parseCron(cron[1]);
}
