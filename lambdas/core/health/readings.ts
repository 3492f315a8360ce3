import type { Clock } from '../clock.ts';
import { NoAnswerError, within } from '../parallel.ts';

/** One value of a metric. */
export interface MetricPoint {
  /** Start of the minute that it is about. Epoch milliseconds. */
  readonly atEpochMs: number;
  readonly value: number;
}

/** Metrics of a consumer's queues, a point a minute, oldest first; empty where there are none. */
export interface QueuePoints {
  /** Age of the oldest message. Seconds. */
  readonly age: readonly MetricPoint[];
  /** Messages in the dead-letter queue. */
  readonly deadLetters: readonly MetricPoint[];
  /** Messages in the quarantine queue. */
  readonly quarantined: readonly MetricPoint[];
}

/** The queues whose metrics are wanted, by name. */
export interface MeasuredQueues {
  readonly consumerId: string;
  readonly queue: string;
  readonly deadLetterQueue: string;
  readonly quarantineQueue: string;
}

/** Where metrics of queues come from. Rejects when it does not answer, or not with all of them. */
export interface QueueMetrics {
  /** Points by consumer. */
  read(
    consumers: readonly MeasuredQueues[],
    fromEpochMs: number,
    toEpochMs: number,
  ): Promise<ReadonlyMap<string, QueuePoints>>;
}

/** When a source was asked. Epoch milliseconds. */
interface Asked {
  readonly atEpochMs: number;
  /** When it answered, or was given up. */
  readonly untilEpochMs: number;
}

/** What came of asking a source. */
export type Reading<T> = Asked &
  (
    | { readonly kind: 'read'; readonly value: T }
    /** The source did not answer, or with an error. */
    | { readonly kind: 'failed'; readonly error: unknown }
  );

/** How a source is asked. */
export interface SourceOptions<T> {
  readonly clock: Clock;
  /** Ask it. The signal aborts when nobody waits any longer. */
  readonly read: (signal: AbortSignal) => Promise<T>;
  /** How long an answer is good. Milliseconds. */
  readonly goodForMs: (value: T) => number;
  /** How long a failure is. Milliseconds. */
  readonly failedForMs: number;
  /** How long is waited for an answer. Milliseconds. */
  readonly timeoutMs: number;
}

/**
 * A source that is asked by many and answers as few times as it can: who comes while it is being asked waits for that
 * answer.
 *
 * @param after the answer has to be to a question that was asked after this. Epoch milliseconds
 */
export type Source<T> = (after?: number) => Promise<Reading<T>>;

interface Question<T> {
  readonly askedAt: number;
  readonly reading: Promise<Reading<T>>;
  /** Until when the answer is good; while there is none, it is waited for. */
  goodUntil: number;
}

/** Make a source. It never rejects, and answers within `timeoutMs`. */
export function source<T>({ clock, read, goodForMs, failedForMs, timeoutMs }: SourceOptions<T>): Source<T> {
  let last: Question<T> | undefined;

  async function ask(atEpochMs: number): Promise<Reading<T>> {
    const controller = new AbortController();
    try {
      const value = await within(clock, timeoutMs, Promise.resolve(controller.signal).then(read));
      return { kind: 'read', value, atEpochMs, untilEpochMs: clock.now() };
    } catch (error) {
      if (error instanceof NoAnswerError) controller.abort(error);
      return { kind: 'failed', error, atEpochMs, untilEpochMs: clock.now() };
    }
  }

  return (after = Number.NEGATIVE_INFINITY) => {
    const now = clock.now();
    if (last !== undefined && now < last.goodUntil && last.askedAt > after) return last.reading;
    const question: Question<T> = { askedAt: now, reading: ask(now), goodUntil: Number.POSITIVE_INFINITY };
    last = question;
    void question.reading.then((reading) => {
      const goodFor = reading.kind === 'read' ? goodForMs(reading.value) : failedForMs;
      question.goodUntil = reading.untilEpochMs + goodFor;
    });
    return question.reading;
  };
}

/** Why somebody could not be asked: what it is called, and nothing of what it says, which may hold secrets. */
export function failureName(error: unknown): string {
  if (error instanceof NoAnswerError) return error.message;
  if (!(error instanceof Error)) return 'an error';
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  return `${error.name}${code}`.slice(0, 100);
}
