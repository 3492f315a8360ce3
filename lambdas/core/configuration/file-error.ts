import { SpillwayError } from '../errors.ts';

/** Where something stands in a text. Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong with a configuration file. */
export interface FileProblem extends Position {
  /** Path of the option, such as `circuits.tracker.openFor`; empty for the text as a whole. */
  readonly path: string;
  /** What must hold, such as `must be from 1ms to 1d`. */
  readonly rule: string;
  /** The value that was given, as it stands there. */
  readonly value: string;
}

/**
 * A configuration file breaks rules; every broken rule is listed, a line each.
 *
 * @example
 * // spillway.yaml:12:7 circuits.tracker.openFor must be from 1ms to 1d, got 2d
 */
export class ConfigurationFileError extends SpillwayError {
  /** Name of the file, or whatever else the text comes from. */
  readonly source: string;
  /** What is wrong, in the order of the text. */
  readonly problems: readonly FileProblem[];

  constructor(source: string, problems: readonly FileProblem[]) {
    const inOrder = problems.toSorted((one, other) => one.line - other.line || one.column - other.column);
    super(inOrder.map((problem) => lineOf(source, problem)).join('\n'));
    this.source = source;
    this.problems = inOrder;
  }
}

/** A problem as a line of text. */
export function lineOf(source: string, { line, column, path, rule, value }: FileProblem): string {
  const subject = path === '' ? '' : `${path} `;
  return `${source}:${line}:${column} ${subject}${rule}, got ${value}`;
}
