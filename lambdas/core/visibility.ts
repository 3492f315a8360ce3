import { LIMITS } from './settings.ts';

/** What decides for how long a message is put back. */
export interface PutBack {
  /** Wished delay. Milliseconds. */
  readonly delayMs: number;
  /** Now. Epoch milliseconds. */
  readonly now: number;
  /** When this receive began. Epoch milliseconds. */
  readonly receivedAt: number;
  /** When the message expires. Epoch milliseconds. */
  readonly expiresAt: number;
  /** Receives so far, this one included. */
  readonly receiveCount: number;
  /** Receives after which SQS itself moves the message to the dead-letter queue. */
  readonly maxReceiveCount: number;
}

/**
 * SQS refuses a visibility that would end later than 12 h after the receive, which may lie before the invocation by the
 * longest batching window, 300 s; and it takes a moment to ask for it.
 */
const VISIBILITY_MARGIN_SECONDS = 360;

/** Receives that are kept for after the expiry: the move to the dead-letter queue may take several tries. */
const RESERVED_RECEIVES = 10;

/**
 * Visibility timeout that puts a message back for a delay. Whole seconds, rounded up.
 *
 * - Past half of the backstop's receives the delay is at least the time left divided by the receives left, so that
 *   deferrals alone never exhaust the backstop before the message expires.
 * - It ends when the message expires at the latest, so that the expiry is acted upon in time; a message that has
 *   expired and could not be moved waits for as long as was wished, or it would come back in a tight loop.
 * - It keeps to SQS's 12 h, counted from the receive.
 */
export function visibilitySeconds(putBack: PutBack): number {
  const { delayMs, now, receivedAt, expiresAt, receiveCount, maxReceiveCount } = putBack;
  const leftMs = Math.max(0, expiresAt - now);
  const receivesLeft = Math.max(1, maxReceiveCount - RESERVED_RECEIVES - receiveCount);
  const floorMs = receiveCount > maxReceiveCount / 2 ? leftMs / receivesLeft : 0;
  const wishedMs = leftMs === 0 ? delayMs : Math.min(Math.max(delayMs, floorMs), leftMs);
  const seconds = Math.ceil(wishedMs / 1_000);
  const elapsedSeconds = Math.ceil(Math.max(0, now - receivedAt) / 1_000);
  const ceiling = LIMITS.maxVisibilitySeconds - VISIBILITY_MARGIN_SECONDS - elapsedSeconds;
  return Math.max(0, Math.min(seconds, ceiling));
}
