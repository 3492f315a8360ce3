import type { AlarmState } from '../cloudwatch.ts';
import { breaches, comparisonWords, type MetricAlarmDefinition } from './definition.ts';
import type { Decision, MissingData } from './missing-data.ts';

/** A datapoint of an alarm: the value of a period, if there was one. */
export interface AlarmDatapoint {
  /** Start of the period, in the stack's time. Epoch milliseconds. */
  readonly atEpochMs: number;
  readonly value?: number;
}

/** What a reason is told of. */
export interface ReasonFacts {
  readonly definition: MetricAlarmDefinition;
  readonly decision: Decision;
  readonly points: readonly AlarmDatapoint[];
  readonly from: AlarmState;
  readonly to: AlarmState;
}

const TREATED: Readonly<Record<MissingData, string>> = {
  breaching: 'treated as [Breaching]',
  notBreaching: 'treated as [NonBreaching]',
  missing: 'unknown',
  ignore: 'unknown',
};

/** Why the state of a metric alarm changed, in words like CloudWatch's own. */
export function metricReason({ definition, decision, points, from, to }: ReasonFacts): string {
  const { filled, evaluated } = decision;
  const { missing, comparison, threshold } = definition;
  if (to === 'INSUFFICIENT_DATA') return `Insufficient Data: ${datapoints(filled)} ${was(filled)} unknown.`;
  const treated =
    filled === 0 ? [] : [`${filled} missing ${datapoints(filled, '')} ${was(filled)} ${TREATED[missing]}`];
  if (evaluated.length === 0) {
    const periods = `${filled} ${filled === 1 ? 'period' : 'periods'}`;
    return `Threshold Crossed: no datapoints were received for ${periods} and ${treated.join('')}.`;
  }
  // The datapoints that speak for the new state, newest first.
  const speaking = evaluated
    .map((index) => points[index])
    .filter((point) => breaches(definition, point?.value ?? Number.NaN) === (to === 'ALARM'))
    .map((point) => `${decimal(point?.value ?? 0)} (${shortTime(point?.atEpochMs ?? 0)})`)
    .reverse();
  const count = `${speaking.length} out of the last ${evaluated.length} datapoints`;
  const not = to === 'ALARM' ? '' : 'not ';
  const words = `${not}${comparisonWords(comparison)} the threshold (${decimal(threshold)})`;
  const crossed =
    speaking.length === 0 ? [] : [`${count} [${speaking.join(', ')}] ${was(speaking.length)} ${words}`];
  return `Threshold Crossed: ${[...crossed, ...treated].join(' and ')}${minimum(definition, from, to)}.`;
}

function minimum(
  { evaluationPeriods, datapointsToAlarm }: MetricAlarmDefinition,
  from: AlarmState,
  to: AlarmState,
): string {
  if (to === 'ALARM') return ` (minimum ${datapoints(datapointsToAlarm)} for OK -> ALARM transition)`;
  if (from !== 'ALARM') return '';
  return ` (minimum ${datapoints(evaluationPeriods - datapointsToAlarm + 1)} for ALARM -> OK transition)`;
}

/** Why a composite alarm changed: what the alarms of its rule did. */
export function compositeReason(
  arn: string,
  to: AlarmState,
  causes: readonly { readonly arn: string; readonly to: AlarmState; readonly atEpochMs: number }[],
): string {
  if (causes.length === 0) return `${arn} was created and its alarm rule evaluates to ${to}`;
  return causes
    .map((cause) => `${cause.arn} transitioned to ${cause.to} at ${longTime(cause.atEpochMs)}`)
    .join('; ');
}

function datapoints(count: number, shown = `${count} `): string {
  return `${shown}${count === 1 ? 'datapoint' : 'datapoints'}`;
}

function was(count: number): string {
  return count === 1 ? 'was' : 'were';
}

function decimal(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

/** As CloudWatch writes times of datapoints: 26/11/26 09:30:00. */
function shortTime(epochMs: number): string {
  const date = new Date(epochMs);
  const day = [date.getUTCDate(), date.getUTCMonth() + 1, date.getUTCFullYear() % 100].map(two).join('/');
  return `${day} ${date.toISOString().slice(11, 19)}`;
}

const LONG = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  weekday: 'long',
  day: '2-digit',
  month: 'long',
  year: 'numeric',
});

/** As CloudWatch writes times of transitions: Thursday 26 November, 2026 09:30:00 UTC. */
function longTime(epochMs: number): string {
  const parts = new Map(LONG.formatToParts(epochMs).map(({ type, value }) => [type, value]));
  const day = `${parts.get('weekday')} ${parts.get('day')} ${parts.get('month')}, ${parts.get('year')}`;
  return `${day} ${new Date(epochMs).toISOString().slice(11, 19)} UTC`;
}
