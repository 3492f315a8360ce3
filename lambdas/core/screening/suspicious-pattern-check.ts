import type { Finding } from '../failure-envelope.ts';
import type { PatternKind } from '../settings.ts';
import type { Check } from './check.ts';
import { jsonPointer } from './json-pointer.ts';
import { SUSPICIOUS_PATTERNS, suspicionOf } from './suspicious-patterns.ts';

/** Findings that are kept of one message. */
const MOST_FINDINGS = 20;

/** A value on the way through the payload; its path is put together only when there is something to tell. */
interface Place {
  readonly value: unknown;
  readonly key?: string;
  readonly parent?: Place;
}

/** Refuse payloads in which a text, or the name of a field, looks like an attack. The text itself is not repeated. */
export function suspiciousPatternCheck(kinds: readonly PatternKind[]): Check {
  const patterns = SUSPICIOUS_PATTERNS.filter(({ kind }) => kinds.includes(kind));
  return {
    name: 'suspicious patterns',
    inspect({ document }) {
      const findings: Finding[] = [];
      // A stack of our own: payloads may be nested more deeply than calls may be.
      const open: Place[] = [{ value: document }];
      for (let place = open.pop(); place !== undefined; place = open.pop()) {
        const { value, key } = place;
        const texts = [key, value].filter((text) => typeof text === 'string');
        for (const text of texts) {
          const suspicion = suspicionOf(text, patterns);
          if (suspicion === undefined) continue;
          findings.push({ pointer: pointerTo(place), message: `${suspicion.kind}: ${suspicion.name}` });
          if (findings.length === MOST_FINDINGS) return { reason: 'SUSPICIOUS_PATTERN', findings };
        }
        if (Array.isArray(value)) {
          for (const [at, each] of value.entries()) {
            if (isWorthALook(each)) open.push({ value: each, parent: place, key: String(at) });
          }
        } else if (typeof value === 'object' && value !== null) {
          for (const [name, each] of Object.entries(value))
            open.push({ value: each, parent: place, key: name });
        }
      }
      return findings.length === 0 ? undefined : { reason: 'SUSPICIOUS_PATTERN', findings };
    },
  };
}

function isWorthALook(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}

/** Deep places are told by the way there as far as a pointer may be long. */
function pointerTo(place: Place): string {
  const path: string[] = [];
  for (let at: Place | undefined = place; at?.key !== undefined; at = at.parent) path.push(at.key);
  return jsonPointer(path.reverse().slice(0, 500));
}
