import type { ControlMessage } from './settings.ts';

/** The queue that invokes the intake controller. */
export interface ControlQueue {
  /**
   * Send a message. Rejects when it cannot be sent.
   *
   * @param delaySeconds until it arrives. 0 to 900
   */
  send(message: ControlMessage, delaySeconds?: number): Promise<void>;
}

/** Longest delay of an SQS message. Milliseconds. */
export const LONGEST_DELAY_MS = 900_000;
