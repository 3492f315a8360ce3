import { readFileSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import { ComparisonOperator, type IMetric, MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { describe, expect, it } from 'vitest';
import { ResilientQueue } from '../../lib/index.ts';
import { mostCustomMetrics } from '../../lib/monitoring/custom-metrics.ts';
import { priceSentence } from '../../lib/monitoring/prices.ts';
import { watches } from '../../lib/monitoring/resilience-alarms.ts';
import { ALARM_IDS, type Urgency, type Watch } from '../../lib/monitoring/watch.ts';
import { SCENARIOS, type Scenario } from '../e2e/alarm-scenarios.ts';
import { consumerIn, stackWith } from '../lib/synth.ts';

const page = readFileSync('docs/alarms.md', 'utf8');
const operations = readFileSync('docs/operations.md', 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `(\w+)`(?: \(`(\w+)`\))? \|(.*)\|$/gm)].map(([, id = '', option, rest = '']) => [
    id,
    { option, cells: rest.split(' | ').map((cell) => cell.trim()) },
  ]),
);

/** Not there unless they are asked for, or a configuration is read. */
const UNASKED: readonly string[] = ['DeadLetterAny', 'ConfigurationRefused'];

const CALLS: Readonly<Record<Urgency, string>> = {
  always: 'yes',
  'unless-handled': 'unless handled',
  never: 'no',
  excuses: 'excuses',
};

/** All alarms of a consumer with the defaults, and the one that is off by default. */
function everyWatch(): Watch[] {
  let all: Watch[] = [];
  stackWith((stack) => {
    const queue = new ResilientQueue(stack, 'Orders');
    const { settings, function: target } = consumerIn(stack, { queue });
    const consumer = {
      intakeControlled: true,
      runTimeConfigured: true,
      deadLetterAny: true,
      function: target,
    };
    all = watches({ queue, consumerId: 'orders', ...consumer }, settings.retryUntilSeconds);
  });
  return all;
}

function periodOf(metric: IMetric): string {
  const period =
    metric instanceof Metric || metric instanceof MathExpression ? metric.period : Duration.days(1);
  return period.toMinutes() === 60 ? '1 h' : `${period.toMinutes()} min`;
}

function measured(metric: IMetric): { readonly name: string; readonly statistic: string } {
  if (metric instanceof MathExpression) {
    const [first] = Object.values(metric.usingMetrics);
    return { name: metric.expression, statistic: first instanceof Metric ? first.statistic : '' };
  }
  return metric instanceof Metric
    ? { name: metric.metricName, statistic: metric.statistic }
    : { name: '', statistic: '' };
}

describe('the table of docs/alarms.md', () => {
  const all = everyWatch();

  it('has every alarm, once, and no other', () => {
    expect([...rows.keys()].filter((id) => ALARM_IDS.some((known) => known === id)).sort()).toEqual(
      [...ALARM_IDS].sort(),
    );
    expect(all.map(({ id }) => id).sort()).toEqual([...ALARM_IDS].sort());
    for (const id of ALARM_IDS) expect(page.split(`\n| \`${id}\``)).toHaveLength(2);
  });

  it.each(all.map((watch) => [watch.id, watch] as const))('says of %s what it is', (id, watch) => {
    const { evaluationPeriods = 1, datapointsToAlarm = evaluationPeriods, comparison } = watch;
    const { option, cells = [] } = rows.get(id) ?? {};
    expect(option ?? `${id[0]?.toLowerCase()}${id.slice(1)}`).toBe(watch.property);
    const sign = comparison === ComparisonOperator.LESS_THAN_THRESHOLD ? '<' : '>';
    const threshold = `${sign} ${(watch.threshold || 0).toLocaleString('en-US')}`;
    expect(cells[0]).toMatch(new RegExp(`^${threshold}(?![\\d,.])`));
    const { name, statistic } = measured(watch.metric);
    expect(cells[1]).toContain(`\`${name}\``);
    expect(cells[1]).toContain(`, ${statistic} of ${periodOf(watch.metric)}`);
    expect(cells.slice(2)).toEqual([
      `${datapointsToAlarm} of ${evaluationPeriods}`,
      watch.missing,
      watch.level,
      CALLS[watch.urgency],
    ]);
  });

  it.each(ALARM_IDS)('is followed by what %s means, and operations.md by what to do', (id) => {
    expect(page).toMatch(new RegExp(`^\\*\\*(?:\`\\w+\`, )*\`${id}\`(?:, \`\\w+\`)*\\.\\*\\*`, 'm'));
    expect(operations).toMatch(new RegExp(`^\\*\\*(?:\\w+, )*${id}(?:, \\w+)*\\.\\*\\*`, 'm'));
  });
});

it.each(Object.values<Scenario>(SCENARIOS))('tells what rings in $title, and what does not', (scenario) => {
  const [row = ''] = page.split('\n').filter((line) => line.startsWith(`| ${scenario.title} | `));
  const [, , rings, quiet] = row.split('|').map((cell) => cell.trim());
  const cell = (reasons: Scenario['rings'], none: string): string =>
    Object.entries(reasons)
      .map(([id, reason]) => `\`${id}\`: ${reason}`)
      .join(' <br> ') || none;
  expect(rings).toBe(cell(scenario.rings, 'nothing'));
  expect(quiet).toBe(cell(scenario.quiet, 'all the others'));
});

it('says what synthesis says it costs', () => {
  const cost = (observability: 'essential' | 'full', circuits: number): string => {
    const alarmed = everyWatch().filter(({ id, level }) => {
      return (observability === 'full' || level === 'essential') && !UNASKED.includes(id);
    });
    const alarmMetrics = alarmed.reduce(
      (sum, { metric }) =>
        sum + (metric instanceof MathExpression ? Object.keys(metric.usingMetrics).length : 1),
      0,
    );
    const consumer = { observability, circuits, intakeControlled: true, runTimeConfigured: false };
    const customMetrics = mostCustomMetrics(consumer);
    const count = { customMetrics, alarms: alarmed.length, alarmMetrics, compositeAlarms: 1, dashboards: 0 };
    return priceSentence(count).slice(0, priceSentence(count).indexOf(' ('));
  };
  const flat = page.replaceAll('\n', ' ');
  expect(flat).toContain(`INFO ${cost('essential', 1)}`);
  const [one = '', two = ''] = [1, 2].map((circuits) => /\$([\d.]+)/.exec(cost('full', circuits))?.[1]);
  expect(flat).toContain(
    `At \`full\` it is $${one} with one circuit, and $${(Number(two) - Number(one)).toFixed(2)} more`,
  );
});
