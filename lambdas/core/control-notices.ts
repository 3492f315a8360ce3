import type { Clock } from './clock.ts';
import type { EventSink } from './events.ts';
import { summarizeError } from './failure.ts';
import type { ControlQueue } from './intake/control-queue.ts';
import { within } from './parallel.ts';

/** Notices to the intake controller. */
export interface ControlNotices {
  /** Tell that a circuit changed, without waiting for it. */
  circuitChanged(key: string): void;
  /** Wait until everything was told, or a second has passed. Never rejects. */
  settle(): Promise<void>;
}

/** Lambda freezes what has not been told when the function returns; a lost notice only delays. Milliseconds. */
const PATIENCE_MS = 1_000;

/** What notices are made with. Without a queue nobody is told. */
export interface ControlNoticesParts {
  readonly queue: ControlQueue | undefined;
  /** Correlation id of the message that is being handled, if one is: it is told with what it set off. */
  readonly correlationId?: () => string | undefined;
  readonly emit: EventSink;
  readonly clock: Clock;
}

/** Tell the intake controller of changes. A notice that fails costs no message anything: the controller looks by itself every minute. */
export function controlNotices({
  queue,
  correlationId = () => undefined,
  emit,
  clock,
}: ControlNoticesParts): ControlNotices {
  const underWay = new Set<Promise<void>>();

  async function tell(to: ControlQueue, key: string): Promise<void> {
    try {
      const caused = correlationId();
      const notice = { kind: 'circuit-changed', key, ...(caused && { correlationId: caused }) } as const;
      await within(clock, PATIENCE_MS, to.send(notice));
    } catch (error) {
      const operation = 'tell the intake controller';
      emit({ kind: 'settlement-error', operation, error: summarizeError(error) });
    }
  }

  return {
    circuitChanged(key) {
      if (queue === undefined) return;
      const notice = tell(queue, key).finally(() => void underWay.delete(notice));
      underWay.add(notice);
    },
    async settle() {
      await Promise.all(underWay);
    },
  };
}
