import type { Mutant } from './mutant.ts';

const GCRA = 'lambdas/core/policies/rate-limiter/gcra.ts';
const POOL = 'lambdas/core/policies/rate-limiter/permit-pool.ts';
const SHARED = 'lambdas/core/policies/rate-limiter/shared-permits.ts';
const LIMITER = 'lambdas/core/policies/rate-limiter/rate-limiter.ts';
const LINE = 'lambdas/core/policies/rate-limiter/waiting-line.ts';
const DYNAMO = 'lambdas/aws/dynamo-limits.ts';

const BOUND = '13 a rate limit is never exceeded';
const TURN = '13 a rate limit wastes nothing, and calls keep their turn';
const STORES = '5 our own stores may fail';

/** What holds in any fleet has to be noticed by the simulation, or by the worst cases of the arithmetic alone. */
const SIMULATION = ['test/core/policies/rate-limiter.property.test.ts'];
const ARITHMETIC = ['test/core/policies/gcra.test.ts'];
const EXAMPLES = ['test/core/policies/rate-limiter.test.ts'];
const TABLE = ['test/aws/dynamo-limits.test.ts'];

/** Mutants of the rate limiter. */
export const RATE_LIMITER_MUTANTS: readonly Mutant[] = [
  {
    name: 'begin a timeline that is ahead anew',
    rule: BOUND,
    file: GCRA,
    find: 'item === undefined || item.tatUs <= step.nowUs)',
    replace: 'item === undefined || item.tatUs >= step.nowUs || item.tatUs <= step.nowUs)',
    tests: SIMULATION,
  },
  {
    name: 'take permits however far ahead they are',
    rule: BOUND,
    file: GCRA,
    find: 'item.tatUs > step.nowUs && item.tatUs <= step.mostUs)',
    replace: 'item.tatUs > step.nowUs)',
    tests: TABLE,
  },
  {
    name: 'leave clocks that differ out of the burst',
    rule: BOUND,
    file: GCRA,
    find: 'Math.floor(tolerance) - skewUs)',
    replace: 'Math.floor(tolerance))',
    tests: ARITHMETIC,
  },
  {
    name: 'keep the limit where the burst is too small for clocks and replies',
    rule: BOUND,
    file: GCRA,
    find: 'Math.ceil(interval + stretch)',
    replace: 'Math.ceil(interval)',
    tests: SIMULATION,
  },
  {
    name: 'give the whole burst at once, and keep permits as well',
    rule: BOUND,
    file: GCRA,
    find: 'earlyUs: Math.max(0, spareUs - holdUs),',
    replace: 'earlyUs: spareUs,',
    tests: ARITHMETIC,
  },
  {
    name: 'round the interval down',
    rule: BOUND,
    file: GCRA,
    find: 'Math.ceil(interval + stretch)',
    replace: 'Math.floor(interval + stretch)',
    tests: ARITHMETIC,
  },
  {
    name: 'give a burst for a limit that has changed',
    rule: BOUND,
    file: GCRA,
    find: 'seenUs: item.tatUs, toUs: far, intervalUs };',
    replace: 'seenUs: item.tatUs, toUs: nowUs, intervalUs };',
    tests: EXAMPLES,
  },
  {
    name: 'throw away the places of those who wait',
    rule: BOUND,
    file: GCRA,
    find: 'item.tatUs > far + longestWaitUs;',
    replace: 'item.tatUs > far + Math.min(1_000, longestWaitUs);',
    tests: SIMULATION,
  },
  {
    name: 'stay with what was taken under a slower limit',
    rule: TURN,
    file: GCRA,
    find: 'const strange = item.intervalUs !== intervalUs || item',
    replace: 'const strange = item',
    tests: EXAMPLES,
  },
  {
    name: 'use permits that have expired',
    rule: BOUND,
    file: POOL,
    find: 'permits.findIndex(({ untilUs }) => untilUs >= nowUs)',
    replace: 'permits.findIndex(({ untilUs }) => untilUs >= nowUs - 60_000_000)',
    tests: SIMULATION,
  },
  {
    name: 'use permits before their time',
    rule: BOUND,
    file: POOL,
    find: 'first !== undefined && first.fromUs <= nowUs ?',
    replace: 'first !== undefined && first.fromUs <= nowUs + 60_000_000 ?',
    tests: SIMULATION,
  },
  {
    name: 'admit the whole limit on each shard',
    rule: BOUND,
    file: SHARED,
    find: 'limit: limit / count, perMs',
    replace: 'limit: limit * Math.sign(count), perMs',
    tests: SIMULATION,
  },
  {
    name: 'have more shards than the burst has permits',
    rule: BOUND,
    file: 'lambdas/core/policies/settings.ts',
    find: 'Math.min(shards, Math.floor(burst))',
    replace: 'shards',
    tests: EXAMPLES,
  },
  {
    name: 'go on refusing by a limit that was raised',
    rule: '13 a rate limit holds for all environments together',
    file: 'lambdas/core/policies/rate-limiter/shared-permits.ts',
    find: 'shard.intervalUs === intervalUs ? shard.notBeforeUs : 0',
    replace: 'intervalUs > 0 ? shard.notBeforeUs : 0',
    tests: ['test/core/policies/consumer-policies.test.ts'],
  },
  {
    name: 'ask the table again although it has said when',
    rule: TURN,
    file: SHARED,
    find: 'const early = latestUs === now && now < notBefore(shard, timeline);',
    replace: 'const early = latestUs === now && now < Math.min(0, notBefore(shard, timeline));',
    tests: EXAMPLES,
  },
  {
    name: 'give up after the first reply that came too late',
    rule: STORES,
    file: SHARED,
    find: '      if (late) tellLate(permits);',
    replace: '      if (late) tellLate(permits);\n      if (late) break;',
    tests: EXAMPLES,
  },
  {
    name: 'admit everything while the table is down',
    rule: STORES,
    file: LIMITER,
    find: "answer.kind === 'failed' && onStoreFailure === 'local' && uncovered",
    replace: "answer.kind === 'failed' && uncovered",
    tests: EXAMPLES,
  },
  {
    name: 'make a call after its deadline',
    rule: TURN,
    file: LIMITER,
    find: 'if (waiter.deadlineUs < now) {',
    replace: 'if (waiter.deadlineUs < 0) {',
    tests: EXAMPLES,
  },
  {
    name: 'give the same permit back twice',
    rule: BOUND,
    file: LIMITER,
    find: '    issued.delete(permit);\n    counts.admitted -= 1;\n    pool.add([span]);',
    replace: '    counts.admitted -= 1;\n    pool.add([span]);',
    tests: EXAMPLES,
  },
  {
    name: 'make a call with a permit that has expired since',
    rule: BOUND,
    file: LIMITER,
    find: 'if (span.untilUs >= nowUs()) return true;',
    replace: 'if (span.untilUs >= 0) return true;',
    tests: EXAMPLES,
  },
  {
    name: 'keep the place of somebody who has gone',
    rule: TURN,
    file: LINE,
    find: '      const aborted = (): void => {\n        waiters.delete(waiter);\n',
    replace: '      const aborted = (): void => {\n',
    tests: EXAMPLES,
  },
  {
    name: 'begin a timeline anew in the table whatever it says',
    rule: BOUND,
    file: DYNAMO,
    find: "'attribute_not_exists(#tat) OR #tat <= :now'",
    replace: "'attribute_not_exists(#tat) OR #tat <= :now OR #tat > :now'",
    tests: TABLE,
  },
  {
    name: 'take permits in the table however far ahead they are',
    rule: BOUND,
    file: DYNAMO,
    find: "'#tat > :now AND #tat <= :most'",
    replace: "'#tat > :now AND (#tat <= :most OR #tat > :most)'",
    tests: TABLE,
  },
  {
    name: 'round times in the table to milliseconds',
    rule: BOUND,
    file: DYNAMO,
    find: "${String(us % 1_000).padStart(3, '0')}",
    replace: '${String(us % 1_000).slice(0, 0)}0',
    tests: TABLE,
  },
];
