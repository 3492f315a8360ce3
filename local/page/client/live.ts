import { NoAnswerError } from './api.ts';

/** How a loop goes. */
export type LiveState = 'live' | 'lost' | 'paused';

/** What a loop is given. */
export interface LiveOptions {
  /** Time between two looks. Milliseconds. */
  readonly everyMs: number;
  /** Look once; what it throws means that the stack does not answer. */
  look(): Promise<void>;
  onState(state: LiveState): void;
}

/** Time between two looks at a stack that does not answer. Milliseconds. */
const LOST_EVERY_MS = 3_000;

/** A loop that is under way. */
export interface Live {
  /** Look at once. */
  now(): void;
}

/**
 * Look again and again while the page is visible, one look at a time. A hidden page does not ask; once it is seen
 * again it looks at once.
 */
export function live({ everyMs, look, onState }: LiveOptions): Live {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking = false;
  let again = false;

  const run = async (): Promise<void> => {
    clearTimeout(timer);
    if (document.hidden) {
      onState('paused');
      return;
    }
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    let nextMs = everyMs;
    try {
      await look();
      onState('live');
    } catch (error) {
      if (!(error instanceof NoAnswerError)) reportError(error);
      nextMs = LOST_EVERY_MS;
      onState('lost');
    }
    looking = false;
    timer = setTimeout(run, again ? 0 : nextMs);
    again = false;
  };
  document.addEventListener('visibilitychange', () => void run());
  void run();
  return { now: () => void run() };
}
