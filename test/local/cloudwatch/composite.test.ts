import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alarmsOf, parseRule, ruleHolds } from '../../../local/cloudwatch/alarms/composite.ts';
import type { AlarmState } from '../../../local/cloudwatch/cloudwatch.ts';

const states: Readonly<Record<string, AlarmState>> = {
  a: 'ALARM',
  b: 'OK',
  c: 'INSUFFICIENT_DATA',
  'arn:aws:cloudwatch:us-east-1:0:alarm:x (1)': 'ALARM',
};
const holds = (rule: string): boolean =>
  ruleHolds(parseRule(rule), (name) => states[name] ?? 'INSUFFICIENT_DATA');

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
describe('the rule of a composite alarm', () => {
  it.each([
    ['ALARM(a)', true],
    ['ALARM("a")', true],
    ["ALARM( 'a' )", true],
    ['OK(b)', true],
    ['INSUFFICIENT_DATA(c)', true],
    ['ALARM("arn:aws:cloudwatch:us-east-1:0:alarm:x (1)")', true],
    ['ALARM(b)', false],
    ['TRUE', true],
    ['FALSE', false],
    ['NOT ALARM(b)', true],
    ['NOT NOT ALARM(b)', false],
    ['ALARM(a) AND NOT ALARM(b)', true],
    ['TRUE OR TRUE AND FALSE', true],
    ['(TRUE OR TRUE) AND FALSE', false],
    ['NOT FALSE AND FALSE', false],
    ['NOT (FALSE AND FALSE)', true],
    ['(ALARM(a) OR ALARM(b)) AND (OK(b) OR OK(c))', true],
    ['(\n  ALARM("a")\n  AND OK("b")\n)', true],
  ])('%s is %s', (rule, expected) => {
    expect(holds(rule)).toBe(expected);
  });

  it.each([
    ['', 'expected an alarm, got the end'],
    ['ALARM(a) OK(b)', 'unexpected'],
    ['ALARM()', 'cannot read'],
    ['ALARM(a) AND', 'expected an alarm'],
    ['(TRUE', "expected ')'"],
    ['AT_LEAST(1, ALARM, (a, b))', 'cannot read'],
    ['TRUEISH', 'cannot read'],
  ])('refuses %j', (rule, message) => {
    expect(() => parseRule(rule)).toThrow(
      expect.objectContaining({ code: 'ValidationError', message: expect.stringContaining(message) }),
    );
  });

  it('names the alarms that it goes by, each once', () => {
    expect(alarmsOf(parseRule('(ALARM(a) OR OK("b")) AND NOT ALARM(a) AND TRUE'))).toEqual(['a', 'b']);
  });

  it('means what the same expression means in JavaScript', () => {
    const expression = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('TRUE', 'FALSE', 'ALARM(a)', 'OK(a)'),
        fc
          .tuple(tie('value'), fc.constantFrom('AND', 'OR'), tie('value'))
          .map((parts) => `(${parts.join(' ')})`),
        fc.tuple(tie('value'), fc.constantFrom('AND', 'OR'), tie('value')).map((parts) => parts.join(' ')),
        tie('value').map((value) => `NOT (${value})`),
      ),
    })).value;
    const meaning: Readonly<Record<string, string>> = { AND: '&&', OR: '||', NOT: '!' };
    fc.assert(
      fc.property(expression, (rule) => {
        const script = rule
          .replaceAll(/TRUE|ALARM\(a\)/g, 'true')
          .replaceAll(/FALSE|OK\(a\)/g, 'false')
          .replaceAll(/AND|OR|NOT/g, (word) => meaning[word] ?? '');
        expect(holds(rule)).toBe(new Function(`return ${script}`)());
      }),
      { numRuns: 300 },
    );
  });
});
