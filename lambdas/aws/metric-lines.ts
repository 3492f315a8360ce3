import { Metrics } from '@aws-lambda-powertools/metrics';
import { type BreakdownDimension, METRIC_FACTS } from '../core/metric-facts.ts';
import {
  isEmitted,
  METRIC,
  METRIC_NAMESPACE,
  type MetricKey,
  type Observability,
} from '../core/metric-names.ts';

/** Metrics of one consumer, gathered until they are written out as lines of CloudWatch's embedded metric format. */
export interface MetricLines {
  /**
   * Take a value.
   *
   * @param by value of the dimension that the metric is broken down by, if it is
   */
  record(metric: MetricKey, value: number, by?: string): void;
  /** Add a property, which is no dimension, to the line of the totals. */
  note(property: string, value: string): void;
  /** Write out what was gathered, and forget it. */
  flush(): void;
}

/** What shares a line: the metrics with the same dimensions. */
interface Line {
  /** None: the consumer's alone. */
  readonly dimension: { readonly name: BreakdownDimension; readonly value: string } | undefined;
  readonly values: Map<MetricKey, number | number[]>;
}

/**
 * Values of a metric in a line. The format allows 100
 * (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html);
 * at the hundredth Powertools writes the line by itself and forgets its dimensions.
 */
const MOST_VALUES = 99;

/**
 * Gather the metrics of one consumer, of which a level is emitted. By Powertools: one line for the totals, one for each
 * value of each dimension, and further ones where a metric has more values than fit in a line. A line holds each metric
 * once, so it stays below the format's 100 metrics and, with two dimensions, below its 30; its 256 kB are several times
 * what numbers can take up.
 */
export function metricLines(service: string, level: Observability): MetricLines {
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: service });
  const breaksDown = level === 'full';
  const emitted = new Set(KEYS.filter((key) => isEmitted(key, level)));
  const totals: Line = { dimension: undefined, values: new Map() };
  const broken = new Map<string, Line>();
  const notes = new Map<string, string>();

  function lineOf(name: BreakdownDimension, value: string): Line {
    const key = `${name}\n${value}`;
    let line = broken.get(key);
    if (line === undefined) {
      line = { dimension: { name, value }, values: new Map() };
      broken.set(key, line);
    }
    return line;
  }

  function record(metric: MetricKey, value: number, by?: string): void {
    if (!emitted.has(metric) || !Number.isFinite(value)) return;
    const { total, by: dimension } = METRIC_FACTS[metric];
    if (total) gather(totals, metric, value);
    if (breaksDown && dimension !== undefined && by !== undefined)
      gather(lineOf(dimension, by), metric, value);
  }

  function write({ dimension, values }: Line): void {
    const longest = Math.max(
      ...[...values.values()].map((value) => (Array.isArray(value) ? value.length : 1)),
    );
    for (let from = 0; from < longest; from += MOST_VALUES) {
      if (dimension !== undefined) metrics.addDimension(dimension.name, dimension.value);
      for (const [key, gathered] of values) {
        const { unit } = METRIC_FACTS[key];
        const all = Array.isArray(gathered) ? gathered : [gathered];
        for (const value of all.slice(from, from + MOST_VALUES)) metrics.addMetric(METRIC[key], unit, value);
      }
      if (dimension === undefined)
        for (const [property, value] of notes) metrics.addMetadata(property, value);
      metrics.publishStoredMetrics();
    }
  }

  function flush(): void {
    if (totals.values.size > 0) write(totals);
    for (const line of broken.values()) write(line);
    totals.values.clear();
    broken.clear();
    notes.clear();
  }

  return { record, note: (property, value) => void notes.set(property, value), flush };
}

const KEYS = Object.keys(METRIC_FACTS) as MetricKey[];

function gather({ values }: Line, metric: MetricKey, value: number): void {
  const { gathered } = METRIC_FACTS[metric];
  const before = values.get(metric);
  if (gathered === 'values') {
    if (Array.isArray(before)) before.push(value);
    else values.set(metric, [value]);
  } else {
    const sum = gathered === 'count' && typeof before === 'number' ? before : 0;
    values.set(metric, sum + value);
  }
}
