import { Duration } from 'aws-cdk-lib';
import { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { Problems } from '../private/problems.ts';
import type { ResilientConsumer } from '../resilient-consumer.ts';
import { consumerSection } from './dashboard/consumer-section.ts';
import { checkLimits } from './dashboard/limits.ts';
import { header, overview } from './dashboard/overview.ts';
import { Runbook } from './dashboard/runbook.ts';
import { Section } from './dashboard/section.ts';
import { LogQueries } from './log-queries.ts';
import { noteMonitoring } from './monitoring-cost.ts';

/** Properties of a {@link ResilienceDashboard}. */
export interface ResilienceDashboardProps {
  /**
   * Consumers to show, each in a section of its own. What a section shows follows from the consumer's `observability`.
   * All together need at most 500 widgets and 2,500 metrics, which is CloudWatch's limit.
   */
  readonly consumers: readonly ResilientConsumer[];
  /**
   * Name of the dashboard; unique in the account. Letters, digits, hyphens and underscores.
   *
   * @default - CloudFormation makes one up
   */
  readonly dashboardName?: string;
  /**
   * Time that is shown at first. Histograms, bars and sums are of the time that is shown.
   *
   * @default Duration.hours(3)
   */
  readonly defaultInterval?: Duration;
  /**
   * Address of the folder in which dashboards.md, alarms.md and operations.md are, such as a copy of Spillway's docs with
   * your own notes. Headings of the dashboard link to the headings of the pages.
   *
   * @default - the pages are named, without a link
   */
  readonly runbookUrl?: string;
  /**
   * Whether queries of the consumers' logs are saved with the dashboard: {@link LogQueries}.
   *
   * @default true
   */
  readonly queries?: boolean;
}

/**
 * One CloudWatch dashboard for consumers: alarms, queue, dead letters, outcomes, circuits, intake, retries, calls,
 * quarantine and configuration, with lines where alarms go off. With several consumers an overview comes first.
 *
 * CloudWatch charges for each dashboard beyond the third of an account. Saved queries cost nothing until they are run.
 *
 * @example
 * new ResilienceDashboard(this, 'Dashboard', {
 *   consumers: [orders, invoices],
 *   runbookUrl: 'https://wiki.example.com/spillway',
 * });
 */
export class ResilienceDashboard extends Construct {
  /** The dashboard itself, to add widgets to. */
  readonly dashboard: Dashboard;
  /** The saved queries; undefined if they are left out. */
  readonly queries?: LogQueries;

  constructor(scope: Construct, id: string, props: ResilienceDashboardProps) {
    super(scope, id);
    const problems = Problems.at(this);
    const { consumers, dashboardName, defaultInterval = Duration.hours(3), queries = true } = props;
    if (consumers.length === 0)
      problems.add('consumers', 'must name at least one', 0, 'there is nothing to draw');
    const runbook = new Runbook(props.runbookUrl, problems);
    this.dashboard = new Dashboard(this, 'Dashboard', {
      defaultInterval,
      ...(dashboardName !== undefined && { dashboardName }),
    });
    const sections = consumers.map((consumer) => new Section(consumer));
    const links = [runbook.to('alarms.md', 'alarms'), runbook.to('operations.md', 'operations')];
    const rows = [
      [header(sections, links)],
      ...overview(sections),
      ...sections.flatMap((section) => consumerSection(section, runbook)),
    ];
    for (const widgets of rows) this.dashboard.addWidgets(...widgets);
    checkLimits(this, rows.flat(), problems);
    if (queries && consumers.length > 0) this.queries = new LogQueries(this, 'Queries', { consumers });
    noteMonitoring(this);
  }
}
