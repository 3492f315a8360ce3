import type { QueueMessage, ReceivedMessage } from '../message.ts';
import { readProducerMetadata, textAttributes } from '../message.ts';
import type { EnvelopeKind } from '../settings.ts';
import { type MessageTrace, traceOf } from '../trace.ts';
import { unwrap } from '../unwrap.ts';
import { type Candidate, type Check, type Rejection, rejection } from './check.ts';
import { parseJsonSafely } from './format-check.ts';

/** What screening found out about a message. */
export type Screening =
  | { readonly kind: 'passed'; readonly payload: unknown; readonly message: ReceivedMessage }
  /** There is nothing to do, such as for S3's test event. */
  | { readonly kind: 'empty'; readonly message: ReceivedMessage }
  | { readonly kind: 'rejected'; readonly rejection: Rejection; readonly message: ReceivedMessage }
  /** A check could not be made. */
  | {
      readonly kind: 'unavailable';
      readonly check: string;
      readonly error: unknown;
      readonly message: ReceivedMessage;
    };

/** Options of {@link screen}. */
export interface ScreenOptions {
  readonly envelope: EnvelopeKind;
  /** Checks that need no payload, so that they run before the envelope is taken off. */
  readonly before: readonly Check[];
  /** The other checks, cheapest first. */
  readonly checks: readonly Check[];
}

/** Take off the envelope and run a message through the checks; the first that refuses it decides. */
export async function screen(source: QueueMessage, options: ScreenOptions): Promise<Screening> {
  const wrapped = wrappedMessage(source);
  const early: Candidate = {
    source,
    message: wrapped,
    payload: undefined,
    document: undefined,
    parsed: false,
  };
  const refused = await inspectAll(options.before, early);
  if (refused !== undefined) return refused;

  const unwrapped = unwrap(options.envelope, source.body, parseJsonSafely);
  if ('problem' in unwrapped) {
    return { kind: 'rejected', rejection: rejection('INVALID_FORMAT', unwrapped.problem), message: wrapped };
  }
  const message =
    options.envelope === 'raw'
      ? wrapped
      : receivedMessage(source, unwrapped.text, unwrapped.attributes ?? wrapped.attributes);
  if (unwrapped.empty) return { kind: 'empty', message };
  const { parsed } = unwrapped;
  const document = parsed === undefined ? unwrapped.text : parsed.value;
  const candidate: Candidate = {
    source,
    message,
    payload: document,
    document,
    parsed: parsed !== undefined,
  };
  return (
    (await inspectAll(options.checks, candidate)) ?? { kind: 'passed', payload: candidate.payload, message }
  );
}

async function inspectAll(checks: readonly Check[], candidate: Candidate): Promise<Screening | undefined> {
  const { message } = candidate;
  for (const check of checks) {
    let refused: Rejection | undefined;
    try {
      refused = await check.inspect(candidate);
    } catch (error) {
      return { kind: 'unavailable', check: check.name, error, message };
    }
    if (refused !== undefined) return { kind: 'rejected', rejection: refused, message };
  }
  return undefined;
}

/** A message as it is while nobody has looked inside its envelope. */
export function wrappedMessage(source: QueueMessage): ReceivedMessage {
  return receivedMessage(source, source.body, textAttributes(source.attributes));
}

function receivedMessage(
  source: QueueMessage,
  text: string,
  attributes: Readonly<Record<string, string>>,
): ReceivedMessage {
  const producer = readProducerMetadata(attributes);
  const stableId = producer?.id ?? source.messageId;
  const trace = traceIn(source, attributes);
  return {
    messageId: source.messageId,
    stableId,
    text,
    attributes,
    receiveCount: source.receiveCount,
    sentAtEpochMs: source.sentAtEpochMs,
    groupId: source.groupId,
    producer,
    correlationId: producer?.correlationId ?? stableId,
    ...(trace !== undefined && { trace }),
  };
}

/** What travels inside an envelope is closer to the producer than what is attached to the envelope. */
function traceIn(
  { attributes: outer, traceHeader: header }: QueueMessage,
  inner: Readonly<Record<string, string>>,
): MessageTrace | undefined {
  const carrier = 'traceparent' in inner ? inner : textAttributes(outer);
  return traceOf({
    ...(header !== undefined && { header }),
    ...(carrier.traceparent !== undefined && { traceparent: carrier.traceparent }),
    ...(carrier.tracestate !== undefined && { tracestate: carrier.tracestate }),
  });
}
