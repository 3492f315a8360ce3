import { Stack, Annotations as Synthesis } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { describe, expect, it } from 'vitest';
import { ESSENTIAL_METRICS, METRIC, type Observability } from '../../lambdas/core/metric-names.ts';
import { CircuitPreset, ResilienceDashboard } from '../../lib/index.ts';
import { mostCustomMetrics } from '../../lib/monitoring/custom-metrics.ts';
import { monthlyPrice } from '../../lib/monitoring/prices.ts';
import { consumerIn, stackWith } from './synth.ts';

const WHERE =
  '(list prices of us-east-1, 2026-05, https://aws.amazon.com/cloudwatch/pricing/; the free tier is not ' +
  'subtracted, log ingestion not counted) [ack: spillway:monitoringCost]';

function infosOf(stack: Stack): string[] {
  return Annotations.fromStack(stack)
    .findInfo('*', Match.anyValue())
    .map(({ entry }) => String(entry.data));
}

function counted(stack: Stack): { alarms: number; metrics: number; composite: number; dashboards: number } {
  const template = Template.fromStack(stack);
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'));
  const metrics = alarms.map(({ Properties: { Metrics } }) =>
    Metrics === undefined ? 1 : Metrics.filter((each: object) => 'MetricStat' in each).length,
  );
  const count = (type: string): number => Object.keys(template.findResources(type)).length;
  return {
    alarms: alarms.length,
    metrics: metrics.reduce((sum, each) => sum + each, 0),
    composite: count('AWS::CloudWatch::CompositeAlarm'),
    dashboards: count('AWS::CloudWatch::Dashboard'),
  };
}

/** By hand, for a consumer with the circuit that each has: custom metrics at most, and dollars a month for one. */
const LEVELS: [Observability, number, number, number][] = [
  ['essential', 10, 1, 5.5],
  ['essential', 10, 3, 16.5],
  ['full', 80, 1, 80 * 0.3 + 30 * 0.1 + 0.5],
  ['full', 80, 3, 3 * (80 * 0.3 + 30 * 0.1 + 0.5)],
];

describe('synthesis', () => {
  it.each(LEVELS)(
    'says what %s costs, %i metrics at most for each of %i consumers',
    (level, metrics, consumers, dollars) => {
      const stack = stackWith((scope) => {
        for (let at = 1; at <= consumers; at += 1) {
          consumerIn(scope, { observability: level }, `Consumer${at}`);
        }
      });
      const found = counted(stack);
      const price = metrics * consumers * 0.3 + found.metrics * 0.1 + found.composite * 0.5;
      expect(price).toBeCloseTo(dollars, 6);
      expect(infosOf(stack)).toEqual([
        `monitoring costs at most $${dollars.toFixed(2)} a month: custom metrics ${metrics * consumers} at most, ` +
          `alarms ${found.alarms} on ${found.metrics} metrics, composite alarms ${consumers}, dashboards 0 ${WHERE}`,
      ]);
    },
  );

  it('says nothing where nothing is added', () => {
    const stack = stackWith((scope) => {
      consumerIn(scope, { observability: 'off' });
      const metric = consumerIn(scope, { observability: 'off' }, 'Other').metric('handled');
      new Alarm(scope, 'Own', { metric, threshold: 1, evaluationPeriods: 1 });
    });
    expect(infosOf(stack)).toEqual([]);
  });

  it('counts dashboards, and metrics of consumers without alarms', () => {
    const stack = stackWith((scope) => {
      const consumers = [consumerIn(scope, { alarms: false })];
      new ResilienceDashboard(scope, 'Dashboard', { consumers });
    });
    expect(infosOf(stack)).toEqual([
      `monitoring costs at most $6.00 a month: custom metrics 10 at most, alarms 0 on 0 metrics, composite alarms 0, dashboards 1 ${WHERE}`,
    ]);
  });

  it('says it for each stack by itself', () => {
    const stack = stackWith((scope) => {
      consumerIn(scope);
      consumerIn(new Stack(scope.node.root as Stack, 'Other'));
    });
    expect(infosOf(stack)[0]).toContain('custom metrics 10 at most');
  });

  it('can be told to say nothing of it', () => {
    const stack = stackWith((scope) => {
      consumerIn(scope);
      Synthesis.of(scope).acknowledgeInfo('spillway:monitoringCost', 'known');
    });
    expect(infosOf(stack)).toEqual([]);
  });
});

describe('custom metrics', () => {
  const consumer = { circuits: 1, intakeControlled: true, runTimeConfigured: true } as const;
  const most = (observability: Observability, other: object = {}): number =>
    mostCustomMetrics({ ...consumer, observability, ...other });

  it('are the ten of the level essential, however many circuits there are', () => {
    expect(most('essential')).toBe(ESSENTIAL_METRICS.length);
    expect(most('essential', { circuits: 40 })).toBe(10);
    expect(most('off')).toBe(0);
  });

  it('are each total and each break-down at the level full', () => {
    const byCircuit = 14;
    const broken = 6 + 8 + 18;
    const totals = Object.keys(METRIC).length - byCircuit;
    expect(most('full')).toBe(totals + broken + byCircuit + 2);
    expect(most('full', { circuits: 3 }) - most('full', { circuits: 2 })).toBe(byCircuit + 2);
  });

  it('are fewer without a controller, and without a run-time configuration', () => {
    expect(most('essential', { intakeControlled: false })).toBe(7);
    // eight of the controller alone, and the half-open time of all and of one circuit
    expect(most('full') - most('full', { intakeControlled: false })).toBe(10);
    expect(most('full') - most('full', { runTimeConfigured: false })).toBe(3);
  });

  it('of a consumer are counted by the circuits that it names', () => {
    const infoOf = (circuits: Record<string, typeof CircuitPreset.default>): string | undefined =>
      infosOf(stackWith((scope) => void consumerIn(scope, { observability: 'full', circuits })))[0];
    expect(infoOf({ tracker: CircuitPreset.default })).toContain('custom metrics 80 at most');
    expect(infoOf({ tracker: CircuitPreset.default, mail: CircuitPreset.default })).toContain(
      'custom metrics 96 at most',
    );
  });
});

it('adds prices up', () => {
  const none = { customMetrics: 0, alarms: 0, alarmMetrics: 0, compositeAlarms: 0, dashboards: 0 };
  expect(monthlyPrice(none)).toBe(0);
  expect(monthlyPrice({ ...none, customMetrics: 10 })).toBe(3);
  expect(monthlyPrice({ ...none, alarms: 7, alarmMetrics: 10 })).toBe(1);
  expect(monthlyPrice({ ...none, compositeAlarms: 2 })).toBe(1);
  expect(monthlyPrice({ ...none, dashboards: 1 })).toBe(3);
});
