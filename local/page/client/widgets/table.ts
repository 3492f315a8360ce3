import { shortNumber } from '../../shared/number.ts';
import { summarize } from '../../shared/statistics.ts';
import { element } from '../dom.ts';
import { seriesColor } from '../theme.ts';
import type { ChartBody } from './chart-body.ts';

const COLUMNS = ['Series', 'Last', 'Lowest', 'Average', 'Highest'] as const;

/** Series as a table: what a chart shows, for those who would rather read it. */
export function tableBody(title: string): ChartBody {
  const rows = element('tbody');
  const head = COLUMNS.map((name) => element('th', { scope: 'col' }, name));
  const table = element(
    'table',
    {},
    element('caption', { class: 'hidden' }, title),
    element('thead', {}, element('tr', {}, ...head)),
    rows,
  );
  return {
    element: element(
      'div',
      { class: 'values', tabindex: 0, role: 'region', 'aria-label': `${title}: values` },
      table,
    ),
    draw(series) {
      rows.replaceChildren(
        ...series.map(({ label, color, values }, at) => {
          const { last, min, average, max } = summarize(values);
          const cells = [last, min, average, max].map((value) => element('td', {}, shortNumber(value)));
          return element('tr', {}, element('th', { scope: 'row' }, swatch(at, color), label), ...cells);
        }),
      );
    },
    destroy: () => undefined,
  };
}

/** The mark by which a series is found in its chart. */
export function swatch(index: number, color: string | undefined): HTMLElement {
  const mark = element('span', { class: 'swatch', 'aria-hidden': 'true' });
  mark.style.background = seriesColor(index, color);
  return mark;
}
