import type { Mutant } from './mutant.ts';

const FOLDER = 'lambdas/core/policies';
const RULE = 'policies: calls under way and waiting are bounded, in order, and no slot is lost';
const AIMD = 'policies: concurrency grows while it is used and well, and is cut once for each round';
const BULKHEAD = ['test/core/policies/bulkhead.test.ts', 'test/core/policies/bulkhead.property.test.ts'];
const ADAPTIVE = [
  'test/core/policies/adaptive-concurrency.test.ts',
  'test/core/policies/adaptive-concurrency.property.test.ts',
];

const line = (name: string, find: string, replace: string): Mutant => {
  return { name, rule: RULE, file: `${FOLDER}/slot-line.ts`, find, replace, tests: BULKHEAD };
};
const slots = (name: string, find: string, replace: string): Mutant => {
  return { name, rule: RULE, file: `${FOLDER}/slots.ts`, find, replace, tests: BULKHEAD };
};
const adaptive = (name: string, find: string, replace: string): Mutant => {
  return { name, rule: AIMD, file: `${FOLDER}/adaptive-concurrency.ts`, find, replace, tests: ADAPTIVE };
};

/** Mutants of the bulkhead and of adaptive concurrency. */
export const BULKHEAD_MUTANTS: readonly Mutant[] = [
  line('let one more in', '    if (underWay < limit()) {', '    if (underWay <= limit()) {'),
  line(
    'let who comes overtake who waits',
    '    if (line.size > 0) letIn(); // who waits comes first, should the limit have been raised\n',
    '',
  ),
  line('let one more wait', 'line.size >= settings.maxQueued', 'line.size > settings.maxQueued'),
  line(
    'wait beyond the deadline of the caller',
    'options?.deadlineEpochMs ?? Number.POSITIVE_INFINITY',
    'Number.POSITIVE_INFINITY',
  ),
  line(
    'forget those who wait when a call ends',
    'underWay -= 1;\n    if (line.size > 0) letIn();',
    'underWay -= 1;',
  ),
  line(
    'let in whose time is over',
    "if (clock.now() > next.until) {\n        next.end('refused');\n      } else {",
    '{',
  ),
  line('leave the timer of who was let in', '        cancel();\n', ''),
  line('leave a listener at the signal', "        signal?.removeEventListener('abort', abort);\n", ''),
  line('leave who gives up in the line', '        place.leave();\n', ''),
  line('do not hear an abort while waiting', "signal?.addEventListener('abort', abort);", ''),
  line(
    'overlook a raised limit when who waits gives up',
    '        reject(signal?.reason);\n        letIn();',
    '        reject(signal?.reason);',
  ),
  line(
    'begin what was aborted before',
    'options?.signal?.aborted === true',
    'options?.signal?.aborted === undefined',
  ),
  line(
    'count who is refused after waiting among those who wait',
    "          stepOut();\n          resolve(how === 'admitted' ? undefined : refusal());",
    "          const refused = how === 'admitted' ? undefined : refusal();\n          stepOut();\n          resolve(refused);",
  ),
  line(
    'promise too early a return while nobody goes',
    'Math.max(atThisPace, clock.now() - lastMoveAt)',
    'atThisPace',
  ),
  slots(
    'keep the slot of what was aborted before it began',
    '      leave(startedAt);\n      throw signal.reason;',
    '      throw signal.reason;',
  ),
  slots(
    'begin what was aborted while it was let in',
    'if (signal.aborted) {',
    'if (signal.aborted && startedAt < 0) {',
  ),
  slots(
    'free the slot of successes alone',
    '    } finally {\n      leave(startedAt);\n    }',
    '    }\n    // biome-ignore lint/correctness/noUnreachable: a mutant\n    leave(startedAt);',
  ),
  slots(
    'keep the caller of what ignores its signal',
    'return signal === NEVER || options?.heedsSignal ? work : unlessAborted(work, signal);',
    'return work;',
  ),
  slots(
    'give the slot of what ignores its signal to somebody else',
    'await operation(signal, deadlineEpochMs);',
    'await unlessAborted(Promise.resolve(operation(signal, deadlineEpochMs)), signal);',
  ),
  {
    name: 'listen to the caller in a bulkhead too',
    rule: '4 the healthy path is cheap',
    file: `${FOLDER}/slots.ts`,
    find: ' || options?.heedsSignal ? work',
    replace: ' ? work',
    tests: ['test/core/policies/compose.test.ts'],
  },
  line('let who is told of a refusal end the process', 'const tell = quiet(emit);', 'const tell = emit;'),
  slots(
    'free a slot twice',
    "    if (state !== 'free') return;\n      state = 'left';",
    "    if (state === 'leaving') return;\n      state = 'left';",
  ),
  slots(
    'make calls beside each other in one slot',
    "if (state !== 'free') return call(operation, options);",
    "if (state === 'left') return call(operation, options);",
  ),
  {
    name: 'lose the end of a line',
    rule: RULE,
    file: `${FOLDER}/fifo.ts`,
    find: 'if (link.behind === undefined) last = link.before;',
    replace: 'if (link.behind === undefined) last = undefined;',
    tests: BULKHEAD,
  },
  adaptive('cut again for each slow answer of a burst', '    if (begun !== round) return;\n', ''),
  adaptive(
    'grow by what began before the cut',
    'else if (begun === round && line.underWay',
    'else if (line.underWay',
  ),
  adaptive('lose a result to who is told of a cut', 'const tell = quiet(emit);', 'const tell = emit;'),
  adaptive('grow while the limit is not used', ' && line.underWay >= allowed()', ''),
  adaptive('grow by one for each answer', 'current() + 1 / current()', 'current() + 1'),
  adaptive('leave the bounds', 'Math.min(settings.max, Math.max(settings.min, limit))', 'limit'),
  adaptive(
    'take no notice of slow answers',
    'if (tookMs > settings.latencyMs) cut(begun);',
    'if (tookMs < 0) cut(begun);',
  ),
  adaptive('take no notice of overloads', ' || (!signal.aborted && isOverload(error))', ''),
  adaptive('be cut by any error', '(!signal.aborted && isOverload(error))', 'error !== undefined'),
  adaptive('be cut by the end of the caller’s own time', '!signal.aborted && ', ''),
  adaptive(
    'be cut by a refusal within',
    'if (causes(error).some((cause) => isInstance(cause, RefusedError))) return;',
    '',
  ),
];
