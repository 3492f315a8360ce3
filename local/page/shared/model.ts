/** What the page's server tells the page: the contract of its JSON endpoints. Times are the stack's. */

/** Where a widget stands in the grid of 24 columns; without x and y it stands behind the one before. */
export interface Placement {
  readonly x?: number;
  readonly y?: number;
  /** 1 to 24 columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
}

/** The side of a chart that a series is measured by. */
export type AxisSide = 'left' | 'right';

/** How one axis of a chart is drawn. */
export interface AxisSettings {
  readonly label?: string;
  readonly min?: number;
  readonly max?: number;
}

/** A line across a chart, or the band between two of them. */
export interface HorizontalAnnotation {
  readonly value: number;
  /** The other edge of a band. */
  readonly to?: number;
  readonly label: string;
  readonly color?: string;
  readonly fill: 'none' | 'above' | 'below';
  readonly axis: AxisSide;
}

/** A moment in a chart, or the time between two of them. Epoch milliseconds. */
export interface VerticalAnnotation {
  readonly atEpochMs: number;
  readonly toEpochMs?: number;
  readonly label: string;
  readonly color?: string;
  readonly fill: 'none' | 'before' | 'after';
}

/** How the metrics of a widget are shown. */
export type ChartView = 'timeSeries' | 'singleValue' | 'gauge' | 'bar' | 'pie' | 'table';

/** A widget that shows metrics. */
export interface ChartWidget extends WidgetFrame {
  readonly kind: 'chart';
  readonly view: ChartView;
  readonly stacked: boolean;
  /** Whether a single value has a small chart below it. */
  readonly sparkline: boolean;
  /** Whether single values are written with all their digits. */
  readonly fullPrecision: boolean;
  readonly legend: 'bottom' | 'right' | 'hidden';
  readonly axes: Readonly<Record<AxisSide, AxisSettings>>;
  readonly horizontal: readonly HorizontalAnnotation[];
  readonly vertical: readonly VerticalAnnotation[];
}

/** A widget that shows alarms. */
export interface AlarmsWidget extends WidgetFrame {
  readonly kind: 'alarms';
  readonly arns: readonly string[];
  /** Show only alarms in these states. @default - in any */
  readonly states?: readonly AlarmStateName[];
  readonly sortBy: 'default' | 'stateUpdatedTimestamp' | 'timestamp';
}

/** A widget that shows text. */
export interface TextWidget extends WidgetFrame {
  readonly kind: 'text';
  readonly markdown: string;
  readonly transparent: boolean;
}

/** A widget that says why it shows nothing. */
export interface NoteWidget extends WidgetFrame {
  readonly kind: 'note';
  readonly note: string;
}

interface WidgetFrame {
  /** Unique within its dashboard. */
  readonly id: string;
  readonly title: string;
  readonly place: Placement;
}

/** Anything that stands in a dashboard. */
export type Widget = ChartWidget | AlarmsWidget | TextWidget | NoteWidget;

/** A dashboard of the template, as its body says it and as the page draws it. */
export interface PageDashboard {
  /** Unique within the page: stack and logical id. */
  readonly id: string;
  readonly name: string;
  /** The name, or the construct's path where CloudFormation made the name up. */
  readonly title: string;
  readonly stack: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly widgets: readonly Widget[];
}

/** Answer of `/api/dashboards`. */
export interface PageDashboards extends Moment {
  readonly dashboards: readonly PageDashboard[];
}

/** One line, bar or slice. `timestamps[i]` is the start of the period of `values[i]`. */
export interface PageSeries {
  readonly key: string;
  readonly label: string;
  readonly color?: string;
  readonly axis: AxisSide;
  readonly periodSeconds: number;
  readonly timestamps: readonly number[];
  readonly values: readonly number[];
}

/** What a chart widget shows just now. */
export interface WidgetData {
  readonly id: string;
  readonly series: readonly PageSeries[];
  /** Why there are no series: what CloudWatch would refuse. */
  readonly problem?: string;
}

/** Answer of `/api/data`. */
export interface PageData extends Moment {
  readonly startEpochMs: number;
  readonly endEpochMs: number;
  readonly widgets: readonly WidgetData[];
}

/** State of an alarm, as CloudWatch names it. */
export type AlarmStateName = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

/** An alarm that a composite one goes by. */
export interface PageAlarmChild {
  readonly arn: string;
  readonly title: string;
  /** Whether it keeps the composite one quiet: its rule has `NOT` before it. */
  readonly excuses: boolean;
}

/** A change of an alarm's state. */
export interface PageAlarmChange {
  readonly atEpochMs: number;
  readonly from: AlarmStateName;
  readonly to: AlarmStateName;
  readonly reason: string;
}

/** An alarm, its state, and how it came into it. */
export interface PageAlarm {
  readonly arn: string;
  readonly name: string;
  /** The name, or the construct's path where CloudFormation made the name up. */
  readonly title: string;
  readonly stack: string;
  readonly constructPath: string;
  readonly kind: 'metric' | 'composite';
  readonly description: string;
  readonly state: AlarmStateName;
  readonly reason: string;
  readonly sinceEpochMs: number;
  /** The latest changes, newest first. */
  readonly history: readonly PageAlarmChange[];
  readonly children: readonly PageAlarmChild[];
  /** Whether it tells that somebody has to come. */
  readonly needsPerson: boolean;
  /** Whether it is no alarm, but keeps a composite one quiet while it is on. */
  readonly excuses: boolean;
}

/** Answer of `/api/alarms`. */
export interface PageAlarms extends Moment {
  readonly alarms: readonly PageAlarm[];
}

/** When an answer was given, and by which run of the stack. */
export interface Moment {
  /** Changes when the stack is started anew: what the page knows is then of no use. */
  readonly run: string;
  readonly nowEpochMs: number;
  /** How many times as fast as the machine's the stack's clock runs. */
  readonly timeScale: number;
}
