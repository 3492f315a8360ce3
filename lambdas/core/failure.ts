import { createHash } from 'node:crypto';
import { causes, textField } from './error-shape.ts';

/** What is kept of an error: bounded, so that it fits a message attribute and a DynamoDB item. */
export interface ErrorSummary {
  /** Name of the error's class. */
  readonly name: string;
  /** Message, with the causes' messages appended. At most 1,000 characters. */
  readonly message: string;
  /** Stack trace. At most 4,000 characters. */
  readonly stack?: string;
  /** Equal for errors that have the same origin: 12 hexadecimal digits. */
  readonly fingerprint: string;
}

const LONGEST_MESSAGE = 1_000;
const LONGEST_STACK = 4_000;

/** Summarise whatever was thrown. */
export function summarizeError(error: unknown): ErrorSummary {
  const chain = [...causes(error)];
  const name = (chain[0] && textField(chain[0], 'name')) ?? typeof error;
  const messages = chain
    .map(messageOf)
    .filter((message, at, all) => message !== '' && all.indexOf(message) === at);
  const message = messages.join(': ') || (typeof error === 'string' ? error : '');
  const stack = chain[0] && textField(chain[0], 'stack');
  return {
    name: name.slice(0, 200),
    message: message.slice(0, LONGEST_MESSAGE),
    ...(stack === undefined ? {} : { stack: stack.slice(0, LONGEST_STACK) }),
    fingerprint: fingerprint(name, message, stack),
  };
}

function messageOf(error: object): string {
  const message = textField(error, 'message') ?? '';
  const code = textField(error, 'code');
  return message === '' && code !== undefined ? code : message;
}

/**
 * What two occurrences of one fault have in common: the name, the message without its variable parts, and the place
 * in the code.
 */
function fingerprint(name: string, message: string, stack: string | undefined): string {
  const place =
    stack
      ?.split('\n')
      .find((line) => /^\s+at /.test(line))
      ?.trim() ?? '';
  const constant = message
    .slice(0, LONGEST_MESSAGE)
    .replace(/"[^"]*"|'[^']*'/g, '""')
    .replace(/\b[\da-f]{8,}(-[\da-f]+)*\b/gi, '#')
    .replace(/[\w-]*\d[\w-]*/g, '#');
  return createHash('sha256').update(`${name}\n${constant}\n${place}`).digest('hex').slice(0, 12);
}
