import type { Random } from './clock.ts';
import { RANGES } from './ranges.ts';
import type { BackoffSettings } from './settings.ts';
import type { SettingsReader } from './settings-reader.ts';

/**
 * Delay after a failed attempt. Milliseconds.
 *
 * Exponential back-off and full jitter as described in
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
 *
 * @param attempt the attempt that failed, counted from 1
 * @example
 * backoffDelayMs({ kind: 'exponential', firstDelayMs: 5_000, capMs: 900_000, base: 2 }, 3, Math.random); // 20_000
 */
export function backoffDelayMs(settings: BackoffSettings, attempt: number, random: Random): number {
  const { kind, firstDelayMs, capMs } = settings;
  if (kind === 'fixed') return firstDelayMs;
  const ceiling = exponentialDelayMs(settings, attempt);
  return kind === 'full-jitter' ? random() * ceiling : Math.min(capMs, ceiling);
}

/** The delay without jitter: the longest that may be drawn after this attempt. Milliseconds. */
export function exponentialDelayMs({ firstDelayMs, capMs, base }: BackoffSettings, attempt: number): number {
  return Math.min(capMs, firstDelayMs * base ** (attempt - 1));
}

/** {@link BackoffSettings}, with defaults for what is left out; no delay is longer than `longestMs`. */
export function readBackoff(
  reader: SettingsReader,
  defaults: BackoffSettings,
  longestMs: number,
): BackoffSettings {
  const firstDelayMs = reader.number('firstDelayMs', 0, longestMs, defaults.firstDelayMs);
  return {
    kind: reader.oneOf('kind', ['fixed', 'exponential', 'full-jitter'], defaults.kind),
    firstDelayMs,
    capMs: reader.number('capMs', firstDelayMs, longestMs, Math.max(firstDelayMs, defaults.capMs)),
    base: reader.numberIn('base', RANGES.base, defaults.base),
  };
}
