import type { Mutant } from './mutant.ts';

const BUDGET = 'lib/private/lane-budget.ts';
const LANES = 'lib/priority-lanes.ts';
const PRODUCER = 'lambdas/aws/producer.ts';

const EFFECT = '3 an effect completes once';
const BULKHEAD = '14 a lane takes nothing from another';

/** Mutants of the priority lanes and of what they share. */
export const LANE_MUTANTS: readonly Mutant[] = [
  {
    name: 'let a lane of little weight starve',
    rule: BULKHEAD,
    file: BUDGET,
    find: '    const enough = paying.filter((lane) => shareOf(lane) >= LEAST_SHARE);',
    replace: '    const enough = paying.filter((lane) => shareOf(lane) >= 0);',
    tests: ['test/lib/lane-budget.test.ts'],
  },
  {
    name: 'keep what rounding left of a budget',
    rule: BULKHEAD,
    file: BUDGET,
    find: 'byRemainder.slice(0, left)',
    replace: 'byRemainder.slice(left)',
    tests: ['test/lib/lane-budget.test.ts'],
  },
  {
    name: 'round the least urgent lane up first',
    rule: BULKHEAD,
    file: BUDGET,
    find: 'shares[other] - whole[other] - (shares[one] - whole[one])',
    replace: 'shares[one] - whole[one] - (shares[other] - whole[other])',
    tests: ['test/lib/lane-budget.test.ts'],
  },
  {
    name: 'give every lane the whole budget',
    rule: BULKHEAD,
    file: LANES,
    find: '        maxConcurrency: this.shares[priority],',
    replace: '        maxConcurrency: props.maxConcurrency,',
    tests: ['test/lib/priority-lanes.test.ts'],
  },
  {
    name: 'let critical messages wait for a batch to fill',
    rule: BULKHEAD,
    file: 'lib/private/lane-props.ts',
    find: "  const urgent = priority === 'CRITICAL';",
    replace: "  const urgent = priority === 'CRITICAL' && maxBatchingWindow === undefined;",
    tests: ['test/lib/priority-lanes.test.ts'],
  },
  {
    name: 'send every message into one lane',
    rule: BULKHEAD,
    file: PRODUCER,
    find: '    return { url: urls[priority], message',
    replace: '    return { url: urls.NORMAL, message',
    tests: ['test/aws/producer.test.ts'],
  },
  {
    name: 'tell what became of an entry to another',
    rule: '1 nothing is lost',
    file: PRODUCER,
    find: '          const entry = own[at];',
    replace: '          const entry = entries[at];',
    tests: ['test/aws/producer.test.ts'],
  },
  {
    name: 'have lanes know only what they handled themselves',
    rule: EFFECT,
    file: LANES,
    find: '        idempotencyScope: this.consumerId,\n',
    replace: '',
    tests: ['test/lib/priority-lanes.test.ts'],
  },
  {
    name: 'overlook the scope of idempotency keys',
    rule: EFFECT,
    file: 'lambdas/core/table-keys.ts',
    find: '  return `${KEY_PREFIX.idempotency}${idempotencyScope}`;',
    replace: '  return `${KEY_PREFIX.idempotency}${idempotencyScope === undefined ? "" : consumerId}`;',
    tests: ['test/aws/powertools-guard.test.ts', 'test/testing/lanes.test.ts'],
  },
  {
    name: 'grant a consumer the keys of its id rather than of its scope',
    rule: EFFECT,
    file: 'lib/state-table.ts',
    find: '      `${idempotencyKeyPrefix(access)}#*`,',
    replace: '      `${idempotencyKeyPrefix({ consumerId: access.consumerId })}#*`,',
    tests: ['test/lib/state-table.test.ts', 'test/lib/priority-lanes.test.ts'],
  },
  {
    name: 'let a scope be a pattern of keys',
    rule: EFFECT,
    file: 'lib/private/check-policies.ts',
    find: '!NAME.test(idempotencyScope)',
    replace: "idempotencyScope === ''",
    tests: ['test/lib/validation-rules.test.ts'],
  },
  {
    name: 'replay dead letters into NORMAL',
    rule: BULKHEAD,
    file: LANES,
    find: '    this.replayQueue = this.lanes.HIGH.queue;',
    replace: '    this.replayQueue = this.lanes.NORMAL.queue;',
    tests: ['test/lib/priority-lanes.test.ts'],
  },
  {
    name: 'let producers do more than send',
    rule: '8 what comes through the queue grants nothing',
    file: LANES,
    find: "queue.grant(grantee, 'sqs:SendMessage')",
    replace: "queue.grant(grantee, 'sqs:SendMessage', 'sqs:ReceiveMessage')",
    tests: ['test/lib/priority-lanes.test.ts'],
  },
];
