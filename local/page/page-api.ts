import type { LocalCloudWatch } from '../cloudwatch/cloudwatch.ts';
import { type ReadWidget, readDashboardBody } from './dashboard-body.ts';
import { pageAlarms } from './page-alarms.ts';
import { readableName } from './readable-name.ts';
import type { Moment, PageAlarms, PageDashboards, PageData } from './shared/model.ts';
import { widgetData } from './widget-data.ts';

/** Shortest and longest time that can be shown. Seconds. */
export const RANGE_SECONDS = { min: 60, max: 24 * 3_600 } as const;

/** What the page is told. */
export interface PageApi {
  dashboards(): PageDashboards;
  alarms(): PageAlarms;
  /** What the charts of a dashboard show over the last seconds; nothing, if there is no such dashboard. */
  data(dashboardId: string, rangeSeconds: number): PageData | undefined;
}

/** Answers for the page out of the stack's CloudWatch. */
export function createPageApi(cloudWatch: LocalCloudWatch, run: string = crypto.randomUUID()): PageApi {
  const { clock } = cloudWatch;
  const read = new Map<string, readonly ReadWidget[]>();
  const dashboards = cloudWatch.dashboards.map((dashboard) => {
    const { stack, logicalId, name, body } = dashboard;
    const id = `${stack}/${logicalId}`;
    const widgets = readDashboardBody(body, cloudWatch.alarms);
    read.set(id, widgets);
    return {
      id,
      name,
      title: readableName(dashboard),
      stack,
      body,
      widgets: widgets.map(({ widget }) => widget),
    };
  });
  const moment = (): Moment => ({ run, nowEpochMs: clock.now(), timeScale: clock.scale });
  return {
    dashboards: () => ({ ...moment(), dashboards }),
    alarms: () => ({ ...moment(), alarms: pageAlarms(cloudWatch.alarms) }),
    data(dashboardId, rangeSeconds) {
      const widgets = read.get(dashboardId);
      if (widgets === undefined) return undefined;
      const now = moment();
      const range = { startEpochMs: now.nowEpochMs - rangeSeconds * 1_000, endEpochMs: now.nowEpochMs };
      return {
        ...now,
        ...range,
        widgets: widgets.flatMap(({ widget, query }) =>
          query === undefined ? [] : [widgetData(widget.id, query, range, cloudWatch)],
        ),
      };
    },
  };
}
