import type { Range } from '../ranges.ts';

/** What every option of a configuration file says of itself. */
interface Described {
  /** One sentence for people and editors. */
  readonly doc: string;
  /** What holds where it is left out; absent: nothing does, it is off. */
  readonly default?: string;
  /** It may change at run time, without a deployment. */
  readonly live?: true;
  /** `false` is taken as well, and means this. */
  readonly orFalse?: string;
  /** It may not be left out where what it stands in is given. */
  readonly required?: true;
}

/** A time as text, such as `30s`; read as milliseconds. */
export interface DurationKnob extends Described {
  readonly type: 'duration';
  /** Milliseconds. */
  readonly range: Range;
  /** Least step: AWS counts some in whole seconds. Milliseconds. */
  readonly step?: 1_000;
}

/** An amount of data as text, such as `256KiB`; read as bytes. */
export interface SizeKnob extends Described {
  readonly type: 'size';
  /** Bytes. */
  readonly range: Range;
}

/** A number. */
export interface NumberKnob extends Described {
  readonly type: 'integer' | 'number';
  readonly range: Range;
}

/** Yes or no. */
export interface FlagKnob extends Described {
  readonly type: 'flag';
}

/** One of some words. */
export interface ChoiceKnob extends Described {
  readonly type: 'choice';
  readonly of: readonly string[];
}

/** A text. */
export interface TextKnob extends Described {
  readonly type: 'text';
  readonly pattern: RegExp;
  /** The pattern in words: `must be …`. */
  readonly rule: string;
}

/** The name of something else in the file. */
export interface ReferenceKnob extends Described {
  readonly type: 'reference';
  readonly to: 'circuits' | 'retryProfiles';
}

/** A list that is not empty. */
export interface ListKnob extends Described {
  readonly type: 'list';
  readonly of: ChoiceKnob | TextKnob | ReferenceKnob;
  /** `true` is taken as well, and means this. */
  readonly orTrue?: string;
}

/** Options that belong together. */
export interface SectionKnob extends Described {
  readonly type: 'section';
  readonly keys: Readonly<Record<string, Knob>>;
}

/** Things by name, each of one kind. */
export interface MapKnob extends Described {
  readonly type: 'map';
  readonly each: SectionKnob;
  /** Names that are taken. */
  readonly name: RegExp;
  /** The same in words: `must be …`. */
  readonly nameRule: string;
}

/** An option of a configuration file. Reader, JSON schema and documentation are all made of its description. */
export type Knob =
  | DurationKnob
  | SizeKnob
  | NumberKnob
  | FlagKnob
  | ChoiceKnob
  | TextKnob
  | ReferenceKnob
  | ListKnob
  | SectionKnob
  | MapKnob;

type Off<K> = K extends { readonly orFalse: string } ? false : never;
type On<K> = K extends { readonly orTrue: string } ? true : never;

type Given<K> = K extends { readonly type: 'duration' | 'size' | 'integer' | 'number' }
  ? number
  : K extends { readonly type: 'flag' }
    ? boolean
    : K extends { readonly type: 'choice'; readonly of: readonly (infer T)[] }
      ? T
      : K extends { readonly type: 'text' | 'reference' }
        ? string
        : K extends { readonly type: 'list'; readonly of: infer E }
          ? readonly Given<E>[]
          : K extends { readonly type: 'section'; readonly keys: infer Keys }
            ? { readonly [P in keyof Keys]?: ValueOf<Keys[P]> }
            : K extends { readonly type: 'map'; readonly each: infer E }
              ? Readonly<Record<string, Given<E>>>
              : never;

/** What an option is read as: durations in milliseconds, sizes in bytes. */
export type ValueOf<K> = Given<K> | Off<K> | On<K>;

/** Visit an option and everything below it. `*` stands for a name in a path. */
export function walk(knob: Knob, visit: (path: string, knob: Knob) => void, path = ''): void {
  visit(path, knob);
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  if (knob.type === 'section') {
    for (const [name, each] of Object.entries(knob.keys)) walk(each, visit, at(name));
  } else if (knob.type === 'map') {
    walk(knob.each, visit, at('*'));
  }
}
