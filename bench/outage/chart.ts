import type { OutageResult } from './acceptance.ts';
import type { Sample } from './measure-workload.ts';
import type { Workload } from './workloads.ts';

const WIDTH = 900;
const LEFT = 60;
const RIGHT = 170;
const TOP = 70;
const PANEL = { height: 150, gap: 50 };
const BOTTOM = 40;
const TICK_SECONDS = 20;
/** Colours that people with any common colour vision tell apart (Okabe and Ito). */
const CURVES = [
  { label: 'handled', colour: '#0072B2', value: ({ handled }: Sample) => handled },
  { label: 'dead-lettered', colour: '#D55E00', value: ({ deadLettered }: Sample) => deadLettered },
  { label: 'calls into the outage', colour: '#555555', value: (sample: Sample) => sample.callsDuringOutage },
] as const;

/** Draw a panel for each contender, all on the same axes: how far things had come at each moment. */
export function drawChart(results: readonly OutageResult[], workload: Workload): string {
  const samples = results.flatMap(({ timeline }) => timeline);
  const seconds = Math.ceil(Math.max(1, ...samples.map(({ at }) => at)) / TICK_SECONDS) * TICK_SECONDS;
  const top = niceCeiling(Math.max(...samples.flatMap((sample) => CURVES.map(({ value }) => value(sample)))));
  const height = TOP + results.length * (PANEL.height + PANEL.gap) + BOTTOM - PANEL.gap;
  const x = (at: number): number => LEFT + (at / seconds) * (WIDTH - LEFT - RIGHT);
  const panels = results.map((result, at) => {
    const base = TOP + at * (PANEL.height + PANEL.gap) + PANEL.height;
    const y = (count: number): number => base - (count / top) * PANEL.height;
    return drawPanel(result, { x, y, top, seconds, workload });
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12">`,
    '<title>What became of the messages while the dependency was down, a panel for each consumer</title>',
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    text(
      LEFT,
      22,
      `${workload.messages} messages; the dependency is down in the grey time`,
      'font-size="15"',
    ),
    drawLegend(),
    ...panels,
    text(x(seconds / 2), height - 8, 'seconds since the first message', 'text-anchor="middle"'),
    '</svg>\n',
  ].join('\n');
}

interface Axes {
  readonly x: (seconds: number) => number;
  readonly y: (count: number) => number;
  readonly top: number;
  readonly seconds: number;
  readonly workload: Workload;
}

function drawPanel({ name, timeline }: OutageResult, { x, y, top, seconds, workload }: Axes): string {
  const from = x(workload.downAtMs / 1_000);
  const to = x(workload.upAtMs / 1_000);
  const parts = [
    `<rect x="${px(from)}" y="${px(y(top))}" width="${px(to - from)}" height="${PANEL.height}" fill="#e8e8e8"/>`,
    text(LEFT, y(top) - 8, name, 'font-weight="bold"'),
  ];
  for (const count of [0, top / 2, top]) {
    parts.push(line(LEFT, y(count), x(seconds), y(count)));
    parts.push(text(LEFT - 6, y(count) + 4, String(count), 'text-anchor="end" fill="#555"'));
  }
  for (let at = 0; at <= seconds; at += TICK_SECONDS) {
    parts.push(text(x(at), y(0) + 16, String(at), 'text-anchor="middle" fill="#555"'));
  }
  const last = timeline.at(-1);
  const labels: { readonly at: number; readonly text: string; readonly colour: string }[] = [];
  for (const { label, colour, value } of CURVES) {
    const points = timeline.map((sample) => `${px(x(sample.at))},${px(y(value(sample)))}`).join(' ');
    parts.push(`<polyline points="${points}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    if (last === undefined) continue;
    labels.push({ at: y(value(last)) + 4, text: `${value(last)} ${label}`, colour });
  }
  for (const { at, ...label } of spread(labels)) {
    parts.push(text(x(seconds) + 8, at, label.text, `fill="${label.colour}"`));
  }
  return parts.join('\n');
}

/** Move labels apart that would be written over each other. */
function spread<T extends { readonly at: number }>(labels: readonly T[]): T[] {
  const lineHeight = 15;
  const placed: T[] = [];
  for (const label of [...labels].sort((one, other) => other.at - one.at)) {
    const below = placed.at(-1)?.at ?? Number.POSITIVE_INFINITY;
    placed.push({ ...label, at: Math.min(label.at, below - lineHeight) });
  }
  return placed;
}

function drawLegend(): string {
  let at = LEFT;
  return CURVES.map(({ label, colour }) => {
    const entry = `<rect x="${at}" y="33" width="18" height="3" fill="${colour}"/>${text(at + 24, 39, label)}`;
    at += 60 + label.length * 7;
    return entry;
  }).join('\n');
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${px(x)}" y="${px(y)}" ${attributes}>${content}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke="#cccccc"/>`;
}

function px(value: number): string {
  return value.toFixed(1);
}

/** The next number of 1, 2, 2.5, 5 or 8 times a power of ten. */
function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return ([1, 2, 2.5, 5, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}
