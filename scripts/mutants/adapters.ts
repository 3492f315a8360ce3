import type { Mutant } from './mutant.ts';

const FENCED = 'lambdas/aws/fenced-persistence.ts';
const GUARD = 'lambdas/aws/powertools-guard.ts';
const QUEUES = 'lambdas/aws/sqs-queues.ts';

const EFFECT = '3 an effect completes once';

/** Mutants of the adapters. */
export const ADAPTER_MUTANTS: readonly Mutant[] = [
  {
    name: 'complete without the fence',
    rule: EFFECT,
    file: FENCED,
    find: "          ConditionExpression: '#holder = :holder',",
    replace: "          ConditionExpression: '#holder = :holder OR attribute_exists(#holder)',",
    tests: ['test/aws/powertools-guard.test.ts'],
  },
  {
    name: "take one's own lock for another's",
    rule: EFFECT,
    file: FENCED,
    find: '      if (existing?.[HOLDER]?.S === this.#holder) return;\n',
    replace: '',
    tests: ['test/aws/powertools-guard.test.ts'],
  },
  {
    name: 'let a lock end before its holder does, by a fast clock',
    rule: EFFECT,
    file: 'lambdas/core/pipeline.ts',
    find: 'invocation.remainingMs() + CLOCK_SKEW_MS',
    replace: 'invocation.remainingMs()',
    tests: ['test/core/deferral.test.ts'],
  },
  {
    name: "release another holder's lock",
    rule: EFFECT,
    file: FENCED,
    find: "          ConditionExpression: '#holder = :holder AND #status = :inProgress',",
    replace:
      "          ConditionExpression: '(#holder = :holder OR attribute_exists(#holder)) AND #status = :inProgress',",
    tests: ['test/aws/powertools-guard.test.ts'],
  },
  {
    name: 'write a completion only once',
    rule: EFFECT,
    file: FENCED,
    find: 'const MOST_COMPLETION_TRIES = 3;',
    replace: 'const MOST_COMPLETION_TRIES = 1;',
    tests: ['test/aws/powertools-guard.test.ts', 'test/aws/store-outage.test.ts'],
  },
  {
    name: 'repeat an effect whose completion could not be written',
    rule: EFFECT,
    file: FENCED,
    find: '          this.#recordError = error;\n          return;\n',
    replace: '          throw error;\n',
    tests: ['test/aws/powertools-guard.test.ts', 'test/aws/store-outage.test.ts'],
  },
  {
    name: "hide the handler's error behind a failed release",
    rule: EFFECT,
    file: FENCED,
    find: '      if (!(error instanceof ConditionalCheckFailedException)) this.#recordError = error;',
    replace: '      if (!(error instanceof ConditionalCheckFailedException)) throw error;',
    tests: ['test/aws/powertools-guard.test.ts'],
  },
  {
    name: 'keep idempotency records for a day only',
    rule: EFFECT,
    file: GUARD,
    find: '  return Math.max(day, queue.retentionSeconds + deadLetterQueue.retentionSeconds + day);',
    replace: '  return Math.min(day, queue.retentionSeconds + deadLetterQueue.retentionSeconds + day);',
    tests: ['test/aws/powertools-guard.test.ts'],
  },
  {
    name: 'share idempotency keys between consumers',
    rule: EFFECT,
    file: GUARD,
    find: '  const keyPrefix = idempotencyKeyPrefix(settings);',
    replace:
      "  const keyPrefix = idempotencyKeyPrefix({ ...settings, consumerId: 'all', idempotencyScope: 'all' });",
    tests: ['test/aws/powertools-guard.test.ts'],
  },
  {
    name: 'handle although the key could not be locked',
    rule: '5 our own stores may fail',
    file: GUARD,
    find: "    return { kind: 'unavailable', error: refusal };",
    replace: "    await effect();\n    return { kind: 'completed' };",
    tests: ['test/aws/powertools-guard.test.ts'],
  },
  {
    name: 'ignore the failed entries of a batch answer',
    rule: '1 nothing is lost',
    file: QUEUES,
    find: '        const { Successful = [], Failed = [] } = await client.send(command);\n',
    replace:
      "        const { Successful: some = [] } = await client.send(command);\n        const Failed: BatchResultErrorEntry[] = [];\n        const Successful = [...some, ...batch.map(({ at }) => ({ Id: String(at), MessageId: 'x' }))];\n",
    tests: ['test/aws/sqs-queues.test.ts'],
  },
  {
    name: 'send behind a FIFO entry that was refused',
    rule: '1 nothing is lost',
    file: QUEUES,
    find: '    const mayRepeat = tries < MOST_TRIES && !(keepOrder && batch.length > 1);',
    replace: '    const mayRepeat = tries < MOST_TRIES && (keepOrder || batch.length > 0);',
    tests: ['test/aws/sqs-queues.test.ts'],
  },
  {
    name: 'leave keys unread that DynamoDB did not process',
    rule: '2 a deferral is not an attempt',
    file: 'lambdas/aws/dynamo-records.ts',
    find: '      open = UnprocessedKeys?.[table]?.Keys ?? [];',
    replace: '      open = UnprocessedKeys?.[table]?.Keys?.slice(0, 0) ?? [];',
    tests: ['test/aws/dynamo-records.test.ts'],
  },
  {
    name: 'write payloads to the log',
    rule: '9 payloads stay out of logs',
    file: 'lambdas/core/screening/format-check.ts',
    find: "        return rejection('INVALID_FORMAT', problemOf(text));",
    replace: "        return rejection('INVALID_FORMAT', `not JSON: ${text}`);",
    tests: ['test/core/screening/checks.test.ts', 'test/core/pipeline.test.ts'],
  },
];
