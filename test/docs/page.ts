import { readFileSync } from 'node:fs';

/** A block of code in a page. */
export interface Block {
  /** Path of the page, from the root of the repository. */
  readonly page: string;
  /** Line of the page on which its code begins, from 1. */
  readonly line: number;
  /** What it is written in, such as `ts`. */
  readonly language: string;
  readonly code: string;
  /** What the comments before it say, a line for each. */
  readonly notes: ReadonlyMap<Note, string>;
}

/** Notes to the tests, as HTML comments right before a block (`<!-- not run: REASON -->`), which readers do not see. */
export type Note =
  /** Why it is not run. It is type-checked all the same. */
  | 'not run'
  /** A name under which the other blocks of the page find it. */
  | 'file'
  /** The payload that the handler is given, as JSON, where none can be made up from its schema. */
  | 'message'
  /** What becomes of that message, where it is not `handled`. */
  | 'outcome'
  /** What has to be in what it writes. */
  | 'prints'
  /** A call of a function that it declares, made at its end. */
  | 'call'
  /** `NAME=VALUE`: an environment variable beside those that are always there. */
  | 'environment'
  /** `CLASS of PAGE`: a stack that is synthesized to `cdk.out` before the block is run, with its code bundled. */
  | 'assembly';

/** A page, as far as the tests need it. */
export interface Page {
  readonly path: string;
  readonly blocks: readonly Block[];
  /** `<!-- examples: FILE -->`: a test that has the blocks in it and runs them in its own order. */
  readonly runBy?: string;
}

/** Something in a page that the tests cannot make sense of. */
export class PageError extends Error {
  override readonly name = 'PageError';

  constructor(page: string, line: number, problem: string, options?: ErrorOptions) {
    super(`${page}:${line}: ${problem}`, options);
  }
}

const FENCE = /^( *)```+ *([\w-]*)(.*)$/;
const COMMENT = /^ *<!-- *([a-z -]+): *(.*?) *-->$/;
const NOTES: readonly Note[] = [
  'not run',
  'file',
  'message',
  'outcome',
  'prints',
  'call',
  'environment',
  'assembly',
];

/** Read a page of the repository. */
export function readPage(path: string): Page {
  return parsePage(path, readFileSync(path, 'utf8'));
}

/**
 * The blocks of a page.
 *
 * @throws {PageError} if a block does not end, a comment says nothing, or more is written behind the language
 */
export function parsePage(path: string, text: string): Page {
  const blocks: Block[] = [];
  let runBy: string | undefined;
  let notes = new Map<Note, string>();
  const lines = text.split('\n');

  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const [, kind, said = ''] = COMMENT.exec(line) ?? [];
    if (kind === 'examples') runBy = said;
    const note = NOTES.find((each) => each === kind);
    if (note !== undefined) {
      if (said === '') throw new PageError(path, at + 1, `"${note}" says nothing`);
      notes.set(note, notes.has(note) ? `${notes.get(note)}\n${said}` : said);
      continue;
    }
    const fence = FENCE.exec(line);
    if (fence === null) {
      if (line.trim() !== '') notes = new Map();
      continue;
    }
    const [, indent = '', language = '', rest = ''] = fence;
    if (rest.trim() !== '') {
      throw new PageError(
        path,
        at + 1,
        `say it in a comment before the block, not behind the language: ${rest}`,
      );
    }
    const end = lines.findIndex((each, index) => index > at && /^ *```+ *$/.test(each));
    if (end < 0) throw new PageError(path, at + 1, 'the block does not end');
    const code = lines
      .slice(at + 1, end)
      .map((each) => each.slice(Math.min(indent.length, each.search(/\S|$/))));
    blocks.push({ page: path, line: at + 2, language, code: code.join('\n'), notes });
    notes = new Map();
    at = end;
  }
  return { path, blocks, ...(runBy !== undefined && { runBy }) };
}

/** Whether a block is an example: TypeScript. */
export function isExample({ language }: Block): boolean {
  return language === 'ts' || language === 'typescript';
}
