import { describe, expect, it } from 'vitest';
import { readDashboardBody } from '../../local/page/dashboard-body.ts';
import { readableName } from '../../local/page/readable-name.ts';
import { alarm, alarmsInEachState, metric, widget } from './fake-cloudwatch.ts';

function read(...widgets: readonly unknown[]) {
  return readDashboardBody({ widgets }, alarmsInEachState());
}

describe('a dashboard', () => {
  it('stands in the grid as its body says; what says nothing follows', () => {
    const [placed, follows] = read(
      widget('text', {}, { x: 6, y: 3, width: 18, height: 2 }),
      { type: 'text', properties: {} },
      widget('text', {}, { width: 99 }),
    );
    expect(placed?.widget.place).toEqual({ x: 6, y: 3, width: 18, height: 2 });
    expect(follows?.widget.place).toEqual({ width: 6, height: 6 });
  });

  it('is never wider than its 24 columns', () => {
    expect(read(widget('text', {}, { width: 99 }))[0]?.widget.place.width).toBe(24);
  });

  it.each(['log', 'explorer', 'custom', 'unheard-of'])(
    'says of a widget of the type %s why it is not drawn',
    (type) => {
      const [only] = read(widget(type, { title: 'T' }));
      expect(only?.widget).toMatchObject({ kind: 'note', title: 'T', note: expect.stringContaining('here') });
    },
  );

  it('that is none at all is empty', () => {
    expect(readDashboardBody(undefined)).toEqual([]);
    expect(readDashboardBody({ widgets: 7 })).toEqual([]);
  });

  it('says what is wrong with a chart instead of drawing half of it', () => {
    const [only] = read(widget('metric', { metrics: [metric('Waiting'), ['A', 'B', 'C']] }));
    expect(only?.widget).toMatchObject({
      kind: 'note',
      note: 'This widget cannot be read: metrics[1] must have a value for each dimension.',
    });
  });
});

describe('a chart', () => {
  it('has the defaults of CloudWatch', () => {
    const [only] = read(widget('metric', { metrics: [['A', 'B']] }));
    expect(only).toMatchObject({
      widget: { view: 'timeSeries', stacked: false, legend: 'bottom', horizontal: [], vertical: [] },
      query: { stat: 'Average', periodSeconds: 300, periodIsRange: false },
    });
  });

  it('has axes, annotations, bands and a legend', () => {
    const [only] = read(
      widget('metric', {
        metrics: [metric('Waiting')],
        yAxis: { left: { label: 'messages', min: 0 }, right: { max: 100 } },
        legend: { position: 'hidden' },
        annotations: {
          horizontal: [
            { value: 5, label: 'limit', fill: 'above', color: '#ff0000' },
            [
              { value: 1, label: 'low', yAxis: 'right' },
              { value: 2, label: 'high' },
            ],
            { value: 9, visible: false },
            { label: 'without a value' },
          ],
          vertical: [
            { value: '2026-11-26T12:00:00Z', label: 'deploy', fill: 'after' },
            { value: 'yesterday' },
          ],
        },
      }),
    );
    expect(only?.widget).toMatchObject({
      axes: { left: { label: 'messages', min: 0 }, right: { max: 100 } },
      legend: 'hidden',
      horizontal: [
        { value: 5, label: 'limit', fill: 'above', color: '#ff0000', axis: 'left' },
        { value: 1, to: 2, label: 'low to high', axis: 'right', fill: 'none' },
      ],
      vertical: [{ atEpochMs: Date.UTC(2026, 10, 26, 12), label: 'deploy', fill: 'after' }],
    });
  });

  it('of an alarm has its metric and its threshold', () => {
    const [, , depth] = alarmsInEachState();
    const [only] = read(widget('metric', { annotations: { alarms: [depth?.arn] } }));
    expect(only?.widget).toMatchObject({
      title: 'orders-DeadLetterDepth',
      horizontal: [{ value: 100, label: 'alarm > 100' }],
    });
    expect(only?.query?.rows).toMatchObject([
      {
        namespace: 'Test',
        metricName: 'Waiting',
        dimensions: { Queue: 'orders' },
        stat: 'Maximum',
        periodSeconds: 60,
      },
    ]);
  });

  it('of an alarm with metric math has its expression, and hides what that is made of', () => {
    const math = alarm('math', 'OK', {
      properties: {
        Threshold: 5,
        Metrics: [
          { Id: 'e1', Expression: 'm1 * 2', Label: 'twice' },
          {
            Id: 'm1',
            ReturnData: false,
            MetricStat: { Metric: { Namespace: 'Test', MetricName: 'Waiting' }, Stat: 'Sum', Period: 60 },
          },
        ],
      },
    });
    const [only] = readDashboardBody(
      { widgets: [widget('metric', { annotations: { alarms: [math.arn] } })] },
      [math],
    );
    expect(only?.query?.rows).toMatchObject([
      { kind: 'expression', expression: 'm1 * 2', label: 'twice', visible: true },
      { kind: 'metric', id: 'm1', stat: 'Sum', visible: false },
    ]);
  });

  it.each([
    ['arn:unknown', 'There is no alarm arn:unknown here.'],
    [alarmsInEachState()[3]?.arn, 'orders-NeedsPerson is made of other alarms: it has no metric to draw.'],
  ])('of an alarm that cannot be drawn says why: %s', (arn, note) => {
    const [only] = read(widget('metric', { annotations: { alarms: [arn] } }));
    expect(only?.widget).toMatchObject({ kind: 'note', note });
  });
});

describe('the title of an alarm or a dashboard', () => {
  const named = {
    stack: 'Shop',
    logicalId: 'OrdersAlarmsQueueAgeE0D21DFB',
    constructPath: 'Shop/Orders/Alarms/QueueAge/Resource',
  };

  it('is the name that somebody gave it', () => {
    expect(readableName({ ...named, name: 'orders-too-old' })).toBe('orders-too-old');
  });

  it('is its place in the stack, where CloudFormation made the name up', () => {
    expect(readableName({ ...named, name: 'Shop-OrdersAlarmsQueueAgeE0D21DFB' })).toBe('Orders / QueueAge');
    expect(readableName({ ...named, name: 'Shop-OrdersAlarmsQueueAgeE0-1ABCD' })).toBe('Orders / QueueAge');
  });
});
