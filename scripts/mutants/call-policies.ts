import type { Mutant } from './mutant.ts';

const SESSION = 'lambdas/core/circuit/circuit-session.ts';
const POLICIES = 'lambdas/core/policies/consumer-policies.ts';
const TURNS = 'lambdas/core/policies/turn-queue.ts';
const DEFERRAL = '2 a deferral is not an attempt';
const CIRCUIT = '9 a circuit is one truth for all environments';
const LIMIT = '13 a rate limit holds for all environments together';
const OF_SESSION = ['test/core/circuit/circuit-session.test.ts'];
const OF_CONSUMER = ['test/testing/call-policies.test.ts'];
const OF_TURNS = ['test/core/policies/turn-queue.test.ts'];

/** Mutants of the policies around a consumer's calls. */
export const CALL_POLICY_MUTANTS: readonly Mutant[] = [
  {
    name: 'blame the dependency for calls that waited for us',
    rule: CIRCUIT,
    file: SESSION,
    find: 'running.reachedAt === undefined ? IGNORED : outcome',
    replace: 'outcome',
    tests: OF_CONSUMER,
  },
  {
    name: 'blame the dependency for the time that calls waited for us',
    rule: CIRCUIT,
    file: SESSION,
    find: 'reachedAt: direct ? now() : undefined',
    replace: 'reachedAt: now()',
    tests: OF_CONSUMER,
  },
  {
    name: 'tell the circuit nothing of a call that its whole time-out left behind',
    rule: CIRCUIT,
    file: SESSION,
    find: "    if (within !== signal) within.addEventListener('abort', timedOut, { once: true });\n",
    replace: '',
    tests: OF_CONSUMER,
  },
  {
    name: 'start handlers whose turn has not come',
    rule: LIMIT,
    file: SESSION,
    find: '    return takeTurns();\n',
    replace: '    return undefined;\n',
    tests: OF_CONSUMER,
  },
  {
    name: 'keep turns that nobody used',
    rule: LIMIT,
    file: SESSION,
    find: '    for (const turn of turns.values()) turn.giveBack();\n',
    replace: '',
    tests: OF_SESSION,
  },
  {
    name: 'keep the probe while a rate limit refuses',
    rule: CIRCUIT,
    file: SESSION,
    find: "      await close();\n      if (answer.kind === 'unanswered')",
    replace: "      if (answer.kind === 'unanswered')",
    tests: OF_SESSION,
  },
  {
    name: 'take a table that does not answer for a limit that is reached',
    rule: '5 our own stores may fail',
    file: POLICIES,
    find: "      if (answer.unanswered) return { kind: 'unanswered' };\n",
    replace: '',
    tests: OF_CONSUMER,
  },
  {
    name: 'ask for a second turn for the call that has one',
    rule: LIMIT,
    file: SESSION,
    find: 'const limited = turn ?? limit;',
    replace: 'const limited = limit;',
    tests: OF_SESSION,
  },
  {
    name: 'make the end of the time while waiting for a turn a fault of ours',
    rule: DEFERRAL,
    file: SESSION,
    find: '        if (signal.aborted) return undefined;\n',
    replace: '',
    tests: OF_SESSION,
  },
  {
    name: 'release the lock of an effect that goes on behind a time-out',
    rule: '3 an effect completes once, as far as that is possible',
    file: 'lambdas/core/pipeline.ts',
    find: '    await session.settled();\n',
    replace: '',
    tests: OF_CONSUMER,
  },
  {
    name: 'repeat a call whose last attempt goes on',
    rule: '3 an effect completes once, as far as that is possible',
    file: SESSION,
    find: '        await earlier;\n',
    replace: '',
    tests: OF_CONSUMER,
  },
  {
    name: 'wait for repetitions that come after the end of the handler',
    rule: DEFERRAL,
    file: SESSION,
    find: '      { signal, deadlineEpochMs },\n    );',
    replace: '      { signal },\n    );',
    tests: OF_CONSUMER,
  },
  {
    name: 'take a full bulkhead for an open circuit',
    rule: DEFERRAL,
    file: 'lambdas/core/failure-judge.ts',
    find: "return isInstance(refused, BulkheadFullError) ? 'bulkhead-full' : 'circuit-open';",
    replace: "return 'circuit-open';",
    tests: OF_CONSUMER,
  },
  {
    name: 'charge a message that a rate limit refused in mid-handler',
    rule: DEFERRAL,
    file: 'lambdas/core/deferral.ts',
    find: 'isInstance(cause, DeferError) || isInstance(cause, RefusedError)',
    replace: 'isInstance(cause, DeferError)',
    tests: OF_CONSUMER,
  },
  {
    name: 'keep to the time-outs of the deployment',
    rule: '15 settings change as a whole, or not at all',
    file: POLICIES,
    find: '    get timeoutMs() {\n      return calls[name] ?? LONGEST_WAIT_MS;\n    },',
    replace: '    timeoutMs: calls[name] ?? LONGEST_WAIT_MS,',
    tests: ['test/core/policies/consumer-policies.test.ts'],
  },
  {
    name: 'let consumers without named circuits share one rate limit',
    rule: LIMIT,
    file: 'lambdas/core/table-keys.ts',
    find: 'name === DEFAULT_CIRCUIT ? `#${consumerId}` : name}',
    replace: 'name}',
    tests: OF_CONSUMER,
  },
  {
    name: 'let one lane take the turns of the others',
    rule: '14 a lane takes nothing from another',
    file: POLICIES,
    find: 'part === undefined ? whole :',
    replace: 'part !== undefined ? whole :',
    tests: OF_CONSUMER,
  },
  {
    name: 'give each part of a limit the whole of it',
    rule: '14 a lane takes nothing from another',
    file: POLICIES,
    find: 'return whole.limit * part.share;',
    replace: 'return whole.limit;',
    tests: ['test/core/policies/consumer-policies.test.ts'],
  },
  {
    name: 'send all refused messages back for the same turn',
    rule: LIMIT,
    file: TURNS,
    find: 'Math.max(last, notBefore) + ownTurnMs * HURRY',
    replace: 'notBefore + ownTurnMs * HURRY',
    tests: OF_TURNS,
  },
  {
    name: 'take every turn for our own',
    rule: LIMIT,
    file: TURNS,
    find: 'const expected = turns + (MEMORY_MS - seenMs) / turnMs;',
    replace: 'const expected = MEMORY_MS / turnMs;',
    tests: OF_TURNS,
  },
  {
    name: 'send a message away for ever',
    rule: DEFERRAL,
    file: TURNS,
    find: ', countedAt + LONGEST_MS);',
    replace: ', Number.POSITIVE_INFINITY);',
    tests: OF_TURNS,
  },
];
