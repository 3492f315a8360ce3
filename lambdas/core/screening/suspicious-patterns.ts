import type { PatternKind } from '../settings.ts';

/** A shape that attacks have and honest texts hardly ever. */
export interface SuspiciousPattern {
  readonly kind: PatternKind;
  /** Name for findings. */
  readonly name: string;
  /** Texts without any of these, in lower case, are not looked at more closely. */
  readonly hints: readonly string[];
  readonly expression: RegExp;
}

/**
 * Every repetition is bounded, and what may follow it cannot begin with what it repeats, or only for as long as the
 * bound says. So each position costs at most a constant number of steps, and a text a time that is linear in its
 * length. A test holds each pattern against texts that are made to be slow.
 */
export const SUSPICIOUS_PATTERNS: readonly SuspiciousPattern[] = [
  {
    kind: 'sql-injection',
    name: 'a statement behind a closing quote',
    hints: ["'", '"'],
    expression:
      /['"]\s{0,8}\)?\s{0,8};\s{0,8}(?:drop\s{1,8}(?:table|database|schema|view|user)\b|delete\s{1,8}from\b|insert\s{1,8}into\b|update\s{1,8}\w{1,64}\s{1,8}set\b|(?:alter|truncate)\s{1,8}table\b|exec(?:ute)?\s{1,8}(?:xp|sp)_|waitfor\s{1,8}delay\b)/i,
  },
  {
    kind: 'sql-injection',
    name: 'a condition that always holds',
    hints: ["'", '"'],
    expression:
      /['"]\s{0,8}\)?\s{0,8}(?:or|and|\|\||&&)\s{1,8}['"]?(\w{1,16})['"]?\s{0,8}=\s{0,8}['"]?\1(?!\w)/i,
  },
  {
    kind: 'sql-injection',
    name: 'a UNION SELECT',
    hints: ['union'],
    expression:
      /['")\d]\s{0,8}union\s{1,8}(?:all\s{1,8})?select\s{1,8}(?:null\b|\d|\*|@@|[\w.`]{1,64}(?:\s{0,8},|\s{1,8}from\b))/i,
  },
  {
    kind: 'sql-injection',
    name: 'a comment behind a closing quote',
    hints: ["'"],
    expression: /^[^\s']{1,64}'\s{0,2}(?:--|#)\s{0,8}$/,
  },
  {
    kind: 'sql-injection',
    name: 'a call that waits',
    hints: ['sleep', 'benchmark'],
    expression: /['")]\s{0,8}(?:or|and|;|\|\|)\s{0,8}(?:pg_)?(?:sleep|benchmark)\s{0,8}\(/i,
  },
  {
    kind: 'script-injection',
    name: 'a script element',
    hints: ['<', '%3c'],
    expression: /(?:<|%3c)\s{0,4}script(?:[\s>/]|%20|%3e|%2f)/i,
  },
  {
    kind: 'script-injection',
    name: 'a javascript: address',
    hints: ['javascript:'],
    expression: /javascript:[^\s"'<>(=]{0,64}[(=]/i,
  },
  {
    kind: 'script-injection',
    name: 'an element with an event handler',
    hints: ['<'],
    expression:
      /<[a-z][a-z0-9]{0,16}[\s/][^<>]{0,256}?\bon(?:error|load|click|focus|blur|input|toggle|mouse[a-z]{2,6}|key[a-z]{2,5}|pointer[a-z]{2,6}|animation[a-z]{3,9})\s{0,4}=/i,
  },
  {
    kind: 'path-traversal',
    name: 'a way up to a file of the system',
    hints: ['../', '..\\'],
    expression:
      /\.\.[/\\](?:etc[/\\](?:passwd|shadow|hosts|group)|proc[/\\]self|windows[/\\](?:system32|win\.ini)|boot\.ini|\.ssh[/\\]|\.aws[/\\]|\.env\b)/i,
  },
  {
    kind: 'path-traversal',
    name: 'an encoded way up',
    hints: ['%2e', '%252e', '%2f', '%5c', '%252f', '%c0%af'],
    expression: /(?:(?:%2e|%252e){2}(?:[/\\]|%2f|%5c|%252f|%255c)|\.\.(?:%2f|%5c|%252f|%255c|%c0%af))/i,
  },
  {
    kind: 'path-traversal',
    name: 'a path that is nothing but a way up',
    hints: ['../', '..\\'],
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
    ({ hints, expression }) => hints.some((hint) => lower.includes(hint)) && expression.test(text),
  );
}
