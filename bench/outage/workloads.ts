/** What is sent, and when the dependency is down. Times as they pass in the run. */
export interface Workload {
  readonly name: 'outage' | 'trickle';
  /** How many times faster than in production everything goes. */
  readonly scale: number;
  readonly messages: number;
  /** Time between one message and the next. Milliseconds. */
  readonly everyMs: number;
  /** When the dependency goes down, and when it is back. Milliseconds since the first message. */
  readonly downAtMs: number;
  readonly upAtMs: number;
  /** How long the run waits for the queue to become empty, once everything is sent. Milliseconds. */
  readonly drainLimitMs: number;
}

const OUTAGE_SCALE = 10;
const TRICKLE_SCALE = 60;
const MINUTE_MS = 60_000;

/** Messages that arrive steadily; the dependency is down for the middle third of that time. Ten times faster. */
export function outageWorkload(messages: number, arrivalSeconds: number): Workload {
  const arrivalMs = arrivalSeconds * 1_000;
  return {
    name: 'outage',
    scale: OUTAGE_SCALE,
    messages,
    everyMs: arrivalMs / messages,
    downAtMs: arrivalMs / 3,
    upAtMs: (2 * arrivalMs) / 3,
    drainLimitMs: 120_000,
  };
}

/** A message a minute, and an outage of 30 minutes that begins after 5. Sixty times faster. */
export const trickleWorkload: Workload = {
  name: 'trickle',
  scale: TRICKLE_SCALE,
  messages: 40,
  everyMs: MINUTE_MS / TRICKLE_SCALE,
  downAtMs: (5 * MINUTE_MS) / TRICKLE_SCALE,
  upAtMs: (35 * MINUTE_MS) / TRICKLE_SCALE,
  drainLimitMs: 60_000,
};

/** Key of a message, the same for every contender. */
export function messageKey(at: number): string {
  return `order-${String(at).padStart(5, '0')}`;
}
