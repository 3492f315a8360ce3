import type { Mutant } from './mutant.ts';

const GATE = 'lambdas/core/intake-gate.ts';
const SWITCH = 'lambdas/core/kill-switch.ts';
const HALT = 'lambdas/core/halt.ts';
const LINGER = 'lambdas/core/linger.ts';
const REFUSAL = 'lambdas/core/refusal.ts';
const BATCH = 'lambdas/core/batch.ts';
const PIPELINE = 'lambdas/core/pipeline.ts';
const NOTICES = 'lambdas/core/control-notices.ts';
const CIRCUITS = 'lambdas/aws/consumer-circuits.ts';

const DEFERRAL = '2 a deferral is not an attempt';
const CHEAP = '4 the healthy path is cheap';
const STORES = '5 our own stores may fail';
const INTAKE = '11 one fault does not take the queue';

const EXAMPLES = ['test/core/intake-gate.test.ts'];
const LONG_HOLD = ['test/core/long-hold.test.ts'];
const SUSPECTS = ['test/core/intake-gate-suspects.test.ts'];
const COUNTS = ['test/core/kill-switch.test.ts'];
const BURST = ['test/core/kill-switch-burst.test.ts'];
const PROPERTY = ['test/core/kill-switch.property.test.ts'];

/** Mutants of what holds the intake: the kill switch, halting queues, operators. */
export const INTAKE_GATE_MUTANTS: readonly Mutant[] = [
  {
    name: 'refuse nothing while the intake is held',
    rule: INTAKE,
    file: PIPELINE,
    find: "  if (passage.kind === 'put-back') return passage;\n",
    replace:
      "  if (passage.kind === 'put-back')\n    return attempt(parts, judge, inFlight, message, screening.payload, past.record, invocation, alone);\n",
    tests: EXAMPLES,
  },
  {
    name: 'count a dead letter without looking at the sum',
    rule: INTAKE,
    file: GATE,
    find: "    if (found.finding === 'few') return verdict;\n",
    replace: "    if (found.finding === 'few' || found.count > 0) return verdict;\n",
    tests: [...EXAMPLES, ...PROPERTY],
  },
  {
    name: 'count a message after it was dead-lettered',
    rule: INTAKE,
    file: SWITCH,
    find: '    const parts = [current, await before(bucket, halfMs), ...(await after(bucket, halfMs))];\n',
    replace:
      '    const seen = current;\n    const parts = [\n      { ...seen, byFault: new Map([...seen.byFault].map(([each, n]) => [each, n - 1] as const)) },\n      await before(bucket, halfMs),\n      ...(await after(bucket, halfMs)),\n    ];\n',
    tests: [...COUNTS, ...PROPERTY],
  },
  {
    name: 'count within one half of the window alone',
    rule: INTAKE,
    file: SWITCH,
    find: '[current, await before(bucket, halfMs), ...(await after(bucket, halfMs))]',
    replace: '[current, ...(await after(bucket + Number(before === undefined), halfMs))]',
    tests: COUNTS,
  },
  {
    name: 'believe the half before while it may still grow',
    rule: INTAKE,
    file: SWITCH,
    find: '    const isSettled = clock.now() >= bucket * halfMs + LATE_MS;\n',
    replace: '    const isSettled = clock.now() >= bucket * halfMs;\n',
    tests: COUNTS,
  },
  {
    name: 'overlook who counts in the next half already',
    rule: INTAKE,
    file: SWITCH,
    find: '(bucket + 1) * halfMs - LATE_MS',
    replace: '(bucket + 1) * halfMs',
    tests: COUNTS,
  },
  {
    name: 'hold the intake for a few bad messages among many good ones',
    rule: INTAKE,
    file: SWITCH,
    find: 'count < minMessages || count < share * finished',
    replace: 'count < minMessages || count < share * Math.min(1, finished)',
    tests: [...COUNTS, ...PROPERTY],
  },
  {
    name: 'hold the intake because failures are faster than successes',
    rule: INTAKE,
    file: SWITCH,
    find: 'count >= share * begun ?',
    replace: 'count >= share * finished ?',
    tests: [...COUNTS, ...BURST],
  },
  {
    name: 'dead-letter while it is unclear what those under way come to',
    rule: INTAKE,
    file: GATE,
    find: "    if (found.finding === 'few') return verdict;\n",
    replace: "    if (found.finding !== 'too-many') return verdict;\n",
    tests: BURST,
  },
  {
    name: 'count messages that were put back among those that were begun',
    rule: INTAKE,
    file: GATE,
    find: '        begun?.takeBack();\n',
    replace: '',
    tests: EXAMPLES,
  },
  {
    name: 'count a message as put back that was finished',
    rule: INTAKE,
    file: SWITCH,
    find: '      if (underWay) untold.add(change);\n',
    replace: '      untold.add(change);\n',
    tests: COUNTS,
  },
  {
    name: 'forget what was finished when the count fails',
    rule: INTAKE,
    file: SWITCH,
    find: '      untold.add(told);\n',
    replace: '',
    tests: COUNTS,
  },
  {
    name: 'tell of what was finished again and again',
    rule: INTAKE,
    file: SWITCH,
    find: '      const taken = sumOf(current, previous);\n      current = NOTHING;\n',
    replace: '      const taken = sumOf(current, previous);\n',
    tests: COUNTS,
  },
  {
    name: 'dead-letter what could not be counted',
    rule: STORES,
    file: GATE,
    find: "      return defer(message, 'store-unavailable', untilAnswered(random), fault.error);",
    replace: '      return verdict;',
    tests: EXAMPLES,
  },
  {
    name: 'charge attempts for the fault while the switch is on',
    rule: DEFERRAL,
    file: GATE,
    find: '    if (fingerprint === fault.fingerprint) return putOff(message, fault);\n',
    replace:
      "    if (fingerprint === fault.fingerprint && verdict.kind === 'move') return putOff(message, fault);\n",
    tests: EXAMPLES,
  },
  {
    name: 'charge the message that tries',
    rule: DEFERRAL,
    file: GATE,
    find: '      return putOff(message, fault, true);\n',
    replace: '      return verdict;\n',
    tests: [...EXAMPLES, ...PROPERTY],
  },
  {
    name: 'let the message that tries come before the others',
    rule: DEFERRAL,
    file: GATE,
    find: '      return putOff(message, fault, true);\n',
    replace: '      return putOff(message, fault);\n',
    tests: EXAMPLES,
  },
  {
    name: 'resume for a message that says nothing about the fault',
    rule: INTAKE,
    file: GATE,
    find: 'handled || fault !== undefined ? {',
    replace: 'handled || fault === undefined ? {',
    tests: EXAMPLES,
  },
  {
    name: 'keep the try of a message that failed in the pipeline',
    rule: INTAKE,
    file: PIPELINE,
    find: '    await passage.close();\n',
    replace: '',
    tests: EXAMPLES,
  },
  {
    name: 'dead-letter what crashes without asking whether the intake is held',
    rule: INTAKE,
    file: GATE,
    find: "    if (admission.kind === 'refused') {\n      emit",
    replace:
      "    if (admission.kind === 'refused') {\n      return judge(message, verdict, fault);\n      emit",
    tests: SUSPECTS,
  },
  {
    name: 'keep the try for a message that has no attempt left',
    rule: INTAKE,
    file: GATE,
    find: '    await intake.report(permit, IGNORED);\n    if (permit.probe)',
    replace: '    if (permit.probe)',
    tests: SUSPECTS,
  },
  {
    name: 'dead-letter the message whose turn it is to try, untried',
    rule: INTAKE,
    file: GATE,
    find: '    if (permit.probe) return hold(message, { retryAtEpochMs: clock.now() }, fault);\n',
    replace: '',
    tests: SUSPECTS,
  },
  {
    name: 'keep the try of a message that could not be judged',
    rule: INTAKE,
    file: GATE,
    find: '        return tell(IGNORED);\n',
    replace: '        return Promise.resolve();\n',
    tests: EXAMPLES,
  },
  {
    name: 'never try a message again whose attempts are used up',
    rule: INTAKE,
    file: GATE,
    find: '      return { ...judged, record };',
    replace: '      return judged;',
    tests: EXAMPLES,
  },
  {
    name: 'dead-letter the message that a queue halts at',
    rule: INTAKE,
    file: GATE,
    find: "return halts && verdict.kind === 'move' ? haltAt(parts, message, verdict, until) : verdict;",
    replace: "return halts && verdict.kind === 'done' ? haltAt(parts, message, verdict, until) : verdict;",
    tests: EXAMPLES,
  },
  {
    name: 'halt at a message whose attempts stay used up',
    rule: INTAKE,
    file: HALT,
    find: 'const fresh = { attempts: 0, history: [],',
    replace: 'const fresh = { attempts: envelope.attempts, history,',
    tests: EXAMPLES,
  },
  {
    name: 'give a fresh budget though the hold was not written',
    rule: STORES,
    file: HALT,
    find: "    return defer(message, 'store-unavailable', untilAnswered(random), error);\n",
    replace: '',
    tests: EXAMPLES,
  },
  {
    name: 'let the pollers spin while nothing can be done',
    rule: INTAKE,
    file: BATCH,
    find: '    if (idleMs > 0 && !invocation.abandoned) await parts.linger(idleMs);\n',
    replace: '    if (idleMs < 0 && !invocation.abandoned) await parts.linger(idleMs);\n',
    tests: ['test/core/batch.test.ts'],
  },
  {
    name: 'wait though a message was handled',
    rule: CHEAP,
    file: LINGER,
    find: '  if (total === 0 || back.length < total) return 0;\n',
    replace: '  if (total === 0) return 0;\n',
    tests: ['test/core/batch.test.ts'],
  },
  {
    name: 'wait in a sweep as if the pause were still to come',
    rule: INTAKE,
    file: LINGER,
    find: 'if (when.paused && ',
    replace: 'if (when.paused && when.now < 0 && ',
    tests: LONG_HOLD,
  },
  {
    name: 'wait for a pause that nobody makes no longer than for one that somebody does',
    rule: INTAKE,
    file: LINGER,
    find: 'if (when.paused && ',
    replace: 'if (',
    tests: LONG_HOLD,
  },
  {
    name: 'meet each message of a standing hold every minute of a sweep',
    rule: INTAKE,
    file: REFUSAL,
    find: '  const standing = forced && ',
    replace: '  const standing = forced && now < 0 && ',
    tests: LONG_HOLD,
  },
  {
    name: 'keep messages from the end of an open time that is known',
    rule: INTAKE,
    file: REFUSAL,
    find: '  const standing = forced && ',
    replace: '  const standing = forced !== undefined && ',
    tests: LONG_HOLD,
  },
  {
    name: 'leave notices to the controller under way when Lambda freezes',
    rule: INTAKE,
    file: NOTICES,
    find: '      await Promise.all(underWay);\n',
    replace: '      void underWay;\n',
    tests: ['test/core/control-notices.test.ts'],
  },
  {
    name: 'tell the controller nothing',
    rule: INTAKE,
    file: CIRCUITS,
    find: "transition.decidedBy !== 'environment'",
    replace: "transition.decidedBy === 'environment'",
    tests: ['test/aws/intake.test.ts'],
  },
  {
    name: 'read the circuits of a consumer apart',
    rule: CHEAP,
    file: CIRCUITS,
    find: '    reads.add(key, circuit);\n',
    replace: '',
    tests: ['test/aws/intake.test.ts'],
  },
];
