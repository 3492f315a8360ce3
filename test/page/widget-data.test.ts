import { describe, expect, it } from 'vitest';
import { readDashboardBody } from '../../local/page/dashboard-body.ts';
import { chartQueries, widgetData } from '../../local/page/widget-data.ts';
import { metric, NOON, stillCloudWatch, WAVES, widget } from './fake-cloudwatch.ts';

const LAST_QUARTER = { startEpochMs: NOON - 900_000, endEpochMs: NOON };

function chart(properties: Readonly<Record<string, unknown>>) {
  const [only] = readDashboardBody({ widgets: [widget('metric', properties)] });
  if (only?.query === undefined) throw new Error('not a chart');
  return only.query;
}

function draw(properties: Readonly<Record<string, unknown>>, range = LAST_QUARTER) {
  return widgetData('0', chart(properties), range, stillCloudWatch({}));
}

describe('the data of a chart', () => {
  it('are the series of its visible rows, in their order', () => {
    const { series } = draw({
      metrics: [
        metric('Waiting', { id: 'm1', visible: false }),
        [{ expression: 'm1 * 2', label: 'twice', yAxis: 'right', color: '#00ff00' }],
        metric('InFlight'),
      ],
    });
    expect(series.map(({ label, axis, color }) => [label, axis, color])).toEqual([
      ['twice', 'right', '#00ff00'],
      ['InFlight', 'left', undefined],
    ]);
    expect(series[0]?.values.at(-1)).toBe(2 * (WAVES.Waiting?.(59) ?? 0));
  });

  it('get ids that no row has taken', () => {
    const { queries } = chartQueries(
      chart({ metrics: [metric('A'), metric('B', { id: 'row1' }), metric('C')] }),
      LAST_QUARTER,
    );
    expect(queries.map(({ id }) => id)).toEqual(['row2', 'row1', 'row3']);
  });

  it('have the period and statistic of the row, else of the widget', () => {
    const { queries } = chartQueries(
      chart({
        metrics: [
          ['A', 'B'],
          ['A', 'C', { stat: 'p99', period: 60 }],
        ],
        stat: 'Sum',
        period: 120,
      }),
      LAST_QUARTER,
    );
    expect(queries).toMatchObject([
      { stat: 'Sum', periodSeconds: 120 },
      { stat: 'p99', periodSeconds: 60 },
    ]);
  });

  it.each([0, 1, 17_000, 59_999])(
    'are one value for the whole time, if that is to be the period (+ %i ms)',
    (late) => {
      // 13 minutes are no multiple of anything that the epoch begins with.
      const range = { startEpochMs: NOON - 13 * 60_000 + late, endEpochMs: NOON };
      const { series } = draw({ metrics: [metric('Handled')], setPeriodToTimeRange: true }, range);
      const minutes = Array.from({ length: 13 }, (_, at) => WAVES.Handled?.(47 + at) ?? 0);
      expect(series[0]?.values).toEqual([minutes.reduce((sum, value) => sum + value, 0)]);
    },
  );

  it('are none where nothing is asked for', () => {
    expect(draw({ metrics: [] })).toEqual({ id: '0', series: [] });
  });

  it('tell what CloudWatch refuses', () => {
    expect(draw({ metrics: [metric('Waiting', { stat: 'Median' })] }).problem).toContain('Median');
  });

  it('throw what is an error of ours', () => {
    const broken = {
      query: () => {
        throw new TypeError('broken');
      },
    };
    expect(() => widgetData('0', chart({ metrics: [metric('Waiting')] }), LAST_QUARTER, broken)).toThrow(
      'broken',
    );
  });
});

describe('a label', () => {
  const labels = (...metrics: readonly unknown[]): readonly string[] =>
    draw({ metrics }).series.map(({ label }) => label);

  it('is what tells the rows apart, where none is given', () => {
    expect(labels(metric('Waiting'), metric('InFlight'))).toEqual(['Waiting', 'InFlight']);
    expect(labels(metric('Waiting'), metric('Waiting', { stat: 'p99' }))).toEqual(['Sum', 'p99']);
    expect(labels(['Test', 'Waiting', 'Queue', 'orders'], ['...', 'invoices'])).toEqual([
      'orders',
      'invoices',
    ]);
    expect(labels(['Test', 'Waiting', 'Queue', 'orders'], ['.', 'Failed', '.', 'invoices'])).toEqual([
      'Waiting',
      'Failed',
    ]);
    const both = [
      ['Test', 'Waiting', 'Queue', 'a'],
      ['...', 'b'],
      ['.', 'Failed', '.', 'a'],
      ['...', 'b'],
    ];
    expect(labels(...both)).toEqual(['a Waiting', 'b Waiting', 'a Failed', 'b Failed']);
    expect(labels(metric('Waiting', { id: 'm1' }), [{ id: 'e1', expression: 'm1 + 1' }])).toEqual([
      'Waiting',
      'e1',
    ]);
  });

  it('has statistics and properties filled in; what is not known stays', () => {
    expect(
      labels(
        metric('Failed', {
          label:
            "${LABEL} ${PROP('Stat')} ${PROP('Dim.Queue')} max ${MAX} of ${DATAPOINT_COUNT} ${MAX_TIME} ${PROP('AccountId')}",
        }),
      ),
    ).toEqual(["Failed Sum orders max 8 of 15 ${MAX_TIME} ${PROP('AccountId')}"]);
  });
});
