import { Annotations, Aspects, Stack } from 'aws-cdk-lib';
import { CfnAlarm, CfnCompositeAlarm, CfnDashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';
import { type MonitoringCount, priceSentence } from './prices.ts';

interface Noted {
  readonly constructs: IConstruct[];
  customMetrics: number;
}

const notedOf = new WeakMap<Stack, Noted>();

/**
 * Note that a construct's alarms and dashboards, and so many custom metrics beside them, are added to its stack.
 * Synthesis then says once for the stack what they cost: an information with the id `spillway:monitoringCost`, which
 * `Annotations.of(stack).acknowledgeInfo('spillway:monitoringCost')` silences.
 */
export function noteMonitoring(construct: IConstruct, customMetrics = 0): void {
  const stack = Stack.of(construct);
  const noted = notedOf.get(stack) ?? say(stack);
  noted.constructs.push(construct);
  noted.customMetrics += customMetrics;
}

/** What the noted constructs of a stack add. */
export function monitoringOf(stack: Stack): MonitoringCount {
  const { constructs, customMetrics } = notedOf.get(stack) ?? { constructs: [], customMetrics: 0 };
  const resources = new Set(constructs.flatMap((construct) => construct.node.findAll()));
  const alarms = [...resources].filter((each) => each instanceof CfnAlarm);
  return {
    customMetrics,
    alarms: alarms.length,
    alarmMetrics: alarms.reduce((sum, alarm) => sum + metricsOf(alarm), 0),
    compositeAlarms: [...resources].filter((each) => each instanceof CfnCompositeAlarm).length,
    dashboards: [...resources].filter((each) => each instanceof CfnDashboard).length,
  };
}

/** When the whole tree stands: an aspect visits it at synthesis, before annotations are written. */
function say(stack: Stack): Noted {
  const noted: Noted = { constructs: [], customMetrics: 0 };
  notedOf.set(stack, noted);
  Aspects.of(stack).add({
    visit(node) {
      if (node !== stack) return;
      const count = monitoringOf(stack);
      if (Object.values(count).every((each) => each === 0)) return;
      Annotations.of(stack).addInfoV2('spillway:monitoringCost', priceSentence(count));
    },
  });
  return noted;
}

/** Metrics that an alarm reads: one, or those of its expression. */
function metricsOf(alarm: CfnAlarm): number {
  const metrics: unknown = Stack.of(alarm).resolve(alarm.metrics);
  if (!Array.isArray(metrics)) return 1;
  return metrics.filter((each) => typeof each === 'object' && each !== null && 'metricStat' in each).length;
}
