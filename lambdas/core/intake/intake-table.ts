import type { CircuitItem } from '../circuit/shared-item.ts';

/**
 * What the controller notes of a consumer whose event source it has taken charge of. It stands before the source is
 * paused and goes after the source has its full concurrency again: a source without one is somebody else's business.
 */
export interface IntakeMarker {
  /**
   * Rises with every change, and begins with the time of day, so that it also rises over a removal: of two runs at a
   * time one is told that it comes late.
   */
  readonly revision: number;
  /** Mapping that it is about; a deployment may put another in its place. */
  readonly mappingId: string;
  /**
   * `paused`: switched off. `gentle`: open for a probe or a sweep. `ramping`: on the way back to what it is set to.
   * `settling`: there again, and watched for a while, since a run that stood still may yet change it.
   */
  readonly phase: 'paused' | 'gentle' | 'ramping' | 'settling';
  /** When the pause began; gentle openings do not end it. Epoch milliseconds. */
  readonly pausedAt: number;
  /** When the phase began. Epoch milliseconds. */
  readonly since: number;
  /** Invocations at a time that were asked for last. */
  readonly concurrency?: number;
}

/** A wake-up that was ordered, so that each is ordered once. */
export interface WakeUp {
  /** What it is about: the key of a circuit, or of a consumer's marker. */
  readonly key: string;
  /** Version of the circuit; a wake-up for an older one is dropped. 0 for a consumer. */
  readonly version: number;
  /** When it comes. Epoch milliseconds. */
  readonly at: number;
  /** When this version was first seen: nobody waits for a clock that was far ahead. Epoch milliseconds. */
  readonly seenAt: number;
}

/** What the tables say, all of it read consistently. */
export interface IntakeRecords {
  readonly circuits: ReadonlyMap<string, CircuitItem>;
  readonly markers: ReadonlyMap<string, IntakeMarker>;
  readonly wakeUps: ReadonlyMap<string, WakeUp>;
}

/** The controller's part of the state table. All calls reject when it does not answer. */
export interface IntakeTable {
  /** @param keys of circuits, for which the wake-ups are read, too; and ids of consumers, for their markers */
  read(keys: { circuits: readonly string[]; consumers: readonly string[] }): Promise<IntakeRecords>;
  /**
   * Put a marker in the place of the one that was read, or take it away.
   *
   * @returns whether it was still there: another run may have been faster
   */
  mark(
    consumerId: string,
    before: IntakeMarker | undefined,
    after: IntakeMarker | undefined,
  ): Promise<boolean>;
  /**
   * Note that a wake-up is ordered.
   *
   * @returns whether it is news: none is noted, or one for an older version, for later, or for a time that has passed
   */
  note(wakeUp: WakeUp, now: number): Promise<boolean>;
}
