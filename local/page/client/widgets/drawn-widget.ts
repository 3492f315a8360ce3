import type { PageAlarm, PageSeries, WidgetData } from '../../shared/model.ts';
import type { TimeSpan } from './chart-body.ts';

/** What a widget is told. */
export interface WidgetUpdate {
  /** Of charts. */
  readonly data: WidgetData | undefined;
  readonly time: TimeSpan;
  readonly alarms: readonly PageAlarm[];
}

/** A widget on the page. */
export interface DrawnWidget {
  readonly element: HTMLElement;
  update(update: WidgetUpdate): void;
  destroy(): void;
}

/** The newest value of a series. */
export function newest({ values }: PageSeries): number | undefined {
  return values.at(-1);
}
