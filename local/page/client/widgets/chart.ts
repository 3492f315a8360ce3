import type { ChartWidget, PageSeries } from '../../shared/model.ts';
import { element, setText } from '../dom.ts';
import { barBody } from './bar.ts';
import type { ChartBody, TimeSpan } from './chart-body.ts';
import type { DrawnWidget } from './drawn-widget.ts';
import { gaugeBody } from './gauge.ts';
import { pieBody } from './pie.ts';
import { singleValueBody } from './single-value.ts';
import { tableBody } from './table.ts';
import { timeSeriesBody } from './time-series.ts';

/** Draw a chart. Every one can be read as a table instead. */
export function chartWidget(widget: ChartWidget): DrawnWidget {
  const title = widget.title === '' ? 'Chart' : widget.title;
  const drawing = bodyOf(widget);
  const table = tableBody(title);
  const empty = element('p', { class: 'empty' }, 'Waiting for data');
  const toggle = element(
    'button',
    { type: 'button', class: 'toggle', 'aria-pressed': 'false', 'aria-label': `${title}: as a table` },
    'Table',
  );
  const frame = element(
    'div',
    { class: 'widget widget-chart', 'data-kind': widget.view },
    element('div', { class: 'widget-head' }, element('h3', { class: 'widget-title' }, title), toggle),
    empty,
    drawing.element,
    table.element,
  );
  let asTable = widget.view === 'table';
  let last: { series: readonly PageSeries[]; time: TimeSpan } | undefined;
  toggle.hidden = asTable;
  const show = (): void => {
    const has = last?.series.some(({ values }) => values.length > 0) ?? false;
    empty.hidden = has;
    drawing.element.hidden = !has || asTable;
    table.element.hidden = !has || !asTable;
    toggle.disabled = !has;
    if (last === undefined || !has) return;
    (asTable ? table : drawing).draw(last.series, last.time);
  };
  toggle.addEventListener('click', () => {
    asTable = !asTable;
    toggle.setAttribute('aria-pressed', String(asTable));
    show();
  });
  show();
  return {
    element: frame,
    update({ data, time }) {
      if (data === undefined) return;
      frame.classList.toggle('has-problem', data.problem !== undefined);
      setText(
        empty,
        data.problem === undefined
          ? 'No datapoints in the time shown'
          : `CloudWatch refuses this: ${data.problem}`,
      );
      last = { series: data.series, time };
      show();
    },
    destroy: () => drawing.destroy(),
  };
}

function bodyOf(widget: ChartWidget): ChartBody {
  switch (widget.view) {
    case 'timeSeries':
      return timeSeriesBody(widget);
    case 'singleValue':
      return singleValueBody(widget);
    case 'gauge':
      return gaugeBody(widget);
    case 'bar':
      return barBody(widget);
    case 'pie':
      return pieBody(widget);
    case 'table':
      return tableBody(widget.title);
  }
}
