/** Adds up counters out of the embedded-metric-format lines that functions write. */
export interface EmfCounter {
  /** Take a line of a function's output; what is not a metric is passed over. */
  take(line: string): void;
  /** Sum of a metric over all lines in which it stands without a dimension of its own. */
  sum(metric: string): number;
}

/** Namespace of the consumer's metrics. */
const NAMESPACE = 'Spillway';

/** Start counting. */
export function emfCounter(): EmfCounter {
  const sums = new Map<string, number>();
  return {
    take(line) {
      if (!line.startsWith('{"_aws"') && !line.includes('"CloudWatchMetrics"')) return;
      const parsed: { _aws?: { CloudWatchMetrics?: Directive[] }; [name: string]: unknown } =
        JSON.parse(line);
      for (const { Namespace, Dimensions, Metrics } of parsed._aws?.CloudWatchMetrics ?? []) {
        if (Namespace !== NAMESPACE || Dimensions[0]?.length !== 1) continue;
        for (const { Name } of Metrics) {
          const value = parsed[Name];
          const values = Array.isArray(value) ? value : [value];
          for (const each of values) sums.set(Name, (sums.get(Name) ?? 0) + Number(each));
        }
      }
    },
    sum: (metric) => sums.get(metric) ?? 0,
  };
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string }[];
}
