import { ConfigurationError, type ConfigurationProblem } from './errors.ts';
import type { Range } from './ranges.ts';

/** Reads options one by one and collects everything that is wrong with them. */
export class SettingsReader {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #path: string;
  readonly #problems: ConfigurationProblem[];
  readonly #readers: SettingsReader[];
  readonly #known = new Set<string>();

  constructor(
    value: unknown,
    path = '',
    problems: ConfigurationProblem[] = [],
    readers: SettingsReader[] = [],
  ) {
    this.#path = path;
    this.#problems = problems;
    this.#readers = readers;
    readers.push(this);
    const usable = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!usable) problems.push({ option: path || 'settings', rule: 'must be an object', value });
    this.#value = usable ? Object.fromEntries(Object.entries(value)) : {};
  }

  child(name: string, fallback?: object): SettingsReader {
    return new SettingsReader(
      this.#read(name) ?? fallback,
      this.#pathOf(name),
      this.#problems,
      this.#readers,
    );
  }

  /** A list of objects. */
  children(name: string): readonly SettingsReader[] {
    const value = this.#read(name);
    if (Array.isArray(value)) {
      return value.map(
        (each, at) => new SettingsReader(each, `${this.#pathOf(name)}[${at}]`, this.#problems, this.#readers),
      );
    }
    this.problem(name, 'must be a list of objects', value);
    return [];
  }

  has(name: string): boolean {
    return this.#read(name) !== undefined;
  }

  isFalse(name: string): boolean {
    return this.#read(name) === false;
  }

  keys(): string[] {
    return Object.keys(this.#value);
  }

  problem(name: string, rule: string, value: unknown): void {
    this.#problems.push({ option: this.#pathOf(name), rule, value });
  }

  text(name: string, fallback?: string): string {
    const value = this.#read(name) ?? fallback;
    if (typeof value === 'string' && value !== '') return value;
    this.problem(name, 'must be a text that is not empty', value);
    return '';
  }

  anyText(name: string, fallback: string): string {
    const value = this.#read(name) ?? fallback;
    return value === '' ? '' : this.text(name, fallback);
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#read(name) ?? fallback;
    if (typeof value === 'boolean') return value;
    this.problem(name, 'must be true or false', value);
    return fallback;
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
    const value = this.#read(name) ?? fallback;
    const found = allowed.find((each) => each === value);
    if (found === undefined) this.problem(name, `must be one of ${allowed.join(', ')}`, value);
    return found ?? fallback;
  }

  texts(name: string): readonly string[] {
    const value = this.#read(name);
    if (Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string'))
      return value;
    this.problem(name, 'must be a list of texts that is not empty', value);
    return [];
  }

  someOf<T extends string>(name: string, allowed: readonly T[]): readonly T[] {
    const wanted = this.texts(name);
    const found = allowed.filter((each) => wanted.includes(each));
    const known: readonly string[] = allowed;
    const unknown = wanted.find((each) => !known.includes(each));
    if (unknown !== undefined) this.problem(name, `must be some of ${allowed.join(', ')}`, unknown);
    return found;
  }

  integer(name: string, least: number, most: number, fallback?: number): number {
    const value = this.#read(name) ?? fallback;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    this.problem(name, `must be an integer from ${least} to ${most}`, value);
    return least;
  }

  number(name: string, least: number, most: number, fallback: number): number {
    const value = this.#read(name) ?? fallback;
    if (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most) return value;
    this.problem(name, `must be a number from ${least} to ${most}`, value);
    return least;
  }

  integerIn(name: string, { min, max }: Range, fallback?: number): number {
    return this.integer(name, min, max, fallback);
  }

  numberIn(name: string, { min, max }: Range, fallback: number): number {
    return this.number(name, min, max, fallback);
  }

  /** Report everything, options that nobody asked for included: they are misspelt. */
  finish(subject: string): void {
    for (const reader of this.#readers) reader.#reportUnknown();
    if (this.#problems.length > 0) throw new ConfigurationError(subject, this.#problems);
  }

  #read(name: string): unknown {
    this.#known.add(name);
    return this.#value[name];
  }

  #reportUnknown(): void {
    for (const name of this.keys()) {
      if (!this.#known.has(name)) this.problem(name, 'is not a known option', this.#value[name]);
    }
  }

  #pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }
}
