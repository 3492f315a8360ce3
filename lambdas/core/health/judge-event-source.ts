import { desiredIntake, type NeededCircuit } from '../intake/desired.ts';
import type { EventSourceStatus } from '../intake/event-source.ts';
import type { IntakeMarker } from '../intake/intake-table.ts';
import { SETTLED_MS } from '../intake/plan.ts';
import type { HealthFinding } from './health.ts';
import { duration } from './judge-queues.ts';
import type { WatchedConsumer } from './settings.ts';

/** What the state table says of the intake of a consumer. */
export interface IntakeReading {
  readonly circuits: readonly NeededCircuit[];
  readonly marker: IntakeMarker | undefined;
}

/**
 * The intake controller opens a source seconds after its cause is over, and looks every minute in any case; after this it
 * has stopped looking. Milliseconds.
 */
const OPENED_BY_MS = 300_000;

/**
 * Judge an event source. One that the intake controller paused for a cause that lasts is being handled; one that is
 * disabled without its marker was disabled by somebody else, and nobody will enable it.
 *
 * @param source undefined if there is none of that id
 * @param intake undefined if the state table could not be read
 */
export function judgeEventSource(
  consumer: WatchedConsumer,
  source: EventSourceStatus | undefined,
  intake: IntakeReading | undefined,
  now: number,
): HealthFinding {
  if (source === undefined) {
    return { status: 'UNHEALTHY', reason: `there is no event source mapping ${consumer.mappingId}` };
  }
  const modified = source.modifiedAtEpochMs === undefined ? {} : { sinceEpochMs: source.modifiedAtEpochMs };
  const marker = intake?.marker?.mappingId === consumer.mappingId ? intake.marker : undefined;
  switch (source.state) {
    case 'Deleting':
      return { status: 'UNHEALTHY', reason: 'it is being deleted', ...modified };
    case 'Creating':
    case 'Enabling':
      return {
        status: 'DEGRADED',
        reason: `it is being ${source.state === 'Creating' ? 'created' : 'enabled'}`,
        ...modified,
      };
    case 'Enabled':
    case 'Updating':
      return judgeOpen(marker);
    case 'Disabled':
    case 'Disabling':
      if (intake === undefined) {
        const reason =
          'it is disabled, and whether for a cause could not be checked: the state table did not answer';
        return { status: 'DEGRADED', reason, ...modified };
      }
      return marker === undefined
        ? {
            status: 'UNHEALTHY',
            reason: 'it is disabled, and the intake controller did not do it',
            ...modified,
          }
        : judgePaused(consumer, intake.circuits, marker, now);
  }
}

function judgeOpen(marker: IntakeMarker | undefined): HealthFinding {
  switch (marker?.phase) {
    case 'paused':
      return { status: 'DEGRADED', reason: 'it is being paused', sinceEpochMs: marker.pausedAt };
    case 'gentle':
      return {
        status: 'DEGRADED',
        reason: 'it is opened a little, for a probe',
        sinceEpochMs: marker.pausedAt,
      };
    case 'ramping': {
      const reason = 'it is on the way back to full concurrency after a pause';
      return { status: 'DEGRADED', reason, sinceEpochMs: marker.pausedAt };
    }
    default:
      return { status: 'HEALTHY', reason: 'it is enabled' };
  }
}

function judgePaused(
  consumer: WatchedConsumer,
  circuits: readonly NeededCircuit[],
  marker: IntakeMarker,
  now: number,
): HealthFinding {
  if (marker.phase !== 'paused') {
    // What Lambda said may be a little older than the marker.
    if (now - marker.since < SETTLED_MS) {
      return {
        status: 'DEGRADED',
        reason: 'it is being enabled after a pause',
        sinceEpochMs: marker.pausedAt,
      };
    }
    const reason = 'it is disabled, though the intake controller had opened it';
    return { status: 'UNHEALTHY', reason, sinceEpochMs: marker.since, atLatest: true };
  }
  const desired = desiredIntake(consumer, circuits, marker, now);
  const since = { sinceEpochMs: marker.pausedAt };
  if (desired.kind === 'paused') {
    return { status: 'DEGRADED', reason: `it is paused: ${desired.causes.join(', ')}`, ...since };
  }
  if (desired.kind === 'gentle' && desired.why === 'sweep') {
    return { status: 'DEGRADED', reason: 'it is paused, and about to be opened for what expires', ...since };
  }
  const over = Math.max(marker.since, ...circuits.map(({ item }) => endOf(item, now)));
  if (now - over <= OPENED_BY_MS) {
    return { status: 'DEGRADED', reason: 'it is paused, and about to be opened', ...since };
  }
  const reason = `it is paused, though nothing asks for it for ${duration((now - over) / 1_000)}: is the intake controller running?`;
  return { status: 'UNHEALTHY', reason, sinceEpochMs: over + OPENED_BY_MS, atLatest: true };
}

/** When a circuit stopped to ask for a pause, as far as its item tells. Epoch milliseconds, 0 if it does not. */
function endOf(item: NeededCircuit['item'], now: number): number {
  if (item === undefined) return 0;
  const end = item.state === 'open' ? (item.openUntil ?? 0) : item.version;
  return end <= now ? end : 0;
}
