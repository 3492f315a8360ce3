import secureJson from 'secure-json-parse';
import { type Check, rejection } from './check.ts';

/**
 * Parse JSON; keys that would pollute a prototype (`__proto__`, `constructor.prototype`) are refused.
 *
 * @throws {SyntaxError} if the text is not JSON or holds such a key
 */
export function parseJsonSafely(text: string): unknown {
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
        return rejection('INVALID_FORMAT', isJson(text) ? 'a key would pollute a prototype' : 'not JSON');
      }
    },
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
