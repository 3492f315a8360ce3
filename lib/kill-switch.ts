import type { Duration } from 'aws-cdk-lib';

/**
 * When one fault takes many messages (a bad deployment, an expired credential), it is not the messages that are to
 * blame: the kill switch keeps them out of the dead-letter queue, holds the intake and lets one message at a time try.
 */
export interface KillSwitchProps {
  /**
   * Messages that one fault would have sent to the dead-letter queue within the window. 2 to 100,000.
   *
   * @default 10
   */
  readonly minMessages?: number;
  /**
   * Share that they have to be of all messages that were done with meanwhile. 0.01 to 1.
   *
   * @default 0.15
   */
  readonly share?: number;
  /**
   * Window in which messages are counted. 1 millisecond to 1 day.
   *
   * @default Duration.minutes(1)
   */
  readonly window?: Duration;
  /**
   * Time for which the intake is held before one message may try again. 1 millisecond to 1 day.
   *
   * @default Duration.minutes(1)
   */
  readonly openFor?: Duration;
  /**
   * Longest hold: it doubles with each try that fails. At least `openFor`, at most 1 day.
   *
   * @default - 5 minutes, or `openFor` if that is longer
   */
  readonly maxOpenFor?: Duration;
}
