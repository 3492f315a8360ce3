import { describe, expect, it } from 'vitest';
import { readMetricRows } from '../../local/page/metrics-array.ts';

const FIRST = ['AWS/SQS', 'NumberOfMessagesSent', 'QueueName', 'orders'];

describe('the metrics of a widget', () => {
  it('are namespace, name, pairs of dimensions and options', () => {
    const options = { stat: 'Sum', period: 60, label: 'sent', id: 'm1', color: '#123456', yAxis: 'right' };
    expect(
      readMetricRows([['Spillway', 'Deferred', 'cause', 'circuit', 'service', 'orders', options]]),
    ).toEqual({
      problems: [],
      rows: [
        {
          kind: 'metric',
          namespace: 'Spillway',
          metricName: 'Deferred',
          dimensions: { cause: 'circuit', service: 'orders' },
          stat: 'Sum',
          periodSeconds: 60,
          label: 'sent',
          id: 'm1',
          color: '#123456',
          axis: 'right',
          visible: true,
        },
      ],
    });
  });

  it('repeat a field of the row above with a point', () => {
    const { rows } = readMetricRows([FIRST, ['.', 'NumberOfMessagesDeleted', '.', '.']]);
    expect(rows[1]).toMatchObject({
      namespace: 'AWS/SQS',
      metricName: 'NumberOfMessagesDeleted',
      dimensions: { QueueName: 'orders' },
    });
  });

  it('repeat as many fields as are missing with three points', () => {
    const { rows } = readMetricRows([FIRST, ['...', 'invoices', { stat: 'Sum' }], ['AWS/Lambda', '...']]);
    expect(rows[1]).toMatchObject({
      metricName: 'NumberOfMessagesSent',
      dimensions: { QueueName: 'invoices' },
      stat: 'Sum',
    });
    expect(rows[2]).toMatchObject({ namespace: 'AWS/Lambda', dimensions: { QueueName: 'invoices' } });
  });

  it('are expressions too, which are nothing to repeat', () => {
    const { rows, problems } = readMetricRows([
      [...FIRST, { id: 'm1', visible: false }],
      [{ expression: 'm1 / 2', label: 'half', id: 'e1' }],
      ['.', '.', '.', 'invoices'],
    ]);
    expect(problems).toEqual([]);
    expect(rows).toMatchObject([
      { id: 'm1', visible: false },
      { kind: 'expression', expression: 'm1 / 2', label: 'half' },
      { namespace: 'AWS/SQS', dimensions: { QueueName: 'invoices' } },
    ]);
  });

  it.each([
    ['no array', ['x'], 'metrics[0] must be an array'],
    ['nothing', [[]], 'metrics[0] must name a metric or have an expression'],
    ['half a pair', [['A', 'B', 'C']], 'metrics[0] must have a value for each dimension'],
    ['a namespace alone', [['A']], 'metrics[0] must have a namespace and a metric name'],
    ['a number', [['A', 7]], 'metrics[0] must have texts, got 7'],
    [
      'a point without a row above',
      [['.', 'B']],
      'metrics[0] has "." in place 1, where the row above has nothing',
    ],
    [
      'three points for nothing',
      [FIRST, ['...', 'a', 'b', 'c', 'd']],
      'metrics[1] must have fewer fields than the row above where it has "..."',
    ],
  ])('are refused with the place and the rule: %s', (_what, metrics, problem) => {
    expect(readMetricRows(metrics).problems).toEqual([problem]);
  });

  it('are read as far as they can be', () => {
    const { rows, problems } = readMetricRows([FIRST, 'x', ['...', 'invoices']]);
    expect(problems).toHaveLength(1);
    expect(rows).toHaveLength(2);
  });
});
