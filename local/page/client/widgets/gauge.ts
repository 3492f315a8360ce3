import type { ChartWidget, HorizontalAnnotation, PageSeries } from '../../shared/model.ts';
import { fullNumber, shortNumber } from '../../shared/number.ts';
import { element, svg } from '../dom.ts';
import { seriesColor } from '../theme.ts';
import { arcPath } from './arc.ts';
import type { ChartBody } from './chart-body.ts';
import { newest } from './drawn-widget.ts';

const RADIUS = 40;
const RIM = 47;
/** From a quarter to the left to a quarter to the right, over the top; in turns. */
const FROM = -0.25;
const LENGTH = 0.5;

/** Draw the newest value of each series on a dial from the least to the greatest value of its axis. */
export function gaugeBody(widget: ChartWidget): ChartBody {
  const list = element('ul', { class: 'gauges' });
  const { min = 0, max = 100 } = widget.axes.left;
  const turns = (value: number): number =>
    FROM + LENGTH * Math.min(1, Math.max(0, (value - min) / (max - min || 1)));
  return {
    element: list,
    draw: (series) => list.replaceChildren(...series.map(dial)),
    destroy: () => undefined,
  };

  function dial(series: PageSeries, at: number): HTMLElement {
    const value = newest(series);
    const track = svg('path', { d: arcPath(RADIUS, FROM, FROM + LENGTH), class: 'gauge-track' });
    const hand = svg('path', { d: arcPath(RADIUS, FROM, turns(value ?? min)), class: 'gauge-value' });
    hand.style.stroke = seriesColor(at, series.color);
    const drawing = svg(
      'svg',
      { viewBox: '-60 -52 120 66', class: 'gauge', role: 'img', 'aria-label': told(series.label, value) },
      track,
      ...widget.horizontal.flatMap(rim),
      hand,
      svg('text', { x: 0, y: -6, class: 'gauge-number' }, shortNumber(value)),
      svg('text', { x: -RADIUS, y: 12, class: 'gauge-end' }, shortNumber(min)),
      svg('text', { x: RADIUS, y: 12, class: 'gauge-end' }, shortNumber(max)),
    );
    return element('li', {}, drawing, element('span', { class: 'name' }, series.label));
  }

  function told(label: string, value: number | undefined): string {
    return `${label}: ${fullNumber(value)}, of ${fullNumber(min)} to ${fullNumber(max)}`;
  }

  /** Thresholds stand on the rim: what is above, below or between them. */
  function rim({ value, to, fill, color }: HorizontalAnnotation): SVGElement[] {
    const other = to ?? (fill === 'above' ? max : fill === 'below' ? min : undefined);
    const ends =
      other === undefined ? [value - (max - min) / 200, value + (max - min) / 200] : [value, other];
    const from = turns(Math.min(...ends));
    const path = svg('path', { d: arcPath(RIM, from, turns(Math.max(...ends))), class: 'gauge-rim' });
    path.style.stroke = color ?? 'var(--annotation)';
    return [path];
  }
}
