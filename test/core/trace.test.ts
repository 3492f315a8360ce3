import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { traceIdOfHeader, traceOf, traceparentOf } from '../../lambdas/core/trace.ts';

const ID = '5759e988bd862e3fe1be46a994272793';
const SPAN = '53995c3f42cd8ad8';
const HEADER = `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=${SPAN};Sampled=1`;
const PARENT = `00-${ID}-${SPAN}-01`;

describe('the trace of a message', () => {
  it('is that of traceparent, or else that of the root of X-Ray’s header', () => {
    const other = `00-${'a'.repeat(32)}-${SPAN}-00`;
    expect(traceOf({ header: HEADER, traceparent: other })?.traceId).toBe('a'.repeat(32));
    expect(traceOf({ header: HEADER })).toEqual({ traceId: ID, header: HEADER });
    expect(traceOf({})).toBeUndefined();
  });

  it('keeps tracestate with the traceparent that it belongs to, and never without', () => {
    const tracestate = 'vendor=1';
    expect(traceOf({ traceparent: PARENT, tracestate })).toEqual({
      traceId: ID,
      traceparent: PARENT,
      tracestate,
    });
    expect(traceOf({ header: HEADER, tracestate })).not.toHaveProperty('tracestate');
    expect(traceOf({ header: HEADER, traceparent: 'forged', tracestate })).toEqual({
      traceId: ID,
      header: HEADER,
    });
    expect(traceOf({ traceparent: PARENT, tracestate: 'a\nb' })).not.toHaveProperty('tracestate');
    expect(traceOf({ traceparent: PARENT, tracestate: 'a'.repeat(513) })).not.toHaveProperty('tracestate');
  });

  it.each([
    '',
    `00-${ID}-${SPAN}`,
    `00-${ID.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${ID}-${'0'.repeat(16)}-01`,
    `ff-${ID}-${SPAN}-01`,
    `00-${ID}-${SPAN}-01-more`,
    `${PARENT}\n{"level":"ERROR"}`,
  ])('is none where traceparent is malformed: %j', (traceparent) => {
    expect(traceOf({ traceparent })).toBeUndefined();
  });

  it('is known of later versions of traceparent, which may say more', () => {
    expect(traceOf({ traceparent: `01-${ID}-${SPAN}-01-more` })?.traceId).toBe(ID);
  });

  it.each([
    '',
    'Root=1-5759e988-bd862e3fe1be46a99427279',
    'Root=2-5759e988-bd862e3fe1be46a994272793',
    'Parent=53995c3f42cd8ad8',
    `${HEADER};Lineage=${'a'.repeat(2_000)}`,
  ])('is none where the header is malformed: %j', (header) => {
    expect(traceOf({ header })).toBeUndefined();
  });

  it('reads headers whose fields stand in any order, with others between them', () => {
    expect(traceIdOfHeader(`Self=1-67891234-12456789abcdef012345678; Sampled=0;${HEADER}`)).toBe(ID);
  });

  it('is one or none of anything that a message may carry', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (header, traceparent, tracestate) => {
        const trace = traceOf({ header, traceparent, tracestate });
        expect(trace === undefined || /^[0-9a-f]{32}$/.test(trace.traceId)).toBe(true);
      }),
    );
  });
});

describe('a traceparent made of X-Ray’s header', () => {
  it('has the same trace id, parent and decision', () => {
    expect(traceparentOf(HEADER)).toBe(PARENT);
    expect(traceparentOf(HEADER.replace('Sampled=1', 'Sampled=0'))).toBe(`00-${ID}-${SPAN}-00`);
  });

  it('is not made where the header names no parent, or no trace', () => {
    expect(traceparentOf('Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1')).toBeUndefined();
    expect(traceparentOf(`Parent=${SPAN}`)).toBeUndefined();
    expect(traceparentOf(HEADER.replace(SPAN, '0'.repeat(16)))).toBeUndefined();
  });

  it('says the same of every header', () => {
    const digits = (length: number) =>
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
    fc.assert(
      fc.property(digits(8), digits(24), digits(16), (epoch, rest, span) => {
        fc.pre(/[^0]/.test(epoch + rest) && /[^0]/.test(span));
        const header = `Root=1-${epoch}-${rest};Parent=${span};Sampled=1`;
        const traceparent = traceparentOf(header);
        expect(traceOf({ traceparent: traceparent ?? '' })?.traceId).toBe(traceIdOfHeader(header));
      }),
    );
  });
});
