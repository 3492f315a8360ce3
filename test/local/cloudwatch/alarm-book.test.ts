import { describe, expect, it } from 'vitest';
import { createAlarmBook } from '../../../local/cloudwatch/alarms/alarm-book.ts';
import { parseRule } from '../../../local/cloudwatch/alarms/composite.ts';
import { readMetricAlarm } from '../../../local/cloudwatch/alarms/definition.ts';
import { samplesNeeded } from '../../../local/cloudwatch/alarms/evaluate.ts';
import { alarmMessage } from '../../../local/cloudwatch/alarms/notify.ts';
import { createMetricStore } from '../../../local/cloudwatch/metric-store.ts';
import { stackClock } from '../../../local/cloudwatch/stack-clock.ts';

const MINUTE = 60_000;
const T0 = Date.UTC(2026, 10, 26, 9, 0);

function setup() {
  let now = T0;
  const store = createMetricStore();
  const errors: string[] = [];
  const book = createAlarmBook({
    store,
    clock: stackClock(1, () => now),
    onError: (_alarm, error) => errors.push(String(error)),
  });
  const heard: string[] = [];
  book.onAlarm(({ name }, { from, to }) => heard.push(`${name}: ${from} -> ${to}`));
  const facts = (name: string, properties: Record<string, unknown> = {}) => ({
    stack: 'App',
    logicalId: name,
    constructPath: `App/${name}`,
    name,
    arn: `arn:aws:cloudwatch:us-east-1:000000000000:alarm:${name}`,
    description: '',
    properties,
  });
  const alarm = (name: string) => {
    const found = book.alarms.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no alarm ${name}`);
    return found;
  };
  return {
    store,
    book,
    heard,
    errors,
    alarm,
    addMetric(name: string, change: Record<string, unknown> = {}) {
      const properties = {
        Namespace: 'Shop',
        MetricName: 'Failed',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 3,
        DatapointsToAlarm: 2,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
        ...change,
      };
      book.addMetric(facts(name, properties), readMetricAlarm(properties));
    },
    addComposite: (name: string, rule: string) =>
      book.addComposite(facts(name, { AlarmRule: rule }), parseRule(rule)),
    put(minute: number, value: number, metricName = 'Failed') {
      store.metric({ namespace: 'Shop', metricName, dimensions: {} })?.add(T0 + minute * MINUTE, value);
    },
    /** Evaluate at the end of a minute. */
    end(minute: number) {
      now = T0 + (minute + 1) * MINUTE;
      book.evaluate(now);
    },
  };
}

describe('a metric alarm', () => {
  it('goes off at M of N, tells why, and recovers', () => {
    const { addMetric, put, end, alarm } = setup();
    addMetric('failures');
    expect(alarm('failures')).toMatchObject({
      state: 'INSUFFICIENT_DATA',
      reason: 'Unchecked: Initial alarm creation',
      sinceEpochMs: T0,
    });
    for (const [minute, value] of [0, 5, 0, 7, 0, 0, 0].entries()) {
      put(minute, value);
      end(minute);
    }
    const { history, state } = alarm('failures');
    expect(state).toBe('OK');
    expect(history.map(({ atEpochMs, to }) => [(atEpochMs - T0) / MINUTE, to])).toEqual([
      [1, 'OK'],
      [4, 'ALARM'],
      [5, 'OK'],
    ]);
    expect(history.map(({ reason }) => reason)).toEqual([
      'Threshold Crossed: 1 out of the last 1 datapoints [0.0 (26/11/26 09:00:00)] was not greater than the threshold (1.0) and 2 missing datapoints were treated as [NonBreaching].',
      'Threshold Crossed: 2 out of the last 3 datapoints [7.0 (26/11/26 09:03:00), 5.0 (26/11/26 09:01:00)] were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition).',
      'Threshold Crossed: 2 out of the last 3 datapoints [0.0 (26/11/26 09:04:00), 0.0 (26/11/26 09:02:00)] were not greater than the threshold (1.0) (minimum 2 datapoints for ALARM -> OK transition).',
    ]);
  });

  it.each([
    [
      'breaching',
      'ALARM',
      'Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].',
    ],
    [
      'notBreaching',
      'OK',
      'Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [NonBreaching].',
    ],
    ['missing', 'INSUFFICIENT_DATA', 'Unchecked: Initial alarm creation'],
    ['ignore', 'INSUFFICIENT_DATA', 'Unchecked: Initial alarm creation'],
  ])('makes %s data %s', (TreatMissingData, state, reason) => {
    const { addMetric, end, alarm } = setup();
    addMetric('silent', { TreatMissingData });
    end(0);
    expect(alarm('silent')).toMatchObject({ state, reason });
  });

  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-warm-up.html
  it.each([
    [false, 1, 'OK'],
    [true, 1, 'INSUFFICIENT_DATA'],
    [true, 5, 'OK'],
  ])('waits for data while it warms up (to the end: %s), and then goes on', (whole, minute, expected) => {
    const { addMetric, put, end, alarm } = setup();
    const WarmUpConfiguration = {
      WarmUpPeriodDurationInMinutes: 6,
      OnlyStartEvaluatingAfterWarmUpPeriodEnds: whole,
    };
    const wakeful = { TreatMissingData: 'breaching', EvaluationPeriods: 2, DatapointsToAlarm: 2 };
    addMetric('silent', { ...wakeful, WarmUpConfiguration });
    end(0);
    expect(alarm('silent').state).toBe('INSUFFICIENT_DATA');
    put(0, 0);
    put(1, 0);
    for (let now = 1; now <= minute; now += 1) {
      if (now > 1) put(now, 0);
      end(now);
    }
    expect(alarm('silent').state).toBe(expected);
    for (let now = 6; now <= 9; now += 1) end(now);
    expect(alarm('silent').state).toBe('ALARM');
  });

  it('is evaluated after it has warmed up, data or not', () => {
    const { addMetric, end, alarm } = setup();
    addMetric('silent', {
      TreatMissingData: 'breaching',
      WarmUpConfiguration: { WarmUpPeriodDurationInMinutes: 5 },
    });
    for (let minute = 0; minute < 4; minute += 1) end(minute);
    expect(alarm('silent').state).toBe('INSUFFICIENT_DATA');
    end(4);
    expect(alarm('silent').state).toBe('ALARM');
  });

  it('says so when data stops', () => {
    const { addMetric, put, end, alarm } = setup();
    addMetric('silent', { TreatMissingData: 'missing' });
    for (let minute = 0; minute < 3; minute += 1) put(minute, 0);
    for (let minute = 2; minute < 8; minute += 1) end(minute);
    expect(alarm('silent')).toMatchObject({
      state: 'INSUFFICIENT_DATA',
      reason: 'Insufficient Data: 3 datapoints were unknown.',
      sinceEpochMs: T0 + 8 * MINUTE,
    });
  });

  it.each([
    ['GreaterThanThreshold', [4, 6]],
    ['GreaterThanOrEqualToThreshold', [4, 5]],
    ['LessThanThreshold', [5, 4]],
    ['LessThanOrEqualToThreshold', [6, 5]],
  ])('compares with %s', (ComparisonOperator, [good = 0, bad = 0]) => {
    const { addMetric, put, end, alarm } = setup();
    addMetric('compared', { ComparisonOperator, Threshold: '5', EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    put(0, good);
    end(0);
    expect(alarm('compared').state).toBe('OK');
    put(1, bad);
    end(1);
    expect(alarm('compared').state).toBe('ALARM');
  });

  it('goes by an expression', () => {
    const { addMetric, put, end, alarm, errors } = setup();
    const metric = (Id: string, MetricName: string) => ({
      Id,
      ReturnData: false,
      MetricStat: { Metric: { Namespace: 'Shop', MetricName }, Period: 60, Stat: 'Sum' },
    });
    addMetric('rate', {
      Metrics: [
        { Id: 'rate', Expression: '100 * failed / FILL(all, 0)' },
        metric('failed', 'Failed'),
        metric('all', 'All'),
      ],
      Threshold: 50,
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
    });
    put(0, 4);
    put(0, 10, 'All');
    end(0);
    expect(alarm('rate').state).toBe('OK');
    put(1, 6);
    put(1, 10, 'All');
    end(1);
    expect(alarm('rate')).toMatchObject({
      state: 'ALARM',
      reason: expect.stringContaining('[60.0 (26/11/26 09:01:00)]'),
    });
    expect(errors).toEqual([]);
  });

  it('slides its periods, minute by minute', () => {
    const { addMetric, put, end, alarm } = setup();
    addMetric('slow', { Period: 300, EvaluationPeriods: 1, DatapointsToAlarm: 1, Threshold: 3 });
    put(3, 2);
    end(3);
    expect(alarm('slow').state).toBe('OK');
    put(7, 2);
    end(6);
    expect(alarm('slow').state).toBe('OK');
    end(7);
    expect(alarm('slow')).toMatchObject({ state: 'ALARM', sinceEpochMs: T0 + 8 * MINUTE });
  });

  it('leaves a percentile alone that rests on too few samples, if it is told to', () => {
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
    expect(samplesNeeded(99)).toBeCloseTo(1_000);
    expect(samplesNeeded(10)).toBeCloseTo(100);
    const { addMetric, put, end, alarm } = setup();
    const percentile = {
      Statistic: undefined,
      ExtendedStatistic: 'p90',
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
    };
    addMetric('patient', { ...percentile, EvaluateLowSampleCountPercentile: 'ignore' });
    addMetric('hasty', percentile);
    for (let sample = 0; sample < 99; sample += 1) put(0, 9);
    end(0);
    expect([alarm('patient').state, alarm('hasty').state]).toEqual(['INSUFFICIENT_DATA', 'ALARM']);
    put(0, 9);
    end(0);
    expect(alarm('patient').state).toBe('ALARM');
  });

  it('with periods of ten seconds is evaluated within the minute, others are not', () => {
    const { addMetric, book, store, alarm } = setup();
    addMetric('fine', { Period: 10, EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    addMetric('coarse', { EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    store.metric({ namespace: 'Shop', metricName: 'Failed', dimensions: {} })?.add(T0 + 1_000, 9, 1, true);
    book.evaluate(T0 + 10_000);
    expect(book.fine).toBe(true);
    expect([alarm('fine').state, alarm('coarse').state]).toEqual(['ALARM', 'INSUFFICIENT_DATA']);
  });

  it.each([
    [{ ComparisonOperator: 'GreaterThanUpperThreshold' }, 'the comparison operator is not played'],
    [{ Threshold: undefined }, 'needs a Threshold'],
    [{ DatapointsToAlarm: 4 }, 'DatapointsToAlarm must be 1 to 3, got 4'],
    [{ Period: 45 }, 'the period of an alarm must be'],
    [{ TreatMissingData: 'never' }, 'TreatMissingData must be one of'],
    [
      {
        Metrics: [
          { Id: 'a', Expression: '1' },
          { Id: 'b', Expression: '2' },
        ],
      },
      'exactly one metric',
    ],
  ])('is refused with %j', (change, message) => {
    const { addMetric } = setup();
    expect(() => addMetric('wrong', change)).toThrow(message);
  });

  it('on a metric of DynamoDB keeps its state while data is missing', () => {
    const properties = {
      Namespace: 'AWS/DynamoDB',
      MetricName: 'ThrottledRequests',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    };
    expect(readMetricAlarm(properties).missing).toBe('ignore');
    expect(readMetricAlarm({ ...properties, Namespace: 'Shop' }).missing).toBe('missing');
  });
});

describe('a composite alarm', () => {
  it('follows the alarms of its rule at once, through others, and names them', () => {
    const { addComposite, addMetric, put, end, alarm, heard } = setup();
    addComposite(
      'outer',
      'ALARM("arn:aws:cloudwatch:us-east-1:000000000000:alarm:inner") AND NOT ALARM(quiet)',
    );
    addComposite('inner', 'ALARM(failures)');
    addMetric('failures', { EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    addMetric('quiet', { MetricName: 'Quiet', EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    end(0);
    expect(alarm('inner').reason).toBe(
      'arn:aws:cloudwatch:us-east-1:000000000000:alarm:inner was created and its alarm rule evaluates to OK',
    );
    heard.length = 0;
    put(1, 2);
    end(1);
    expect(heard).toEqual(['failures: OK -> ALARM', 'inner: OK -> ALARM', 'outer: OK -> ALARM']);
    expect(alarm('outer').reason).toBe(
      'arn:aws:cloudwatch:us-east-1:000000000000:alarm:inner transitioned to ALARM at Thursday 26 November, 2026 09:02:00 UTC',
    );
    put(2, 2);
    put(2, 2, 'Quiet');
    end(2);
    expect([alarm('inner').state, alarm('outer').state]).toEqual(['ALARM', 'OK']);
  });

  it('is not heard of when an alarm comes and its excuse comes with it', () => {
    const { addComposite, addMetric, put, end, heard } = setup();
    addComposite('person', 'ALARM(failures) AND NOT ALARM(excuse)');
    addMetric('failures', { EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    addMetric('excuse', { EvaluationPeriods: 1, DatapointsToAlarm: 1 });
    end(0);
    heard.length = 0;
    put(1, 2);
    end(1);
    expect(heard).not.toContainEqual(expect.stringContaining('person'));
  });
});

describe('a listener', () => {
  it('that fails keeps neither others from hearing nor the alarms from going on', () => {
    const { addMetric, end, book, errors, heard } = setup();
    book.onAlarm(() => {
      throw new Error('deaf');
    });
    const later: string[] = [];
    const stop = book.onAlarm(({ name }) => later.push(name));
    addMetric('failures');
    end(0);
    expect([heard, later, errors]).toEqual([
      ['failures: INSUFFICIENT_DATA -> OK'],
      ['failures'],
      ['Error: deaf'],
    ]);
    stop();
    book.setState(book.alarms[0] ?? expect.fail('no alarm'), 'ALARM', 'a drill');
    expect(later).toEqual(['failures']);
  });
});

describe('an alarm whose state is set by hand', () => {
  it('keeps it until it is evaluated, and so do composite ones', () => {
    const { addComposite, addMetric, end, alarm, book } = setup();
    addMetric('failures');
    addComposite('any', 'ALARM(failures)');
    end(0);
    book.setState(alarm('failures'), 'ALARM', 'a drill');
    expect(alarm('failures')).toMatchObject({ state: 'ALARM', reason: 'a drill' });
    expect(alarm('any').state).toBe('ALARM');
    end(1);
    expect([alarm('failures').state, alarm('any').state]).toEqual(['OK', 'OK']);
  });
});

describe('what CloudWatch publishes of a change', () => {
  it('says which alarm, what happened, and what the alarm goes by', () => {
    const { addMetric, put, end, alarm } = setup();
    addMetric('failures', {
      EvaluationPeriods: 1,
      DatapointsToAlarm: 1,
      AlarmActions: ['arn:aws:sns:us-east-1:0:t'],
    });
    put(0, 2);
    end(0);
    const [change] = alarm('failures').history;
    if (change === undefined) throw new Error('nothing happened');
    expect(alarmMessage(alarm('failures'), change)).toMatchObject({
      AlarmName: 'failures',
      AlarmDescription: null,
      NewStateValue: 'ALARM',
      OldStateValue: 'INSUFFICIENT_DATA',
      NewStateReason: change.reason,
      StateChangeTime: '2026-11-26T09:01:00.000+0000',
      AlarmActions: ['arn:aws:sns:us-east-1:0:t'],
      Trigger: { MetricName: 'Failed', Statistic: 'SUM', Period: 60, Threshold: 1, EvaluationPeriods: 1 },
    });
  });
});
