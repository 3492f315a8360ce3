import type { LocalAlarm } from '../../local/cloudwatch/cloudwatch.ts';
import { metric, widget } from './fake-cloudwatch.ts';

/** A widget of a dashboard's body, by a name for its picture. */
export interface NamedWidget {
  readonly name: string;
  readonly body: Readonly<Record<string, unknown>>;
}

const MARKDOWN = `# Resilience
**orders**, *live*: what to do is in the [runbook](https://example.com/runbook).

- \`DeadLetterDepth\`: look at the reason
- quarantine: review

| queue | state |
|---|---|
| orders | open |`;

const QUEUES = [metric('Waiting', { label: 'waiting, at most ${MAX}' }), metric('InFlight'), metric('Gaps')];
const PARTS = [metric('Waiting'), metric('InFlight'), metric('Failed')];

/** One widget of every kind that is drawn, and of those that say why they are not. */
export function everyWidget(alarms: readonly LocalAlarm[]): readonly NamedWidget[] {
  const [, , onAlarm] = alarms;
  return [
    { name: 'text', body: widget('text', { markdown: MARKDOWN }) },
    { name: 'alarms', body: widget('alarm', { title: 'Alarms', alarms: alarms.map(({ arn }) => arn) }) },
    {
      name: 'lines',
      body: chart('Lines', QUEUES, {
        yAxis: { left: { label: 'messages', min: 0 } },
        annotations: {
          horizontal: [
            { value: 100, label: 'alarm', fill: 'above' },
            [{ value: 10, label: 'low' }, { value: 20 }],
          ],
          vertical: [{ value: '2026-11-26T11:52:00Z', label: 'deploy' }],
        },
      }),
    },
    {
      name: 'two-axes',
      body: chart('Two axes', [metric('Handled'), metric('Failed', { yAxis: 'right', color: '#c2185b' })], {
        yAxis: { right: { label: 'failed', max: 20 } },
      }),
    },
    { name: 'stacked', body: chart('Stacked', PARTS, { stacked: true, legend: { position: 'right' } }) },
    { name: 'single-value', body: chart('Now', PARTS, { view: 'singleValue' }) },
    { name: 'sparkline', body: chart('Lately', PARTS, { view: 'singleValue', sparkline: true }) },
    {
      name: 'gauge',
      body: chart('Share', [metric('InFlight')], {
        view: 'gauge',
        yAxis: { left: { min: 0, max: 100 } },
        annotations: { horizontal: [{ value: 80, fill: 'above' }] },
      }),
    },
    { name: 'bar', body: chart('By reason', PARTS, { view: 'bar', setPeriodToTimeRange: true }) },
    { name: 'pie', body: chart('Shares', PARTS, { view: 'pie', setPeriodToTimeRange: true }) },
    { name: 'table', body: chart('Values', PARTS, { view: 'table' }) },
    { name: 'alarm-chart', body: widget('metric', { annotations: { alarms: [onAlarm?.arn] } }) },
    { name: 'no-data', body: chart('Nothing yet', [metric('Unheard')]) },
    { name: 'refused', body: chart('Refused', [[{ id: 'e1', expression: 'FOO(1)' }]]) },
    { name: 'not-drawn', body: widget('log', { title: 'Logs', query: 'fields @message' }) },
  ].map(({ name, body }, at) => ({ name, body: { ...body, x: (at % 2) * 12, y: Math.floor(at / 2) * 6 } }));
}

function chart(
  title: string,
  metrics: readonly unknown[],
  properties: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return widget('metric', { title, metrics, ...properties });
}
