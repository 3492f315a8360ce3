import { arrayAt, booleanAt, isObject, type JsonObject, numberAt, objectAt, stringAt } from '../json.ts';
import { type AlarmSource, alarmChart } from './alarm-chart.ts';
import { readHorizontal, readVertical } from './annotations.ts';
import { type MetricRow, readMetricRows } from './metrics-array.ts';
import type {
  AlarmStateName,
  AxisSettings,
  ChartView,
  ChartWidget,
  Placement,
  Widget,
} from './shared/model.ts';

/** What a chart asks CloudWatch for. */
export interface ChartQuery {
  readonly rows: readonly MetricRow[];
  /** Of rows that name none. @default 'Average' */
  readonly stat: string;
  /** Of rows that name none. Seconds. @default 300 */
  readonly periodSeconds: number;
  /** Whether the time that is shown is one period. */
  readonly periodIsRange: boolean;
}

/** A widget, and what to ask for where it is a chart. */
export interface ReadWidget {
  readonly widget: Widget;
  readonly query?: ChartQuery;
}

/** Size of a widget whose body does not say it, and what CloudWatch uses where a metric names nothing. */
const DEFAULT_SIZE = { width: 6, height: 6 };
const DEFAULT_STAT = 'Average';
const DEFAULT_PERIOD_SECONDS = 300;
const COLUMNS = 24;

const VIEWS: readonly ChartView[] = ['timeSeries', 'singleValue', 'gauge', 'bar', 'pie', 'table'];
const STATES: readonly AlarmStateName[] = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];
const NOT_DRAWN: Readonly<Record<string, string>> = {
  log: 'Queries of Logs Insights are not run here.',
  explorer: 'Explorer widgets are not drawn here.',
  custom: 'Custom widgets call a function of the account; they are not drawn here.',
};

/**
 * Read the body of a dashboard: what stands where, and which metrics it takes. What cannot be drawn becomes a widget
 * that says so.
 *
 * Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
export function readDashboardBody(body: unknown, alarms: readonly AlarmSource[] = []): readonly ReadWidget[] {
  return arrayAt(body, 'widgets').map((widget, index) => readWidget(widget, String(index), alarms));
}

function readWidget(widget: unknown, id: string, alarms: readonly AlarmSource[]): ReadWidget {
  const type = stringAt(widget, 'type');
  const properties = objectAt(widget, 'properties');
  const frame = { id, title: stringAt(properties, 'title') ?? '', place: placeOf(widget) };
  switch (type) {
    case 'metric':
      return readChart(frame, properties, alarms);
    case 'alarm':
      return { widget: { ...frame, kind: 'alarms', ...alarmList(properties) } };
    case 'text': {
      const markdown = stringAt(properties, 'markdown') ?? '';
      return {
        widget: { ...frame, kind: 'text', markdown, transparent: properties.background === 'transparent' },
      };
    }
    default:
      return note(frame, NOT_DRAWN[type ?? ''] ?? `Widgets of the type ${type} are not known here.`);
  }
}

type Frame = Pick<Widget, 'id' | 'title' | 'place'>;

function note(frame: Frame, text: string): ReadWidget {
  return { widget: { ...frame, kind: 'note', note: text } };
}

function readChart(frame: Frame, properties: JsonObject, alarms: readonly AlarmSource[]): ReadWidget {
  const annotations = objectAt(properties, 'annotations');
  const [alarmArn] = arrayAt(annotations, 'alarms');
  const ofAlarm = typeof alarmArn === 'string' ? alarmChart(alarmArn, alarms) : undefined;
  if (typeof ofAlarm === 'string') return note(frame, ofAlarm);
  const { rows, problems } = ofAlarm ?? readMetricRows(arrayAt(properties, 'metrics'));
  if (problems.length > 0) return note(frame, `This widget cannot be read: ${problems.join('; ')}.`);
  const view = viewOf(properties);
  if (view === undefined) return note(frame, `The view ${String(properties.view)} is not known here.`);
  return {
    widget: {
      ...frame,
      title: frame.title === '' ? (ofAlarm?.title ?? '') : frame.title,
      kind: 'chart',
      view,
      stacked: booleanAt(properties, 'stacked') ?? false,
      sparkline: booleanAt(properties, 'sparkline') ?? false,
      fullPrecision: booleanAt(properties, 'singleValueFullPrecision') ?? false,
      legend: legendOf(properties),
      axes: { left: axisOf(properties, 'left'), right: axisOf(properties, 'right') },
      horizontal: [...(ofAlarm?.horizontal ?? []), ...readHorizontal(arrayAt(annotations, 'horizontal'))],
      vertical: readVertical(arrayAt(annotations, 'vertical')),
    },
    query: {
      rows,
      stat: stringAt(properties, 'stat') ?? DEFAULT_STAT,
      periodSeconds: numberAt(properties, 'period') ?? DEFAULT_PERIOD_SECONDS,
      periodIsRange: booleanAt(properties, 'setPeriodToTimeRange') ?? false,
    },
  };
}

function viewOf({ view }: JsonObject): ChartView | undefined {
  return view === undefined ? 'timeSeries' : VIEWS.find((each) => each === view);
}

function legendOf(properties: JsonObject): ChartWidget['legend'] {
  const position = stringAt(objectAt(properties, 'legend'), 'position');
  return position === 'right' || position === 'hidden' ? position : 'bottom';
}

function axisOf(properties: JsonObject, side: string): AxisSettings {
  const axis = objectAt(objectAt(properties, 'yAxis'), side);
  const label = stringAt(axis, 'label');
  const min = numberAt(axis, 'min');
  const max = numberAt(axis, 'max');
  return {
    ...(label !== undefined && { label }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
  };
}

function alarmList(properties: JsonObject): {
  arns: readonly string[];
  states?: readonly AlarmStateName[];
  sortBy: 'default' | 'stateUpdatedTimestamp' | 'timestamp';
} {
  const arns = arrayAt(properties, 'alarms').filter((arn) => typeof arn === 'string');
  const states = STATES.filter((state) => arrayAt(properties, 'states').includes(state));
  const sortBy = stringAt(properties, 'sortBy');
  return {
    arns,
    ...(states.length > 0 && { states }),
    sortBy: sortBy === 'stateUpdatedTimestamp' || sortBy === 'timestamp' ? sortBy : 'default',
  };
}

function placeOf(widget: unknown): Placement {
  const given = isObject(widget) ? widget : {};
  const x = numberAt(given, 'x');
  const y = numberAt(given, 'y');
  const width = Math.min(COLUMNS, Math.max(1, numberAt(given, 'width') ?? DEFAULT_SIZE.width));
  const height = Math.max(1, numberAt(given, 'height') ?? DEFAULT_SIZE.height);
  return { ...(x !== undefined && y !== undefined && { x, y }), width, height };
}
