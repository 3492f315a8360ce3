import type { Random } from '../clock.ts';
import type { CircuitSettings } from '../settings.ts';

/** Spread of the open time, so that environments and circuits do not probe in step. */
const JITTER = 0.1;

/**
 * How long a circuit stays open: `openForMs`, twice as long with each failed probe up to `maxOpenForMs`, ± 10 %. A
 * longer `Retry-After` from the dependency extends it, up to the same cap; the jitter never cuts it short.
 *
 * @param reopened how many probes in a row have failed
 */
export function openTimeMs(
  { openForMs, maxOpenForMs }: CircuitSettings,
  reopened: number,
  retryAfterMs: number | undefined,
  random: Random,
): number {
  const draw = random();
  const own = Math.min(maxOpenForMs, openForMs * 2 ** reopened) * (1 + JITTER * (2 * draw - 1));
  const asked = Math.min(maxOpenForMs, retryAfterMs ?? 0) * (1 + JITTER * draw);
  return Math.max(own, asked);
}
