import { align, stack } from '../../shared/align.ts';
import type { ChartWidget, PageSeries } from '../../shared/model.ts';
import uPlot from '../../vendor/uplot.js';
import { element, setAttributes } from '../dom.ts';
import { onThemeChange } from '../theme.ts';
import type { ChartBody, TimeSpan } from './chart-body.ts';
import { describeSeries, legend } from './legend.ts';
import { plotOptions } from './plot-options.ts';

/** Draw lines, or areas on top of each other, over time. */
export function timeSeriesBody(widget: ChartWidget): ChartBody {
  const names = legend();
  const host = element('div', { class: 'plot-host', role: 'img' });
  const body = element(
    'div',
    { class: `plot legend-${widget.legend}` },
    host,
    ...(widget.legend === 'hidden' ? [] : [names.element]),
  );
  let plot: uPlot | undefined;
  let made = '';
  let shown: { series: readonly PageSeries[]; time: TimeSpan } | undefined;

  const draw = (): void => {
    if (shown === undefined || host.clientWidth === 0 || host.clientHeight === 0) return;
    const { series, time } = shown;
    const { times, columns } = align(series);
    const drawn = widget.stacked ? stack(columns) : columns;
    const data: uPlot.AlignedData = [[...times], ...drawn.map((column) => [...column])];
    const key = JSON.stringify(series.map(({ label, color, axis }) => [label, color, axis]));
    if (plot === undefined || key !== made) {
      plot?.destroy();
      made = key;
      const options = plotOptions(widget, series, {
        width: host.clientWidth,
        height: host.clientHeight,
        time: () => shown?.time ?? time,
        onPoint: (at) =>
          names.point(at === undefined ? undefined : latestColumns.map((column) => column[at])),
      });
      latestColumns = columns;
      plot = new uPlot(options, data, host);
    } else {
      latestColumns = columns;
      plot.setData(data);
    }
  };
  let latestColumns: readonly (readonly (number | null | undefined)[])[] = [];
  const resized = new ResizeObserver(() => {
    if (plot === undefined) draw();
    else if (host.clientWidth > 0) plot.setSize({ width: host.clientWidth, height: host.clientHeight });
  });
  resized.observe(host);
  const endTheme = onThemeChange(() => {
    made = '';
    draw();
  });

  return {
    element: body,
    draw(series, time) {
      shown = { series, time };
      names.name(series);
      setAttributes(host, { 'aria-label': `${widget.title}: ${describeSeries(series)}` });
      draw();
    },
    destroy() {
      resized.disconnect();
      endTheme();
      plot?.destroy();
    },
  };
}
