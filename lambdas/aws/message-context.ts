import { AsyncLocalStorage } from 'node:async_hooks';
import type { MessageIds } from '../core/message.ts';

/** The message that is being handled: its ids may become better known once its envelope is off. */
interface Current {
  ids: MessageIds;
}

const storage = new AsyncLocalStorage<Current>();

/**
 * Run something that is about one message: whatever it calls, and waits for, finds it by {@link currentMessage}. Other
 * asynchronous contexts, such as OpenTelemetry's, stay as they are.
 */
export function aboutMessage<T>(ids: MessageIds, run: () => T): T {
  return storage.run({ ids }, run);
}

/** What the message that is being handled turned out to be, once its envelope was taken off. */
export function recognize(ids: MessageIds): void {
  const current = storage.getStore();
  if (current !== undefined) current.ids = ids;
}

/** The message that is being handled here; `undefined` where none is. */
export function currentMessage(): MessageIds | undefined {
  return storage.getStore()?.ids;
}
