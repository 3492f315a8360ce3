/** Ranges of the six fields: minutes, hours, day of month, month, day of week, year. */
const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [1, 7],
  [1970, 2199],
] as const;
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const HORIZON_DAYS = 366 * 8;

/** Finds the next minute that a cron expression names. */
export type NextCronRun = (afterEpochMs: number) => number | undefined;

/**
 * Parse the six fields of an EventBridge cron expression, UTC: numbers, names, lists, ranges and steps. `L`, `W` and `#`
 * are not understood.
 *
 * @returns `undefined` if a field is not understood
 *
 * @example
 * parseCron('0 12 ? * MON-FRI *'); // noon on weekdays
 */
export function parseCron(fields: string): NextCronRun | undefined {
  const parts = fields.trim().toUpperCase().split(/\s+/);
  if (parts.length !== RANGES.length) return undefined;
  const sets = parts.map((part, index) => parseField(part, index));
  const [minutes, hours, days, months, weekdays, years] = sets;
  if (!minutes || !hours || !days || !months || !weekdays || !years) return undefined;
  return (afterEpochMs) => {
    const first = Math.floor(afterEpochMs / MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    const firstDay = Math.floor(first / DAY_MS) * DAY_MS;
    for (let day = firstDay; day < firstDay + HORIZON_DAYS * DAY_MS; day += DAY_MS) {
      const date = new Date(day);
      const matches =
        years.has(date.getUTCFullYear()) &&
        months.has(date.getUTCMonth() + 1) &&
        days.has(date.getUTCDate()) &&
        weekdays.has(date.getUTCDay() + 1);
      if (!matches) continue;
      for (let time = Math.max(day, first); time < day + DAY_MS; time += MINUTE_MS) {
        const minute = new Date(time);
        if (hours.has(minute.getUTCHours()) && minutes.has(minute.getUTCMinutes())) return time;
      }
    }
    return undefined;
  };
}

function parseField(field: string, index: number): ReadonlySet<number> | undefined {
  const [low, high] = RANGES[index] ?? [0, 0];
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', stepText] = part.split('/');
    const step = stepText === undefined ? 1 : Number(stepText);
    const [fromText = '', toText] = range.split('-');
    const any = range === '*' || range === '?';
    const from = any ? low : toNumber(fromText, index);
    const to =
      any || (toText === undefined && stepText !== undefined) ? high : toNumber(toText ?? fromText, index);
    if (!Number.isInteger(step) || step < 1 || !(from >= low && from <= to && to <= high)) return undefined;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

function toNumber(text: string, index: number): number {
  const names = index === 3 ? MONTHS : index === 4 ? DAYS : [];
  const named = names.indexOf(text);
  return named >= 0 ? named + 1 : /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
