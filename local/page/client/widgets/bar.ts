import type { ChartWidget } from '../../shared/model.ts';
import { shortNumber } from '../../shared/number.ts';
import { element } from '../dom.ts';
import { seriesColor } from '../theme.ts';
import type { ChartBody } from './chart-body.ts';
import { newest } from './drawn-widget.ts';

/** Draw the newest value of each series as a bar. */
export function barBody({ axes, horizontal }: ChartWidget): ChartBody {
  const list = element('ul', { class: 'bars' });
  return {
    element: list,
    draw(series) {
      const values = series.map((each) => newest(each) ?? 0);
      const marks = horizontal.map(({ value }) => value);
      const longest = axes.left.max ?? Math.max(...values, ...marks, Number.MIN_VALUE);
      list.replaceChildren(
        ...series.map((each, at) => {
          const fill = element('span', { class: 'bar-fill' });
          fill.style.background = seriesColor(at, each.color);
          fill.style.width = share(values[at] ?? 0, longest);
          const lines = marks.map((value) => {
            const mark = element('span', { class: 'bar-mark' });
            mark.style.left = share(value, longest);
            return mark;
          });
          return element(
            'li',
            {},
            element('span', { class: 'name' }, each.label),
            element('span', { class: 'bar-track', 'aria-hidden': 'true' }, fill, ...lines),
            element('span', { class: 'value' }, shortNumber(newest(each))),
          );
        }),
      );
    },
    destroy: () => undefined,
  };
}

function share(value: number, longest: number): string {
  return `${Math.min(100, Math.max(0, (value / longest) * 100)).toFixed(2)}%`;
}
