import type { ChartWidget, HorizontalAnnotation, VerticalAnnotation } from '../../shared/model.ts';
import type uPlot from '../../vendor/uplot.js';
import { faded, pageColor } from '../theme.ts';

const FILL_SHARE = 0.12;
const DASH = [5, 4];
const LABEL_GAP = 4;

/** Draw the lines and bands of a chart: thresholds across, moments downwards. Below the series. */
export function drawAnnotations(plot: uPlot, { horizontal, vertical }: ChartWidget): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const ratio = devicePixelRatio;
  ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.lineWidth = ratio;
  ctx.setLineDash(DASH.map((length) => length * ratio));
  for (const annotation of horizontal) drawHorizontal(plot, annotation);
  for (const annotation of vertical) drawVertical(plot, annotation);
  ctx.restore();
}

function drawHorizontal(plot: uPlot, { value, to, label, color, fill, axis }: HorizontalAnnotation): void {
  if (plot.scales[axis] === undefined) return;
  const { bbox } = plot;
  const y = plot.valToPos(value, axis, true);
  const other = to === undefined ? undefined : plot.valToPos(to, axis, true);
  const paint = color ?? pageColor('annotation');
  const edge = other ?? (fill === 'above' ? bbox.top : fill === 'below' ? bbox.top + bbox.height : undefined);
  if (edge !== undefined) {
    plot.ctx.fillStyle = faded(paint, FILL_SHARE);
    plot.ctx.fillRect(bbox.left, Math.min(y, edge), bbox.width, Math.abs(edge - y));
  }
  for (const at of other === undefined ? [y] : [y, other]) {
    line(plot, paint, bbox.left, at, bbox.left + bbox.width, at);
  }
  if (label === '') return;
  const gap = LABEL_GAP * devicePixelRatio;
  // Below the line where there is no room above it.
  const isHigh = y - bbox.top < 14 * devicePixelRatio;
  write(
    plot,
    fitting(plot, label, bbox.width - 2 * gap),
    bbox.left + bbox.width - gap,
    isHigh ? y + gap : y - gap,
    'right',
    isHigh ? 'top' : 'bottom',
  );
}

function drawVertical(plot: uPlot, { atEpochMs, toEpochMs, label, color, fill }: VerticalAnnotation): void {
  const { bbox } = plot;
  const x = plot.valToPos(atEpochMs, 'x', true);
  const other = toEpochMs === undefined ? undefined : plot.valToPos(toEpochMs, 'x', true);
  const paint = color ?? pageColor('annotation');
  const edge =
    other ?? (fill === 'before' ? bbox.left : fill === 'after' ? bbox.left + bbox.width : undefined);
  if (edge !== undefined) {
    plot.ctx.fillStyle = faded(paint, FILL_SHARE);
    plot.ctx.fillRect(Math.min(x, edge), bbox.top, Math.abs(edge - x), bbox.height);
  }
  for (const at of other === undefined ? [x] : [x, other]) {
    line(plot, paint, at, bbox.top, at, bbox.top + bbox.height);
  }
  const gap = LABEL_GAP * devicePixelRatio;
  if (label !== '') write(plot, label, x + gap, bbox.top + gap, 'left', 'top');
}

/** As much of a text as there is room for: its beginning says most. */
function fitting({ ctx }: uPlot, text: string, width: number): string {
  if (ctx.measureText(text).width <= width) return text;
  let length = text.length - 1;
  while (length > 0 && ctx.measureText(`${text.slice(0, length)}…`).width > width) length -= 1;
  return `${text.slice(0, length).trimEnd()}…`;
}

function line({ ctx }: uPlot, paint: string, x1: number, y1: number, x2: number, y2: number): void {
  ctx.strokeStyle = paint;
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

function write(
  { ctx }: uPlot,
  text: string,
  x: number,
  y: number,
  align: CanvasTextAlign,
  baseline: CanvasTextBaseline,
): void {
  ctx.fillStyle = pageColor('muted');
  ctx.textAlign = align;
  ctx.textBaseline = baseline;
  ctx.fillText(text, x, y);
}
