import type { CircuitItem } from '../circuit/shared-item.ts';
import type { IntakeMarker, WakeUp } from './intake-table.ts';
import type { ControlledConsumer } from './settings.ts';

/** A circuit that a consumer needs, with what the tables say of it. */
export interface NeededCircuit {
  readonly name: string;
  readonly key: string;
  readonly item: CircuitItem | undefined;
  readonly wakeUp: WakeUp | undefined;
}

/** How much of its queue a consumer should be given. */
export type DesiredIntake =
  /** Nothing: a circuit is open, or a hold stands. */
  | {
      readonly kind: 'paused';
      readonly causes: readonly string[];
      /** When to look again, if nothing happens before. Epoch milliseconds. */
      readonly until: number;
    }
  /** A little: somebody has to probe, or to see to what expires. */
  | { readonly kind: 'gentle'; readonly why: 'probe' | 'sweep'; readonly until: number | undefined }
  /** What it is set to. */
  | { readonly kind: 'full' };

/**
 * No pause outlasts `retryUntil` less an hour, so that what expires is still there to be moved; Lambda may take a minute
 * to open an event source, and the schedule comes once a minute. Milliseconds.
 */
const PAUSE_MARGIN_MS = 3_600_000 + 120_000;

/** A long pause is interrupted for so long, so that what expires is moved. Milliseconds. */
export const SWEEP_FOR_MS = 120_000;

/**
 * Time between two such interruptions. A message may have been old already when the pause began, and SQS deletes it when
 * its retention ends, whoever is paused: it has to be met between its expiry and that end, so half of what lies between
 * them bounds this, too. Milliseconds.
 */
const SWEEP_EVERY_MS = 1_800_000;

/** Interruptions that follow each other faster than this are no pause. Milliseconds. */
const LEAST_SWEEP_EVERY_MS = 2 * SWEEP_FOR_MS;

function sweepEveryMs({ retentionSeconds, retryUntilSeconds }: ControlledConsumer): number {
  return Math.min(SWEEP_EVERY_MS, (retentionSeconds - retryUntilSeconds) * 500);
}

/** Longest that a pause may last before the intake is opened gently for good. Milliseconds; 0 or less: no pause at all. */
export function longestPauseMs(consumer: ControlledConsumer): number {
  const untilExpiry = consumer.retryUntilSeconds * 1_000 - PAUSE_MARGIN_MS;
  const every = sweepEveryMs(consumer);
  return every < LEAST_SWEEP_EVERY_MS ? Math.min(untilExpiry, every) : untilExpiry;
}

/**
 * What a consumer's intake should be, given what the tables say. Level-triggered: the same facts give the same answer,
 * whatever happened before.
 */
export function desiredIntake(
  consumer: ControlledConsumer,
  circuits: readonly NeededCircuit[],
  marker: IntakeMarker | undefined,
  now: number,
): DesiredIntake {
  const waits = circuits.map((circuit) => waitOf(circuit, now));
  const closedUntil = Math.max(0, ...waits.map((wait) => (wait.kind === 'open' ? wait.until : 0)));
  if (closedUntil > now) {
    const causes = circuits.filter((_circuit, at) => waits[at]?.kind === 'open').map(causeOf);
    return pause(consumer, causes, closedUntil, marker, now);
  }
  if (waits.some(({ kind }) => kind === 'probe')) return { kind: 'gentle', why: 'probe', until: undefined };
  return { kind: 'full' };
}

type Wait = { readonly kind: 'none' | 'probe' } | { readonly kind: 'open'; readonly until: number };

function waitOf({ item, wakeUp }: NeededCircuit, now: number): Wait {
  switch (item?.state) {
    case 'forced-open':
      return { kind: 'open', until: Number.POSITIVE_INFINITY };
    case 'half-open':
      return { kind: 'probe' };
    case 'open': {
      const until = openUntilOf(item, wakeUp?.version === item.version ? wakeUp.seenAt : now);
      return until > now ? { kind: 'open', until } : { kind: 'probe' };
    }
    default:
      return { kind: 'none' };
  }
}

/** When an open circuit may be probed; 0 if it is not open. Nobody waits longer than its open time from when they saw it. */
export function openUntilOf({ state, openUntil = 0, openForMs = 0 }: CircuitItem, seenAt: number): number {
  return state === 'open' ? Math.min(openUntil, seenAt + openForMs) : 0;
}

function causeOf({ name, item }: NeededCircuit): string {
  if (item?.state === 'forced-open') return `${name} is held open`;
  return item?.fingerprint === undefined ? `${name} is open` : `kill switch: ${item.fingerprint}`;
}

function pause(
  consumer: ControlledConsumer,
  causes: readonly string[],
  until: number,
  marker: IntakeMarker | undefined,
  now: number,
): DesiredIntake {
  const longest = longestPauseMs(consumer);
  // A pause goes on while its source is gentle; one that had ended begins anew.
  const pausedAt =
    marker === undefined || marker.phase === 'ramping' || marker.phase === 'settling' ? now : marker.pausedAt;
  const pausedFor = now - pausedAt;
  if (pausedFor >= longest) return { kind: 'gentle', why: 'sweep', until: undefined };
  const every = sweepEveryMs(consumer);
  const round = Math.floor(pausedFor / every);
  const sweepEnds = pausedAt + round * every + SWEEP_FOR_MS;
  if (round > 0 && now < sweepEnds) return { kind: 'gentle', why: 'sweep', until: sweepEnds };
  const nextSweep = pausedAt + Math.min((round + 1) * every, longest);
  return { kind: 'paused', causes, until: Math.min(until, nextSweep) };
}
