import { didYouMean } from './closest.ts';
import { type Place, placesOf } from './document.ts';
import type { FileProblem, Position } from './file-error.ts';
import type { Knob, ListKnob, MapKnob, SectionKnob } from './knob.ts';
import { type FileContent, LANGUAGE } from './language.ts';
import { durationMs, durationText, sizeBytes, sizeText } from './quantities.ts';

/** What was read of a configuration file. */
export interface ReadFile {
  /** What it says; options with a problem are left out. */
  readonly content: FileContent;
  /** What is wrong with single options, and with the text as a whole. */
  readonly problems: readonly FileProblem[];
  /** Paths of all options that are given, in their order. */
  readonly paths: readonly string[];
  /** Paths of options that may not be left out, and are. */
  readonly missing: readonly string[];
  /** Whether a path is given. */
  has(path: string): boolean;
  /** A problem with an option: it stands where the option does, or the nearest of what it is part of. */
  problemAt(path: string, rule: string, value?: string): FileProblem;
}

interface Given extends Position {
  readonly shown: string;
}

/**
 * Read a configuration file: YAML or JSON, each option against its description. What options say together is not
 * looked at.
 */
export function readFile(text: string): ReadFile {
  const problems: FileProblem[] = [];
  const given = new Map<string, Given>();
  const missing: string[] = [];
  const top = placesOf(text, problems);
  const content = top === undefined ? undefined : read(LANGUAGE, top, '', { problems, given, missing });

  function nearest(path: string): Given {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const found = given.get(at);
      if (found !== undefined) return found;
    }
    return { line: 1, column: 1, shown: 'nothing' };
  }

  return {
    // The reader makes of each option what its description says: the type is derived from the same description.
    content: (content ?? {}) as FileContent,
    problems,
    paths: [...given.keys()],
    missing,
    has: (path) => given.has(path),
    problemAt(path, rule, value) {
      const { line, column, shown } = nearest(path);
      return { line, column, path, rule, value: value ?? (given.has(path) ? shown : 'nothing') };
    },
  };
}

interface Notes {
  readonly problems: FileProblem[];
  readonly given: Map<string, Given>;
  readonly missing: string[];
}

/** The value of an option; `undefined` if it breaks its rule, which is noted then. */
function read(knob: Knob, place: Place, path: string, notes: Notes): unknown {
  const { line, column, shown, value } = place;
  if (path !== '') notes.given.set(path, { line, column, shown });
  const broken = (rule: string): undefined => {
    notes.problems.push({ line, column, path, rule, value: shown });
  };
  const scalar = value.kind === 'scalar' ? value.value : undefined;
  if (scalar === false && knob.orFalse !== undefined) return false;
  switch (knob.type) {
    case 'section':
      return readSection(knob, place, path, notes);
    case 'map':
      return readMap(knob, place, path, notes);
    case 'list':
      return readList(knob, place, path, notes);
    case 'duration':
    case 'size': {
      const amount = typeof scalar !== 'string' ? undefined : amountOf(knob.type, scalar);
      const fits = amount !== undefined && amount >= knob.range.min && amount <= knob.range.max;
      const step = knob.type === 'duration' ? (knob.step ?? 1) : 1;
      return fits && amount % step === 0 ? amount : broken(ruleOf(knob, amount));
    }
    case 'integer':
    case 'number': {
      const whole = knob.type === 'number' || Number.isInteger(scalar);
      const { min, max } = knob.range;
      const fits = typeof scalar === 'number' && scalar >= min && scalar <= max && whole;
      return fits ? scalar : broken(ruleOf(knob));
    }
    case 'flag':
      return typeof scalar === 'boolean' ? scalar : broken(ruleOf(knob));
    case 'choice': {
      if (typeof scalar === 'string' && knob.of.includes(scalar)) return scalar;
      return broken(`${ruleOf(knob)}${didYouMean(String(scalar), knob.of)}`);
    }
    case 'text':
      return typeof scalar === 'string' && knob.pattern.test(scalar) ? scalar : broken(knob.rule);
    case 'reference':
      return typeof scalar === 'string' ? scalar : broken(ruleOf(knob));
  }
}

function amountOf(type: 'duration' | 'size', text: string): number | undefined {
  return type === 'duration' ? durationMs(text) : sizeBytes(text);
}

/**
 * The rule of an option in words: `must be …`.
 *
 * @param amount what was read of a duration or size; absent: the text is none
 */
export function ruleOf(knob: Knob, amount?: number): string {
  const off = knob.orFalse === undefined ? '' : ', or false';
  switch (knob.type) {
    case 'duration': {
      const range = between(knob.range, durationText);
      if (amount === undefined) return `must be a duration such as 500ms, 30s, 15m, 4h or 7d, ${range}${off}`;
      return `must be ${knob.step === undefined ? '' : 'in whole seconds, '}${range}${off}`;
    }
    case 'size': {
      const range = between(knob.range, sizeText);
      return amount === undefined
        ? `must be a size such as 256KiB, ${range}${off}`
        : `must be ${range}${off}`;
    }
    case 'integer':
    case 'number': {
      const what = knob.type === 'integer' ? 'a whole number' : 'a number';
      return `must be ${what} ${between(knob.range, String)}${off}`;
    }
    case 'flag':
      return 'must be true or false';
    case 'choice':
      return `must be one of ${knob.of.join(', ')}${off}`;
    case 'text':
      return knob.rule;
    case 'reference':
      return `must be the name of one of the ${knob.to}`;
    case 'list':
      return `must be a list that is not empty${knob.orTrue === undefined ? '' : ', or true'}${off}`;
    case 'section':
    case 'map':
      return `must be a mapping${off}`;
  }
}

function between({ min, max }: { min: number; max: number }, written: (value: number) => string): string {
  if (max === Number.MAX_SAFE_INTEGER) return `of ${written(min)} or more`;
  return `from ${written(min)} to ${written(max)}`;
}

/** Keys with nothing behind them are a mapping with nothing in it. */
function entriesOf(knob: Knob, place: Place, path: string, notes: Notes) {
  const { line, column, shown, value } = place;
  if (value.kind === 'mapping') return value.entries;
  if (value.kind === 'scalar' && value.value === null) return [];
  notes.problems.push({ line, column, path, rule: ruleOf(knob), value: shown });
  return undefined;
}

function readSection(knob: SectionKnob, place: Place, path: string, notes: Notes): unknown {
  const entries = entriesOf(knob, place, path, notes);
  if (entries === undefined) return undefined;
  const found: [string, unknown][] = [];
  for (const { key, line, column, place: below } of entries) {
    const at = path === '' ? key : `${path}.${key}`;
    // Editors of JSON find the schema by it.
    if (path === '' && key === '$schema') continue;
    const known = Object.hasOwn(knob.keys, key) ? knob.keys[key] : undefined;
    if (known === undefined) {
      const names = Object.keys(knob.keys);
      const rule = `is no known option${didYouMean(key, names) || `: there are ${names.join(', ')}`}`;
      notes.problems.push({ line, column, path: at, rule, value: below.shown });
      continue;
    }
    const value = read(known, below, at, notes);
    if (value !== undefined) found.push([key, value]);
  }
  for (const [name, each] of Object.entries(knob.keys)) {
    if (each.required === true && !entries.some(({ key }) => key === name))
      notes.missing.push(`${path}.${name}`);
  }
  return Object.fromEntries(found);
}

function readMap(knob: MapKnob, place: Place, path: string, notes: Notes): unknown {
  const entries = entriesOf(knob, place, path, notes);
  if (entries === undefined) return undefined;
  const found: [string, unknown][] = [];
  for (const { key, line, column, place: below } of entries) {
    const at = `${path}.${key}`;
    if (!knob.name.test(key)) {
      notes.problems.push({ line, column, path: at, rule: knob.nameRule, value: `'${key}'` });
    }
    // An entry with a problem is there all the same, for who refers to it.
    found.push([key, read(knob.each, below, at, notes) ?? {}]);
  }
  return Object.fromEntries(found);
}

function readList(knob: ListKnob, place: Place, path: string, notes: Notes): unknown {
  const { line, column, shown, value } = place;
  if (value.kind === 'scalar' && value.value === true && knob.orTrue !== undefined) return true;
  if (value.kind !== 'list' || value.items.length === 0) {
    notes.problems.push({ line, column, path, rule: ruleOf(knob), value: shown });
    return undefined;
  }
  return value.items
    .map((item, at) => read(knob.of, item, `${path}[${at}]`, notes))
    .filter((item) => item !== undefined);
}
