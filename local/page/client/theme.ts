/** Colours that tell series apart, in the order in which they are used (`--series-1` to `--series-8`). */
const SERIES_COLORS = 8;

/** A colour of the page, as the style sheet says it just now. */
export function pageColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** The style value for a series: its own colour, or the next of the page's. */
export function seriesColor(index: number, own: string | undefined): string {
  return own ?? `var(--series-${(index % SERIES_COLORS) + 1})`;
}

/** The colour of a series for a canvas, which knows no variables. */
export function seriesPaint(index: number, own: string | undefined): string {
  return own ?? pageColor(`series-${(index % SERIES_COLORS) + 1}`);
}

/** A colour with less of itself. `share` is 0 to 1. */
export function faded(color: string, share: number): string {
  return `color-mix(in srgb, ${color} ${Math.round(share * 100)}%, transparent)`;
}

/** Hear of the change between light and dark; what comes back ends it. */
export function onThemeChange(listener: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  dark.addEventListener('change', listener);
  return () => dark.removeEventListener('change', listener);
}
