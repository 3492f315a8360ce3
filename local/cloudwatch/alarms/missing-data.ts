import type { AlarmState } from '../cloudwatch.ts';

/** What an alarm makes of periods without data. */
export type MissingData = 'missing' | 'ignore' | 'breaching' | 'notBreaching';

/** What a period of an alarm showed. */
export type Mark = 'breaching' | 'ok' | 'missing';

/** What the state of an alarm follows from. */
export interface AlarmRule {
  /** N of "M of N". */
  readonly evaluationPeriods: number;
  /** M of "M of N". */
  readonly datapointsToAlarm: number;
  readonly missing: MissingData;
}

/** The state that follows from datapoints, `undefined` to keep the one there is, and what it was found with. */
export interface Decision {
  readonly state: AlarmState | undefined;
  /** Indices of the datapoints that it rests on, oldest first. */
  readonly evaluated: readonly number[];
  /** Missing datapoints that were filled in. */
  readonly filled: number;
}

/**
 * How many periods an alarm looks back on. CloudWatch retrieves more than it needs, to make up for missing ones; the
 * documentation's examples are 5 for 3, and give no formula.
 */
export function evaluationRange({ evaluationPeriods }: Pick<AlarmRule, 'evaluationPeriods'>): number {
  return evaluationPeriods + 2;
}

/**
 * Decide on an alarm from the marks of its evaluation range, oldest first:
 *
 * - With N datapoints or more, the N most recent decide, and it does not matter how missing ones are treated.
 * - With fewer, missing ones are filled in up to N.
 * - Where they are neither good nor bad (`missing`, `ignore`), M breaching ones are an alarm, and any good one is OK. With
 *   nothing but breaching ones, it is an alarm (or stays as it is, for `ignore`) once the oldest is M periods old; before,
 *   it is too early to tell.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */
export function decide(marks: readonly Mark[], rule: AlarmRule): Decision {
  const { evaluationPeriods: n, datapointsToAlarm: m, missing } = rule;
  const evaluated = marks.flatMap((mark, index) => (mark === 'missing' ? [] : [index])).slice(-n);
  const filled = n - evaluated.length;
  const breaching = evaluated.filter((index) => marks[index] === 'breaching').length;
  const found = (state: AlarmState | undefined): Decision => ({ state, evaluated, filled });

  if (breaching >= m) return found('ALARM');
  if (filled === 0 || missing === 'notBreaching') return found('OK');
  if (missing === 'breaching') return found(breaching + filled >= m ? 'ALARM' : 'OK');
  if (breaching < evaluated.length) return found('OK');
  const unknown = missing === 'ignore' ? undefined : 'INSUFFICIENT_DATA';
  const oldest = evaluated[0];
  const old = oldest !== undefined && marks.length - oldest >= m;
  return found(old && missing === 'missing' ? 'ALARM' : unknown);
}
