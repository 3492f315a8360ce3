import { isObject, stringAt } from '../json.ts';
import type { FauxqsApp, FauxqsMessage, FauxqsQueue, FauxqsReceived } from './fauxqs-types.ts';

const TRACE_HEADER = 'AWSTraceHeader';
/** HTTP header from which SQS takes a message's trace header where no system attribute gives one ("Amazon SQS and AWS X-Ray"). */
const HTTP_HEADER = 'x-amzn-trace-id';

/**
 * X-Ray headers of messages, by the object of their message attributes: the one thing of a request that the emulator keeps
 * as it is, and moves along with the message.
 */
const headers = new WeakMap<object, string>();
/** X-Ray headers of what was received, until it is answered. */
const received = new WeakMap<object, string>();

/** X-Ray's trace header of a message in the emulator. */
export function traceHeaderOf({ messageAttributes }: FauxqsMessage): string | undefined {
  return headers.get(messageAttributes);
}

/** Make the emulator keep the system attribute `AWSTraceHeader` of messages and tell it to whoever asks: by itself it drops it. */
export function keepTraceHeaders(app: FauxqsApp): void {
  app.addHook('preHandler', (request, _reply, done) => {
    if (isObject(request.body)) {
      const { Entries } = request.body;
      const entries: readonly unknown[] = Array.isArray(Entries) ? Entries : [request.body];
      for (const entry of entries) noteHeader(entry, request.headers[HTTP_HEADER]);
    }
    done();
  });
  app.addHook('preSerialization', (request, _reply, payload, done) => {
    const { Messages } = isObject(payload) ? payload : {};
    if (Array.isArray(Messages) && isAsked(request.body)) {
      for (const message of Messages) tellHeader(message);
    }
    done(null, payload);
  });
}

/** Make a queue remember which of the messages that it hands out have a trace header. */
export function withTraceHeaders(queue: FauxqsQueue): FauxqsQueue {
  const dequeue = queue.dequeue.bind(queue);
  queue.dequeue = (...asked) => {
    const messages = dequeue(...asked);
    for (const message of messages) {
      const stored = queue.inflightMessages.get(message.ReceiptHandle)?.message;
      const header = stored && traceHeaderOf(stored);
      if (header !== undefined) received.set(message, header);
    }
    return messages;
  };
  return queue;
}

function noteHeader(entry: unknown, fromHttp: string | undefined): void {
  if (!isObject(entry) || entry.MessageBody === undefined) return;
  const { MessageSystemAttributes: system } = entry;
  const header = stringAt(isObject(system) ? system[TRACE_HEADER] : undefined, 'StringValue') ?? fromHttp;
  if (header === undefined) return;
  const attributes = isObject(entry.MessageAttributes) ? entry.MessageAttributes : {};
  Object.assign(entry, { MessageAttributes: attributes });
  headers.set(attributes, header);
}

function isAsked(body: unknown): boolean {
  if (!isObject(body)) return false;
  const names = [body.AttributeNames, body.MessageSystemAttributeNames].filter(Array.isArray).flat();
  return names.includes('All') || names.includes(TRACE_HEADER);
}

function tellHeader(message: FauxqsReceived & { Attributes?: Record<string, string> }): void {
  const header = received.get(message);
  if (header !== undefined) message.Attributes = { ...message.Attributes, [TRACE_HEADER]: header };
}
