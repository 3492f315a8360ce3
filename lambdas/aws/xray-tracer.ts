import { AsyncLocalStorage } from 'node:async_hooks';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { isInstance } from '../core/error-shape.ts';
import { RefusedError } from '../core/errors.ts';
import { summarizeError } from '../core/failure.ts';
import type { Verdict } from '../core/verdict.ts';
import { currentMessage } from './message-context.ts';
import { type MessageTracer, NO_TRACER } from './message-tracer.ts';
import { traceHeaderOfInvocation } from './trace-environment.ts';

type AnySegment = NonNullable<ReturnType<Tracer['getSegment']>>;
type Subsegment = ReturnType<AnySegment['addNewSubsegment']>;

/** Where the X-Ray SDK keeps what is current, in its namespace. */
const CURRENT = 'segment';

/** Calls are seen by their circuits: every request of the process, with its URL, is not for us to record. */
const tracer = new Tracer({ captureHTTPsRequests: false });

/**
 * The X-Ray SDK registers the function's own segment when it is loaded, in the asynchronous context of that moment, which
 * later invocations need not come from.
 */
const facade: unknown = tracer.provider.getNamespace().get(CURRENT);

/** Names of subsegments take no other characters, and 200 of them (X-Ray's segment documents). */
function subsegmentName(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{Z}_.:/%&#=+\\\-@]/gu, '_').slice(0, 200);
}

/**
 * Subsegments of X-Ray by Powertools: one for each message, and in it one for each call through a circuit. They hold ids
 * and outcomes; errors are told by name and fingerprint, as in the log.
 *
 * Each subsegment is made under a parent that is named, never under what happens to be current: messages of a batch are
 * worked on side by side. What a handler makes with a tracer of its own goes under the message or call that it belongs to.
 */
export function xrayTracer(consumerId: string): MessageTracer {
  if (!tracer.isTracingEnabled()) return NO_TRACER;
  const { provider } = tracer;
  const namespace = provider.getNamespace();
  const open = new AsyncLocalStorage<Subsegment>();

  /** Segment of the invocation: what the handler around this one has opened, else the function's own. */
  function ofInvocation(): AnySegment | undefined {
    const header = traceHeaderOfInvocation();
    if (header === undefined || !/(^|;)\s*Sampled=1/.test(header)) return undefined;
    const active: unknown = namespace.get(CURRENT);
    if (isSegment(active) && active !== facade) return active;
    if (!isSegment(facade)) return undefined;
    // Asking for it makes the SDK read the invocation's header.
    return namespace.runAndReturn(() => {
      provider.setSegment(facade);
      return provider.getSegment();
    });
  }

  async function under<T>(
    parent: AnySegment | undefined,
    name: string,
    run: () => Promise<T>,
    describe: (subsegment: Subsegment, ended: Ended<T>) => void,
  ): Promise<T> {
    const subsegment = parent && quietly(() => parent.addNewSubsegment(subsegmentName(name)));
    if (subsegment === undefined) return run();
    const close = (ended: Ended<T>): void => {
      quietly(() => describe(subsegment, ended));
      quietly(() => subsegment.close());
    };
    const running = namespace.runAndReturn(() => {
      provider.setSegment(subsegment);
      return open.run(subsegment, run);
    });
    try {
      const value = await running;
      close({ value });
      return value;
    } catch (thrown) {
      close({ thrown });
      throw thrown;
    }
  }

  return {
    message({ ids, attempt }, run) {
      return under(quietly(ofInvocation), `## ${consumerId}/handle`, run, (subsegment, ended) => {
        // By then its envelope is off.
        const { correlationId, stableId, messageId, trace } = currentMessage() ?? ids;
        subsegment.addAnnotation('consumer', consumerId);
        subsegment.addAnnotation('correlation_id', correlationId);
        subsegment.addAnnotation('stable_id', stableId);
        if (attempt !== undefined) subsegment.addAnnotation('attempt', attempt);
        if (trace !== undefined) subsegment.addAnnotation('trace_id', trace.traceId);
        subsegment.addMetadata('message_id', messageId, consumerId);
        if ('thrown' in ended) return tellError(subsegment, summarizeError(ended.thrown));
        const { outcome, error } = outcomeOf(ended.value);
        subsegment.addAnnotation('outcome', outcome);
        if (error !== undefined) tellError(subsegment, error);
      });
    },
    call(circuit, run) {
      return under(open.getStore(), `## ${circuit}/call`, run, (subsegment, ended) => {
        subsegment.addAnnotation('circuit', circuit);
        if ('value' in ended) return void subsegment.addAnnotation('outcome', 'ok');
        const refused = isInstance(ended.thrown, RefusedError);
        subsegment.addAnnotation('outcome', refused ? 'refused' : 'failed');
        tellError(subsegment, summarizeError(ended.thrown));
      });
    },
  };
}

type Ended<T> = { readonly value: T } | { readonly thrown: unknown };

interface ToldError {
  readonly name: string;
  readonly fingerprint: string;
}

function tellError(subsegment: Subsegment, { name, fingerprint }: ToldError): void {
  subsegment.addFaultFlag();
  subsegment.addAnnotation('error_name', name);
  subsegment.addAnnotation('fingerprint', fingerprint);
}

function outcomeOf(verdict: Verdict): { readonly outcome: string; readonly error?: ToldError | undefined } {
  switch (verdict.kind) {
    case 'done':
      return { outcome: verdict.handled ? 'handled' : 'acknowledged' };
    case 'move':
      return { outcome: `${verdict.target}: ${verdict.envelope.reason}`, error: verdict.envelope.error };
    case 'put-back':
      if (verdict.cause !== undefined) return { outcome: `deferred: ${verdict.cause}` };
      return { outcome: 'retried', error: verdict.record?.lastError };
  }
}

function isSegment(value: unknown): value is AnySegment {
  return typeof value === 'object' && value !== null && 'addNewSubsegment' in value;
}

/** Nothing that a tracer does may cost a message anything. */
function quietly<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
