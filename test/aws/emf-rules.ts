/**
 * The rules of CloudWatch's embedded metric format that a line can break:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 * (25 November 2026), and of the values that CloudWatch takes:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
 */
const MOST_BYTES = 256 * 1_024;
const MOST_METRICS = 100;
const MOST_VALUES = 100;
const MOST_DIMENSIONS = 30;
const UNITS = ['Count', 'Seconds', 'Milliseconds'];
const DIMENSION_VALUE = /^[\x20-\x7e]{1,1024}$/;
const LARGEST = 2 ** 360;

interface Directive {
  readonly Namespace?: unknown;
  readonly Dimensions?: readonly (readonly string[])[];
  readonly Metrics?: readonly { readonly Name: string; readonly Unit: string }[];
}

/** What is wrong with a line, by the rules of the format; nothing if CloudWatch takes all of it. */
export function brokenRules(line: string): string[] {
  const broken: string[] = [];
  const need = (holds: boolean, rule: string): void => {
    if (!holds) broken.push(rule);
  };
  need(Buffer.byteLength(line) <= MOST_BYTES, '256 kB');
  const root: Record<string, unknown> = JSON.parse(line);
  const { Timestamp, CloudWatchMetrics } = root._aws as {
    Timestamp?: unknown;
    CloudWatchMetrics?: readonly Directive[];
  };
  need(Number.isSafeInteger(Timestamp), 'Timestamp is a whole number of milliseconds');
  need(CloudWatchMetrics !== undefined && CloudWatchMetrics.length > 0, 'CloudWatchMetrics is not empty');
  const targets = new Set(['_aws']);
  for (const { Namespace, Dimensions = [], Metrics = [] } of CloudWatchMetrics ?? []) {
    need(typeof Namespace === 'string' && /^[\w./#:-]{1,256}$/.test(Namespace), 'Namespace is a name');
    need(Dimensions.length > 0, 'there is a set of dimensions');
    need(Metrics.length > 0 && Metrics.length <= MOST_METRICS, '1 to 100 metrics');
    need(new Set(Metrics.map(({ Name }) => Name)).size === Metrics.length, 'each metric once');
    for (const set of Dimensions) {
      need(set.length <= MOST_DIMENSIONS, 'at most 30 dimensions');
      for (const name of set) {
        targets.add(name);
        need(typeof root[name] === 'string', `dimension ${name} is a text`);
        need(DIMENSION_VALUE.test(String(root[name])), `dimension ${name} is 1 to 1,024 ASCII characters`);
      }
    }
    for (const { Name, Unit } of Metrics) {
      targets.add(Name);
      need(UNITS.includes(Unit), `unit of ${Name}`);
      const values: unknown[] = [root[Name]].flat();
      need(values.length > 0 && values.length <= MOST_VALUES, `1 to 100 values of ${Name}`);
      const numbers = values.every((value) => typeof value === 'number' && Math.abs(value) <= LARGEST);
      need(numbers, `values of ${Name} are numbers`);
    }
  }
  for (const key of Object.keys(root))
    need(targets.has(key), `property ${key} is neither dimension nor metric`);
  return broken;
}

/** Lines in the embedded metric format. */
export function emfLines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line.includes('"CloudWatchMetrics"'));
}
