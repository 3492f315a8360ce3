import type { ChartWidget } from '../../shared/model.ts';
import { shortNumber } from '../../shared/number.ts';
import { element, svg } from '../dom.ts';
import { seriesColor } from '../theme.ts';
import { arcPath } from './arc.ts';
import type { ChartBody } from './chart-body.ts';
import { newest } from './drawn-widget.ts';
import { swatch } from './table.ts';

const RADIUS = 38;

/** Draw the newest values as parts of their sum. */
export function pieBody({ legend }: ChartWidget): ChartBody {
  const picture = svg('svg', { viewBox: '-50 -50 100 100', class: 'pie', 'aria-hidden': 'true' });
  const list = element('ul', { class: 'pie-parts' });
  return {
    element: element('div', { class: `pie-body legend-${legend}` }, picture, list),
    draw(series) {
      const values = series.map((each) => Math.max(0, newest(each) ?? 0));
      const whole = values.reduce((sum, value) => sum + value, 0);
      let from = 0;
      const slices = values.map((value, at) => {
        const to = whole === 0 ? from : from + value / whole;
        const slice = svg('path', { d: arcPath(RADIUS, from, to), class: 'pie-slice' });
        slice.style.stroke = seriesColor(at, series[at]?.color);
        from = to;
        return slice;
      });
      picture.replaceChildren(
        svg('circle', { r: RADIUS, class: 'pie-track' }),
        ...slices.filter((_slice, at) => (values[at] ?? 0) > 0),
        svg('text', { x: 0, y: 5, class: 'pie-number' }, shortNumber(whole)),
      );
      list.replaceChildren(
        ...series.map(({ label, color }, at) =>
          element(
            'li',
            {},
            swatch(at, color),
            element('span', { class: 'name' }, label),
            element('span', { class: 'value' }, shortNumber(values[at])),
            element('span', { class: 'share' }, percent(values[at] ?? 0, whole)),
          ),
        ),
      );
    },
    destroy: () => undefined,
  };
}

function percent(value: number, whole: number): string {
  return whole === 0 ? '' : `${Math.round((value / whole) * 100)}%`;
}
