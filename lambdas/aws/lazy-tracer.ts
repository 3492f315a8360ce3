import { summarizeError } from '../core/failure.ts';
import type { ConsumerSettings } from '../core/settings.ts';
import type { ConsumerPorts } from './consumer-ports.ts';
import { type MessageTracer, NO_TRACER } from './message-tracer.ts';

/** The tracer of a consumer that is traced: its code is loaded by the first invocation. Without it nothing is watched. */
export function tracingOf(
  { tracer, telemetry }: Pick<ConsumerPorts, 'tracer' | 'telemetry'>,
  { tracing = false }: ConsumerSettings,
): { readonly tracer: MessageTracer; load(): Promise<void> } {
  let loaded: MessageTracer | undefined;
  return {
    get tracer() {
      return loaded ?? NO_TRACER;
    },
    async load() {
      if (!tracing || loaded !== undefined) return;
      try {
        loaded = await tracer();
      } catch (error) {
        loaded = NO_TRACER;
        telemetry.emit({ kind: 'tracing-unavailable', error: summarizeError(error) });
      }
    },
  };
}
