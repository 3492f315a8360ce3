import type { Clock, Random } from '../clock.ts';

/** Turns are counted over about this long. Milliseconds. */
const MEMORY_MS = 20_000;

/** Nobody is sent away for longer. Milliseconds. */
const LONGEST_MS = 900_000;

/** Places are given out a little closer than turns come, so that turns do not go unused. */
const HURRY = 0.8;

/** Most environments among which the turns are taken to be shared. */
const MOST_SHARES = 20;

/** Spread around a place, so that environments do not give out the same ones. Milliseconds. */
const JITTER_MS = 1_000;

/** The places of messages that a rate limit refused. */
export interface TurnQueue {
  /** A message got its turn. */
  granted(): void;
  /** When a message that is refused now should come back. `turnMs`: time from one turn to the next. Epoch milliseconds. */
  place(turnMs: number, notBefore: number): number;
}

/**
 * Give each refused message a place behind those that were refused before it. Nobody knows how long the queue is, and
 * environments do not talk about it; but each sees how often its own messages get their turn, and sends the refused ones
 * back at that rate. All environments together then send them back at about the rate of the limit, and a message is
 * received two or three times, however long the backlog is.
 */
export function turnQueue(clock: Clock, random: Random): TurnQueue {
  let since = Number.NaN;
  let turns = 0;
  let countedAt = 0;
  let last = Number.NEGATIVE_INFINITY;
  let lastTurnMs = 0;

  function count(more: number): void {
    const now = clock.now();
    if (Number.isNaN(since)) since = now;
    turns = turns * Math.exp((countedAt - now) / MEMORY_MS) + more;
    countedAt = now;
  }

  return {
    granted: () => count(1),
    place(turnMs, notBefore) {
      count(0);
      // Behind those who were sent away under a slower limit nobody would come for as long as they were sent.
      if (turnMs < lastTurnMs) last = Number.NEGATIVE_INFINITY;
      lastTurnMs = turnMs;
      const seenMs = Math.min(MEMORY_MS, countedAt - since);
      // What was not seen yet is taken to be as the limit allows.
      const expected = turns + (MEMORY_MS - seenMs) / turnMs;
      const ownTurnMs = Math.min(
        Math.max(turnMs, MEMORY_MS / Math.max(expected, 0.01)),
        turnMs * MOST_SHARES,
      );
      last = Math.min(Math.max(last, notBefore) + ownTurnMs * HURRY, countedAt + LONGEST_MS);
      return last + random() * JITTER_MS;
    },
  };
}
