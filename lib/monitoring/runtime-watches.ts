import { Duration } from 'aws-cdk-lib';
import { MathExpression, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { AnyFunction } from '../resilient-consumer-props.ts';
import type { ResilientQueue } from '../resilient-queue.ts';
import type { RuntimeAlarmsOptions } from './alarm-options.ts';
import { runtimeMetric, zeroWhenSilent } from './runtime-metrics.ts';
import { ANY, anyIf, levelOf, THREE_OF_FIVE, type Watch } from './watch.ts';

const HOUR = Duration.hours(1);
const FIVE_MINUTES = Duration.minutes(5);

/** Alarms on what the runtime reports of its work. */
export function runtimeWatches(
  options: RuntimeAlarmsOptions,
  consumerId: string,
  { facts }: ResilientQueue,
): Watch[] {
  return [
    {
      id: 'RetriesExhausted',
      property: 'retriesExhausted',
      given: options.retriesExhausted,
      threshold: options.retriesExhausted ?? 50,
      metric: zeroWhenSilent(runtimeMetric(consumerId, 'retriesExhausted', { period: HOUR })),
      missing: TreatMissingData.NOT_BREACHING,
      needs: levelOf('retriesExhausted'),
      level: 'full',
      urgency: 'never',
      description:
        `Many messages of ${consumerId} used up their attempts. Look at the reasons in ${facts.deadLetterName}: back-off that is too ` +
        'short for how long the dependency takes to heal, or errors that no retry mends.',
    },
    {
      // over three periods: of few messages, one that took all its attempts makes the average of a period
      id: 'AverageAttempts',
      property: 'averageAttempts',
      given: options.averageAttempts,
      threshold: options.averageAttempts ?? 2,
      metric: runtimeMetric(consumerId, 'attempts', { statistic: 'Average', period: FIVE_MINUTES }),
      evaluationPeriods: 3,
      missing: TreatMissingData.NOT_BREACHING,
      needs: levelOf('attempts'),
      level: 'full',
      urgency: 'never',
      description:
        `Messages of ${consumerId} take several attempts on average: a dependency is shaky, or a circuit opens too late. Look for ` +
        "'attempt failed' in the log: it names the errors.",
    },
    {
      id: 'SettlementFailures',
      property: 'settlementFailures',
      given: options.settlementFailures,
      threshold: options.settlementFailures ?? ANY,
      metric: zeroWhenSilent(runtimeMetric(consumerId, 'settlementFailures', { period: FIVE_MINUTES })),
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      missing: TreatMissingData.NOT_BREACHING,
      needs: levelOf('settlementFailures'),
      level: 'full',
      urgency: 'always',
      description:
        `SQS refuses what ${consumerId} asks of it. A message that cannot be moved stays in ${facts.name} until SQS ` +
        "deletes it. Look for 'settlement-error' in the function's log, which names the operation and the error: " +
        "most likely the role's permissions, a queue's KMS key, or a MaximumMessageSize of " +
        `${facts.deadLetterName} that is smaller than the source's.`,
    },
    {
      // twice: SQS may refuse once and take it 30 seconds later
      id: 'NoRetryHelps',
      property: 'noRetryHelps',
      given: options.noRetryHelps,
      threshold: anyIf(options.noRetryHelps),
      metric: runtimeMetric(consumerId, 'needsPerson', { statistic: 'Maximum' }),
      evaluationPeriods: 5,
      datapointsToAlarm: 2,
      missing: TreatMissingData.NOT_BREACHING,
      needs: levelOf('needsPerson'),
      level: 'essential',
      urgency: 'always',
      description:
        `Something is wrong with ${consumerId} that no retry mends: its intake is held or cannot be looked after, SQS refuses what it ` +
        'asks, its configuration is refused, idempotency is off, or its deployment is at fault. Look for errors in the log of its ' +
        'function, then in that of the intake controller: they name it.',
    },
  ];
}

/** A function that cannot start says nothing by itself: Lambda has to. What it fails at stays in the queue, uncharged. */
export function functionWatch(
  { functionErrors }: RuntimeAlarmsOptions,
  consumerId: string,
  target: AnyFunction,
): Watch {
  const each = { statistic: 'Sum', period: Duration.minutes(1) };
  return {
    id: 'FunctionErrors',
    property: 'functionErrors',
    given: functionErrors,
    threshold: functionErrors ?? 50,
    most: 100,
    metric: new MathExpression({
      expression: 'errors / invocations * 100',
      usingMetrics: { errors: target.metricErrors(each), invocations: target.metricInvocations(each) },
      label: 'Invocations that failed (%)',
      period: each.period,
    }),
    ...THREE_OF_FIVE,
    missing: TreatMissingData.NOT_BREACHING,
    needs: 'essential',
    level: 'essential',
    urgency: 'always',
    description:
      `Invocations of ${consumerId} fail as a whole: its function cannot start, runs out of time or memory, or its settings are ` +
      'refused. Its messages come back uncharged, and hardly show in the age of the queue. Read its log; after a deployment, roll back.',
  };
}

/** A refusal holds until somebody has mended the text, whether or not messages come. */
export function refusedWatch({ configurationRefused }: RuntimeAlarmsOptions, consumerId: string): Watch {
  return {
    id: 'ConfigurationRefused',
    property: 'configurationRefused',
    given: configurationRefused,
    threshold: anyIf(configurationRefused),
    metric: runtimeMetric(consumerId, 'configurationRefused', { statistic: 'Maximum' }),
    missing: TreatMissingData.IGNORE,
    needs: levelOf('configurationRefused'),
    level: 'full',
    urgency: 'always',
    description:
      `The run-time configuration of ${consumerId} breaks rules, so it goes by the last good one. Read 'configuration ` +
      "refused' in the function's log: it names line, option, rule and value. Mend the text, or put the former one back.",
  };
}
