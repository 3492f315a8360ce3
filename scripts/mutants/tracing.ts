import type { Mutant } from './mutant.ts';

const TRACE = 'lambdas/core/trace.ts';
const PRODUCER = 'lambdas/aws/producer-trace.ts';
const XRAY = 'lambdas/aws/xray-tracer.ts';
const LOG = 'lambdas/aws/telemetry-log.ts';

const LOST = '1 nothing is lost';
const FORGED = '8 what comes through the queue grants nothing';
const TOLD = '12 what is told of a message bears its ids';

/** Mutants of correlation and tracing. */
export const TRACING_MUTANTS: readonly Mutant[] = [
  {
    name: 'keep a message back for a header that SQS refuses',
    rule: LOST,
    file: PRODUCER,
    find: 'message.traceHeader !== undefined && isRefused(results[at])',
    replace: 'message.traceHeader === undefined && isRefused(results[at])',
    tests: ['test/aws/producer-trace.test.ts'],
  },
  {
    name: 'send a message again behind those that came after it',
    rule: LOST,
    file: PRODUCER,
    find: 'if (refused.length === 0 || (keepOrder && refused.length < messages.length)) return results;',
    replace: 'if (refused.length === 0) return results;',
    tests: ['test/aws/producer-trace.test.ts'],
  },
  {
    name: 'a full bulkhead is told by whoever leaves',
    rule: TOLD,
    file: 'lambdas/core/policies/slot-line.ts',
    find: "resolve(how === 'admitted' ? undefined : refusal());",
    replace: "resolve(how === 'admitted' ? undefined : refuse());",
    tests: ['test/aws/message-context.test.ts'],
  },
  {
    name: 'a time-out is told by whoever set the alarm',
    rule: TOLD,
    file: 'lambdas/core/policies/timeout.ts',
    find: '    untold.add(error);\n',
    replace: "    tell({ kind: 'call-timed-out', policy: name, afterMs });\n",
    tests: ['test/aws/message-context.test.ts'],
  },
  {
    name: 'a rate limit is told by whoever asked the table',
    rule: TOLD,
    file: 'lambdas/core/policies/rate-limiter/rate-limiter.ts',
    find: "    return { kind: 'refused', retryAtEpochMs };\n",
    replace: "    return told({ kind: 'refused', retryAtEpochMs }) as RateRefusal;\n",
    tests: ['test/aws/message-context.test.ts'],
  },
  {
    name: 'log lines of calls without the ids of their message',
    rule: TOLD,
    file: LOG,
    find: 'const own = current === undefined ? {} : idsOf(current);',
    replace: 'const own = {};',
    tests: ['test/aws/tracing.test.ts'],
  },
  {
    name: 'log lines without the trace id',
    rule: TOLD,
    file: LOG,
    find: '    ...(trace !== undefined && { trace_id: trace.traceId }),\n',
    replace: '',
    tests: ['test/aws/tracing.test.ts'],
  },
  {
    name: 'keep the ids of the envelope for what is in it',
    rule: TOLD,
    file: 'lambdas/aws/resilient-consumer.ts',
    find: '    recognize(message);\n',
    replace: '',
    tests: ['test/aws/tracing.test.ts'],
  },
  {
    name: 'tell a settlement’s error of the wrong message',
    rule: TOLD,
    file: 'lambdas/core/settlement.ts',
    find: 'judged[at]?.verdict.about',
    replace: 'judged[0]?.verdict.about',
    tests: ['test/core/settlement.test.ts'],
  },
  {
    name: 'move a message without its trace header',
    rule: TOLD,
    file: 'lambdas/core/mover.ts',
    find: '        ...(complete && { traceHeader }),\n',
    replace: '',
    tests: ['test/core/settlement.test.ts'],
  },
  {
    name: 'keep a message back whose trace header a queue refuses',
    rule: LOST,
    file: 'lambdas/core/mover.ts',
    find: '        ...(complete && { traceHeader }),\n',
    replace: '        traceHeader,\n',
    tests: ['test/core/settlement.test.ts'],
  },
  {
    name: 'believe a traceparent of zeros',
    rule: FORGED,
    file: TRACE,
    find: 'return ALL_ZERO.test(traceId) || ALL_ZERO.test(parentId) ? undefined : traceId;',
    replace: 'return traceId;',
    tests: ['test/core/trace.test.ts'],
  },
  {
    name: 'tell a tracestate without its traceparent',
    rule: FORGED,
    file: TRACE,
    find: 'byParent !== undefined && tracestate !== undefined && TRACESTATE',
    replace: 'tracestate !== undefined && TRACESTATE',
    tests: ['test/core/trace.test.ts'],
  },
  {
    name: 'let a broken propagator keep a message back',
    rule: LOST,
    file: PRODUCER,
    find: '  } catch (error) {\n    if (propagate !== undefined',
    replace: '  } catch (error) {\n    throw error;\n    if (propagate !== undefined',
    tests: ['test/aws/producer-trace.test.ts'],
  },
  {
    name: 'take the failure envelope’s place for a trace',
    rule: LOST,
    file: PRODUCER,
    find: 'Object.keys(more).length < LIMITS.maxMessageAttributes',
    replace: 'Object.keys(more).length <= LIMITS.maxMessageAttributes',
    tests: ['test/aws/producer-trace.test.ts'],
  },
  {
    name: 'put a call beside the message that makes it',
    rule: TOLD,
    file: XRAY,
    find: 'return under(open.getStore(), `## ${circuit}/call`',
    replace: 'return under(isSegment(facade) ? facade : undefined, `## ${circuit}/call`',
    tests: ['test/aws/xray-tracer.test.ts'],
  },
  {
    name: 'let X-Ray know what an error says',
    rule: TOLD,
    file: XRAY,
    find: 'tellError(subsegment, summarizeError(ended.thrown));\n      });\n    },\n  };',
    replace:
      'tellError(subsegment, summarizeError(ended.thrown));\n        subsegment.addError(String(ended.thrown));\n      });\n    },\n  };',
    tests: ['test/aws/xray-tracer.test.ts'],
  },
  {
    name: 'ask X-Ray for a trace where the invocation has none',
    rule: TOLD,
    file: XRAY,
    find: 'header === undefined || !/(^|;)\\s*Sampled=1/.test(header)',
    replace: 'header !== undefined && !/(^|;)\\s*Sampled=1/.test(header)',
    tests: ['test/aws/xray-tracer.test.ts'],
  },
  {
    name: 'trace a function before its role may write segments',
    rule: '7 what was refused says why',
    file: 'lib/private/function-tracing.ts',
    find: '  target.node.addDependency(policy);\n',
    replace: '',
    tests: ['test/lib/tracing.test.ts'],
  },
];
