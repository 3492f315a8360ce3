import type { PatternKind } from '../settings.ts';

/** A shape that attacks have and honest texts hardly ever. */
export interface SuspiciousPattern {
  readonly kind: PatternKind;
  /** Name for findings. */
  readonly name: string;
  /** One text of each group has to be there, or the expression is not tried. Lower case. */
  readonly needs: readonly (readonly string[])[];
  /** Tried on the text in lower case. */
  readonly expression: RegExp;
}

const QUOTES = ["'", '"'];
const UP = ['../', '..\\'];

/**
 * Every repetition is bounded, so that each position costs at most a constant number of steps, and a text a time that is
 * linear in its length; a test holds each pattern against texts that are made to be slow. The expressions begin with
 * what is rare and look back from there: an attacker can repeat a quote a million times for little.
 */
export const SUSPICIOUS_PATTERNS: readonly SuspiciousPattern[] = [
  {
    kind: 'sql-injection',
    name: 'a statement behind a closing quote',
    needs: [QUOTES, [';'], ['drop', 'delete', 'insert', 'update', 'alter', 'truncate', 'exec', 'waitfor']],
    expression:
      /;(?<=['"]\s{0,8}\)?\s{0,8};)\s{0,8}(?:drop\s{1,8}(?:table|database|schema|view|user)\b|delete\s{1,8}from\b|insert\s{1,8}into\b|update\s{1,8}\w{1,64}\s{1,8}set\b|(?:alter|truncate)\s{1,8}table\b|exec(?:ute)?\s{1,8}(?:xp|sp)_|waitfor\s{1,8}delay\b)/,
  },
  {
    kind: 'sql-injection',
    name: 'a condition that always holds',
    needs: [QUOTES, ['='], ['or', 'and', '||', '&&']],
    expression:
      /=(?<=['"]\s{0,8}\)?\s{0,8}(?:or|and|\|\||&&)\s{1,8}\(?['"]?(\w{1,16})['"]?\s{0,8}=)\s{0,8}['"]?\1(?!\w)/,
  },
  {
    kind: 'sql-injection',
    name: 'a UNION SELECT',
    needs: [['union'], ['select']],
    expression:
      /union(?<=['")\d]\s{0,8}union)\s{1,8}(?:all\s{1,8})?select\s{1,8}(?:null\b|\d|\*|@@|[\w.`]{1,64}(?:\s{0,8},|\s{1,8}from\b))/,
  },
  {
    kind: 'sql-injection',
    name: 'a comment behind a closing quote',
    needs: [["'"], ['--', '#']],
    expression: /^[^\s']{1,64}'\s{0,2}(?:--|#)\s{0,8}$/,
  },
  {
    kind: 'sql-injection',
    name: 'a call that waits',
    needs: [
      ["'", '"', ')'],
      ['sleep', 'benchmark'],
    ],
    expression:
      /(?:sleep|benchmark)(?<=['")]\s{0,8}(?:or|and|;|\|\|)\s{0,8}(?:pg_)?(?:sleep|benchmark))\s{0,8}\(/,
  },
  {
    kind: 'script-injection',
    name: 'a script element',
    needs: [['<', '%3c'], ['script']],
    expression: /script(?<=(?:<|%3c)\s{0,4}script)(?:[\s>/]|%20|%3e|%2f)/,
  },
  {
    kind: 'script-injection',
    name: 'a javascript: address',
    needs: [['javascript:'], ['(', '=']],
    expression: /javascript:(?=([^\s"'<>(=]{0,24}))\1[(=]/,
  },
  {
    kind: 'script-injection',
    name: 'an element with an event handler',
    needs: [['<'], ['on'], ['=']],
    expression:
      /<[a-z][a-z0-9]{0,16}[\s/][^<>]{0,256}?\bon(?:error|load|click|focus|blur|input|toggle|mouse[a-z]{2,6}|key[a-z]{2,5}|pointer[a-z]{2,6}|animation[a-z]{3,9})\s{0,4}=/,
  },
  {
    kind: 'path-traversal',
    name: 'a way up to a file of the system',
    needs: [UP, ['etc', 'proc', 'windows', 'boot.ini', '.ssh', '.aws', '.env']],
    expression:
      /\.\.[/\\](?:etc[/\\](?:passwd|shadow|hosts|group)|proc[/\\]self|windows[/\\](?:system32|win\.ini)|boot\.ini|\.ssh[/\\]|\.aws[/\\]|\.env\b)/,
  },
  {
    kind: 'path-traversal',
    name: 'an encoded way up',
    needs: [
      ['..', '%2e', '%252e'],
      ['%2f', '%5c', '%252f', '%255c', '%c0%af', '%2e', '%252e'],
    ],
    expression: /%(?:2e|252e)%(?:2e|252e)(?:[/\\]|%2f|%5c|%252f|%255c)|\.\.%(?:2f|5c|252f|255c|c0%af)/,
  },
  {
    kind: 'path-traversal',
    name: 'a path that is nothing but a way up',
    needs: [UP],
    expression: /^\s{0,4}(?:\.\.[/\\]){2,32}[^\s]{0,256}$/,
  },
];

/** The first pattern that a text shows. */
export function suspicionOf(
  text: string,
  patterns: readonly SuspiciousPattern[],
): SuspiciousPattern | undefined {
  const lower = text.toLowerCase();
  return patterns.find(
    ({ needs, expression }) =>
      needs.every((group) => group.some((part) => lower.includes(part))) && expression.test(lower),
  );
}
