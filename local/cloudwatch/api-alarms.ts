import { ApiError } from '../emulators/json-service.ts';
import { arrayAt, numberAt, stringAt } from '../json.ts';
import type { AlarmBook } from './alarms/alarm-book.ts';
import type { ApiTime } from './api-time.ts';
import type { AlarmChange, AlarmState, LocalAlarm, LocalDashboard } from './cloudwatch.ts';
import { invalid } from './invalid.ts';

/** What the operations on alarms and dashboards work with. */
export interface AlarmApiOptions {
  readonly alarms: AlarmBook;
  readonly dashboards: readonly LocalDashboard[];
  readonly time: ApiTime;
}

const MAX_RECORDS = 100;
const STATES: readonly AlarmState[] = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];
const TYPES: Readonly<Record<LocalAlarm['kind'], string>> = {
  metric: 'MetricAlarm',
  composite: 'CompositeAlarm',
};

/** Serve DescribeAlarms. As on AWS, composite alarms are given only to those who ask for them. */
export function describeAlarms(input: unknown, { alarms, time }: AlarmApiOptions): unknown {
  const names = arrayAt(input, 'AlarmNames');
  const prefix = stringAt(input, 'AlarmNamePrefix') ?? '';
  const state = stringAt(input, 'StateValue');
  const asked = arrayAt(input, 'AlarmTypes');
  const types = asked.length === 0 ? ['MetricAlarm'] : asked;
  const matching = alarms.alarms.filter(
    (alarm) =>
      (names.length === 0 || names.includes(alarm.name)) &&
      alarm.name.startsWith(prefix) &&
      (state === undefined || alarm.state === state) &&
      types.includes(TYPES[alarm.kind]),
  );
  const { items, next } = page(matching, input);
  const of = (kind: LocalAlarm['kind']): unknown[] =>
    items.filter((alarm) => alarm.kind === kind).map((alarm) => describe(alarm, time));
  return { MetricAlarms: of('metric'), CompositeAlarms: of('composite'), ...next };
}

function describe(alarm: LocalAlarm, time: ApiTime): Record<string, unknown> {
  const since = time.toMachine(alarm.sinceEpochMs) / 1_000;
  const { Tags: _tags, ...properties } = alarm.properties;
  return {
    ActionsEnabled: true,
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
    ...properties,
    ...numbersOf(properties),
    AlarmName: alarm.name,
    AlarmArn: alarm.arn,
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateUpdatedTimestamp: since,
    StateTransitionedTimestamp: since,
  };
}

/** Templates may write numbers as texts, which the SDK does not take. */
function numbersOf(properties: unknown): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const name of ['Period', 'EvaluationPeriods', 'DatapointsToAlarm', 'Threshold']) {
    const value = numberAt(properties, name);
    if (value !== undefined) numbers[name] = value;
  }
  return numbers;
}

/** Serve DescribeAlarmHistory: changes of state, newest first unless ScanBy asks otherwise. */
export function describeAlarmHistory(input: unknown, { alarms, time }: AlarmApiOptions): unknown {
  const name = stringAt(input, 'AlarmName');
  const type = stringAt(input, 'HistoryItemType') ?? 'StateUpdate';
  const types = arrayAt(input, 'AlarmTypes');
  const from = numberAt(input, 'StartDate') ?? 0;
  const to = numberAt(input, 'EndDate') ?? Infinity;
  const found = alarms.alarms
    .filter((alarm) => name === undefined || alarm.name === name)
    .filter(({ kind }) =>
      types.length === 0 ? kind === 'metric' || name !== undefined : types.includes(TYPES[kind]),
    )
    .flatMap((alarm) => (type === 'StateUpdate' ? alarm.history.map((change) => ({ alarm, change })) : []))
    .map(({ alarm, change }) => ({ alarm, change, at: time.toMachine(change.atEpochMs) / 1_000 }))
    .filter(({ at }) => at >= from && at < to)
    .sort((a, b) => b.at - a.at);
  if (stringAt(input, 'ScanBy') === 'TimestampAscending') found.reverse();
  const { items, next } = page(found, input);
  return { AlarmHistoryItems: items.map(({ alarm, change, at }) => historyItem(alarm, change, at)), ...next };
}

function historyItem(
  alarm: LocalAlarm,
  { from, to, reason }: AlarmChange,
  at: number,
): Record<string, unknown> {
  return {
    AlarmName: alarm.name,
    AlarmType: TYPES[alarm.kind],
    Timestamp: at,
    HistoryItemType: 'StateUpdate',
    HistorySummary: `Alarm updated from ${from} to ${to}`,
    HistoryData: JSON.stringify({
      version: '1.0',
      oldState: { stateValue: from },
      newState: { stateValue: to, stateReason: reason },
    }),
  };
}

/** Serve SetAlarmState: the state holds until the alarm is evaluated next. */
export function setAlarmState(input: unknown, { alarms }: AlarmApiOptions): unknown {
  const name = stringAt(input, 'AlarmName') ?? '';
  const value = stringAt(input, 'StateValue') ?? '';
  const state = STATES.find((candidate) => candidate === value);
  if (state === undefined) throw invalid(`StateValue must be one of ${STATES.join(', ')}, got ${value}`);
  const alarm = alarms.alarms.find((candidate) => candidate.name === name);
  if (alarm === undefined) throw new ApiError(404, 'ResourceNotFound', `Alarm ${name} does not exist`);
  alarms.setState(alarm, state, stringAt(input, 'StateReason') ?? '');
  return {};
}

/** Serve ListDashboards. */
export function listDashboards(input: unknown, { dashboards }: AlarmApiOptions): unknown {
  const prefix = stringAt(input, 'DashboardNamePrefix') ?? '';
  const DashboardEntries = dashboards
    .filter(({ name }) => name.startsWith(prefix))
    .map(({ name, body }) => ({ DashboardName: name, Size: Buffer.byteLength(JSON.stringify(body)) }));
  return { DashboardEntries };
}

/** Serve GetDashboard. */
export function getDashboard(input: unknown, { dashboards }: AlarmApiOptions): unknown {
  const name = stringAt(input, 'DashboardName') ?? '';
  const dashboard = dashboards.find((candidate) => candidate.name === name);
  if (dashboard === undefined) {
    throw new ApiError(404, 'ResourceNotFound', `Dashboard ${name} does not exist`);
  }
  return { DashboardName: name, DashboardBody: JSON.stringify(dashboard.body) };
}

function page<T>(all: readonly T[], input: unknown): { items: readonly T[]; next: { NextToken?: string } } {
  const size = Math.min(MAX_RECORDS, numberAt(input, 'MaxRecords') ?? MAX_RECORDS);
  const from = Number(stringAt(input, 'NextToken') ?? 0);
  const items = all.slice(from, from + size);
  return { items, next: from + size < all.length ? { NextToken: String(from + size) } : {} };
}
