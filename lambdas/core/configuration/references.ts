import { RANGES } from '../ranges.ts';
import { didYouMean } from './closest.ts';
import type { FileProblem } from './file-error.ts';
import type { FileContent, RetryProfileContent } from './language.ts';
import { durationText } from './quantities.ts';
import type { ReadFile } from './read-file.ts';

/** What names in a file stand for something else in it, and do not fit; and what nothing refers to. */
export interface References {
  readonly problems: readonly FileProblem[];
  /** Retry profiles that neither a circuit nor a queue uses. */
  readonly unusedProfiles: readonly string[];
  /** Circuits that no queue uses. */
  readonly unusedCircuits: readonly string[];
}

/** Look at the names by which parts of a file refer to each other. */
export function referencesOf(file: ReadFile): References {
  const { circuits = {}, retryProfiles = {}, queues = {} } = file.content;
  const problems: FileProblem[] = [];
  const used = { circuits: new Set<string>(), retryProfiles: new Set<string>() };

  function find(path: string, to: 'circuits' | 'retryProfiles', name: string): boolean {
    used[to].add(name);
    const known = Object.keys(file.content[to] ?? {});
    if (known.includes(name)) return true;
    const what = to === 'circuits' ? 'circuits' : 'retryProfiles';
    const names = known.length === 0 ? ': there are none' : ` (${known.join(', ')})`;
    const rule = `must be the name of one of the ${what} of this file${didYouMean(name, known) || names}`;
    problems.push(file.problemAt(path, rule));
    return false;
  }

  for (const [name, { retry }] of Object.entries(circuits)) {
    const path = `circuits.${name}.retry`;
    if (retry === undefined || !find(path, 'retryProfiles', retry)) continue;
    const tooLong = longerThanCalls(retryProfiles[retry] ?? {});
    if (tooLong === undefined) continue;
    const rule = `must be a profile whose delays are at most ${durationText(RANGES.callWait.max)}, since a function ends then`;
    problems.push(file.problemAt(path, rule, `'${retry}' with ${tooLong}`));
  }
  for (const [name, queue] of Object.entries(queues)) {
    if (queue.retry !== undefined) find(`queues.${name}.retry`, 'retryProfiles', queue.retry);
    for (const [at, circuit] of (queue.circuits ?? []).entries()) {
      find(`queues.${name}.circuits[${at}]`, 'circuits', circuit);
    }
  }
  const rest = (of: keyof FileContent & keyof typeof used): readonly string[] =>
    Object.keys(file.content[of] ?? {}).filter((name) => !used[of].has(name));
  return { problems, unusedProfiles: rest('retryProfiles'), unusedCircuits: rest('circuits') };
}

/** A source is named by an attribute or in the payload: by one of the two. */
export function sourceProblemsOf(file: ReadFile): readonly FileProblem[] {
  return Object.entries(file.content.queues ?? {}).flatMap(([name, { screening = {} }]) =>
    (['deniedSources', 'reputation'] as const).flatMap((check) => {
      const source = screening[check];
      if (source === undefined || source === false) return [];
      if ((source.attribute === undefined) !== (source.pointer === undefined)) return [];
      const path = `queues.${name}.screening.${check}`;
      const got = source.attribute === undefined ? 'neither' : 'both';
      return [file.problemAt(path, 'must have attribute or pointer, but not both', got)];
    }),
  );
}

function longerThanCalls({ firstDelay = 0, cap = 0 }: RetryProfileContent): string | undefined {
  const { max } = RANGES.callWait;
  if (cap > max) return `cap ${durationText(cap)}`;
  return firstDelay > max ? `firstDelay ${durationText(firstDelay)}` : undefined;
}
