import { access, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from '../../scripts/mutants/list.ts';
import { type Mutant, mutated, StaleMutantError } from '../../scripts/mutants/mutant.ts';

describe('a mutant', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    'fits the code: %s',
    async (_name, mutant) => {
      const text = await readFile(mutant.file, 'utf8');
      expect(mutated(text, mutant)).not.toBe(text);
      await Promise.all(mutant.tests.map((file) => access(file)));
    },
  );

  it('has a name of its own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  it('that does not fit any more is told, rather than counted as killed', () => {
    const mutant: Mutant = { name: 'm', rule: 'r', file: 'f', find: 'a', replace: 'b', tests: [] };
    expect(mutated('xay', mutant)).toBe('xby');
    expect(() => mutated('xy', mutant)).toThrow(StaleMutantError);
    expect(() => mutated('xaya', mutant)).toThrow('must stand in f exactly once, found 2 times');
  });
});
