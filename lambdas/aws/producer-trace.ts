import { type MessageAttribute, messageBytes } from '../core/message.ts';
import type { OutgoingMessage, SendResult, TargetQueue } from '../core/queues.ts';
import { LIMITS } from '../core/settings.ts';
import { TRACE_ATTRIBUTES, type TraceCarrier, traceOf, traceparentOf } from '../core/trace.ts';
import { currentMessage } from './message-context.ts';
import { traceHeaderOfInvocation } from './trace-environment.ts';

/** Writes the trace that is current into a carrier, as OpenTelemetry's `propagation.inject` does. */
export type Propagate = () => Readonly<Record<string, unknown>>;

/** What of a trace goes with a message. */
export interface OutgoingTrace {
  /** Message attributes of W3C trace context. */
  readonly attributes: Readonly<Record<string, MessageAttribute>>;
  /** X-Ray's trace header. */
  readonly traceHeader: string | undefined;
}

/**
 * The trace that a message is sent in. W3C trace context: that of the message's options, else what `propagate` writes,
 * else that of the message that is being handled, else it is made of X-Ray's header. X-Ray's header: that of the
 * options, else what `propagate` writes, else the invocation's. What is malformed counts as absent: no trace is worth
 * a message.
 */
export function outgoingTrace(
  given: TraceCarrier | undefined,
  propagate: Propagate | undefined,
): OutgoingTrace {
  const carried = carrierOf(propagate);
  const header = headerOf(given) ?? headerOf(carried) ?? headerOf({ header: traceHeaderOfInvocation() });
  const context =
    contextOf(given) ??
    contextOf(carried) ??
    contextOf(currentMessage()?.trace) ??
    contextOf({ traceparent: header && traceparentOf(header) });
  return {
    attributes: Object.fromEntries(
      TRACE_ATTRIBUTES.flatMap((name) => {
        const stringValue = context?.[name];
        return stringValue === undefined ? [] : [[name, { dataType: 'String', stringValue }]];
      }),
    ),
    traceHeader: header,
  };
}

/**
 * A message's attributes with those of its trace, as far as there is room for them beside the failure envelope that may
 * have to be added. Attributes of the same name that are the message's own stay.
 */
export function withTraceAttributes(
  body: string,
  own: Readonly<Record<string, MessageAttribute>>,
  trace: OutgoingTrace['attributes'],
): Readonly<Record<string, MessageAttribute>> {
  if (TRACE_ATTRIBUTES.some((name) => name in own)) return own;
  let attributes = own;
  for (const name of TRACE_ATTRIBUTES) {
    const attribute = trace[name];
    if (attribute === undefined) continue;
    const more = { ...attributes, [name]: attribute };
    const fits =
      Object.keys(more).length < LIMITS.maxMessageAttributes &&
      messageBytes(body, more) <= LIMITS.maxMessageBytes;
    if (fits) attributes = more;
  }
  return attributes;
}

/**
 * Send messages, and those that SQS refuses once more without X-Ray's header: whatever SQS thinks of a field of it, such
 * as one that Lambda adds to an invocation's, it takes the message. Where order counts, only if nothing has gone ahead.
 */
export async function sendTraced(
  queue: TargetQueue,
  messages: readonly OutgoingMessage[],
  keepOrder: boolean,
): Promise<readonly SendResult[]> {
  const results = await queue.send(messages);
  const refused = messages.flatMap((message, at) =>
    message.traceHeader !== undefined && isRefused(results[at]) ? [{ at, message }] : [],
  );
  if (refused.length === 0 || (keepOrder && refused.length < messages.length)) return results;
  const bare = await queue.send(refused.map(({ message: { traceHeader: _none, ...message } }) => message));
  const again = new Map(refused.map(({ at }, index) => [at, bare[index]]));
  return results.map((result, at) => again.get(at) ?? result);
}

/** An entry that SQS refuses, or a call of which it takes no entry for what one of them says. */
function isRefused(result: SendResult | undefined): boolean {
  return result?.ok === false && (result.refused || result.error.name.startsWith('InvalidParameter'));
}

type Loose = { readonly [K in keyof TraceCarrier]?: TraceCarrier[K] | undefined };

function headerOf(carrier: Loose | undefined): string | undefined {
  return carrier?.header === undefined ? undefined : traceOf({ header: carrier.header })?.header;
}

function contextOf(carrier: Loose | undefined): TraceCarrier | undefined {
  const { traceparent, tracestate } = carrier ?? {};
  if (traceparent === undefined) return undefined;
  const trace = traceOf({ traceparent, ...(tracestate !== undefined && { tracestate }) });
  return trace?.traceparent === undefined ? undefined : trace;
}

/** Propagators that have thrown: one that does so for every message is told of once. */
const broken = new WeakSet<Propagate>();

/** What a propagator wrote: names of HTTP headers, in whatever case. One that throws must not keep a message back. */
function carrierOf(propagate: Propagate | undefined): TraceCarrier {
  let written: ReturnType<Propagate>;
  try {
    written = propagate?.() ?? {};
  } catch (error) {
    if (propagate !== undefined && !broken.has(propagate)) {
      broken.add(propagate);
      const name = error instanceof Error ? error.name : 'an error';
      process.emitWarning(`propagate threw ${name}: messages carry no trace of it`, 'SpillwayWarning');
    }
    return {};
  }
  const texts = new Map(Object.entries(written).map(([name, value]) => [name.toLowerCase(), value]));
  const text = (name: string): string | undefined => {
    const value = texts.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const [header, traceparent, tracestate] = ['x-amzn-trace-id', 'traceparent', 'tracestate'].map(text);
  return {
    ...(header !== undefined && { header }),
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
  };
}
