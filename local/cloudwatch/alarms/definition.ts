import { arrayAt, booleanAt, isObject, numberAt, objectAt, stringAt } from '../../json.ts';
import type { MetricQuery } from '../cloudwatch.ts';
import { invalid } from '../invalid.ts';
import { readMetricId, readQueries } from '../wire.ts';
import type { MissingData } from './missing-data.ts';

/** How a datapoint is compared with the threshold. */
export type Comparison = keyof typeof COMPARISONS;

const COMPARISONS = {
  GreaterThanThreshold: { words: 'greater than', holds: (value: number, limit: number) => value > limit },
  GreaterThanOrEqualToThreshold: {
    words: 'greater than or equal to',
    holds: (value: number, limit: number) => value >= limit,
  },
  LessThanThreshold: { words: 'less than', holds: (value: number, limit: number) => value < limit },
  LessThanOrEqualToThreshold: {
    words: 'less than or equal to',
    holds: (value: number, limit: number) => value <= limit,
  },
} as const;

/** What a metric alarm goes by. */
export interface MetricAlarmDefinition {
  /** Exactly one of them returns data. */
  readonly queries: readonly MetricQuery[];
  readonly periodSeconds: number;
  /** N of "M of N". */
  readonly evaluationPeriods: number;
  /** M of "M of N". */
  readonly datapointsToAlarm: number;
  readonly threshold: number;
  readonly comparison: Comparison;
  readonly missing: MissingData;
  /** The percentile that is left alone while it rests on too few samples. 0 to 100. */
  readonly percentileNeedsSamples?: number;
  readonly warmUp?: WarmUp;
}

/** How long a new alarm waits for data before it is evaluated. */
export interface WarmUp {
  readonly minutes: number;
  /** Whether it waits on though its evaluation periods are full of data. */
  readonly whole: boolean;
}

const MISSING: readonly string[] = ['missing', 'ignore', 'breaching', 'notBreaching'];

/**
 * Read the properties of an AWS::CloudWatch::Alarm.
 *
 * @throws {ApiError} ValidationError for what CloudWatch would refuse, and for what is not played: anomaly detection
 */
export function readMetricAlarm(properties: unknown): MetricAlarmDefinition {
  const comparison = stringAt(properties, 'ComparisonOperator') ?? 'none';
  if (!isComparison(comparison)) throw invalid(`the comparison operator is not played: ${comparison}`);
  const threshold = numberAt(properties, 'Threshold');
  if (threshold === undefined) throw invalid('an alarm needs a Threshold');
  const queries = queriesOf(properties);
  const [watched, ...others] = queries.filter(({ returnData }) => returnData !== false);
  if (watched === undefined || others.length > 0)
    throw invalid('exactly one metric of an alarm returns data');
  const evaluationPeriods = numberAt(properties, 'EvaluationPeriods') ?? 1;
  const datapointsToAlarm = numberAt(properties, 'DatapointsToAlarm') ?? evaluationPeriods;
  if (!(datapointsToAlarm >= 1 && datapointsToAlarm <= evaluationPeriods)) {
    throw invalid(`DatapointsToAlarm must be 1 to ${evaluationPeriods}, got ${datapointsToAlarm}`);
  }
  const percentile = needsSamples(properties, watched);
  const warmUp = warmUpOf(properties);
  return {
    queries,
    periodSeconds: periodOf(watched, queries),
    evaluationPeriods,
    datapointsToAlarm,
    threshold,
    comparison,
    missing: missingOf(properties, queries),
    ...(percentile === undefined ? {} : { percentileNeedsSamples: percentile }),
    ...(warmUp === undefined ? {} : { warmUp }),
  };
}

/** Whether a value breaches the threshold. */
export function breaches({ comparison, threshold }: MetricAlarmDefinition, value: number): boolean {
  return COMPARISONS[comparison].holds(value, threshold);
}

/** A comparison in words, such as "greater than". */
export function comparisonWords(comparison: Comparison): string {
  return COMPARISONS[comparison].words;
}

function isComparison(text: string): text is Comparison {
  return Object.hasOwn(COMPARISONS, text);
}

function queriesOf(properties: unknown): readonly MetricQuery[] {
  const queries = arrayAt(properties, 'Metrics');
  if (queries.length > 0) return readQueries(queries);
  return [
    {
      id: 'm1',
      metric: readMetricId(properties),
      stat: stringAt(properties, 'Statistic') ?? stringAt(properties, 'ExtendedStatistic') ?? '',
      periodSeconds: numberAt(properties, 'Period') ?? 0,
    },
  ];
}

function periodOf(watched: MetricQuery, queries: readonly MetricQuery[]): number {
  const periods = queries.map(({ periodSeconds }) => periodSeconds ?? 0);
  const seconds = watched.periodSeconds ?? Math.max(...periods);
  if (!([10, 20, 30].includes(seconds) || (seconds > 0 && seconds % 60 === 0))) {
    throw invalid(`the period of an alarm must be 10, 20, 30 or a multiple of 60 seconds, got ${seconds}`);
  }
  return seconds;
}

/** Alarms on metrics of DynamoDB keep their state while data is missing, unless told otherwise. */
function missingOf(properties: unknown, queries: readonly MetricQuery[]): MissingData {
  const text = stringAt(properties, 'TreatMissingData');
  const dynamodb = queries.some((query) => 'metric' in query && query.metric.namespace === 'AWS/DynamoDB');
  if (text === undefined) return dynamodb ? 'ignore' : 'missing';
  if (!isMissing(text)) throw invalid(`TreatMissingData must be one of ${MISSING.join(', ')}, got ${text}`);
  return text;
}

function isMissing(text: string): text is MissingData {
  return MISSING.includes(text);
}

/** @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html */
function warmUpOf(properties: unknown): WarmUp | undefined {
  const configuration = objectAt(properties, 'WarmUpConfiguration');
  const minutes = numberAt(configuration, 'WarmUpPeriodDurationInMinutes');
  if (minutes === undefined) return undefined;
  return { minutes, whole: booleanAt(configuration, 'OnlyStartEvaluatingAfterWarmUpPeriodEnds') ?? false };
}

function needsSamples(properties: unknown, watched: MetricQuery): number | undefined {
  if (stringAt(properties, 'EvaluateLowSampleCountPercentile') !== 'ignore' || !('stat' in watched))
    return undefined;
  const match = /^p(\d+(?:\.\d+)?)$/.exec(watched.stat);
  return match === null ? undefined : Number(match[1]);
}

/** Members of a template's alarm that name what it does when its state changes. */
export interface AlarmActions {
  readonly ALARM: readonly string[];
  readonly OK: readonly string[];
  readonly INSUFFICIENT_DATA: readonly string[];
}

/** Actions of an alarm by the state that they belong to; none if they are disabled. */
export function readActions(properties: unknown): AlarmActions {
  const enabled = isObject(properties) && String(properties.ActionsEnabled ?? true) !== 'false';
  const of = (key: string): readonly string[] => (enabled ? arrayAt(properties, key).map(String) : []);
  return { ALARM: of('AlarmActions'), OK: of('OKActions'), INSUFFICIENT_DATA: of('InsufficientDataActions') };
}

/** Dimensions of a single-metric alarm as SNS messages write them. */
export function triggerDimensions(properties: unknown): { value: string; name: string }[] {
  const { dimensions } = readMetricId({
    MetricName: '',
    Namespace: '',
    ...objectAt({ properties }, 'properties'),
  });
  return Object.entries(dimensions).map(([name, value]) => ({ value, name }));
}
