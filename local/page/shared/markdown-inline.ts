/** A piece of a line of text, parsed. */
export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'break' }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'emphasis'; readonly inline: readonly Inline[] }
  | { readonly kind: 'link'; readonly url: string; readonly inline: readonly Inline[] };

/** What each group holds: escaped, code, strong, emphasis, emphasis, link's text, link's address. */
const MARK =
  /\\([\\`*_{}[\]()#+.!|-])|`([^`]+)`|\*\*(\S(?:[^*]*\S)?)\*\*|\*(\S(?:[^*]*[^\s*])?)\*|(?<!\w)_(\S(?:[^_]*\S)?)_(?!\w)|!?\[([^\]]*)\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)|(<br\s*\/?>| {2,}\n)/;

/** CloudWatch draws `[button:Text](url)` and `[button:primary:Text](url)` as buttons; here they are links. */
const BUTTON = /^button:(?:primary:)?/;

/**
 * Parse emphasis, code, links and line breaks. A link goes to `http:` or `https:`, or it is no link: its text stays as
 * it was written.
 */
export function parseInline(text: string): readonly Inline[] {
  const pieces: Inline[] = [];
  let rest = text;
  for (let found = MARK.exec(rest); found !== null; found = MARK.exec(rest)) {
    push(pieces, { kind: 'text', text: rest.slice(0, found.index) });
    push(pieces, pieceOf(found));
    rest = rest.slice(found.index + found[0].length);
  }
  push(pieces, { kind: 'text', text: rest });
  return pieces;
}

function pieceOf([whole, escaped, code, strong, starred, lined, label, address]: RegExpExecArray): Inline {
  if (escaped !== undefined) return { kind: 'text', text: escaped };
  if (code !== undefined) return { kind: 'code', text: code };
  if (strong !== undefined) return { kind: 'strong', inline: parseInline(strong) };
  const emphasis = starred ?? lined;
  if (emphasis !== undefined) return { kind: 'emphasis', inline: parseInline(emphasis) };
  if (address === undefined) return { kind: 'break' };
  const url = safeUrl(address);
  if (url === undefined) return { kind: 'text', text: whole };
  const inline = parseInline((label ?? '').replace(BUTTON, ''));
  return { kind: 'link', url, inline: inline.length === 0 ? [{ kind: 'text', text: url }] : inline };
}

/** An address that a link of a dashboard may have, or nothing: whatever is not plainly `http:` or `https:`. */
export function safeUrl(address: string): string | undefined {
  try {
    const url = new URL(address);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;
  } catch {
    return undefined;
  }
}

function push(pieces: Inline[], piece: Inline): void {
  const before = pieces.at(-1);
  if (piece.kind !== 'text') pieces.push(piece);
  else if (before?.kind === 'text')
    pieces[pieces.length - 1] = { kind: 'text', text: before.text + piece.text };
  else if (piece.text !== '') pieces.push(piece);
}
