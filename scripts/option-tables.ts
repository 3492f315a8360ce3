import { rangeOf } from '../lambdas/core/configuration/json-schema.ts';
import { type Knob, walk } from '../lambdas/core/configuration/knob.ts';
import { LANGUAGE } from '../lambdas/core/configuration/language.ts';

/** What the tables of docs/configuration.md begin and end with. */
export const MARKS = ['<!-- options: npm run schema writes them -->', '<!-- end of options -->'] as const;

/** Every option of configuration files, as the tables of docs/configuration.md: one for each kind of thing. */
export function optionTables(): string {
  const parts: string[] = [];
  for (const [title, prefix] of [
    ['Retry profiles', 'retryProfiles.*'],
    ['Circuits', 'circuits.*'],
    ['Queues', 'queues.*'],
  ] as const) {
    const rows: string[] = [];
    walk(LANGUAGE, (path, knob) => {
      if (path.startsWith(`${prefix}.`)) rows.push(row(path.slice(prefix.length + 1), knob));
    });
    parts.push(
      `### ${title}`,
      `| under \`${prefix.replace('*', '<name>')}\` | takes | default | at run time | |\n|---|---|---|---|---|\n${rows.join('\n')}`,
    );
  }
  return parts.join('\n\n');
}

function row(path: string, knob: Knob): string {
  const cells = [
    `\`${path}\``,
    taken(knob),
    knob.default ?? (knob.required === true ? 'must be given' : '–'),
    knob.live === true ? 'yes' : 'no',
    knob.doc,
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function taken(knob: Knob): string {
  const also = [
    ...('orTrue' in knob && knob.orTrue !== undefined ? [`\`true\`: ${knob.orTrue}`] : []),
    ...(knob.orFalse === undefined ? [] : [`\`false\`: ${knob.orFalse}`]),
  ];
  return [kindOf(knob), ...also].join('; ');
}

function kindOf(knob: Knob): string {
  switch (knob.type) {
    case 'duration':
    case 'size':
    case 'integer':
    case 'number': {
      const kind = { duration: 'duration', size: 'size', integer: 'whole number', number: 'number' }[
        knob.type
      ];
      return `${kind}, ${rangeOf(knob)}`;
    }
    case 'flag':
      return '`true`, `false`';
    case 'choice':
      return knob.of.map((each) => `\`${each}\``).join(', ');
    case 'text':
      return 'text';
    case 'reference':
      return `name of one of the \`${knob.to}\``;
    case 'list':
      return `list of: ${kindOf(knob.of)}`;
    case 'section':
    case 'map':
      return 'what follows';
  }
}
