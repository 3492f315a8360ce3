import { Duration } from 'aws-cdk-lib';
import { type BackoffSettings, DEFAULTS } from '../lambdas/core/settings.ts';

/** Growing delays between the attempts of a message. */
export interface BackoffProps {
  /**
   * Delay after the first failure.
   *
   * @default Duration.seconds(5)
   */
  readonly firstDelay?: Duration;
  /**
   * Longest delay. At least `firstDelay`; with the function's time-out and batching window at most 12 hours.
   *
   * @default Duration.minutes(15)
   */
  readonly cap?: Duration;
  /**
   * Growth from one delay to the next. 1 to 10.
   *
   * @default 2
   */
  readonly base?: number;
}

/**
 * How the attempts of a message are spaced. The delay is the message's visibility timeout, so a waiting message
 * occupies no function.
 *
 * @example
 * const backoff = Backoff.fullJitter({ firstDelay: Duration.seconds(2), cap: Duration.minutes(5) });
 */
export class Backoff {
  /** Always the same delay. */
  static fixed(delay: Duration): Backoff {
    return new Backoff('fixed', { firstDelay: delay, cap: delay, base: 1 });
  }

  /** `firstDelay × base^(attempt − 1)`, at most `cap`. */
  static exponential(props: BackoffProps = {}): Backoff {
    return new Backoff('exponential', props);
  }

  /**
   * An even draw between 0 and the exponential delay: the spread keeps retries from coming back together
   * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
   */
  static fullJitter(props: BackoffProps = {}): Backoff {
    return new Backoff('full-jitter', props);
  }

  /** Strategy. */
  readonly kind: BackoffSettings['kind'];
  /** Delay after the first failure. */
  readonly firstDelay: Duration;
  /** Longest delay. */
  readonly cap: Duration;
  /** Growth from one delay to the next. */
  readonly base: number;

  private constructor(kind: BackoffSettings['kind'], props: BackoffProps) {
    this.kind = kind;
    this.firstDelay = props.firstDelay ?? Duration.millis(DEFAULTS.backoff.firstDelayMs);
    this.cap = props.cap ?? Duration.millis(DEFAULTS.backoff.capMs);
    this.base = props.base ?? DEFAULTS.backoff.base;
  }
}
