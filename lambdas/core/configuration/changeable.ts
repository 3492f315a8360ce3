import { stringify } from 'yaml';
import type { Knob } from './knob.ts';
import { type FileContent, LANGUAGE } from './language.ts';
import { durationText, sizeText } from './quantities.ts';
import type { ReadFile } from './read-file.ts';
import { referencesOf } from './references.ts';

/** What of a file may change at run time, as a text of its own: YAML. */
export function changeableText(file: ReadFile): string {
  const { unusedProfiles } = referencesOf(file);
  const used = Object.entries(file.content.retryProfiles ?? {}).filter(
    ([name]) => !unusedProfiles.includes(name),
  );
  const content: FileContent = { ...file.content, retryProfiles: Object.fromEntries(used) };
  const kept = changeable(LANGUAGE, content);
  // A parameter takes no empty text.
  return kept === undefined ? '{}\n' : stringify(kept);
}

/** `undefined`: nothing of it may change. */
function changeable(knob: Knob, value: unknown): unknown {
  if (value === undefined || knob.live !== true) return undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const below = (name: string): Knob | undefined =>
      knob.type === 'section' ? knob.keys[name] : knob.type === 'map' ? knob.each : undefined;
    const kept = Object.entries(value)
      .map(([name, each]) => {
        const own = below(name);
        return [name, own === undefined ? undefined : changeable(own, each)] as const;
      })
      .filter(([, each]) => each !== undefined);
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  }
  if (typeof value !== 'number') return value;
  if (knob.type === 'duration') return durationText(value);
  return knob.type === 'size' ? sizeText(value) : value;
}
