import { ConfigurationError, type ConfigurationProblem } from '../core/errors.ts';
import { LANES_VARIABLE, PRIORITIES, type Priority } from '../core/settings.ts';

/** URLs of the queues of priority lanes. All are FIFO queues, or none is. */
export type LaneUrls = Readonly<Record<Priority, string>>;

/** Where a producer sends to: one queue, or a lane for each priority. */
export type ProducerTarget =
  | {
      /** URL of the queue. */
      readonly queueUrl: string;
      readonly lanes?: never;
    }
  | {
      /** URLs of the lanes; a message goes into the one of its `priority`. */
      readonly lanes: LaneUrls;
      readonly queueUrl?: never;
    };

/**
 * The lanes that `connectProducer` of the construct `PriorityLanes` has named in this function's environment.
 *
 * @param variable name of the variable, where the construct was given another one. @default 'SPILLWAY_LANES'
 * @throws {ConfigurationError} if the variable is missing, or holds anything but a URL for each priority
 * @example
 * const orders = createProducer({ schema: orderSchema, lanes: lanesFromEnvironment() });
 */
export function lanesFromEnvironment(variable: string = LANES_VARIABLE): LaneUrls {
  const text = process.env[variable];
  const problem = (option: string, rule: string, value: unknown): ConfigurationError =>
    new ConfigurationError('environment', [{ option, rule, value }]);
  if (text === undefined) {
    const rule = 'must be set: call connectProducer of PriorityLanes with this function';
    throw problem(variable, rule, undefined);
  }
  let lanes: unknown;
  try {
    lanes = JSON.parse(text);
  } catch {
    const rule = 'must be the JSON that connectProducer of PriorityLanes has written';
    throw problem(variable, rule, `${text.length} characters of something else`);
  }
  const problems = laneProblems(variable, lanes);
  if (problems.length > 0) throw new ConfigurationError('environment', problems);
  return lanes as LaneUrls;
}

/**
 * URL of the queue for messages of a priority.
 *
 * @throws {ConfigurationError} if there is not exactly one of `queueUrl` and `lanes`, or one of the URLs is none
 */
export function urlsByPriority({
  queueUrl,
  lanes,
}: Partial<Record<keyof ProducerTarget, unknown>>): LaneUrls {
  const problems = targetProblems(queueUrl, lanes);
  if (problems.length > 0) throw new ConfigurationError('createProducer', problems);
  if (typeof queueUrl !== 'string') return lanes as LaneUrls;
  return { LOW: queueUrl, NORMAL: queueUrl, HIGH: queueUrl, CRITICAL: queueUrl };
}

function targetProblems(queueUrl: unknown, lanes: unknown): readonly ConfigurationProblem[] {
  if (lanes === undefined) {
    return isUrl(queueUrl)
      ? []
      : [{ option: 'queueUrl', rule: 'must be the URL of a queue', value: queueUrl }];
  }
  if (queueUrl === undefined) return laneProblems('lanes', lanes);
  return [{ option: 'queueUrl', rule: 'must be left out with lanes', value: queueUrl }];
}

function laneProblems(option: string, lanes: unknown): readonly ConfigurationProblem[] {
  if (typeof lanes !== 'object' || lanes === null) {
    return [{ option, rule: 'must be an object with a URL for each priority', value: lanes }];
  }
  const urls: Readonly<Record<string, unknown>> = Object.fromEntries(Object.entries(lanes));
  const problems: ConfigurationProblem[] = PRIORITIES.filter((priority) => !isUrl(urls[priority])).map(
    (priority) => ({
      option: `${option}.${priority}`,
      rule: 'must be the URL of a queue',
      value: urls[priority],
    }),
  );
  const fifo = PRIORITIES.filter((priority) => isFifo(urls[priority]));
  if (problems.length === 0 && fifo.length > 0 && fifo.length < PRIORITIES.length) {
    const rule = 'must be FIFO queues all of them, or none: a message needs a group or must not need one';
    problems.push({ option, rule, value: `FIFO: ${fifo.join(', ')}` });
  }
  return problems;
}

function isUrl(value: unknown): value is string {
  return typeof value === 'string' && URL.canParse(value);
}

function isFifo(url: unknown): boolean {
  return typeof url === 'string' && url.endsWith('.fifo');
}
