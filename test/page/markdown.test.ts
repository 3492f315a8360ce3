import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, parseMarkdown } from '../../local/page/shared/markdown.ts';
import { type Inline, parseInline, safeUrl } from '../../local/page/shared/markdown-inline.ts';

const text = (written: string): Inline => ({ kind: 'text', text: written });

describe('a text of a dashboard', () => {
  it('has headings, paragraphs, lists, rules, code and tables', () => {
    const blocks = parseMarkdown(
      '# One\nfirst\nsecond\n\n- a\n- b\n\n1. c\n2) d\n\n---\n```\n<b>\n```\n| h | i |\n|---|:-:|\n| x | **y** |\n\n### Three ###',
    );
    expect(blocks).toEqual<Block[]>([
      { kind: 'heading', level: 1, inline: [text('One')] },
      { kind: 'paragraph', inline: [text('first\nsecond')] },
      { kind: 'list', ordered: false, items: [[text('a')], [text('b')]] },
      { kind: 'list', ordered: true, items: [[text('c')], [text('d')]] },
      { kind: 'rule' },
      { kind: 'code', text: '<b>' },
      {
        kind: 'table',
        head: [[text('h')], [text('i')]],
        rows: [[[text('x')], [{ kind: 'strong', inline: [text('y')] }]]],
      },
      { kind: 'heading', level: 3, inline: [text('Three')] },
    ]);
  });

  it('has bold, italics, code, links, buttons and breaks in its lines', () => {
    expect(parseInline('**b** *i* `c_d` [x](https://a.example/?q=1) a<br>b')).toEqual([
      { kind: 'strong', inline: [text('b')] },
      text(' '),
      { kind: 'emphasis', inline: [text('i')] },
      text(' '),
      { kind: 'code', text: 'c_d' },
      text(' '),
      { kind: 'link', url: 'https://a.example/?q=1', inline: [text('x')] },
      text(' a'),
      { kind: 'break' },
      text('b'),
    ]);
    expect(parseInline('[button:primary:Go](https://a.example/)')).toEqual([
      { kind: 'link', url: 'https://a.example/', inline: [text('Go')] },
    ]);
  });

  it('leaves names with underscores, lone stars and what is escaped alone', () => {
    for (const plain of ['my_queue_name', '2 * 3 * 4', '*', '**', '[x]', '`', '[x](']) {
      expect(parseInline(plain)).toEqual([text(plain)]);
    }
    expect(parseInline('\\*not\\* \\[so\\]')).toEqual([text('*not* [so]')]);
  });

  it('leaves HTML as the text that it is', () => {
    expect(parseMarkdown('<script>alert(1)</script><img src=x onerror=alert(1)>')).toEqual([
      { kind: 'paragraph', inline: [text('<script>alert(1)</script><img src=x onerror=alert(1)>')] },
    ]);
  });
});

describe('a link', () => {
  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://a.example/x',
    '//evil.example',
    '/api/alarms',
    '#x',
    '',
  ])('that goes to %j is none', (address) => {
    expect(safeUrl(address)).toBeUndefined();
    expect(links(parseMarkdown(`[x](${address})`))).toEqual([]);
  });

  it('goes to http or https, whatever is written', () => {
    const scheme = fc.constantFrom(
      'javascript:',
      'data:',
      'https://',
      'http://',
      '//',
      'vbscript:',
      '',
      'HTTPS://',
    );
    const piece = fc.oneof(
      fc.string(),
      fc.tuple(fc.string(), scheme, fc.string()).map(([label, begin, rest]) => `[${label}](${begin}${rest})`),
      fc.constantFrom('**', '*', '_', '`', '\n', '|', '[', '](', ')', '- ', '# '),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        for (const url of links(parseMarkdown(pieces.join('')))) expect(url).toMatch(/^https?:\/\//);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is found soon, however long and broken the text', () => {
    for (const bait of ['[', '**', '*a', '_a', '`', '[x](', '\\', '[](('].map((each) => each.repeat(5_000))) {
      const before = performance.now();
      parseMarkdown(bait);
      expect(performance.now() - before).toBeLessThan(2_000);
    }
  });
});

function links(blocks: readonly Block[]): readonly string[] {
  const inline = blocks.flatMap((block): readonly Inline[] => {
    if (block.kind === 'heading' || block.kind === 'paragraph') return block.inline;
    if (block.kind === 'list') return block.items.flat();
    return block.kind === 'table' ? [...block.head.flat(), ...block.rows.flat(2)] : [];
  });
  return inline.flatMap(linksWithin);
}

function linksWithin(piece: Inline): readonly string[] {
  const within = 'inline' in piece ? piece.inline.flatMap(linksWithin) : [];
  return piece.kind === 'link' ? [piece.url, ...within] : within;
}
