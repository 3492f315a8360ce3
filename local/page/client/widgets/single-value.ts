import type { ChartWidget, PageSeries } from '../../shared/model.ts';
import { fullNumber, shortNumber } from '../../shared/number.ts';
import { element, svg } from '../dom.ts';
import { seriesColor } from '../theme.ts';
import type { ChartBody, TimeSpan } from './chart-body.ts';
import { newest } from './drawn-widget.ts';

/** Draw the newest value of each series as a number, with a small chart below it if that is asked for. */
export function singleValueBody({ sparkline, fullPrecision }: ChartWidget): ChartBody {
  const list = element('ul', { class: 'single-values' });
  const write = fullPrecision ? fullNumber : shortNumber;
  return {
    element: list,
    draw(series, time) {
      list.replaceChildren(
        ...series.map((each, at) =>
          element(
            'li',
            {},
            element('span', { class: 'name' }, each.label),
            element('span', { class: 'number' }, write(newest(each))),
            ...(sparkline ? [spark(each, at, time)] : []),
          ),
        ),
      );
    },
    destroy: () => undefined,
  };
}

const WIDTH = 100;
const HEIGHT = 24;

function spark({ values, timestamps, color }: PageSeries, at: number, time: TimeSpan): SVGElement {
  const low = Math.min(0, ...values);
  const high = Math.max(low + 1, ...values);
  const length = time.endEpochMs - time.startEpochMs;
  const points = values.map((value, index) => {
    const x = (((timestamps[index] ?? 0) - time.startEpochMs) / length) * WIDTH;
    const y = HEIGHT - ((value - low) / (high - low)) * HEIGHT;
    return `${x.toFixed(2)},${y.toFixed(2)}`;
  });
  const line = svg('polyline', { points: points.join(' '), 'vector-effect': 'non-scaling-stroke' });
  line.style.stroke = seriesColor(at, color);
  return svg(
    'svg',
    {
      class: 'spark',
      viewBox: `0 -1 ${WIDTH} ${HEIGHT + 2}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    },
    line,
  );
}
