import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { suspiciousPatternCheck } from '../../../lambdas/core/screening/suspicious-pattern-check.ts';
import { SUSPICIOUS_PATTERNS, suspicionOf } from '../../../lambdas/core/screening/suspicious-patterns.ts';
import { PATTERN_KINDS } from '../../../lambdas/core/settings.ts';
import { candidate, findingsOf } from './candidate.ts';

const check = suspiciousPatternCheck(PATTERN_KINDS);
const kindOf = (text: string): string | undefined => suspicionOf(text, SUSPICIOUS_PATTERNS)?.kind;

describe('attacks', () => {
  it.each([
    "'; DROP TABLE users; --",
    "Robert'); DROP TABLE Students;--",
    "x'; delete from orders where 1=1",
    "x';INSERT INTO admins VALUES ('me')",
    "' OR '1'='1",
    "' or 1=1--",
    '" OR "a"="a',
    "') AND ('x'='x",
    "1' UNION SELECT username, password FROM users --",
    '1 UNION ALL SELECT NULL,NULL',
    "' union select * from accounts",
    "admin'--",
    "admin' #",
    "' OR SLEEP(5)#",
    "1'; WAITFOR DELAY '0:0:5'--",
    "x'; EXEC xp_cmdshell('dir')",
  ])('on a database: %s', (text) => expect(kindOf(text)).toBe('sql-injection'));

  it.each([
    '<script>alert(1)</script>',
    '< SCRIPT src="//evil.example/x.js">',
    'hello <script/x>',
    '%3Cscript%3Ealert(1)%3C/script%3E',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '<body  onload = "x()">',
    '<a href="javascript:alert(document.cookie)">',
    'javascript:location="//evil.example"',
  ])('on a browser: %s', (text) => expect(kindOf(text)).toBe('script-injection'));

  it.each([
    '../../etc/passwd',
    '/static/../../../etc/shadow',
    '..\\..\\windows\\system32\\config\\sam',
    '../../../secret.txt',
    '%2e%2e%2fetc%2fpasswd',
    '%2E%2E/%2E%2E/x',
    '..%2f..%2fsecret',
    '%252e%252e%252fx',
    'files/../.env',
    '~/../.ssh/id_rsa',
  ])('on files: %s', (text) => expect(kindOf(text)).toBe('path-traversal'));

  it('are found wherever they are, in texts and in names of fields, and are not repeated', () => {
    const payload = { a: [{ 'b/c': "' OR '1'='1" }], "'; DROP TABLE x": 1, fine: 'yes' };
    const findings = findingsOf(check, candidate(JSON.stringify(payload), payload));
    expect(findings).toEqual([
      { pointer: "/'; DROP TABLE x", message: 'sql-injection: a statement behind a closing quote' },
      { pointer: '/a/0/b~1c', message: 'sql-injection: a condition that always holds' },
    ]);
  });

  it('are looked for only as far as is wished', () => {
    const only = suspiciousPatternCheck(['path-traversal']);
    expect(findingsOf(only, candidate('', { a: '<script>', b: '../../etc/passwd' }))).toHaveLength(1);
  });
});

describe('honest texts', () => {
  it.each([
    "It's Ms. O'Brien's order; drop it at the door",
    'Please select the blue one from the menu, or the red one',
    "The customers'; drop by any time",
    'Drop table reservation for two',
    "the 'or' and the 'and' are keywords",
    "'yes' or 'no'?",
    'Union Select Committee from Ohio',
    'the trade union; select members from each branch',
    "rock 'n' roll -- since 1956",
    "the dogs' -- all of them",
    'see ../docs/readme.md and ../../CONTRIBUTING.md for more',
    'https://example.com/a/b?x=1&y=2#top',
    'JavaScript: The Good Parts (second edition)',
    'I wrote it in javascript: it was fun',
    'a < b and script > c',
    'The manuscript <3',
    '<b>bold</b> and <a href="https://example.com">links</a>',
    '**markdown** with `code` and a [link](../guide.md)',
    'SELECT name FROM users WHERE id = ?',
    'UPDATE statistics set of 2024; insert coin',
    "const a = b || c; if (x === 'y') return;",
    'x = "1"; y = "2"; // or z = 3',
    'price = 5 and tax = 1',
    'git diff a...b',
    'C:\\Users\\me\\..\\you',
    '100% of 2e3',
    '{"order":"42","note":"it\'s fine"}',
    'one=1 or two=2',
  ])('pass: %s', (text) => expect(kindOf(text)).toBeUndefined());

  it('pass: all example payloads of GitHub webhooks', () => {
    const webhooks = z
      .array(z.object({ name: z.string(), examples: z.array(z.unknown()) }))
      .parse(createRequire(import.meta.url)('@octokit/webhooks-examples'));
    const payloads = webhooks.flatMap(({ examples }) => examples);
    expect(payloads).toHaveLength(329);
    expect(payloads.filter((payload) => findingsOf(check, candidate('', payload)).length > 0)).toEqual([]);
  });
});

const MEBIBYTE = 1_048_576;
const PIECES = [
  ...["'", '"', "' or ", "';", "' )", "'x'='", '= ', "' or a=", '; ', ';drop ', 'union ', "'union select a "],
  ...['<', '<a ', '<a on', '<a onx', '%3c', 'script', '< script', 'javascript:', 'javascript:aaa'],
  ...['.', '../', '..\\', '%2e', '%252e', '..%', '-- ', ' ', 'a', '\\', 'sleep', "' or sleep", '\u0130'],
];

describe('texts that are made to be slow', () => {
  const timeOf = (text: string): number => {
    const times = [1, 2, 3].map(() => {
      // Processor time: tests of other files run at the same time.
      const before = process.cpuUsage();
      for (const { expression } of SUSPICIOUS_PATTERNS) expression.test(text.toLowerCase());
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    });
    return Math.min(...times);
  };

  it.each(PIECES)('take a time that grows with their length: %j', (piece) => {
    const whole = piece.repeat(MEBIBYTE / piece.length);
    const eighth = whole.slice(0, MEBIBYTE / 8);
    // Eight times the length takes eight times as long; a square would take 64 times. A floor, for what is too fast.
    expect(timeOf(whole)).toBeLessThan(Math.max(5, timeOf(eighth)) * 24);
  });

  it('of any two pieces as well', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PIECES), fc.constantFrom(...PIECES), (one, other) => {
        const piece = one + other;
        const whole = piece.repeat(MEBIBYTE / 4 / piece.length);
        expect(timeOf(whole)).toBeLessThan(Math.max(5, timeOf(whole.slice(0, MEBIBYTE / 32))) * 24);
      }),
      { numRuns: 40 },
    );
  });
});
