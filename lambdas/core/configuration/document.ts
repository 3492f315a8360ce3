import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { FileProblem, Position } from './file-error.ts';

/** Longest text that is read. Characters; AppConfig hands out no more than 1 MiB, and nobody writes so much by hand. */
const LONGEST_TEXT = 262_144;
/** Most of a value that is repeated in an error. Characters. */
const SHOWN = 100;

/** A value in a text, with its place. */
export interface Place extends Position {
  /** What was written, in a form to be shown. */
  readonly shown: string;
  readonly value: PlacedValue;
}

/** A value in a text. */
export type PlacedValue =
  | { readonly kind: 'scalar'; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly items: readonly Place[] }
  | { readonly kind: 'mapping'; readonly entries: readonly PlacedEntry[] };

/** A key of a mapping with its value. */
export interface PlacedEntry extends Position {
  readonly key: string;
  readonly place: Place;
}

/**
 * Read YAML 1.2, of which JSON is a part, and keep where everything stands. An empty text is an empty mapping.
 *
 * @returns the top of it; nothing where it cannot be read
 */
export function placesOf(text: string, problems: FileProblem[]): Place | undefined {
  const lines = new LineCounter();
  const tell = (offset: number, rule: string, value: string): void => {
    problems.push({ ...at(offset), path: '', rule, value });
  };
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (text.length > LONGEST_TEXT) {
    tell(0, `must be at most ${LONGEST_TEXT} characters long`, `${text.length} characters`);
    return undefined;
  }
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', prettyErrors: false });
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    const [sentence = ''] = message.split('\n');
    tell(pos[0], `must be YAML or JSON: ${sentence}`, shownText(text.slice(pos[0], pos[1])));
  }
  if (problems.length > 0) return undefined;

  function placed(node: Node | null | undefined, offset: number): Place {
    const position = at(node?.range?.[0] ?? offset);
    if (isAlias(node)) {
      // What it stands for is shown and read, where it is used.
      const meant = node.resolve(document);
      if (meant === undefined) {
        tell(
          node.range?.[0] ?? offset,
          'must be YAML or JSON: an alias stands for an anchor before it',
          `*${node.source}`,
        );
      }
      return { ...placed(meant, offset), ...position };
    }
    if (isMap(node)) {
      const entries = node.items.map(({ key, value }): PlacedEntry => {
        const keyOffset = (isScalar(key) ? key.range?.[0] : undefined) ?? offset;
        const name = isScalar(key) ? String(key.value) : 'a key that is no text';
        return { ...at(keyOffset), key: name, place: lazily(value as Node | null, keyOffset) };
      });
      return { ...position, shown: 'a mapping', value: { kind: 'mapping', entries } };
    }
    if (isSeq(node)) {
      const items = node.items.map((item) => lazily(item as Node | null, offset));
      return { ...position, shown: 'a list', value: { kind: 'list', items } };
    }
    const value: unknown = isScalar(node) ? node.value : null;
    const source = isScalar(node) && node.source !== undefined ? node.source : String(value);
    if (typeof value === 'string') return scalar(position, `'${shownText(value)}'`, value);
    if (typeof value === 'number' || typeof value === 'boolean')
      return scalar(position, shownText(source), value);
    return scalar(position, 'nothing', null);
  }

  /** An alias may stand for what it stands in: only as much is looked at as the language has levels. */
  function lazily(node: Node | null, offset: number): Place {
    let found: Place | undefined;
    const get = (): Place => {
      found ??= placed(node, offset);
      return found;
    };
    return {
      get line() {
        return get().line;
      },
      get column() {
        return get().column;
      },
      get shown() {
        return get().shown;
      },
      get value() {
        return get().value;
      },
    };
  }

  return placed(document.contents, 0);
}

function scalar(position: Position, shown: string, value: string | number | boolean | null): Place {
  return { ...position, shown, value: { kind: 'scalar', value } };
}

function shownText(text: string): string {
  const [line = ''] = text.split('\n');
  return line.length > SHOWN || line !== text ? `${line.slice(0, SHOWN)}…` : line;
}
