import type { EventSink } from '../events.ts';

/** A sink that cannot decide how a call goes: what it throws is dropped. */
export function quiet(emit: EventSink): EventSink {
  return (event) => {
    try {
      emit(event);
    } catch {
      // who is told of a call has no say in it
    }
  };
}
