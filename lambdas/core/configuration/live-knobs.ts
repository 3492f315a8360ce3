import type { FileProblem } from './file-error.ts';
import type { Knob } from './knob.ts';
import { LANGUAGE } from './language.ts';
import type { ReadFile } from './read-file.ts';

/** The option at a path of a file, such as `circuits.tracker.openFor`; `undefined` for a path in a list. */
export function knobAt(path: string): Knob | undefined {
  let knob: Knob | undefined = LANGUAGE;
  for (const name of path.split('.')) {
    if (knob?.type === 'section') knob = Object.hasOwn(knob.keys, name) ? knob.keys[name] : undefined;
    else knob = knob?.type === 'map' ? knob.each : undefined;
  }
  return knob;
}

/** What a file sets that cannot change at run time. It is refused: who sets it expects it to have an effect. */
export function deployedOnly(file: ReadFile): readonly FileProblem[] {
  return file.paths
    .filter((path) => {
      const knob = knobAt(path);
      return knob !== undefined && knob.live !== true;
    })
    .filter((path, _at, paths) => !paths.some((other) => path.startsWith(`${other}.`)))
    .map((path) => file.problemAt(path, 'must be left out at run time: it takes a deployment'));
}
