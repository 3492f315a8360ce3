import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  GaugeWidget,
  GraphWidget,
  GraphWidgetView,
  type HorizontalAnnotation,
  type IAlarm,
  type IMetric,
  type IWidget,
  SingleValueWidget,
  TextWidget,
  TextWidgetBackground,
} from 'aws-cdk-lib/aws-cloudwatch';

/** Columns of a dashboard (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html). */
export const COLUMNS = 24;
const HEIGHT = 6;
/** Alarms that one widget lists at most; the same source. */
const MOST_ALARMS = 100;

/** A widget whose width is its share of a row. */
export interface Panel {
  readonly weight: number;
  readonly draw: (width: number) => IWidget;
}

/** A metric, or undefined where the consumer does not emit it. */
export type MaybeMetric = IMetric | undefined;

/** What a panel shows. */
export interface PanelOptions {
  readonly title: string;
  readonly metrics: readonly MaybeMetric[];
  /** Lines at the thresholds of alarms. */
  readonly annotations?: readonly HorizontalAnnotation[];
  /** Share of the row. @default 1 */
  readonly weight?: number;
}

/** What a graph over time shows. */
export interface GraphOptions extends PanelOptions {
  /** Metrics of another unit, by the axis on the right. */
  readonly right?: readonly MaybeMetric[];
  readonly stacked?: boolean;
}

/** Lines over time; none if there is no metric to draw. */
export function graph({ metrics, right = [], stacked = false, ...options }: GraphOptions): Panel | undefined {
  const left = present(metrics);
  const onTheRight = present(right);
  if (left.length + onTheRight.length === 0) return undefined;
  return panel(options, (width) => {
    const axis = { min: 0, showUnits: false };
    return new GraphWidget({
      title: options.title,
      left,
      leftYAxis: axis,
      ...(onTheRight.length > 0 && { right: onTheRight, rightYAxis: axis }),
      ...(options.annotations !== undefined && { leftAnnotations: [...options.annotations] }),
      stacked,
      width,
      height: HEIGHT,
    });
  });
}

/** One bar for each metric, over the whole time that is shown. */
export function bars({ metrics, ...options }: PanelOptions): Panel | undefined {
  const left = present(metrics);
  if (left.length === 0) return undefined;
  return panel(
    options,
    (width) =>
      new GraphWidget({
        title: options.title,
        view: GraphWidgetView.BAR,
        left,
        setPeriodToTimeRange: true,
        width,
        height: HEIGHT,
      }),
  );
}

/** The newest value of each metric as a slice. */
export function pie({ metrics, ...options }: PanelOptions): Panel | undefined {
  const left = present(metrics);
  if (left.length === 0) return undefined;
  return panel(
    options,
    (width) =>
      new GraphWidget({ title: options.title, view: GraphWidgetView.PIE, left, width, height: HEIGHT }),
  );
}

/** What numbers show. */
export interface NumbersOptions extends PanelOptions {
  /** Over the whole time that is shown, rather than the newest. @default false */
  readonly overTime?: boolean;
}

/** A number for each metric. */
export function numbers({ metrics, overTime = false, ...options }: NumbersOptions): Panel | undefined {
  const shown = present(metrics);
  if (shown.length === 0) return undefined;
  return panel(
    options,
    (width) =>
      new SingleValueWidget({
        title: options.title,
        metrics: shown,
        setPeriodToTimeRange: overTime,
        width,
        height: HEIGHT,
      }),
  );
}

/** What a gauge shows. */
export interface GaugeOptions extends PanelOptions {
  /** End of the scale; it begins at 0. */
  readonly max: number;
}

/** The newest value on a scale. */
export function gauge({ metrics, max, annotations = [], ...options }: GaugeOptions): Panel | undefined {
  const shown = present(metrics);
  if (shown.length === 0) return undefined;
  return panel(
    options,
    (width) =>
      new GaugeWidget({
        title: options.title,
        metrics: shown,
        leftYAxis: { min: 0, max },
        annotations: [...annotations],
        width,
        height: HEIGHT,
      }),
  );
}

/** Alarms with their states, at most as many as one widget takes. */
export function alarmList(title: string, alarms: readonly IAlarm[], weight = 1): Panel[] {
  const lists: Panel[] = [];
  for (let from = 0; from < alarms.length; from += MOST_ALARMS) {
    const some = alarms.slice(from, from + MOST_ALARMS);
    lists.push({
      weight,
      draw: (width) => new AlarmStatusWidget({ title, alarms: some, width, height: HEIGHT }),
    });
  }
  return lists;
}

/** A row that is filled to its end: its panels share the columns by their weights. */
export function row(panels: readonly (Panel | undefined)[]): IWidget[] {
  const shown = panels.filter((each) => each !== undefined);
  const total = shown.reduce((sum, { weight }) => sum + weight, 0);
  let before = 0;
  let from = 0;
  return shown.map(({ weight, draw }) => {
    before += weight;
    const to = Math.round((COLUMNS * before) / total);
    const widget = draw(to - from);
    from = to;
    return widget;
  });
}

/** Markdown across all columns. */
export function text(markdown: string, height: number, background = TextWidgetBackground.SOLID): IWidget {
  return new TextWidget({ markdown, width: COLUMNS, height, background });
}

/** The newest value of a gauge-like metric. */
export const NEWEST = { statistic: 'Maximum', period: Duration.minutes(1) } as const;
/** What is compared with alarms on hours. */
export const HOURLY = { statistic: 'Sum', period: Duration.hours(1) } as const;

function panel({ weight = 1 }: PanelRest, draw: Panel['draw']): Panel {
  return { weight, draw };
}

type PanelRest = Pick<PanelOptions, 'weight'>;

function present(metrics: readonly MaybeMetric[]): IMetric[] {
  return metrics.filter((metric) => metric !== undefined);
}
