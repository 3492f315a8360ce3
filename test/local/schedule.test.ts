import { describe, expect, it } from 'vitest';
import { parseSchedule } from '../../local/schedule/expression.ts';
import { functionResource, queueResource, run, take, until } from './fixture.ts';

const dueAfter = (expression: string, time: string): string | undefined => {
  const next = parseSchedule(expression)?.(Date.parse(time));
  return next === undefined ? undefined : new Date(next).toISOString();
};

describe('a schedule expression', () => {
  it.each([
    ['rate(1 minute)', '2026-01-01T00:00:30Z', '2026-01-01T00:01:30.000Z'],
    ['rate(2 hours)', '2026-01-01T00:00:00Z', '2026-01-01T02:00:00.000Z'],
    ['rate(7 days)', '2026-01-01T00:00:00Z', '2026-01-08T00:00:00.000Z'],
    ['cron(0 12 * * ? *)', '2026-01-01T12:00:00Z', '2026-01-02T12:00:00.000Z'],
    ['cron(0/15 * * * ? *)', '2026-01-01T00:16:20Z', '2026-01-01T00:30:00.000Z'],
    ['cron(30 8 ? * MON-FRI *)', '2026-01-02T09:00:00Z', '2026-01-05T08:30:00.000Z'],
    ['cron(0 0 29 FEB ? *)', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
    ['cron(5,10 1-2 1 1,7 ? 2027)', '2026-05-01T00:00:00Z', '2027-01-01T01:05:00.000Z'],
    ['at(2026-03-01T10:00:00)', '2026-01-01T00:00:00Z', '2026-03-01T10:00:00.000Z'],
  ])('%s after %s is due at %s', (expression, time, expected) => {
    expect(dueAfter(expression, time)).toBe(expected);
  });

  it('that lies in the past is never due', () => {
    expect(dueAfter('cron(0 0 1 1 ? 2020)', '2026-01-01T00:00:00Z')).toBeUndefined();
    expect(dueAfter('at(2020-01-01T00:00:00)', '2026-01-01T00:00:00Z')).toBeUndefined();
  });

  it.each([
    'rate(0 minutes)',
    'rate(5 weeks)',
    'cron(0 12 L * ? *)',
    'cron(60 * * * ? *)',
    'cron(* * *)',
    'every day',
  ])('%s is not understood', (expression) => {
    expect(parseSchedule(expression)).toBeUndefined();
  });
});

describe('schedules of the template', () => {
  const target = { Arn: { 'Fn::GetAtt': ['Fn', 'Arn'] }, Id: 'Target0' };
  const rule = (properties: Record<string, unknown>) => ({
    Type: 'AWS::Events::Rule',
    Properties: { ScheduleExpression: 'rate(1 minute)', State: 'ENABLED', Targets: [target], ...properties },
  });
  const code = {
    main: { 'index.js': 'exports.handler = async (event) => { console.log(JSON.stringify(event)); };' },
  };
  const start = (resource: unknown) =>
    run(
      { App: { resources: { Fn: functionResource('main'), Queue: queueResource(), Timer: resource } } },
      code,
    );

  it('send the scheduled event of a rule', async () => {
    const { stack, events } = await start(rule({}));
    stack.schedules[0]?.fire();
    await until('it arrived', () => events().length === 1);
    expect(events()).toMatchObject([
      {
        version: '0',
        source: 'aws.events',
        'detail-type': 'Scheduled Event',
        account: '000000000000',
        region: 'us-east-1',
        resources: ['arn:aws:events:us-east-1:000000000000:rule/App-Timer'],
        detail: {},
      },
    ]);
  });

  it('send the input that the target names, to a queue too', async () => {
    const targets = [
      { ...target, Input: '{"a":1}' },
      { Arn: { 'Fn::GetAtt': ['Queue', 'Arn'] }, Id: 'Target1', Input: '{"b":2}' },
    ];
    const { stack, sqs, events } = await start(rule({ Targets: targets }));
    stack.schedules[0]?.fire();
    await until('it arrived', () => events().length === 1);
    expect(events()).toEqual([{ a: 1 }]);
    expect((await take(sqs, stack.queue('Queue').url))?.Body).toBe('{"b":2}');
  });

  it('of EventBridge Scheduler are played', async () => {
    const { stack, events } = await start({
      Type: 'AWS::Scheduler::Schedule',
      Properties: { ScheduleExpression: 'rate(1 minute)', Target: { Arn: target.Arn, Input: '{"c":3}' } },
    });
    expect(stack.schedules).toMatchObject([{ name: 'Timer', expression: 'rate(1 minute)', enabled: true }]);
    stack.schedules[0]?.fire();
    await until('it arrived', () => events().length === 1);
    expect(events()).toEqual([{ c: 3 }]);
  });

  it('come by themselves when they are due', async () => {
    const due = new Date(Date.now() + 1500).toISOString().slice(0, 19);
    const { events } = await start({
      Type: 'AWS::Scheduler::Schedule',
      Properties: { ScheduleExpression: `at(${due})`, Target: { Arn: target.Arn } },
    });
    await until('it arrived', () => events().length === 1);
  });

  it.each([
    [
      'an event pattern',
      rule({ ScheduleExpression: undefined, EventPattern: {} }),
      'event patterns of AWS::Events::Rule are not played',
    ],
    [
      'an expression not understood',
      rule({ ScheduleExpression: 'cron(0 0 L * ? *)' }),
      'cron(0 0 L * ? *) is not understood',
    ],
    [
      'a foreign target',
      rule({ Targets: [{ Arn: 'arn:aws:sns:us-east-1:1:x' }] }),
      'the target arn:aws:sns:us-east-1:1:x of this schedule is not played',
    ],
  ])('with %s are named in a warning', async (_what, resource, expected) => {
    const { stack } = await start(resource);
    expect(stack.warnings.join('\n')).toContain(expected);
  });
});
