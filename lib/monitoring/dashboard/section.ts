import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { CIRCUIT_DIMENSION, isEmitted, POLICY_DIMENSION } from '../../../lambdas/core/metric-names.ts';
import { DEFAULT_CIRCUIT } from '../../../lambdas/core/settings.ts';
import type { ResilientConsumer } from '../../resilient-consumer.ts';
import { type RuntimeMetric, runtimeMetric } from '../runtime-metrics.ts';
import type { MaybeMetric } from './panel.ts';
import { WatchedMetrics } from './thresholds.ts';

const MINUTE = Duration.minutes(1);

/** Bounds of the bars of a histogram; the last bar has no upper one. */
export interface Buckets {
  readonly bounds: readonly number[];
  /** What a bar is called, by its bounds. */
  readonly label: (from: number, to: number | undefined) => string;
}

/** A consumer on a dashboard: what it emits at its level, and nothing else. */
export class Section {
  readonly consumer: ResilientConsumer;
  /** Its circuits, each also the name of the policies around that circuit's calls. */
  readonly circuits: readonly string[];
  /** Its alarms. */
  readonly watched: WatchedMetrics;

  constructor(consumer: ResilientConsumer) {
    this.consumer = consumer;
    const named = Object.keys(consumer.settings.circuits);
    this.circuits = named.length === 0 ? [DEFAULT_CIRCUIT] : named;
    this.watched = new WatchedMetrics(consumer.alarms);
  }

  /** A metric with the consumer's dimension alone. */
  total(metric: RuntimeMetric, options: MetricOptions = {}): MaybeMetric {
    const { consumerId, settings } = this.consumer;
    return isEmitted(metric, settings.observability) ? runtimeMetric(consumerId, metric, options) : undefined;
  }

  /** As {@link total}, of what the intake controller reports: none without one. */
  intake(metric: RuntimeMetric, options: MetricOptions = {}): MaybeMetric {
    if (this.consumer.intake === undefined) return undefined;
    return this.total(metric, { statistic: 'Maximum', ...options });
  }

  /** A metric for each value of a further dimension: only at the level `full`. */
  by(
    metric: RuntimeMetric,
    dimension: string,
    values: readonly string[],
    options: MetricOptions = {},
  ): readonly IMetric[] {
    const { consumerId, settings } = this.consumer;
    if (settings.observability !== 'full') return [];
    return values.map((value) =>
      runtimeMetric(consumerId, metric, { label: value, ...options, dimensionsMap: { [dimension]: value } }),
    );
  }

  /** A metric for each circuit. */
  byCircuit(metric: RuntimeMetric, options: MetricOptions = {}): readonly IMetric[] {
    return this.by(metric, CIRCUIT_DIMENSION, this.circuits, options);
  }

  /** A metric for each policy around calls; the label tells what is counted where a panel shows several. */
  byPolicy(metric: RuntimeMetric, what?: string): readonly IMetric[] {
    return this.circuits.flatMap((policy) => {
      const label = what === undefined ? policy : `${policy}: ${what}`;
      return this.by(metric, POLICY_DIMENSION, [policy], { label });
    });
  }

  /** How many values of a metric were between bounds: the trimmed count, which draws histograms. */
  histogram(metric: RuntimeMetric, { bounds, label }: Buckets): readonly MaybeMetric[] {
    const starts = [0, ...bounds];
    return starts.map((from, at) => {
      const to = bounds[at];
      const range = `${at === 0 ? '' : from}:${to ?? ''}`;
      return this.total(metric, { statistic: `TC(${range})`, label: label(from, to) });
    });
  }
}

/** A metric that is computed of others; none unless all of them are there. */
export function computed(
  expression: string,
  parts: Readonly<Record<string, MaybeMetric>>,
  label: string,
  period = MINUTE,
): MaybeMetric {
  const usingMetrics: Record<string, IMetric> = {};
  for (const [id, part] of Object.entries(parts)) {
    if (part === undefined) return undefined;
    usingMetrics[id] = part;
  }
  return new MathExpression({ expression, usingMetrics, label, period });
}
