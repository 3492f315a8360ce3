/**
 * The trace that a message belongs to, as its producer says. Like everything that comes through the queue it is forgeable:
 * it is told, and grants nothing.
 */
export interface MessageTrace {
  /** Trace id. 32 hexadecimal digits: that of `traceparent`, else the root of `header`. */
  readonly traceId: string;
  /** X-Ray's trace header, such as `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`. */
  readonly header?: string;
  /** W3C trace context, such as `00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01`. */
  readonly traceparent?: string;
  /** What the vendors on the way add to `traceparent`; absent without it. */
  readonly tracestate?: string;
}

/** What carries a trace, before anybody has looked whether it is well-formed. */
export type TraceCarrier = Partial<Omit<MessageTrace, 'traceId'>>;

/** Names of the message attributes that carry W3C trace context: those of its HTTP headers. */
export const TRACE_ATTRIBUTES = ['traceparent', 'tracestate'] as const;

/** Version, trace id, parent id, flags (https://www.w3.org/TR/trace-context/#traceparent-header); later versions may add to it. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]{0,200})?$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;
const ALL_ZERO = /^0+$/;

/** Root of X-Ray's header (https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader). */
const ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/i;
const PARENT = /^[0-9a-f]{16}$/i;
const LONGEST_HEADER = 1_024;

/** Trace id of a well-formed `traceparent`. */
function traceIdOfParent(traceparent: string): string | undefined {
  const [, version, traceId = '', parentId = '', , more] = TRACEPARENT.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  return ALL_ZERO.test(traceId) || ALL_ZERO.test(parentId) ? undefined : traceId;
}

function fieldsOf(header: string): ReadonlyMap<string, string> {
  if (header.length > LONGEST_HEADER) return new Map();
  const fields = new Map<string, string>();
  for (const part of header.split(';')) {
    const at = part.indexOf('=');
    if (at > 0) fields.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  return fields;
}

function traceIdOfFields(fields: ReadonlyMap<string, string>): string | undefined {
  const [, epoch, rest] = ROOT.exec(fields.get('Root') ?? '') ?? [];
  return epoch === undefined || rest === undefined ? undefined : `${epoch}${rest}`.toLowerCase();
}

/** Trace id of X-Ray's header: the same 32 digits that its root has. */
export function traceIdOfHeader(header: string): string | undefined {
  return traceIdOfFields(fieldsOf(header));
}

/**
 * The trace that a carrier tells of. What is malformed counts as absent.
 *
 * @example
 * traceOf({ traceparent: '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01' })?.traceId; // '5759e988bd862e3fe1be46a994272793'
 */
export function traceOf({ header, traceparent, tracestate }: TraceCarrier): MessageTrace | undefined {
  if (header === undefined && traceparent === undefined) return undefined;
  const byParent = traceparent === undefined ? undefined : traceIdOfParent(traceparent);
  const byHeader = header === undefined ? undefined : traceIdOfHeader(header);
  const traceId = byParent ?? byHeader;
  if (traceId === undefined) return undefined;
  const stateHolds = byParent !== undefined && tracestate !== undefined && TRACESTATE.test(tracestate);
  return {
    traceId,
    ...(byHeader !== undefined && header !== undefined && { header }),
    ...(byParent !== undefined && traceparent !== undefined && { traceparent }),
    ...(stateHolds && { tracestate }),
  };
}

/**
 * X-Ray's header as W3C trace context: the root without its hyphens and version is the trace id, the parent is the parent
 * id (https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids). `undefined` where
 * the header names no parent.
 *
 * @example
 * traceparentOf('Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1');
 * // '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01'
 */
export function traceparentOf(header: string): string | undefined {
  const fields = fieldsOf(header);
  const traceId = traceIdOfFields(fields);
  const parent = fields.get('Parent') ?? '';
  if (traceId === undefined || !PARENT.test(parent)) return undefined;
  const traceparent = `00-${traceId}-${parent.toLowerCase()}-${fields.get('Sampled') === '1' ? '01' : '00'}`;
  return traceIdOfParent(traceparent) === undefined ? undefined : traceparent;
}
