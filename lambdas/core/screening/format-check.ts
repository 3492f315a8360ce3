import secureJson from 'secure-json-parse';
import { type Check, rejection } from './check.ts';

/**
 * Objects and arrays inside each other. What is nested more deeply is made to exhaust stacks and time: parsing and walking
 * through 100,000 levels takes a tenth of a second.
 */
export const MOST_NESTING = 1_000;

/**
 * Parse JSON; keys that would pollute a prototype (`__proto__`, `constructor.prototype`) are refused,
 * and so is what is nested more than {@link MOST_NESTING} deep.
 *
 * @throws {SyntaxError} if the text is not JSON, holds such a key, or is nested too deeply
 */
export function parseJsonSafely(text: string): unknown {
  if (isTooDeep(text)) throw new SyntaxError(`nested more than ${MOST_NESTING} deep`);
  return secureJson.parse(text, null, { protoAction: 'error', constructorAction: 'error' });
}

/** Parse the payload as JSON and refuse what is none. What the parser says is not repeated: it quotes the content. */
export function formatCheck(): Check {
  return {
    name: 'format',
    inspect(candidate) {
      if (candidate.parsed) return undefined;
      const text = candidate.message.text;
      try {
        candidate.document = parseJsonSafely(text);
        candidate.payload = candidate.document;
        candidate.parsed = true;
        return undefined;
      } catch {
        return rejection('INVALID_FORMAT', problemOf(text));
      }
    },
  };
}

function problemOf(text: string): string {
  if (isTooDeep(text)) return `nested more than ${MOST_NESTING} deep`;
  return isJson(text) ? 'a key would pollute a prototype' : 'not JSON';
}

/** Counts brackets outside of texts, without parsing: that would take the time which is to be saved. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > MOST_NESTING) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
  }
  return false;
}

const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [34, 92, 123, 125, 91, 93];

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
