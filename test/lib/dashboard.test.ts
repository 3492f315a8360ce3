import { Duration, type Stack } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { ResilienceDashboard, type ResilienceDashboardProps } from '../../lib/index.ts';
import { consumerIn, synth } from './synth.ts';

interface Widget {
  readonly type: string;
  readonly properties: { readonly title?: string; readonly markdown?: string; readonly metrics?: unknown[] };
}

interface Body {
  readonly start: string;
  readonly widgets: readonly Widget[];
}

/** Body of the dashboard, with a word in place of each reference. */
function body(template: Template): Body {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const parts: unknown[] = dashboard?.Properties.DashboardBody['Fn::Join'][1];
  return JSON.parse(parts.map((part) => (typeof part === 'string' ? part : 'ref')).join(''));
}

const dashboard =
  (props: Partial<ResilienceDashboardProps> = {}) =>
  (stack: Stack): void => {
    const orders = consumerIn(stack, { consumerId: 'orders', circuits: { tracker: {}, mail: {} } }, 'Orders');
    const invoices = consumerIn(stack, { consumerId: 'invoices', alarms: false }, 'Invoices');
    new ResilienceDashboard(stack, 'Dashboard', { consumers: [orders, invoices], ...props });
  };

it('shows each consumer with its queues, outcomes, function, circuits and intake', () => {
  const { widgets, start } = body(synth(dashboard()));
  expect(start).toBe('-PT3H');
  expect(widgets.filter(({ type }) => type === 'text').map(({ properties }) => properties.markdown)).toEqual([
    expect.stringContaining('**orders**, **invoices**'),
    expect.stringContaining('## orders'),
    expect.stringContaining('## invoices'),
  ]);
  const titles = widgets.map(({ properties }) => properties.title).filter((title) => title !== undefined);
  const each = [
    'Queue: messages',
    'Queue: age of the oldest message (s)',
    'Set aside now',
    'Dead letters and quarantine',
    'Dead letters by reason',
    'Outcomes',
    'Handler and message time (ms, p99)',
    'Function',
    'Circuits: open (1) or closed (0)',
    'Circuits: opened',
    'Circuits: calls refused',
    'Intake: paused (1) or open (0)',
    'Intake: paused for (s)',
    'Kill switch: on (1) or off (0)',
  ];
  expect(titles).toEqual(['Alarms', ...each, ...each]);
});

it('draws a line for each circuit, and the default one where none is named', () => {
  const { widgets } = body(synth(dashboard()));
  const open = widgets.filter(({ properties }) => properties.title === 'Circuits: open (1) or closed (0)');
  const lines = open.map(({ properties }) => JSON.stringify(properties.metrics));
  expect(lines[0]).toContain('"Spillway","CircuitOpen","circuit","tracker","service","orders"');
  expect(lines[0]).toContain('"circuit","mail"');
  expect(lines[1]).toContain('"Spillway","CircuitOpen","circuit","default","service","invoices"');
});

it('draws what SQS refused beside the function', () => {
  const { widgets } = body(synth(dashboard()));
  const graph = widgets.find(({ properties }) => properties.title === 'Function');
  expect(JSON.stringify(graph?.properties.metrics)).toContain(
    '"Spillway","SettlementFailures","service","orders"',
  );
});

it('draws a bar for each reason of a dead letter', () => {
  const { widgets } = body(synth(dashboard()));
  const bars = widgets.find(({ properties }) => properties.title === 'Dead letters by reason');
  expect(bars?.properties.metrics).toHaveLength(6);
  expect(JSON.stringify(bars?.properties.metrics)).toContain(
    '"Spillway","DeadLettered","reason","EXPIRED","service","orders"',
  );
});

it('takes a name and an interval', () => {
  const template = synth(dashboard({ dashboardName: 'shop', defaultInterval: Duration.hours(12) }));
  template.hasResourceProperties('AWS::CloudWatch::Dashboard', { DashboardName: 'shop' });
  expect(body(template).start).toBe('-PT12H');
});

it('draws no intake that nobody pauses', () => {
  const template = synth((stack) => {
    const consumers = [consumerIn(stack, { intake: false })];
    new ResilienceDashboard(stack, 'Dashboard', { consumers });
  });
  const titles = body(template).widgets.map(({ properties }) => properties.title ?? '');
  expect(titles.filter((title) => /Intake|Kill/.test(title))).toEqual([]);
});
