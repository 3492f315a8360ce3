import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  GraphWidgetView,
  type IMetric,
  type IWidget,
  type MetricOptions,
  SingleValueWidget,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { DEFAULT_CIRCUIT, FAILURE_REASONS } from '../../lambdas/core/settings.ts';
import type { ResilientConsumer } from '../resilient-consumer.ts';
import { noteMonitoring } from './monitoring-cost.ts';
import {
  circuitMetric,
  deadLetteredMetric,
  intakeMetric,
  type RuntimeMetric,
  runtimeMetric,
} from './runtime-metrics.ts';

const FULL = 24;
const HALF = 12;
const QUARTER = 6;
const HEIGHT = 6;
const NEWEST = { statistic: 'Maximum', period: Duration.minutes(1) } as const satisfies MetricOptions;

/** Properties of a {@link ResilienceDashboard}. */
export interface ResilienceDashboardProps {
  /** Consumers to show, each in a section of its own. */
  readonly consumers: readonly ResilientConsumer[];
  /**
   * Name of the dashboard; unique in the account. Letters, digits, hyphens and underscores.
   *
   * @default - CloudFormation makes one up
   */
  readonly dashboardName?: string;
  /**
   * Time that is shown at first.
   *
   * @default Duration.hours(3)
   */
  readonly defaultInterval?: Duration;
}

/**
 * One CloudWatch dashboard for consumers: alarms, queue, dead-letter and quarantine queue, outcomes, function, circuits
 * and intake. CloudWatch charges for each dashboard beyond the third of an account.
 *
 * @example
 * new ResilienceDashboard(this, 'Dashboard', { consumers: [orders, invoices] });
 */
export class ResilienceDashboard extends Construct {
  /** The dashboard itself, to add widgets to. */
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: ResilienceDashboardProps) {
    super(scope, id);
    const { dashboardName, defaultInterval = Duration.hours(3) } = props;
    this.dashboard = new Dashboard(this, 'Dashboard', {
      defaultInterval,
      ...(dashboardName !== undefined && { dashboardName }),
    });
    this.dashboard.addWidgets(header(props.consumers));
    for (const consumer of props.consumers) {
      for (const row of section(consumer)) this.dashboard.addWidgets(...row);
    }
    noteMonitoring(this);
  }
}

function header(consumers: readonly ResilientConsumer[]): IWidget {
  const names = consumers.map(({ consumerId }) => `**${consumerId}**`).join(', ');
  return text(
    `# Resilience\n${names}\n\nEvery message ends handled, in the dead-letter queue, or in quarantine. Deferred ` +
      'messages wait without a charge, as they do while a circuit is open.',
    3,
  );
}

function section(consumer: ResilientConsumer): IWidget[][] {
  const { consumerId, queue } = consumer;
  const alarms = consumer.alarms?.alarms ?? [];
  return [
    [text(`## ${consumerId}\nQueue \`${queue.facts.name}\``, 2)],
    alarms.length === 0 ? [] : [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: FULL })],
    queueRow(consumer),
    deadLetterRow(consumer),
    consumerRow(consumer),
    circuitRow(consumer),
    consumer.intake === undefined ? [] : intakeRow(consumer),
  ].filter((row) => row.length > 0);
}

function queueRow({ queue }: ResilientConsumer): IWidget[] {
  return [
    graph(
      'Queue: messages',
      [
        queue.metricApproximateNumberOfMessagesVisible({ ...NEWEST, label: 'waiting' }),
        queue.metricApproximateNumberOfMessagesNotVisible({ ...NEWEST, label: 'in flight or backing off' }),
        queue.metricApproximateNumberOfMessagesDelayed({ ...NEWEST, label: 'delayed' }),
      ],
      HALF,
    ),
    graph(
      'Queue: age of the oldest message (s)',
      [queue.metricApproximateAgeOfOldestMessage({ ...NEWEST, label: 'age' })],
      HALF,
    ),
  ];
}

function deadLetterRow({ consumerId, deadLetterQueue, quarantineQueue }: ResilientConsumer): IWidget[] {
  const deadLetters = deadLetterQueue.metricApproximateNumberOfMessagesVisible({
    ...NEWEST,
    label: 'dead letters',
  });
  const quarantined = quarantineQueue.metricApproximateNumberOfMessagesVisible({
    ...NEWEST,
    label: 'quarantine',
  });
  const reasons = FAILURE_REASONS.map((reason) => deadLetteredMetric(consumerId, reason, { label: reason }));
  return [
    new SingleValueWidget({
      title: 'Set aside now',
      metrics: [deadLetters, quarantined],
      width: QUARTER,
      height: HEIGHT,
    }),
    graph('Dead letters and quarantine', [deadLetters, quarantined], QUARTER),
    new GraphWidget({
      title: 'Dead letters by reason',
      view: GraphWidgetView.BAR,
      left: reasons,
      setPeriodToTimeRange: true,
      width: HALF,
      height: HEIGHT,
    }),
  ];
}

function consumerRow({ consumerId, function: target }: ResilientConsumer): IWidget[] {
  const outcomes: readonly RuntimeMetric[] = [
    'handled',
    'duplicates',
    'retried',
    'deferred',
    'deadLettered',
    'quarantined',
  ];
  return [
    new GraphWidget({
      title: 'Outcomes',
      left: outcomes.map((outcome) => runtimeMetric(consumerId, outcome)),
      stacked: true,
      width: HALF,
      height: HEIGHT,
    }),
    graph(
      'Handler and message time (ms, p99)',
      [
        runtimeMetric(consumerId, 'handlerDuration', { statistic: 'p99', label: 'handler' }),
        runtimeMetric(consumerId, 'messageAge', { statistic: 'p99', label: 'from send to handled' }),
      ],
      QUARTER,
    ),
    graph(
      'Function',
      [
        target.metricInvocations(),
        target.metricErrors(),
        target.metricThrottles(),
        runtimeMetric(consumerId, 'settlementFailures'),
      ],
      QUARTER,
    ),
  ];
}

function circuitRow({ consumerId, settings }: ResilientConsumer): IWidget[] {
  const named = Object.keys(settings.circuits);
  const circuits = named.length === 0 ? [DEFAULT_CIRCUIT] : named;
  const each = (metric: RuntimeMetric, options: MetricOptions = {}): IMetric[] =>
    circuits.map((circuit) => circuitMetric(consumerId, circuit, metric, { label: circuit, ...options }));
  return [
    graph('Circuits: open (1) or closed (0)', each('circuitOpen', NEWEST), HALF),
    graph('Circuits: opened', each('circuitOpened'), QUARTER),
    graph('Circuits: calls refused', each('circuitRejected'), QUARTER),
  ];
}

function intakeRow({ consumerId }: ResilientConsumer): IWidget[] {
  return [
    graph(
      'Intake: paused (1) or open (0)',
      [
        intakeMetric(consumerId, 'intakePaused', { label: 'paused' }),
        intakeMetric(consumerId, 'intakeHeld', { label: 'held' }),
        intakeMetric(consumerId, 'intakeWithoutCause', { label: 'without cause' }),
      ],
      HALF,
    ),
    graph(
      'Intake: paused for (s)',
      [intakeMetric(consumerId, 'intakePausedFor', { label: 'paused for' })],
      QUARTER,
    ),
    graph(
      'Kill switch: on (1) or off (0)',
      [intakeMetric(consumerId, 'killSwitchOn', { label: 'kill switch' })],
      QUARTER,
    ),
  ];
}

function graph(title: string, left: IMetric[], width: number): IWidget {
  return new GraphWidget({ title, left, width, height: HEIGHT, leftYAxis: { min: 0 } });
}

function text(markdown: string, height: number): IWidget {
  return new TextWidget({ markdown, width: FULL, height });
}
