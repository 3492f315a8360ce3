import { readFileSync } from 'node:fs';
import { Duration, type Stack } from 'aws-cdk-lib';
import { Alarm, MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { describe, expect, it } from 'vitest';
import {
  DEFERRAL_CAUSES,
  ESSENTIAL_METRICS,
  METRIC,
  QUARANTINE_REASONS,
} from '../../lambdas/core/metric-names.ts';
import {
  ResilienceDashboard,
  type ResilienceDashboardProps,
  type ResilientConsumerProps,
  RuntimeConfig,
} from '../../lib/index.ts';
import { type Body, bodyOf, type Drawn, drawnBy, type Widget } from './dashboard-body.ts';
import { consumerIn, problemsOf, synth } from './synth.ts';

/** A dashboard of one consumer. */
function drawn(
  consumer: Partial<ResilientConsumerProps> = {},
  dashboard: Partial<ResilienceDashboardProps> = {},
): Body {
  return bodyOf(synth(build(consumer, dashboard)));
}

const build =
  (consumer: Partial<ResilientConsumerProps> = {}, dashboard: Partial<ResilienceDashboardProps> = {}) =>
  (stack: Stack): void => {
    const consumers = [consumerIn(stack, { consumerId: 'orders', ...consumer })];
    new ResilienceDashboard(stack, 'Dashboard', { consumers, ...dashboard });
  };

/** A consumer that has everything there is to draw. */
const everything = (stack: Stack): void => {
  const parameter = new StringParameter(stack, 'Parameter', { stringValue: '{}' });
  const consumers = [
    consumerIn(stack, {
      consumerId: 'orders',
      observability: 'full',
      circuits: { tracker: {}, mail: {} },
      runtimeConfig: RuntimeConfig.parameter(parameter),
    }),
  ];
  new ResilienceDashboard(stack, 'Dashboard', { consumers });
};

const full = bodyOf(synth(everything));

function widget({ widgets }: Body, title: string): Widget {
  const found = widgets.find(({ properties }) => properties.title === title);
  if (found === undefined) throw new Error(`no widget has the title ${title}`);
  return found;
}

const titles = ({ widgets }: Body): string[] =>
  widgets.flatMap(({ properties }) => (properties.title === undefined ? [] : [properties.title]));

const metricsIn = ({ widgets }: Body) =>
  widgets
    .flatMap(drawnBy)
    .filter((each): each is Extract<Drawn, { kind: 'metric' }> => each.kind === 'metric');

const expressionsIn = (drawings: readonly Drawn[]) =>
  drawings.filter((each): each is Extract<Drawn, { kind: 'expression' }> => each.kind === 'expression');

const headings = ({ widgets }: Body): string[] =>
  widgets.flatMap(({ properties: { markdown } }) => (markdown?.startsWith('###') ? [markdown] : []));

describe('of a consumer with observability full', () => {
  it.each([
    ['Circuits: states now', 'pie'],
    ['Circuits: failure rate (% of calls)', 'timeSeries'],
    ['Circuits: time to recover, in this time', 'bar'],
    ['Circuits: openings (left), all changes (right)', 'timeSeries'],
    ['Dead letters now', 'gauge'],
    ['Dead letters by reason, in this time', 'bar'],
    ['Dead letters: moved in this time', 'singleValue'],
    ['Replays that succeeded (%)', 'singleValue'],
    ['Queue: messages', 'timeSeries'],
    ['Queue: age (s)', 'timeSeries'],
    ['Queue: in flight (% of what SQS permits)', 'gauge'],
    ['Queue: time left to messages put back (s)', 'timeSeries'],
    ['Outcomes', 'timeSeries'],
    ['Put back without a charge, by cause', 'timeSeries'],
    ['Handler (ms)', 'timeSeries'],
    ['Function', 'timeSeries'],
    ['Needs a person (1) or not (0)', 'timeSeries'],
    ['Retry: messages by attempts, in this time', 'bar'],
    ['Retry: attempts of a message', 'timeSeries'],
    ['Quarantine now', 'singleValue'],
    ['Quarantined by reason, in this time', 'bar'],
    ['Intake: paused for (s)', 'timeSeries'],
    ['Configuration: refused (1) or good (0)', 'timeSeries'],
  ])('draws %s as %s', (title, view) => {
    const { type, properties } = widget(full, title);
    expect([type, properties.view]).toEqual(['metric', view]);
  });

  it('shows every metric that there is', () => {
    const shown = metricsIn(full).filter(({ namespace }) => namespace === 'Spillway');
    expect([...new Set(shown.map(({ name }) => name))].sort()).toEqual(Object.values(METRIC).sort());
  });

  it('shows nothing that nobody emits', () => {
    for (const { namespace, name, dimensions } of metricsIn(full)) {
      expect(['Spillway', 'AWS/SQS', 'AWS/Lambda']).toContain(namespace);
      if (namespace !== 'Spillway') continue;
      expect(Object.values<string>(METRIC)).toContain(name);
      expect(dimensions.service).toBe('orders');
      const further = Object.keys(dimensions).filter((each) => each !== 'service');
      expect([[], ['reason'], ['cause'], ['circuit'], ['policy']]).toContainEqual(further);
    }
  });

  it('breaks down by every reason, cause and circuit', () => {
    const of = (title: string, dimension: string) =>
      drawnBy(widget(full, title)).map((each) => each.kind === 'metric' && each.dimensions[dimension]);
    expect(of('Dead letters by reason, in this time', 'reason')).toHaveLength(6);
    expect(of('Quarantined by reason, in this time', 'reason')).toEqual(QUARANTINE_REASONS);
    expect(of('Put back without a charge, by cause', 'cause')).toEqual(DEFERRAL_CAUSES);
    expect(of('Circuits: open or half-open (1), closed (0)', 'circuit')).toEqual(['tracker', 'mail']);
  });

  it('draws the newest count of circuits in each state, not sums', () => {
    const slices = drawnBy(widget(full, 'Circuits: states now'));
    expect(slices.map(({ options }) => [options.label, options.stat, options.period])).toEqual([
      ['open', 'Maximum', 60],
      ['half-open', 'Maximum', 60],
      ['closed', 'Maximum', 60],
    ]);
  });

  it('draws a histogram as bars of trimmed counts over the time that is shown, without gap or overlap', () => {
    const { properties } = widget(full, 'Circuits: time to recover, in this time');
    expect(properties.setPeriodToTimeRange).toBe(true);
    const stats = drawnBy(widget(full, 'Circuits: time to recover, in this time')).map(
      (each) => each.options.stat,
    );
    expect(stats).toEqual([
      'TC(:60)',
      'TC(60:120)',
      'TC(120:300)',
      'TC(300:900)',
      'TC(900:3600)',
      'TC(3600:)',
    ]);
    const bars = drawnBy(widget(full, 'Retry: messages by attempts, in this time'));
    expect(bars.map(({ options }) => [options.label, options.stat])).toEqual([
      ['1', 'TC(:1)'],
      ['2', 'TC(1:2)'],
      ['3', 'TC(2:3)'],
      ['4 to 5', 'TC(3:5)'],
      ['6 to 10', 'TC(5:10)'],
      ['more than 10', 'TC(10:)'],
    ]);
  });

  it('computes the failure rate of each circuit from its own calls, 0 where none failed', () => {
    const drawings = drawnBy(widget(full, 'Circuits: failure rate (% of calls)'));
    expect(expressionsIn(drawings).map(({ expression, options }) => [options.label, expression])).toEqual([
      ['tracker', '100 * FILL(failures0, 0) / calls0'],
      ['mail', '100 * FILL(failures1, 0) / calls1'],
    ]);
    const hidden = drawings.flatMap((each) =>
      each.kind === 'metric'
        ? [[each.options.id, each.name, each.dimensions.circuit, each.options.visible]]
        : [],
    );
    expect(hidden).toEqual([
      ['failures0', 'CircuitFailures', 'tracker', false],
      ['calls0', 'CircuitCalls', 'tracker', false],
      ['failures1', 'CircuitFailures', 'mail', false],
      ['calls1', 'CircuitCalls', 'mail', false],
    ]);
  });

  it('uses only functions of metric math that are known, on ids that the widget has', () => {
    const functions = new Set(['FILL', 'RATE', 'DIFF']);
    for (const each of full.widgets) {
      const drawings = drawnBy(each);
      const ids = drawings.flatMap(({ options }) => (options.id === undefined ? [] : [String(options.id)]));
      expect(new Set(ids).size).toBe(ids.length);
      for (const { expression } of expressionsIn(drawings)) {
        const words = expression.match(/[A-Za-z_]\w*/g) ?? [];
        expect(words.filter((word) => !functions.has(word) && !ids.includes(word))).toEqual([]);
      }
    }
  });

  it('uses only statistics that CloudWatch has', () => {
    for (const { options } of metricsIn(full)) {
      expect(String(options.stat ?? 'Average')).toMatch(
        /^(Sum|Average|Minimum|Maximum|SampleCount|p\d\d|TC\(\d*:\d*\))$/,
      );
    }
  });
});

describe('of a consumer with observability essential', () => {
  const essential = drawn();

  it('uses only what is emitted then, without further dimensions', () => {
    const own = metricsIn(essential).filter(({ namespace }) => namespace === 'Spillway');
    expect(own.map(({ dimensions }) => dimensions)).toEqual(own.map(() => ({ service: 'orders' })));
    const names = ESSENTIAL_METRICS.map((key) => METRIC[key]).sort();
    expect([...new Set(own.map(({ name }) => name))].sort()).toEqual(names);
  });

  it('is smaller, and says what is missing', () => {
    expect(essential.widgets.length).toBeLessThan(full.widgets.length / 2 + 5);
    expect(titles(essential)).not.toContain('Circuits: states now');
    expect(headings(essential).some((heading) => heading.includes('Retry'))).toBe(false);
    expect(essential.widgets[1]?.properties.markdown).toContain('essential');
  });
});

it('draws nothing but AWS’s own metrics of a consumer that emits none', () => {
  const body = drawn({ observability: 'off' });
  expect(metricsIn(body).filter(({ namespace }) => namespace === 'Spillway')).toEqual([]);
  expect(titles(body)).toEqual(
    expect.arrayContaining([
      'Queue: messages',
      'Queue: age (s)',
      'Dead letters now',
      'Quarantine now',
      'Function',
    ]),
  );
  expect(body.widgets[1]?.properties.markdown).toContain("AWS's own metrics only");
});

it.each([
  ['paused by nobody', { intake: false }, /^Intake: paused|states now|Circuits: open$/],
  ['without a kill switch', { killSwitch: false }, /kill switch/],
  ['without a run-time configuration', {}, /^Configuration/],
] as const)('draws nothing for what a consumer %s does not have', (_, consumer, absent) => {
  const shown = titles(drawn({ observability: 'full', ...consumer }));
  expect(shown.filter((title) => absent.test(title))).toEqual([]);
});

describe('of several consumers', () => {
  const two = (stack: Stack): void => {
    const orders = consumerIn(stack, { consumerId: 'orders' }, 'Orders');
    const invoices = consumerIn(stack, { consumerId: 'invoices', alarms: false }, 'Invoices');
    new ResilienceDashboard(stack, 'Dashboard', { consumers: [orders, invoices] });
  };
  const body = bodyOf(synth(two));

  it('begins with all of them at a glance', () => {
    expect(titles(body).slice(0, 4)).toEqual([
      'Who needs a person',
      'Handled by all (a minute)',
      'Oldest message of each (s)',
      'Dead letters of all',
    ]);
    expect(drawnBy(widget(body, 'Dead letters of all')).map(({ options }) => options.label)).toEqual([
      'orders',
      'invoices',
    ]);
  });

  it('has a section for each', () => {
    const sections = body.widgets.flatMap(
      ({ properties: { markdown } }) => markdown?.match(/^## (\w+)/)?.[1] ?? [],
    );
    expect(sections).toEqual(['orders', 'invoices']);
  });

  it('has no overview of one', () => {
    expect(titles(drawn())).not.toContain('Who needs a person');
  });
});

it.each([
  ['full', full],
  ['essential', drawn()],
  ['off', drawn({ observability: 'off', alarms: false })],
  ['with a list of circuit alarms', circuitAlarms()],
  ['without a controller', drawn({ intake: false })],
  ['full without a controller', drawn({ observability: 'full', intake: false })],
  ['full without alarms', drawn({ observability: 'full', alarms: false })],
  ['essential without alarms', drawn({ alarms: false })],
  ['full without controller and alarms', drawn({ observability: 'full', alarms: false, intake: false })],
])('fills the 24 columns row by row without overlap: %s', (_, { widgets }) => {
  const taken = new Map<number, number>();
  for (const { x, y, width, height } of widgets) {
    expect(width).toBeGreaterThanOrEqual(1);
    for (let row = y; row < y + height; row += 1) {
      // widgets come from left to right, so each begins where the row so far ends
      expect(x).toBe(taken.get(row) ?? 0);
      taken.set(row, x + width);
    }
  }
  expect([...new Set(taken.values())]).toEqual([24]);
  expect([...taken.keys()].sort((a, b) => a - b)).toEqual([...taken.keys()].map((_row, at) => at));
});

function circuitAlarms(): Body {
  return bodyOf(
    synth((stack) => {
      const consumer = consumerIn(stack, { consumerId: 'orders', observability: 'full' });
      const other = consumerIn(stack, { consumerId: 'invoices', alarms: { needsPerson: false } }, 'Other');
      new ResilienceDashboard(stack, 'Dashboard', { consumers: [consumer, other] });
    }),
  );
}

describe('alarms', () => {
  const lines = (body: Body, title: string) =>
    widget(body, title).properties.annotations?.horizontal.map(({ value }) => value);

  it('are lines at their thresholds where the very metric is drawn', () => {
    expect(lines(full, 'Queue: messages')).toContain(10_000);
    expect(lines(full, 'Queue: age (s)')).toContain(300);
    expect(lines(full, 'Dead letters now')).toContain(100);
    expect(lines(full, 'Dead letters: growth (a minute)')).toContain(10);
    expect(lines(full, 'Quarantined (an hour)')).toContain(20);
    expect(lines(full, 'Intake: paused for (s)')).toContain(3_600);
  });

  it('follow what was asked of the consumer', () => {
    const body = drawn({ alarms: { queueDepth: 7, queueAge: false, deadLetterDepth: 4_000 } });
    expect(lines(body, 'Queue: messages')).toEqual([7]);
    expect(lines(body, 'Queue: age (s)')).not.toContain(300);
    expect(widget(body, 'Dead letters now').properties.yAxis?.left).toEqual({ min: 0, max: 8_000 });
  });

  it.each([{ statistic: 'Sum' }, { period: Duration.hours(1) }])(
    'are no lines where the statistic or the period is another: %o',
    (other) => {
      const body = bodyOf(
        synth((stack) => {
          const consumer = consumerIn(stack, { consumerId: 'orders', alarms: {} });
          if (consumer.alarms === undefined) throw new Error('the consumer has no alarms');
          const metric = consumer.metric('needsPerson', { statistic: 'Maximum', ...other });
          new Alarm(consumer.alarms, 'Other', { metric, threshold: 77, evaluationPeriods: 1 });
          new ResilienceDashboard(stack, 'Dashboard', { consumers: [consumer] });
        }),
      );
      expect(lines(body, 'Needs a person (1) or not (0)') ?? []).not.toContain(77);
    },
  );

  it('on expressions are lines where the same is computed of the same metrics, whatever the ids', () => {
    const body = (queue: 'queue' | 'deadLetterQueue', id: string) =>
      bodyOf(
        synth((stack) => {
          const consumer = consumerIn(stack, { consumerId: 'orders', alarms: { deadLetterGrowth: false } });
          if (consumer.alarms === undefined) throw new Error('the consumer has no alarms');
          const newest = { statistic: 'Maximum', period: Duration.minutes(1) };
          const metric = new MathExpression({
            expression: `RATE(${id}+other)*60`,
            usingMetrics: {
              [id]: consumer[queue].metricApproximateNumberOfMessagesVisible(newest),
              other: consumer[queue].metricApproximateNumberOfMessagesNotVisible(newest),
            },
            period: Duration.minutes(1),
          });
          new Alarm(consumer.alarms, 'Growth', { metric, threshold: 77, evaluationPeriods: 1 });
          new ResilienceDashboard(stack, 'Dashboard', { consumers: [consumer] });
        }),
      );
    expect(lines(body('deadLetterQueue', 'm1'), 'Dead letters: growth (a minute)')).toEqual([77]);
    expect(lines(body('queue', 'visible'), 'Dead letters: growth (a minute)')).toBeUndefined();
  });

  it('on what SQS moved itself are drawn as they compute it', () => {
    const body = bodyOf(
      synth((stack) => {
        const consumer = consumerIn(stack, { consumerId: 'orders', alarms: { backstopRedrives: false } });
        if (consumer.alarms === undefined) throw new Error('the consumer has no alarms');
        const metric = new MathExpression({
          expression: 'DIFF(visible) - sent',
          usingMetrics: {
            visible: consumer.deadLetterQueue.metricApproximateNumberOfMessagesVisible(),
            sent: consumer.deadLetterQueue.metricNumberOfMessagesSent(),
          },
        });
        new Alarm(consumer.alarms, 'ByItself', { metric, threshold: 77, evaluationPeriods: 1 });
        new ResilienceDashboard(stack, 'Dashboard', { consumers: [consumer] });
      }),
    );
    const own = widget(body, 'Dead letters that SQS moved itself');
    expect(expressionsIn(drawnBy(own)).map(({ expression }) => expression)).toEqual(['DIFF(visible) - sent']);
    expect(lines(body, 'Dead letters that SQS moved itself')).toContain(77);
  });

  it('are listed by section, and those of circuits beside the circuits', () => {
    const body = circuitAlarms();
    const all = widget(body, 'Alarms').properties.alarms ?? [];
    const ofCircuits = widget(body, 'Circuits: alarms').properties.alarms ?? [];
    const ids = ofCircuits.map((arn) => JSON.stringify(arn).match(/Alarms([A-Z][A-Za-z]+)[0-9A-F]{8}/)?.[1]);
    expect(ids.sort()).toEqual(['CircuitHalfOpenFor', 'CircuitOpen', 'OutageHandled']);
    expect(all).toEqual(expect.arrayContaining([...ofCircuits]));
    expect(all.length).toBeGreaterThan(5);
  });

  it('that gather what needs a person are foremost; without one, all are', () => {
    const [person, ...rest] = widget(circuitAlarms(), 'Who needs a person').properties.alarms ?? [];
    expect(JSON.stringify(person)).toContain('NeedsPerson');
    expect(rest.length).toBeGreaterThan(5);
  });

  it('leave no trace where there are none', () => {
    const body = drawn({ alarms: false });
    expect(body.widgets.filter(({ type }) => type === 'alarm')).toEqual([]);
    expect(body.widgets.filter(({ properties }) => properties.annotations !== undefined)).toEqual([]);
    expect(widget(body, 'Dead letters now').properties.yAxis?.left).toEqual({ min: 0, max: 200 });
  });
});

describe('the runbook', () => {
  it('is linked from the head and from each heading', () => {
    const body = drawn({}, { runbookUrl: 'https://wiki.example.com/spillway/' });
    const base = 'https://wiki.example.com/spillway';
    expect(body.widgets[0]?.properties.markdown).toContain(
      `[alarms](${base}/alarms.md) · [operations](${base}/operations.md)`,
    );
    expect(headings(body)).toContain(
      `### Dead letters · [what to conclude](${base}/dashboards.md#dead-letters)`,
    );
  });

  it('is named where nobody knows its address', () => {
    expect(headings(drawn())).toContain('### Queue · what to conclude: docs/dashboards.md#queue');
  });

  it('explains every heading of the dashboard, and every panel', () => {
    const page = readFileSync('docs/dashboards.md', 'utf8');
    for (const heading of headings(full)) {
      const title = heading.slice('### '.length, heading.indexOf(' · '));
      expect(page).toContain(`## ${title}\n`);
    }
    expect(titles(full).filter((title) => !page.includes(`| ${title} |`))).toEqual(['Alarms']);
  });

  it.each([
    'wiki',
    'javascript:alert(1)',
    'https://a b',
    'https://a/(b)',
    'https://a/alarms.md',
    'https://a/b?c=d',
    'https://a/b#c',
  ])('refuses %s as its address', (url) => {
    expect(problemsOf(build({}, { runbookUrl: url }))).toEqual([
      expect.stringContaining('[Shop/Dashboard] runbookUrl must be an http or https address of a folder'),
    ]);
  });
});

describe('limits of CloudWatch', () => {
  const circuits = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`c${at}`, {}]));
  const many =
    (consumers: number, props: Partial<ResilientConsumerProps>) =>
    (stack: Stack): void => {
      const all = Array.from({ length: consumers }, (_, at) =>
        consumerIn(stack, { observability: 'full', intake: false, alarms: false, ...props }, `C${at}`),
      );
      new ResilienceDashboard(stack, 'Dashboard', { consumers: all });
    };
  const ofDashboard = (build: (stack: Stack) => void) =>
    problemsOf(build).filter((problem) => problem.startsWith('[Shop/Dashboard]'));

  it('are kept by ten consumers with everything', () => {
    expect(ofDashboard(many(10, { circuits: circuits(5) }))).toEqual([]);
  });

  it('are told where widgets are too many', () => {
    expect(ofDashboard(many(14, {}))).toEqual([
      expect.stringMatching(/consumers must need at most 500 widgets, got \d{3} \(.*dashboard of their own/),
    ]);
  });

  it('count metrics that are hidden behind expressions', () => {
    const told = ofDashboard((stack) => {
      const consumers = [160, 16].map((count) =>
        consumerIn(
          stack,
          { observability: 'full', intake: false, alarms: false, circuits: circuits(count) },
          `C${count}`,
        ),
      );
      new ResilienceDashboard(stack, 'Dashboard', { consumers });
    });
    expect(told).toEqual([expect.stringMatching(/must need at most 2,500 metrics in all, got 2,[56]\d\d/)]);
  });

  it('are told where metrics are too many, in one widget or in all', () => {
    const told = ofDashboard(many(1, { circuits: circuits(255) }));
    expect(told).toEqual([
      expect.stringContaining('must need at most 500 metrics in one widget, got 765'),
      expect.stringMatching(/must need at most 2,500 metrics in all, got \d,\d{3}/),
    ]);
  });
});

it('takes a name and an interval', () => {
  const template = synth(build({}, { dashboardName: 'shop', defaultInterval: Duration.hours(12) }));
  template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'shop' });
  expect(bodyOf(template).start).toBe('-PT12H');
  expect(drawn().start).toBe('-PT3H');
});

it('refuses to draw nothing', () => {
  expect(problemsOf((stack) => new ResilienceDashboard(stack, 'Dashboard', { consumers: [] }))).toEqual([
    expect.stringContaining('consumers must name at least one'),
  ]);
});
