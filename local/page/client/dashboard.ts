import type { PageAlarm, PageDashboard, PageData, Widget } from '../shared/model.ts';
import { element } from './dom.ts';
import type { PageClock } from './moments.ts';
import { alarmListWidget } from './widgets/alarm-list.ts';
import { chartWidget } from './widgets/chart.ts';
import type { DrawnWidget } from './widgets/drawn-widget.ts';
import { noteWidget, textWidget } from './widgets/text.ts';

/** A dashboard on the page. */
export interface DrawnDashboard {
  readonly element: HTMLElement;
  update(data: PageData, alarms: readonly PageAlarm[]): void;
  destroy(): void;
}

/** Draw a dashboard: its widgets in their places, still without data. */
export function createDashboard(dashboard: PageDashboard | undefined, clock: PageClock): DrawnDashboard {
  const widgets = (dashboard?.widgets ?? []).map((widget) => ({ widget, drawn: draw(widget, clock) }));
  const ordered = [...widgets].sort((one, other) => order(one.widget) - order(other.widget));
  for (const { widget, drawn } of ordered) place(drawn.element, widget);
  const nothing = element(
    'p',
    { class: 'empty' },
    dashboard === undefined ? 'This stack has no dashboards.' : 'This dashboard is empty.',
  );
  return {
    element:
      widgets.length === 0
        ? nothing
        : element('div', { class: 'grid' }, ...ordered.map(({ drawn }) => drawn.element)),
    update(data, alarms) {
      const found = new Map(data.widgets.map((each) => [each.id, each]));
      for (const { widget, drawn } of widgets)
        drawn.update({ data: found.get(widget.id), time: data, alarms });
    },
    destroy: () => {
      for (const { drawn } of widgets) drawn.destroy();
    },
  };
}

function draw(widget: Widget, clock: PageClock): DrawnWidget {
  switch (widget.kind) {
    case 'chart':
      return chartWidget(widget);
    case 'alarms':
      return alarmListWidget(widget, clock);
    case 'text':
      return textWidget(widget);
    case 'note':
      return noteWidget(widget);
  }
}

/** The order of reading, which is that of a narrow page too. */
function order({ place: { x, y }, id }: Widget): number {
  return x === undefined || y === undefined ? 1e6 + Number(id) : y * 24 + x;
}

function place(target: HTMLElement, { place: { x, y, width, height } }: Widget): void {
  const { style } = target;
  style.setProperty('--column', x === undefined ? `span ${width}` : `${x + 1} / span ${width}`);
  style.setProperty('--row', y === undefined ? `span ${height}` : `${y + 1} / span ${height}`);
  style.setProperty('--height', String(height));
}
