import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ConfigurationFileError } from '../../../lambdas/core/configuration/file-error.ts';
import { configurationSchema } from '../../../lambdas/core/configuration/json-schema.ts';
import { type Knob, walk } from '../../../lambdas/core/configuration/knob.ts';
import { LANGUAGE } from '../../../lambdas/core/configuration/language.ts';
import { durationText, sizeText } from '../../../lambdas/core/configuration/quantities.ts';
import { readFile, ruleOf } from '../../../lambdas/core/configuration/read-file.ts';

const LEAVES: [string, Knob][] = [];
walk(LANGUAGE, (path, knob) => {
  if (knob.type !== 'section' && knob.type !== 'map') LEAVES.push([path.replaceAll('*', 'it'), knob]);
});
const SECTIONS: [string, Knob][] = [];
walk(LANGUAGE, (path, knob) => {
  if (path !== '' && (knob.type === 'section' || knob.type === 'map'))
    SECTIONS.push([path.replaceAll('*', 'it'), knob]);
});

/** A text with one option, each level on a line of its own. */
function textWith(path: string, value: string): string {
  const names = path.split('.');
  const lines = names.map((name, depth) => `${'  '.repeat(depth)}${name}:`);
  return `# a comment\n${lines.join('\n')} ${value}\n`;
}

function written(knob: Knob, amount: number): string {
  if (knob.type === 'duration') return durationText(amount);
  return knob.type === 'size' ? sizeText(amount) : String(amount);
}

function valueAt(content: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) => (value instanceof Object ? Reflect.get(value, key) : undefined),
      content,
    );
}

it('knows all of its options', () => {
  expect(LEAVES.length).toBeGreaterThan(80);
});

it.each(LEAVES)('says where, what and why if %s is something else', (path, knob) => {
  const text = textWith(path, '{}');
  const depth = path.split('.').length;
  const [problem, ...more] = readFile(text).problems;

  expect(more).toEqual([]);
  expect(problem).toMatchObject({ line: depth + 1, path, value: 'a mapping' });
  expect(problem?.column).toBe((text.split('\n')[depth]?.indexOf('{}') as number) + 1);
  expect(problem?.rule.startsWith(ruleOf(knob))).toBe(true);
});

it.each(SECTIONS)('says where, what and why if %s is no mapping, and knows the keys in it', (path, knob) => {
  const depth = path.split('.').length;
  expect(readFile(textWith(path, '7')).problems).toEqual([
    { line: depth + 1, column: expect.any(Number), path, rule: ruleOf(knob), value: '7' },
  ]);
  if (knob.type !== 'section') return;
  expect(readFile(textWith(`${path}.what`, '7')).problems).toMatchObject([
    {
      line: depth + 2,
      path: `${path}.what`,
      rule: expect.stringContaining('is no known option'),
      value: '7',
    },
  ]);
});

const RANGED = LEAVES.filter(([, knob]) => 'range' in knob);

it.each(RANGED)('takes %s at both ends of its range and not beyond', (path, knob) => {
  if (!('range' in knob)) return;
  const { min, max } = knob.range;
  const step = knob.type === 'duration' ? (knob.step ?? 1) : knob.type === 'number' ? 0.001 : 1;
  for (const amount of [min, max].filter((each) => each !== Number.MAX_SAFE_INTEGER)) {
    const { problems, content } = readFile(textWith(path, written(knob, amount)));
    expect(problems).toEqual([]);
    expect(valueAt(content, path)).toBe(amount);
  }
  const beyond = [min - step, max + step].filter((each) => each >= 0 && each <= Number.MAX_SAFE_INTEGER);
  for (const amount of beyond) {
    const text = written(knob, amount);
    const { problems } = readFile(textWith(path, text));
    const shown = knob.type === 'integer' || knob.type === 'number' ? text : `'${text}'`;
    expect(problems).toMatchObject([{ path, value: shown, rule: ruleOf(knob, amount) }]);
  }
});

it.each(LEAVES.filter(([, knob]) => knob.orFalse !== undefined))('takes false for %s', (path) => {
  const { problems, content } = readFile(textWith(path, 'false'));
  expect(problems).toEqual([]);
  expect(valueAt(content, path)).toBe(false);
});

it.each([
  ['queues.it.retention', '90.5s', 'must be in whole seconds, from 1m to 14d'],
  ['queues.it.retryUntil', '1500ms', 'must be in whole seconds, from 1s to 14d'],
  ['circuits.it.openFor', '1.5ms', 'must be from 1ms to 1d'],
])('takes no fraction in %s of what is counted whole', (path, value, rule) => {
  expect(readFile(textWith(path, value)).problems).toMatchObject([{ path, rule, value: `'${value}'` }]);
});

it('tells everything at once, in the order of the text', () => {
  const text = `circuits:
  tracker: { openFor: 2 days, timout: 5s }
queues:
  orders:
    screening: { maxSize: 2MiB, suspiciousPatterns: [sql-injecton] }
    attempts: { byReason: { TIMEOT: 3 } }
    retention: 4.5s
    batchSize: 1.5
`;
  const { problems } = readFile(text);
  expect(new ConfigurationFileError('spillway.yaml', problems.toReversed()).message).toBe(
    `spillway.yaml:2:23 circuits.tracker.openFor must be a duration such as 500ms, 30s, 15m, 4h or 7d, from 1ms to 1d, got '2 days'
spillway.yaml:2:31 circuits.tracker.timout is no known option (did you mean timeout?), got '5s'
spillway.yaml:5:27 queues.orders.screening.maxSize must be from 1B to 1MiB, or false, got '2MiB'
spillway.yaml:5:54 queues.orders.screening.suspiciousPatterns[0] must be one of sql-injection, script-injection, path-traversal (did you mean sql-injection?), got 'sql-injecton'
spillway.yaml:6:29 queues.orders.attempts.byReason.TIMEOT is no known option (did you mean TIMEOUT?), got 3
spillway.yaml:7:16 queues.orders.retention must be in whole seconds, from 1m to 14d, got '4.5s'
spillway.yaml:8:16 queues.orders.batchSize must be a whole number from 1 to 10000, got 1.5`,
  );
});

it('reads JSON with the lines that it has there', () => {
  const text = '{\n  "$schema": "x",\n  "circuits": {\n    "tracker": { "openFor": "2d" }\n  }\n}';
  expect(readFile(text).problems).toMatchObject([{ line: 4, column: 29, path: 'circuits.tracker.openFor' }]);
});

it.each([
  ['a: [1\nb: }', 2],
  ['circuits:\n  a: {}\n  a: {}', 3],
  ['queues: {}\n---\nqueues: {}', 2],
  ['queues: !!js/function x', 1],
  ['queues: *nobody', 1],
])('says where %j is no YAML', (text, line) => {
  const { problems, content } = readFile(text);
  expect(problems[0]).toMatchObject({
    line,
    path: '',
    rule: expect.stringMatching(/^must be YAML or JSON: /),
  });
  expect(content.circuits).toBeUndefined();
});

it.each(['', '# nothing\n', '{}', 'circuits:\nqueues:\n'])('takes %j for no options', (text) => {
  expect(readFile(text).problems).toEqual([]);
});

it('lets aliases stand for what they name, and is not caught in circles', () => {
  const shared = 'circuits:\n  a: &a { openFor: 10s }\n  b: *a\n';
  expect(readFile(shared).content.circuits).toEqual({ a: { openFor: 10_000 }, b: { openFor: 10_000 } });
  const circle = 'circuits: &a\n  x: *a\n  y: *a\n';
  expect(readFile(circle).problems.length).toBeGreaterThan(0);
});

it('takes names that objects have of their own for names', () => {
  const { content, problems } = readFile(
    'circuits: { __proto__: { openFor: 1s }, constructor: { window: 1s } }',
  );
  expect(problems).toEqual([]);
  expect(Object.keys(content.circuits ?? {})).toEqual(['__proto__', 'constructor']);
  expect(readFile('constructor: 1').problems).toMatchObject([{ path: 'constructor' }]);
});

it('refuses what is too long before it is parsed', () => {
  expect(readFile(`# ${'x'.repeat(300_000)}`).problems).toMatchObject([{ line: 1, path: '' }]);
});

it('never throws, and always has a line and a column', () => {
  const pieces = fc.constantFrom(
    'circuits',
    'queues',
    'tracker',
    'openFor',
    ': ',
    '\n',
    '  ',
    '{',
    '}',
    '[',
    ']',
    '5s',
    '1',
    '&a',
    '*a',
    '- ',
    '"',
    '#',
    '!!x',
    '\t',
    '|',
    '?',
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
      for (const { line, column } of readFile(parts.join('')).problems) {
        expect(line).toBeGreaterThan(0);
        expect(column).toBeGreaterThan(0);
      }
    }),
    { numRuns: 500 },
  );
});

it('has published its schema', () => {
  const published = readFileSync(new URL('../../../schema/spillway.schema.json', import.meta.url), 'utf8');
  expect(published, 'run npm run schema').toBe(`${JSON.stringify(configurationSchema(), null, 2)}\n`);
});
