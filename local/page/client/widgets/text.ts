import type { Block } from '../../shared/markdown.ts';
import { parseMarkdown } from '../../shared/markdown.ts';
import type { Inline } from '../../shared/markdown-inline.ts';
import type { NoteWidget, TextWidget } from '../../shared/model.ts';
import { element } from '../dom.ts';
import type { DrawnWidget } from './drawn-widget.ts';

const still = { update: () => undefined, destroy: () => undefined };

/** Draw a text. */
export function textWidget({ markdown, transparent, title }: TextWidget): DrawnWidget {
  const blocks = parseMarkdown(markdown).map(blockElement);
  const head = title === '' ? [] : [element('h3', { class: 'widget-title' }, title)];
  const kind = transparent ? 'widget widget-text transparent' : 'widget widget-text';
  return { element: element('div', { class: kind, 'data-kind': 'text' }, ...head, ...blocks), ...still };
}

/** Say why there is nothing to see. */
export function noteWidget({ title, note }: NoteWidget): DrawnWidget {
  const head = title === '' ? [] : [element('h3', { class: 'widget-title' }, title)];
  const text = element('p', { class: 'empty' }, note);
  return { element: element('div', { class: 'widget', 'data-kind': 'note' }, ...head, text), ...still };
}

function blockElement(block: Block): HTMLElement {
  switch (block.kind) {
    case 'heading':
      // One level for all: what is a heading here is one of many under the dashboard's.
      return element('h3', { class: `heading-${block.level}` }, ...inlineNodes(block.inline));
    case 'paragraph':
      return element('p', {}, ...inlineNodes(block.inline));
    case 'code':
      return element('pre', { tabindex: 0 }, element('code', {}, block.text));
    case 'rule':
      return element('hr');
    case 'list':
      return element(
        block.ordered ? 'ol' : 'ul',
        {},
        ...block.items.map((item) => element('li', {}, ...inlineNodes(item))),
      );
    case 'table':
      return element(
        'table',
        {},
        element('thead', {}, row('th', block.head)),
        element('tbody', {}, ...block.rows.map((cells) => row('td', cells))),
      );
  }
}

function row(cell: 'th' | 'td', cells: readonly (readonly Inline[])[]): HTMLElement {
  const scope = cell === 'th' ? { scope: 'col' } : {};
  return element('tr', {}, ...cells.map((inline) => element(cell, scope, ...inlineNodes(inline))));
}

function inlineNodes(inline: readonly Inline[]): readonly (Node | string)[] {
  return inline.map(inlineNode);
}

function inlineNode(piece: Inline): Node | string {
  switch (piece.kind) {
    case 'text':
      return piece.text;
    case 'break':
      return element('br');
    case 'code':
      return element('code', {}, piece.text);
    case 'strong':
      return element('strong', {}, ...inlineNodes(piece.inline));
    case 'emphasis':
      return element('em', {}, ...inlineNodes(piece.inline));
    case 'link':
      return element(
        'a',
        { href: piece.url, target: '_blank', rel: 'noopener noreferrer' },
        ...inlineNodes(piece.inline),
      );
  }
}
