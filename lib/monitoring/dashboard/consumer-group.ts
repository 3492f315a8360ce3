import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { CAUSE_DIMENSION, DEFERRAL_CAUSES } from '../../../lambdas/core/metric-names.ts';
import { type Group, group } from './group.ts';
import { graph } from './panel.ts';
import type { Section } from './section.ts';

const MINUTE = { period: Duration.minutes(1) };

/** What becomes of messages, how long it takes, and how the function fares. */
export function consumerGroup(section: Section): Group {
  const { consumer, watched } = section;
  const target = consumer.function;
  const needsPerson = section.total('needsPerson', { statistic: 'Maximum', label: 'needs a person' });
  const refused = section.total('settlementFailures', { ...FIVE_MINUTES, label: 'refused by SQS' });
  const handlerTime = (statistic: string) =>
    section.total('handlerDuration', { statistic, label: statistic });
  return group(
    'Consumer',
    [
      graph({
        title: 'Outcomes',
        metrics: [
          section.total('handled', { label: 'handled' }),
          section.total('duplicates', { label: 'duplicate' }),
          section.total('empty', { label: 'nothing to do' }),
          section.total('alreadyMoved', { label: 'moved before' }),
          section.total('retried', { label: 'put back after a failure' }),
          section.total('deferred', { label: 'put back without a charge' }),
          section.total('deadLettered', { label: 'dead-lettered' }),
          section.total('quarantined', { label: 'quarantined' }),
        ],
        stacked: true,
      }),
      graph({
        title: 'Put back without a charge, by cause',
        metrics: section.by('deferred', CAUSE_DIMENSION, DEFERRAL_CAUSES),
        stacked: true,
      }),
    ],
    [
      graph({ title: 'Handler (ms)', metrics: [handlerTime('p50'), handlerTime('p99')] }),
      graph({
        title: 'Function',
        metrics: [
          target.metricInvocations({ ...MINUTE, label: 'invocations' }),
          target.metricErrors({ ...MINUTE, label: 'errors' }),
          target.metricThrottles({ ...MINUTE, label: 'throttles' }),
        ],
        right: [concurrent(section)],
      }),
      graph({
        title: 'Needs a person (1) or not (0)',
        metrics: [needsPerson],
        annotations: watched.annotations(needsPerson),
      }),
      graph({
        title: 'Trouble of its own (5 minutes)',
        metrics: [
          refused,
          section.total('storeErrors', { ...FIVE_MINUTES, label: 'state table' }),
          section.total('environmentsGivenUp', { ...FIVE_MINUTES, label: 'environments given up' }),
        ],
        annotations: watched.annotations(refused),
      }),
    ],
  );
}

const FIVE_MINUTES = { period: Duration.minutes(5) };

/** CDK has no method for it on a function (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html). */
function concurrent({ consumer }: Section): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName: 'ConcurrentExecutions',
    dimensionsMap: { FunctionName: consumer.function.functionName },
    statistic: 'Maximum',
    label: 'at a time (right)',
    ...MINUTE,
  });
}
