import { lonely } from '../../shared/align.ts';
import type { AxisSide, ChartWidget, PageSeries } from '../../shared/model.ts';
import { shortNumber } from '../../shared/number.ts';
import type uPlot from '../../vendor/uplot.js';
import { faded, pageColor, seriesPaint } from '../theme.ts';
import type { TimeSpan } from './chart-body.ts';
import { drawAnnotations } from './plot-annotations.ts';

/** What a plot is made for. */
export interface PlotSetting {
  readonly width: number;
  readonly height: number;
  time(): TimeSpan;
  /** The pointer stands over a moment of the data, or over none. */
  onPoint(at: number | undefined): void;
}

const AREA_SHARE = 0.3;
const SECOND_MS = 1_000;

/** How uPlot draws a chart. */
export function plotOptions(
  widget: ChartWidget,
  series: readonly PageSeries[],
  { width, height, time, onPoint }: PlotSetting,
): uPlot.Options {
  const sides: readonly AxisSide[] = ['left', 'right'];
  const used = sides.filter((side) => side === 'left' || series.some(({ axis }) => axis === side));
  return {
    width,
    height,
    ms: 1,
    padding: [8, used.includes('right') ? 0 : 20, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      sync: { key: 'dashboard' },
      points: { size: 7 },
    },
    scales: {
      x: { time: true, range: () => [time().startEpochMs, time().endEpochMs] },
      ...Object.fromEntries(used.map((side) => [side, { range: rangeOf(widget, side) }])),
    },
    axes: [timeAxis(), ...used.map((side) => valueAxis(widget, side))],
    series: [{}, ...series.map((each, at) => plotSeries(widget, each, at))],
    bands: widget.stacked ? bandsOf(series) : [],
    hooks: {
      setCursor: [({ cursor: { idx } }) => onPoint(idx ?? undefined)],
      drawAxes: [(plot) => drawAnnotations(plot, widget)],
    },
  };
}

function plotSeries({ stacked }: ChartWidget, { label, color, axis }: PageSeries, at: number): uPlot.Series {
  const paint = (): string => seriesPaint(at, color);
  return {
    label,
    scale: axis,
    stroke: paint,
    width: 2,
    ...(stacked && { fill: () => faded(paint(), AREA_SHARE) }),
    points: {
      show: false,
      size: 6,
      // A value without neighbours has no line; it is a point.
      filter: (plot, index) => [...lonely([...(plot.data[index] ?? [])])],
      fill: paint,
    },
  };
}

/** An area of a stacked chart ends where the one below it, on the same axis, begins. */
function bandsOf(series: readonly PageSeries[]): uPlot.Band[] {
  return series.slice(1).map((_each, at) => ({ series: [at + 2, at + 1] }));
}

function rangeOf(widget: ChartWidget, side: AxisSide): uPlot.Scale.Range {
  const { min, max } = widget.axes[side];
  const marks = widget.horizontal
    .filter(({ axis }) => axis === side)
    .flatMap(({ value, to }) => (to === undefined ? [value] : [value, to]));
  return (_plot, dataMin, dataMax) => {
    const lowest = Math.min(0, dataMin ?? 0, ...marks);
    const highest = Math.max(dataMax ?? 0, ...marks);
    const from = min ?? lowest;
    const room = (highest - from) * 0.1;
    const to = max ?? (highest > from ? highest + room : from + 1);
    return [from, to > from ? to : from + 1];
  };
}

function font(): string {
  return `12px ${getComputedStyle(document.body).fontFamily}`;
}

function timeAxis(): uPlot.Axis {
  return {
    stroke: () => pageColor('muted'),
    font: font(),
    grid: { show: false },
    ticks: { stroke: () => pageColor('grid'), size: 4 },
    border: { show: true, stroke: () => pageColor('grid') },
    size: 28,
    space: 64,
    values: (_plot, splits, _axis, _space, stepMs) => splits.map((at) => clockTime(at, stepMs)),
  };
}

function clockTime(epochMs: number, stepMs: number): string {
  return new Date(epochMs).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit',
    ...(stepMs < 60 * SECOND_MS && { second: '2-digit' }),
    hourCycle: 'h23',
  });
}

function valueAxis(widget: ChartWidget, side: AxisSide): uPlot.Axis {
  const { label } = widget.axes[side];
  return {
    scale: side,
    side: side === 'left' ? 3 : 1,
    stroke: () => pageColor('muted'),
    font: font(),
    grid: { show: side === 'left', stroke: () => pageColor('grid'), width: 1 },
    ticks: { show: false },
    gap: 6,
    size: 46,
    space: 36,
    values: (_plot, splits) => splits.map(shortNumber),
    ...(label !== undefined && { label, labelFont: font(), labelSize: 20, labelGap: 2 }),
  };
}
