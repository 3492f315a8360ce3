import { type Duration, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Whole numbers that a setting may take. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
  /** Unit for the message, such as `seconds`. */
  readonly unit?: string;
}

/** One thing that is wrong with a construct. */
export interface Problem {
  readonly property: string;
  readonly rule: string;
  /** The value that was given, as it is shown. */
  readonly got: string;
  readonly because: string;
}

/** What finds the problems of a construct. */
const finders = new WeakMap<IConstruct, (() => readonly Problem[])[]>();

/**
 * Problems of one construct. They are collected rather than thrown, so that synthesis reports all of them, of every
 * construct, at once; the toolkit puts the construct's path in front of each.
 */
export class Problems {
  private readonly found: Problem[] = [];

  /** Collect for `scope`; `later` adds what can only be known when the whole tree stands. */
  static at(scope: IConstruct, later: (problems: Problems) => void = () => {}): Problems {
    const problems = new Problems();
    const find = (): readonly Problem[] => {
      const late = new Problems();
      later(late);
      return [...problems.found, ...late.found];
    };
    finders.set(scope, [...(finders.get(scope) ?? []), find]);
    scope.node.addValidation({ validate: () => find().map(sentenceOf) });
    return problems;
  }

  /** What is wrong with a construct and all below it. */
  static below(root: IConstruct): readonly Problem[] {
    return root.node.findAll().flatMap((each) => finders.get(each)?.flatMap((find) => find()) ?? []);
  }

  /** Note that `property` breaks `rule`; `because` is the rule of AWS (or of this library) behind it. */
  add(property: string, rule: string, got: unknown, because: string): void {
    this.found.push({ property, rule, got: show(got), because });
  }

  /** Whether `value` is a whole number in `range`; a problem is noted if it is not. Tokens and absence pass. */
  integer(property: string, value: number | undefined, range: IntegerRange, because: string): boolean {
    if (value === undefined || Token.isUnresolved(value)) return true;
    if (Number.isInteger(value) && value >= range.min && value <= range.max) return true;
    const unit = range.unit === undefined ? '' : ` ${range.unit}`;
    const { min, max } = range;
    const rule =
      max === Number.POSITIVE_INFINITY
        ? `must be an integer of ${format(min)}${unit} or more`
        : `must be an integer from ${format(min)} to ${format(max)}${unit}`;
    this.add(property, rule, value, because);
    return false;
  }

  /** As {@link integer}, in seconds, for a duration. */
  seconds(property: string, value: Duration | undefined, range: IntegerRange, because: string): boolean {
    return this.integer(property, secondsOf(value), { unit: 'seconds', ...range }, because);
  }
}

/** Seconds of a duration, fractions kept; undefined if it is absent or a token. */
export function secondsOf(value: Duration | undefined): number | undefined {
  if (value === undefined || value.isUnresolved()) return undefined;
  return value.toSeconds({ integral: false });
}

/** Milliseconds of a duration, fractions kept; undefined if it is absent or a token. */
export function millisOf(value: Duration | undefined): number | undefined {
  if (value === undefined || value.isUnresolved()) return undefined;
  return value.toMilliseconds({ integral: false });
}

/** A number with its thousands separated. */
export function format(value: number): string {
  return value.toLocaleString('en-US');
}

/** Milliseconds as seconds, for a message. */
export function inSeconds(millis: number): string {
  return `${format(millis / 1_000)} seconds`;
}

function sentenceOf({ property, rule, got, because }: Problem): string {
  return `${property} ${rule}, got ${got} (${because})`;
}

function show(got: unknown): string {
  if (typeof got === 'number') return format(got);
  return typeof got === 'string' ? `'${got}'` : String(got);
}
