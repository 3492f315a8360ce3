import type { Mutant } from './mutant.ts';

const FOLDER = 'lambdas/core/screening';
const RULE = '6 poison never reaches the handler';
const POISON = 'test/testing/poison.test.ts';

/** Mutants of the checks before the handler. */
export const SCREENING_MUTANTS: readonly Mutant[] = [
  {
    name: 'take inherited values for fields',
    rule: RULE,
    file: `${FOLDER}/json-pointer.ts`,
    find: ' || !Object.hasOwn(value, key)',
    replace: '',
    tests: ['test/core/screening/source-checks.test.ts'],
  },
  {
    name: 'let pass who names no source',
    rule: RULE,
    file: `${FOLDER}/denied-source-check.ts`,
    find: "      if (source === undefined) return rejection('DENIED_SOURCE', 'the message names no source');\n",
    replace: '      if (source === undefined) return undefined;\n',
    tests: ['test/core/screening/source-checks.test.ts'],
  },
  {
    name: 'let pass whom the list of denied sources cannot be read for',
    rule: '5 our own stores may fail',
    file: `${FOLDER}/denied-source-check.ts`,
    find: '(await denied.has(source))',
    replace: '(await denied.has(source).catch(() => false))',
    tests: [POISON, 'test/core/screening/source-checks.test.ts'],
  },
  {
    name: 'let an expired denial stand',
    rule: RULE,
    file: 'lambdas/aws/source-lists.ts',
    find: '      return read(expired ? undefined : Item);',
    replace: '      return read(expired ? Item : Item);',
    tests: ['test/aws/source-lists.test.ts'],
  },
  {
    name: 'look for attacks in what the schema made of the payload',
    rule: RULE,
    file: `${FOLDER}/suspicious-pattern-check.ts`,
    find: '    inspect({ document }) {',
    replace: '    inspect({ payload: document }) {',
    tests: ['test/core/screening/suspicious-patterns.test.ts', POISON],
  },
  {
    name: 'overlook attacks in the names of fields',
    rule: RULE,
    file: `${FOLDER}/suspicious-pattern-check.ts`,
    find: "[key, value].filter((text) => typeof text === 'string')",
    replace: "[value].filter((text) => typeof text === 'string')",
    tests: ['test/core/screening/suspicious-patterns.test.ts'],
  },
  {
    name: 'compare signatures by their length',
    rule: RULE,
    file: `${FOLDER}/signature-check.ts`,
    find: ' && timingSafeEqual(expected, signature)',
    replace: '',
    tests: ['test/core/screening/checks.test.ts'],
  },
  {
    name: 'parse what is nested without end',
    rule: RULE,
    file: `${FOLDER}/format-check.ts`,
    find: '      if (depth > MOST_NESTING) return true;\n',
    replace: '',
    tests: ['test/core/screening/checks.test.ts'],
  },
];
