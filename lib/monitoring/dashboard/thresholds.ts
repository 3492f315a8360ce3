import { Token } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmBase,
  CompositeAlarm,
  type HorizontalAnnotation,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IConstruct } from 'constructs';

/** A line that is so many times as high as another has no place in its chart. */
const FAR = 100;

/** The alarms of a consumer, by what they watch. */
export class WatchedMetrics {
  /** Every alarm below a construct, composite ones too. */
  readonly all: readonly AlarmBase[];
  private readonly simple: readonly Alarm[];

  /** `root` is the construct below which the alarms are; undefined: there are none. */
  constructor(root: IConstruct | undefined) {
    this.all = (root?.node.findAll() ?? []).filter((each) => each instanceof AlarmBase);
    this.simple = this.all.filter((each) => each instanceof Alarm);
  }

  /** Alarms that gather others. */
  get composite(): readonly AlarmBase[] {
    return this.all.filter((each) => each instanceof CompositeAlarm);
  }

  /** Alarms on any of the metrics, whatever the statistic, alone or within an expression. */
  on(namespace: string, metricNames: ReadonlySet<string>): readonly Alarm[] {
    return this.simple.filter((alarm) =>
      leaves(alarm.metric).some((leaf) => leaf.namespace === namespace && metricNames.has(leaf.metricName)),
    );
  }

  /**
   * A line at the threshold of each alarm on the very metric that is drawn: statistic, period and all. Lines far above the
   * lowest are left out, since what is drawn would lie flat on the ground.
   */
  annotations(...drawn: readonly (IMetric | undefined)[]): HorizontalAnnotation[] {
    const keys = new Set(drawn.filter((metric) => metric !== undefined).map(keyOf));
    const lines = this.simple
      .filter((alarm) => keys.has(keyOf(alarm.metric)))
      .map((alarm) => alarm.toAnnotation());
    const lowest = Math.min(...lines.map(({ value }) => value).filter((value) => value > 0));
    return lines.filter(({ value }) => Token.isUnresolved(value) || value <= FAR * lowest);
  }
}

/** End of a scale on which the lines have room; `least` where there are none, or their values are not known yet. */
export function scaleFor(annotations: readonly HorizontalAnnotation[], least: number): number {
  const known = annotations.map(({ value }) => value).filter((value) => !Token.isUnresolved(value));
  return Math.max(least, ...known.map((value) => 2 * value));
}

interface Leaf {
  readonly namespace: string;
  readonly metricName: string;
}

function leaves(metric: IMetric): Leaf[] {
  const { metricStat, mathExpression } = metric.toMetricConfig();
  const below = Object.values(mathExpression?.usingMetrics ?? {}).flatMap(leaves);
  return metricStat === undefined ? below : [metricStat, ...below];
}

/** What tells two metrics apart, whatever they are called. */
function keyOf(metric: IMetric): string {
  const { metricStat, mathExpression } = metric.toMetricConfig();
  if (metricStat !== undefined) {
    const { namespace, metricName, statistic, period, dimensions = [] } = metricStat;
    const sorted = dimensions.map(({ name, value }) => `${name}=${String(value)}`).sort();
    return JSON.stringify([namespace, metricName, statistic, period.toSeconds(), sorted]);
  }
  const { expression = '', period, usingMetrics = {} } = mathExpression ?? {};
  const [part] = Object.values(usingMetrics);
  // a count that is filled with zeros has the threshold of the count
  if (part !== undefined && /^FILL\(\w+, 0\)$/.test(expression)) return keyOf(part);
  // ids and spaces are a matter of taste
  const parts = new Map(Object.entries(usingMetrics).map(([id, part]) => [id, keyOf(part)]));
  const meant = expression.replaceAll(/\s+/g, '').replaceAll(/\w+/g, (word) => parts.get(word) ?? word);
  return JSON.stringify([meant, period]);
}
