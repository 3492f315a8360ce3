/** A small patch that breaks a rule. A test has to notice it. */
export interface Mutant {
  /** Name, in words that say what is broken. */
  readonly name: string;
  /** The rule of ARCHITECTURE.md ("What must hold") that it breaks. */
  readonly rule: string;
  /** File to patch. */
  readonly file: string;
  /** Text that is replaced; it stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Test files of which one has to fail. */
  readonly tests: readonly string[];
}

/** A mutant does not fit the code any more. */
export class StaleMutantError extends Error {
  override readonly name = 'StaleMutantError';

  constructor({ name, file, find }: Mutant, found: number) {
    super(`mutant "${name}": the text must stand in ${file} exactly once, found ${found} times:\n${find}`);
  }
}

/**
 * The text of a file with a mutant applied.
 *
 * @throws {StaleMutantError} if the text to replace is not there exactly once
 */
export function mutated(text: string, mutant: Mutant): string {
  const parts = text.split(mutant.find);
  if (parts.length !== 2) throw new StaleMutantError(mutant, parts.length - 1);
  return parts.join(mutant.replace);
}
