/** Units of durations, longest first. Milliseconds. */
const DURATIONS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 } as const;
/** Units of sizes, largest first. Bytes. */
const SIZES = { MiB: 1_048_576, KiB: 1_024, B: 1 } as const;

/** What a duration looks like, for schemas. */
export const DURATION_PATTERN = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$';
/** What a size looks like, for schemas. */
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)?(B|KiB|MiB)$';

/**
 * Milliseconds of a text such as `500ms`, `5s`, `15m`, `4h` or `1.5d`; `undefined` if it is none.
 *
 * @example
 * durationMs('1.5s'); // 1_500
 */
export function durationMs(text: string): number | undefined {
  return amount(text, DURATIONS);
}

/** Bytes of a text such as `512B`, `256KiB` or `1MiB`; `undefined` if it is none. */
export function sizeBytes(text: string): number | undefined {
  return amount(text, SIZES);
}

/** A duration as it is written, in the largest unit that divides it. */
export function durationText(ms: number): string {
  return written(ms, DURATIONS);
}

/** A size as it is written, in the largest unit that divides it. */
export function sizeText(bytes: number): string {
  return written(bytes, SIZES);
}

function amount(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,15}(?:\.\d{1,15})?)([A-Za-z]+)$/.exec(text) ?? [];
  if (!Object.hasOwn(units, unit)) return undefined;
  const value = Number(digits) * (units[unit] ?? Number.NaN);
  // 0.1 × 60,000 is not quite 6,000 in binary.
  const rounded = Math.round(value);
  return Math.abs(value - rounded) < 1e-6 ? rounded : value;
}

function written(value: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).find(([, size]) => value >= size && value % size === 0);
  const [unit, size] = fitting ?? Object.entries(units).at(-1) ?? ['', 1];
  if (value === 0 && 's' in units) return '0s';
  return `${value / size}${unit}`;
}
