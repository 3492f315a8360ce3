import { arrayAt, isObject, type JsonObject, numberAt, objectAt, parseJson, stringAt } from '../json.ts';
import type { MetricStore } from './metric-store.ts';
import type { StackClock } from './stack-clock.ts';

const MAX_DIMENSIONS = 30;
const MAX_METRICS = 100;
const MAX_VALUES = 100;
const MAX_LINE_BYTES = 1024 * 1024;
const MAX_FUTURE_MS = 2 * 3_600_000;

/** Units whose values are durations. */
export const TIME_UNITS: ReadonlySet<unknown> = new Set(['Seconds', 'Milliseconds', 'Microseconds']);

/** What metrics of log lines are put with. */
export interface EmfOptions {
  readonly store: MetricStore;
  readonly clock: StackClock;
  /** Told once for each line with a fault, of the kind of the fault. */
  readonly onInvalid: (fault: string) => void;
}

/**
 * Make a reader of lines in the embedded metric format: it puts the metrics of those that are in it, and costs nothing
 * worth speaking of for all others.
 *
 * Timestamps are the machine's and are mapped to the stack's clock; durations (metrics in seconds, milliseconds or
 * microseconds) are multiplied by its scale, since they are told in the stack's time.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function createEmfReader({ store, clock, onInvalid }: EmfOptions): (line: string) => void {
  const read = (line: string): void => {
    if (line.length > MAX_LINE_BYTES) throw new EmfFault('the line is longer than 1 MB');
    const root = parse(line);
    const metadata = objectAt(root, '_aws');
    if (!Array.isArray(metadata.CloudWatchMetrics)) return; // `_aws` of something else
    const machineEpochMs = numberAt(metadata, 'Timestamp');
    if (machineEpochMs === undefined) throw new EmfFault('_aws.Timestamp is not a number');
    const atEpochMs = clock.at(machineEpochMs);
    if (atEpochMs > clock.now() + MAX_FUTURE_MS) throw new EmfFault('the timestamp is in the future');
    for (const directive of metadata.CloudWatchMetrics) putDirective(root, directive, atEpochMs);
  };

  const putDirective = (root: JsonObject, directive: unknown, atEpochMs: number): void => {
    const namespace = stringAt(directive, 'Namespace') ?? '';
    if (namespace === '') throw new EmfFault('a directive has no Namespace');
    const sets = arrayAt(directive, 'Dimensions').map((set) => dimensionSet(root, set));
    const definitions = arrayAt(directive, 'Metrics');
    if (definitions.length > MAX_METRICS)
      throw new EmfFault(`a directive has more than ${MAX_METRICS} metrics`);
    for (const definition of definitions) {
      const metricName = stringAt(definition, 'Name') ?? '';
      if (metricName === '') throw new EmfFault('a metric has no Name');
      const scale = TIME_UNITS.has(isObject(definition) ? definition.Unit : undefined) ? clock.scale : 1;
      const values = valuesOf(root[metricName]);
      const fine = numberAt(definition, 'StorageResolution') === 1;
      for (const dimensions of sets) {
        const metric = store.metric({ namespace, metricName, dimensions });
        if (metric === undefined) throw new EmfFault('there are too many metrics: further ones are not kept');
        for (const value of values) metric.add(atEpochMs, value * scale, 1, fine);
      }
    }
  };

  return (line) => {
    if (!line.startsWith('{') || !line.includes('"_aws"')) return;
    try {
      read(line);
    } catch (error) {
      if (!(error instanceof EmfFault)) throw error;
      onInvalid(error.message);
    }
  };
}

/** A line is not what the embedded metric format asks for. */
class EmfFault extends Error {
  override readonly name = 'EmfFault';
}

function parse(line: string): JsonObject {
  try {
    const root = parseJson(line);
    if (isObject(root)) return root;
  } catch {
    // said below
  }
  throw new EmfFault('the line is not a JSON object');
}

function dimensionSet(root: JsonObject, set: unknown): Record<string, string> {
  if (!Array.isArray(set)) throw new EmfFault('Dimensions is not an array of arrays');
  if (set.length > MAX_DIMENSIONS)
    throw new EmfFault(`a dimension set has more than ${MAX_DIMENSIONS} dimensions`);
  const dimensions: Record<string, string> = {};
  for (const name of set) {
    const value = typeof name === 'string' ? root[name] : undefined;
    if (typeof value !== 'string') throw new EmfFault('a dimension has no text as its value');
    dimensions[name] = value;
  }
  return dimensions;
}

function valuesOf(member: unknown): readonly number[] {
  if (member === undefined) throw new EmfFault('a metric has no value');
  const values: readonly unknown[] = Array.isArray(member) ? member : [member];
  if (values.length > MAX_VALUES) throw new EmfFault(`a metric has more than ${MAX_VALUES} values`);
  return values.map((value) => {
    if (typeof value !== 'number') throw new EmfFault('a value of a metric is not a number');
    return value;
  });
}
