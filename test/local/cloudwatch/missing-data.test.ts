import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decide,
  evaluationRange,
  type Mark,
  type MissingData,
} from '../../../local/cloudwatch/alarms/missing-data.ts';

const MARKS: Readonly<Record<string, Mark>> = { '0': 'ok', X: 'breaching', '-': 'missing' };

function marks(pattern: string): Mark[] {
  return pattern.split(' ').map((mark) => MARKS[mark] ?? 'missing');
}

const RETAIN = undefined;
const UNKNOWN = 'INSUFFICIENT_DATA';

/** What the documentation's tables say of one row: for missing, ignore, breaching and notBreaching. */
function row(pattern: string, datapointsToAlarm: number): unknown[] {
  return (['missing', 'ignore', 'breaching', 'notBreaching'] as const).map(
    (missing) => decide(marks(pattern), { evaluationPeriods: 3, datapointsToAlarm, missing }).state,
  );
}

// "How alarm state is evaluated when data is missing", both tables, on
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
// (was a section of https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html)
describe('an alarm of 3 of 3, by the documentation’s table', () => {
  it.each([
    ['0 - X - X', 0, ['OK', 'OK', 'OK', 'OK']],
    ['0 - - - -', 2, ['OK', 'OK', 'OK', 'OK']],
    ['- - - - -', 3, [UNKNOWN, RETAIN, 'ALARM', 'OK']],
    ['0 X X - X', 0, ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['- - X - -', 2, ['ALARM', RETAIN, 'ALARM', 'OK']],
  ])('%s, of which %d have to be filled in', (pattern, filled, expected) => {
    expect(row(pattern, 3)).toEqual(expected);
    const rule = { evaluationPeriods: 3, datapointsToAlarm: 3, missing: 'missing' } as const;
    expect(decide(marks(pattern), rule).filled).toBe(filled);
  });
});

describe('an alarm of 2 of 3, by the documentation’s table', () => {
  it.each([
    ['0 - X - X', 0, ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 0 X 0 X', 0, ['ALARM', 'ALARM', 'ALARM', 'ALARM']],
    ['0 - X - -', 1, ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - - 0', 2, ['OK', 'OK', 'ALARM', 'OK']],
    ['- - - X -', 2, ['ALARM', RETAIN, 'ALARM', 'OK']],
  ])('%s, of which %d have to be filled in', (pattern, filled, expected) => {
    expect(row(pattern, 2)).toEqual(expected);
    const rule = { evaluationPeriods: 3, datapointsToAlarm: 2, missing: 'missing' } as const;
    expect(decide(marks(pattern), rule).filled).toBe(filled);
  });
});

// "Avoiding premature transitions to alarm state", on the same page. The state that "does not go immediately into ALARM"
// is not told there; an earlier edition's tables have it: INSUFFICIENT_DATA for missing, the current one for ignore. See
// https://github.com/awsdocs/amazon-cloudwatch-user-guide/blob/05fd32f63861ca6646c8aa5c94334fd6e0dfdbf5/doc_source/AlarmThatSendsEmail.md
describe('an alarm of which breaching data has just come back', () => {
  it.each([
    ['- - - - X', 3, [UNKNOWN, RETAIN, 'ALARM', 'OK']],
    ['- - - X -', 3, [UNKNOWN, RETAIN, 'ALARM', 'OK']],
    ['- - - - X', 2, [UNKNOWN, RETAIN, 'ALARM', 'OK']],
    ['- - - X 0', 3, ['OK', 'OK', 'OK', 'OK']],
    ['- - X - 0', 3, ['OK', 'OK', 'OK', 'OK']],
    ['- - X - -', 3, ['ALARM', RETAIN, 'ALARM', 'OK']],
    ['X - - - -', 3, ['ALARM', RETAIN, 'ALARM', 'OK']],
  ])('%s with M = %d waits until the next datapoint could not change it', (pattern, m, expected) => {
    expect(row(pattern, m)).toEqual(expected);
  });
});

const anyMarks = fc.array(fc.constantFrom<Mark>('ok', 'breaching', 'missing'), {
  minLength: 5,
  maxLength: 5,
});
const anyMissing = fc.constantFrom<MissingData>('missing', 'ignore', 'breaching', 'notBreaching');
const anyM = fc.integer({ min: 1, max: 3 });
const rule = (datapointsToAlarm: number, missing: MissingData) => ({
  evaluationPeriods: 3,
  datapointsToAlarm,
  missing,
});

describe('any alarm', () => {
  it('goes by its N most recent datapoints alone, if there are so many', () => {
    fc.assert(
      fc.property(anyMarks, anyM, anyMissing, (all, m, missing) => {
        const recent = all.filter((mark) => mark !== 'missing').slice(-3);
        fc.pre(recent.length === 3);
        const breaching = recent.filter((mark) => mark === 'breaching').length;
        expect(decide(all, rule(m, missing)).state).toBe(breaching >= m ? 'ALARM' : 'OK');
      }),
      { numRuns: 300 },
    );
  });

  it('is never better off when a datapoint breaches that did not', () => {
    const rank = { OK: 0, INSUFFICIENT_DATA: 1, ALARM: 2 };
    fc.assert(
      fc.property(anyMarks, anyM, anyMissing, fc.nat(4), (all, m, missing, index) => {
        fc.pre(all[index] === 'ok');
        const worse = all.with(index, 'breaching');
        const [before = 'INSUFFICIENT_DATA', after = 'INSUFFICIENT_DATA'] = [all, worse].map(
          (each) => decide(each, rule(m, missing)).state,
        );
        expect(rank[after]).toBeGreaterThanOrEqual(rank[before]);
      }),
      { numRuns: 300 },
    );
  });

  it('counts as many datapoints as it has periods, real or filled in', () => {
    fc.assert(
      fc.property(anyMarks, anyM, anyMissing, (all, m, missing) => {
        const { evaluated, filled } = decide(all, rule(m, missing));
        expect(evaluated.length + filled).toBe(3);
      }),
      { numRuns: 100 },
    );
  });

  it('looks back on two periods more than it needs', () => {
    expect(evaluationRange({ evaluationPeriods: 3 })).toBe(5);
    expect(evaluationRange({ evaluationPeriods: 1 })).toBe(3);
  });
});
