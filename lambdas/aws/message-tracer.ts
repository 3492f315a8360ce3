import type { MessageIds } from '../core/message.ts';
import type { Verdict } from '../core/verdict.ts';

/** A message that is about to be worked on. */
export interface TracedMessage {
  readonly ids: MessageIds;
  /** Number of the attempt that it would be, from 1; absent where its record could not be read. */
  readonly attempt: number | undefined;
}

/** Watches the work on messages. It decides nothing: what it cannot do is left out. */
export interface MessageTracer {
  /** Watch a message from its receive to its verdict. */
  message(traced: TracedMessage, run: () => Promise<Verdict>): Promise<Verdict>;
  /** Watch a call through a circuit, policies included. */
  call<T>(circuit: string, run: () => Promise<T>): Promise<T>;
}

/** A tracer that watches nothing. */
export const NO_TRACER: MessageTracer = {
  message: (_traced, run) => run(),
  call: (_circuit, run) => run(),
};
