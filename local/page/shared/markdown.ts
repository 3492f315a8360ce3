import { type Inline, parseInline } from './markdown-inline.ts';

/** A block of text, parsed. There is no raw HTML among them: what looks like it stays text. */
export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly inline: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly inline: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'rule' }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | {
      readonly kind: 'table';
      readonly head: readonly (readonly Inline[])[];
      readonly rows: readonly (readonly (readonly Inline[])[])[];
    };

const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const BULLET = /^\s*[-*+]\s+(.*)$/;
const NUMBER = /^\s*\d+[.)]\s+(.*)$/;
const RULE = /^\s*(?:-{3,}|\*{3,}|_{3,})\s*$/;
const FENCE = /^\s*```/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/**
 * Parse the subset of Markdown that dashboards use: headings, paragraphs, lists, tables, code, rules, and what
 * {@link parseInline} knows within them.
 */
export function parseMarkdown(text: string): readonly Block[] {
  const lines = text.split(/\r?\n/);
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const { block, next } = blockAt(lines, at);
    if (block !== undefined) blocks.push(block);
    at = next;
  }
  return blocks;
}

interface Step {
  readonly block?: Block;
  /** The line behind the block. */
  readonly next: number;
}

function blockAt(lines: readonly string[], at: number): Step {
  const line = lines[at] ?? '';
  if (line.trim() === '') return { next: at + 1 };
  const heading = HEADING.exec(line);
  if (heading !== null) {
    const level = heading[1]?.length ?? 1;
    return { block: { kind: 'heading', level, inline: parseInline(heading[2] ?? '') }, next: at + 1 };
  }
  if (FENCE.test(line)) return code(lines, at + 1);
  if (RULE.test(line)) return { block: { kind: 'rule' }, next: at + 1 };
  if (line.includes('|') && TABLE_RULE.test(lines[at + 1] ?? '')) return table(lines, at);
  if (BULLET.test(line)) return list(lines, at, BULLET, false);
  if (NUMBER.test(line)) return list(lines, at, NUMBER, true);
  return paragraph(lines, at);
}

function code(lines: readonly string[], at: number): Step {
  const end = endOf(lines, at, (line) => !FENCE.test(line));
  return { block: { kind: 'code', text: lines.slice(at, end).join('\n') }, next: end + 1 };
}

function list(lines: readonly string[], at: number, mark: RegExp, ordered: boolean): Step {
  const end = endOf(lines, at, (line) => mark.test(line));
  const items = lines.slice(at, end).map((line) => parseInline(mark.exec(line)?.[1] ?? ''));
  return { block: { kind: 'list', ordered, items }, next: end };
}

function table(lines: readonly string[], at: number): Step {
  const end = endOf(lines, at + 2, (line) => line.includes('|'));
  const rows = lines.slice(at + 2, end).map(cells);
  return { block: { kind: 'table', head: cells(lines[at] ?? ''), rows }, next: end };
}

function cells(line: string): readonly (readonly Inline[])[] {
  const inner = line.trim().replace(/^\|/, '').replace(/\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) => parseInline(cell.trim()));
}

function paragraph(lines: readonly string[], at: number): Step {
  const end = endOf(
    lines,
    at + 1,
    (line) => line.trim() !== '' && ![HEADING, FENCE, RULE, BULLET].some((mark) => mark.test(line)),
  );
  return { block: { kind: 'paragraph', inline: parseInline(lines.slice(at, end).join('\n')) }, next: end };
}

/** The first line from `at` on that does not belong. */
function endOf(lines: readonly string[], at: number, belongs: (line: string) => boolean): number {
  let end = at;
  while (end < lines.length && belongs(lines[end] ?? '')) end += 1;
  return end;
}
