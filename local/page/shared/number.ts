/** Units of ten to the third, greatest first, and how they are written. */
const UNITS: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** What stands for a value that there is not. */
export const NO_VALUE = '–';

/**
 * Write a number short enough for a chart: three significant digits, thousands as k, M, G and T.
 *
 * @example
 * shortNumber(12_345); // '12.3k'
 */
export function shortNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NO_VALUE;
  const size = Math.abs(value);
  // What rounds up to the next unit is written in it: 999,999 is 1M, not 1000k.
  const unit = UNITS.find(([factor]) => Number((size / factor).toPrecision(3)) >= 1);
  if (unit === undefined || size < 1_000) {
    return trimmed(size >= 100 ? value.toFixed(size % 1 === 0 ? 0 : 1) : significant(value));
  }
  const [factor, sign] = unit;
  return `${trimmed(significant(value / factor))}${sign}`;
}

/** Write a number with all its digits, in groups of three. */
export function fullNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NO_VALUE;
  return value.toLocaleString('en-US', { maximumFractionDigits: 10 });
}

function significant(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 0.001) return value.toExponential(1);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

function trimmed(text: string): string {
  return text.includes('.') && !text.includes('e') ? text.replace(/\.?0+$/, '') : text;
}
