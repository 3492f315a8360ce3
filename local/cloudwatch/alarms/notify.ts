import { ACCOUNT } from '../../account.ts';
import { numberAt, stringAt } from '../../json.ts';
import type { AlarmChange, LocalAlarm } from '../cloudwatch.ts';
import { readActions, triggerDimensions } from './definition.ts';

/** Publishes to an SNS topic. */
export type Publish = (topicArn: string, subject: string, message: string) => Promise<void>;

/** Run the actions of an alarm that changed: publish to its topics, and warn of those that cannot be. */
export function notifier(
  publish: Publish,
  warn: (warning: string) => void,
): (alarm: LocalAlarm, change: AlarmChange) => void {
  return (alarm, change) => {
    for (const action of readActions(alarm.properties)[change.to]) {
      if (action.split(':')[2] !== 'sns') continue; // named in a warning when the alarm was deployed
      publish(action, subjectOf(alarm, change), JSON.stringify(alarmMessage(alarm, change))).catch(
        (error: unknown) => warn(`${alarm.constructPath}: the action ${action} failed: ${String(error)}`),
      );
    }
  };
}

function subjectOf({ name, arn }: LocalAlarm, { to }: AlarmChange): string {
  return `${to}: "${name}" in ${arn.split(':')[3]}`.slice(0, 100);
}

/** What CloudWatch publishes of a change. `Region` is the region's code, where CloudWatch writes out its name. */
export function alarmMessage(
  alarm: LocalAlarm,
  { from, to, reason, atEpochMs }: AlarmChange,
): Record<string, unknown> {
  const { properties } = alarm;
  const actions = readActions(properties);
  return {
    AlarmName: alarm.name,
    AlarmDescription: alarm.description === '' ? null : alarm.description,
    AWSAccountId: ACCOUNT,
    NewStateValue: to,
    NewStateReason: reason,
    StateChangeTime: new Date(atEpochMs).toISOString().replace('Z', '+0000'),
    Region: alarm.arn.split(':')[3],
    AlarmArn: alarm.arn,
    OldStateValue: from,
    OKActions: actions.OK,
    AlarmActions: actions.ALARM,
    InsufficientDataActions: actions.INSUFFICIENT_DATA,
    ...(alarm.kind === 'composite'
      ? { AlarmRule: stringAt(properties, 'AlarmRule') }
      : { Trigger: triggerOf(properties) }),
  };
}

function triggerOf(properties: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const evaluationPeriods = numberAt(properties, 'EvaluationPeriods') ?? 1;
  const rule = {
    EvaluationPeriods: evaluationPeriods,
    DatapointsToAlarm: numberAt(properties, 'DatapointsToAlarm') ?? evaluationPeriods,
    ComparisonOperator: properties.ComparisonOperator,
    Threshold: numberAt(properties, 'Threshold'),
    TreatMissingData: stringAt(properties, 'TreatMissingData') ?? 'missing',
    EvaluateLowSampleCountPercentile: stringAt(properties, 'EvaluateLowSampleCountPercentile') ?? '',
  };
  const period = numberAt(properties, 'Period');
  if (properties.Metrics !== undefined) {
    return { ...(period === undefined ? {} : { Period: period }), ...rule, Metrics: properties.Metrics };
  }
  const extended = stringAt(properties, 'ExtendedStatistic');
  return {
    MetricName: properties.MetricName,
    Namespace: properties.Namespace,
    StatisticType: extended === undefined ? 'Statistic' : 'ExtendedStatistic',
    Statistic: extended ?? stringAt(properties, 'Statistic')?.toUpperCase(),
    Unit: properties.Unit ?? null,
    Dimensions: triggerDimensions(properties),
    Period: period,
    ...rule,
  };
}
